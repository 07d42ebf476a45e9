// The memory of one worker's messages, page aligned where data lies: the data of a WRITE and the data of a READ reply
// start on a page, as files opened with O_DIRECT need it.
import { XATTR_BYTES_MAX } from "../base/limits.ts";
import { IN_HEADER_BYTES, OUT_HEADER_BYTES } from "../fuse/abi.ts";
import { Reply } from "../fuse/reply.ts";
import { Request } from "../fuse/request.ts";
import { map_private, Mapping, unmap } from "../sys/memory.ts";

/** Header and fixed part of a WRITE stand before its data. */
const WRITE_HEAD_BYTES = IN_HEADER_BYTES + 40;

/** Request and reply memory of one worker. */
export class MessageBuffers {
  readonly request: Request;
  readonly reply: Reply;
  /** Byte offset of a message in the request's memory. */
  readonly message_at: number;
  /** Where the device is read into, and how much fits (operations §8.1). */
  readonly incoming: Uint8Array<ArrayBuffer>;
  /** The reply from its header on. */
  readonly outgoing: Uint8Array<ArrayBuffer>;
  /** The body of the reply. */
  readonly body: Uint8Array<ArrayBuffer>;
  readonly write_data_at: number;

  private readonly mappings: readonly Mapping[];

  /** However small the data of a WRITE (fuse-msg-size), an extended attribute comes in one piece. */
  constructor(max_write_bytes: number, page_bytes: number) {
    const size = Math.max(max_write_bytes, XATTR_BYTES_MAX) + 2 * page_bytes;
    const incoming = map_private(size);
    const outgoing = map_private(size);
    if (incoming === undefined || outgoing === undefined) throw new Error("Cannot map memory for messages");
    this.mappings = [incoming, outgoing];
    this.message_at = page_bytes - WRITE_HEAD_BYTES;
    this.write_data_at = page_bytes;
    this.request = new Request(new Uint8Array(incoming.buffer));
    this.reply = new Reply(new Uint8Array(outgoing.buffer), page_bytes - OUT_HEADER_BYTES);
    this.incoming = new Uint8Array(incoming.buffer, this.message_at);
    this.outgoing = new Uint8Array(outgoing.buffer, this.reply.header);
    this.body = new Uint8Array(outgoing.buffer, this.reply.body);
  }

  /** Gives the memory back, when the worker has ended. */
  release(): void {
    this.mappings.forEach(unmap);
  }
}
