// proxy-ioprio (operations §17.4): the thread that serves a read or write takes over the caller's I/O priority. The tests
// serve in this very thread; it gets its own priority back when the option is switched off.

import { assertEquals } from "@std/assert";
import { O_RDWR } from "../../src/sys/file.ts";
import { io_priority } from "../../src/sys/scheduling.ts";
import { type Pool, with_pool } from "../support/handler.ts";
import * as wire from "../support/wire.ts";

const PID_AT = 32;
// The idle class has no levels; ionice writes one all the same.
const IDLE = 3 << 13 | 7;
const BEST_EFFORT_6 = 2 << 13 | 6;
const NOBODY = 0x7fff_fff0;

/** The same request from another caller. */
function from_pid(pid: number, request: Uint8Array): Uint8Array {
  new DataView(request.buffer, request.byteOffset).setUint32(PID_AT, pid, true);
  return request;
}

/** Calls `use` with the id of a process that has this I/O priority, as ionice(1) takes it. */
async function with_process(priority: readonly string[], use: (pid: number) => void): Promise<void> {
  const args = [...priority, "sh", "-c", "echo; exec sleep 1000"];
  const child = new Deno.Command("ionice", { args, stdin: "null", stdout: "piped" }).spawn();
  const reader = child.stdout.getReader();
  await reader.read(); // it has its priority by now
  try {
    use(child.pid);
  } finally {
    child.kill("SIGKILL");
    await reader.cancel();
    await child.status;
  }
}

function access(pool: Pool, pid: number): void {
  const [node, handle] = [pool.node("f"), pool.open("f", O_RDWR)];
  pool.send(from_pid(pid, wire.read(pool.next(), node, handle, 0, 10)));
  assertEquals(pool.send(from_pid(pid, wire.write(pool.next(), node, handle, 0, new Uint8Array(1)))).u32(0), 1);
}

Deno.test("a read and a write take over the caller's I/O priority, until the option is off", async () => {
  const own = io_priority(0);
  await with_process(["-c", "3"], (idle) => {
    with_pool({ tree: ["0/f:text"], options: { "proxy-ioprio": "true" } }, (pool) => {
      const [node, handle] = [pool.node("f"), pool.open("f", O_RDWR)];
      assertEquals(io_priority(0), own);
      pool.send(from_pid(idle, wire.read(pool.next(), node, handle, 0, 10)));
      assertEquals(io_priority(0), IDLE);
      pool.set("proxy-ioprio", "false");
      access(pool, idle);
      assertEquals(io_priority(0), own);
    });
  });
  await with_process(["-c", "2", "-n", "6"], (slower) => {
    with_pool({ tree: ["0/f:text"], options: { "proxy-ioprio": "true" } }, (pool) => {
      const [node, handle] = [pool.node("f"), pool.open("f", O_RDWR)];
      pool.send(from_pid(slower, wire.write(pool.next(), node, handle, 0, new Uint8Array(1))));
      assertEquals(io_priority(0), BEST_EFFORT_6);
      // Nobody, somebody who is gone, and requests of another kind leave it.
      for (const pid of [0, NOBODY]) access(pool, pid);
      pool.send(from_pid(Deno.pid, wire.getattr(pool.next(), node, handle)));
      assertEquals(io_priority(0), BEST_EFFORT_6);
      pool.set("proxy-ioprio", "false");
      pool.send(wire.getattr(pool.next(), 1));
      assertEquals(io_priority(0), own);
    });
  });
});

Deno.test("without the option nobody's I/O priority is taken over, nor with nullrw", async () => {
  const own = io_priority(0);
  await with_process(["-c", "3"], (idle) => {
    for (const options of [{}, { "proxy-ioprio": "true", nullrw: "true" }]) {
      with_pool({ tree: ["0/f:text"], options }, (pool) => access(pool, idle));
      assertEquals(io_priority(0), own);
    }
  });
});
