// A pair of sockets that keep messages apart, as the FUSE device does: one end is the kernel, the other the daemon.

import { assertEquals } from "@std/assert";
import { read } from "../../src/sys/file.ts";

const AF_UNIX = 1;
const SOCK_SEQPACKET = 5;
const SHUT_WR = 1;
const MESSAGE_BYTES_MAX = 65536;

const LIBC = Deno.dlopen("libc.so.6", {
  socketpair: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  shutdown: { parameters: ["i32", "i32"], result: "i32" },
}).symbols;

/** Two descriptors; the caller closes them. */
export function socket_pair(): [kernel: number, daemon: number] {
  const fds = new Int32Array(2);
  assertEquals(LIBC.socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
  return [fds[0]!, fds[1]!];
}

/** The other end reads 0 bytes when it has read everything. */
export function end_messages(fd: number): void {
  LIBC.shutdown(fd, SHUT_WR);
}

/** All messages up to the end. */
export function read_messages(fd: number): Uint8Array[] {
  const messages = [];
  const buffer = new Uint8Array(MESSAGE_BYTES_MAX);
  for (;;) {
    const length = read(fd, buffer, buffer.length);
    if (length <= 0) return messages;
    messages.push(buffer.slice(0, length));
  }
}
