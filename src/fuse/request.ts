// One request of the kernel, decoded in place. A Request is made once per buffer and filled for every message: nothing
// is allocated and nothing is copied but a few numbers, because the reply may overwrite the memory of the request.

import { EINVAL, EIO, ENOSYS } from "../base/errno.ts";
import { FORGET_ONE_BYTES, FUSE_INIT, IN_HEADER_BYTES, INIT_IN_SHORT_BYTES, OPCODES_END } from "./abi.ts";
import * as table from "./request_table.ts";

const SLASH = 0x2f;
const TWO_POW_32 = 0x1_0000_0000;
/** A high word from here on makes a number of 2^53 or more, which a JS number cannot hold exactly. */
const INEXACT_HIGH = 0x20_0000;

// Words of struct fuse_in_header.
const LEN_WORD = 0;
const OPCODE_WORD = 1;
const UNIQUE_WORD = 2;
const NODE_WORD = 4;
const UID_WORD = 6;
const GID_WORD = 7;
const PID_WORD = 8;
/** Low half: total_extlen, the size of extensions at the end of the message in units of 8 bytes. */
const EXTENSIONS_WORD = 9;

// Words of fixed parts that the decoder itself needs.
const WRITE_SIZE_WORD = 4;
const IOCTL_IN_SIZE_WORD = 6;

export class Request {
  readonly u8: Uint8Array<ArrayBuffer>;
  readonly u32: Uint32Array<ArrayBuffer>;
  readonly i32: Int32Array<ArrayBuffer>;

  opcode = 0;
  unique_low = 0;
  unique_high = 0;
  node_low = 0;
  node_high = 0;
  /** 0xFFFFFFFF when the caller has no identity in this mount. */
  uid = 0;
  gid = 0;
  pid = 0;
  /** Byte offset of the fixed part in `u8`. */
  args = 0;
  /** Size of the fixed part; 64 or 16 for INIT. */
  args_bytes = 0;
  /** Byte offset of what follows the fixed part: names, or data. */
  data = 0;
  /** One past the last byte of it (extensions are cut off). */
  data_end = 0;
  /** Byte offset of the first name in `data`; 0 when the opcode has none. */
  name = 0;
  /** Without the NUL. */
  name_length = 0;
  /** Byte offset of the second name, symlink target or xattr value; 0 when the opcode has none. */
  name2 = 0;
  name2_length = 0;

  #fixed_bytes = table.FIXED_BYTES;

  /** @param u8 memory that messages are read into; its byteOffset is a multiple of 8, its length one of 4 */
  constructor(u8: Uint8Array<ArrayBuffer>) {
    this.u8 = u8;
    this.u32 = new Uint32Array(u8.buffer, u8.byteOffset, u8.byteLength >> 2);
    this.i32 = new Int32Array(u8.buffer, u8.byteOffset, u8.byteLength >> 2);
  }

  /** From now on SETXATTR is longer by two words, as INIT agreed with SETXATTR_EXT. */
  expect_setxattr_flags(): void {
    this.#fixed_bytes = table.FIXED_BYTES_SETXATTR_EXT;
  }

  /**
   * Decodes a message whose three regions may lie apart, as with FUSE over io_uring.
   *
   * Returns 0; -EINVAL when the message is too short or a name is not acceptable; -ENOSYS when the opcode is not known
   * (for both, the header fields are filled so that the error can be sent); -EIO when not even a header is there.
   *
   * @param header byte offset of struct fuse_in_header, a multiple of 4
   * @param args byte offset of the fixed part, a multiple of 4
   * @param payload byte offset of what follows the fixed part
   * @param payload_end one past the last byte of the message
   */
  decode(header: number, args: number, payload: number, payload_end: number): number {
    this.#clear_data(args);
    if (header < 0 || header + IN_HEADER_BYTES > this.u8.length) return this.#no_header();
    this.#read_header(header);
    const fixed_bytes = this.#fixed_part_bytes(this.opcode, payload - args);
    if (fixed_bytes === table.NO_SUCH_OPCODE) return -ENOSYS;
    const extensions_bytes = (this.u32[(header >> 2) + EXTENSIONS_WORD]! & 0xffff) << 3;
    const end = payload_end - extensions_bytes;
    if (args < 0 || args + fixed_bytes > this.u8.length) return -EINVAL;
    if (payload < 0 || payload > end || payload_end > this.u8.length) return -EINVAL;
    this.args_bytes = fixed_bytes;
    this.data = payload;
    this.data_end = end;
    return this.#read_payload(table.PAYLOADS[this.opcode]!);
  }

  /**
   * Decodes one contiguous message, as read(2) on the device gives it. Results as `decode`; also -EINVAL when the
   * length in the header is not `length`, and -EIO (with `unique` 0) when `length` is shorter than a header.
   *
   * @param header byte offset of the message, a multiple of 4
   * @param length bytes that were read
   */
  decode_device(header: number, length: number): number {
    const args = header + IN_HEADER_BYTES;
    if (header < 0 || length < IN_HEADER_BYTES || args > this.u8.length) {
      this.#clear_data(args);
      return this.#no_header();
    }
    const at = header >> 2;
    const fixed_bytes = this.#fixed_part_bytes(this.u32[at + OPCODE_WORD]!, length - IN_HEADER_BYTES);
    const payload = fixed_bytes === table.NO_SUCH_OPCODE ? args : args + fixed_bytes;
    if (this.u32[at + LEN_WORD] === length) return this.decode(header, args, payload, header + length);
    this.#clear_data(args);
    this.#read_header(header);
    return -EINVAL;
  }

  /** The 32-bit word number `word` of the fixed part. */
  arg(word: number): number {
    return this.u32[(this.args >> 2) + word]!;
  }

  /** The 64-bit value that starts at word number `word`, unsigned; inexact from 2^53 on. */
  arg64(word: number): number {
    const at = (this.args >> 2) + word;
    return this.u32[at]! + this.u32[at + 1]! * TWO_POW_32;
  }

  /** The same, exact: a number below 2^53, else a bigint that reads the 64 bits as signed (so -1 comes out as -1n). */
  arg64_exact(word: number): number | bigint {
    const at = (this.args >> 2) + word;
    const low = this.u32[at]!;
    const high = this.u32[at + 1]!;
    if (high < INEXACT_HIGH) return low + high * TWO_POW_32;
    return BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low));
  }

  /** Size of an opcode's fixed part; INIT has two, told apart by the bytes that there are. */
  #fixed_part_bytes(opcode: number, bytes_at_hand: number): number {
    if (opcode >= OPCODES_END) return table.NO_SUCH_OPCODE;
    if (opcode === FUSE_INIT && bytes_at_hand === INIT_IN_SHORT_BYTES) return INIT_IN_SHORT_BYTES;
    return this.#fixed_bytes[opcode]!;
  }

  #read_header(header: number): void {
    const words = this.u32;
    const at = header >> 2;
    this.opcode = words[at + OPCODE_WORD]!;
    this.unique_low = words[at + UNIQUE_WORD]!;
    this.unique_high = words[at + UNIQUE_WORD + 1]!;
    this.node_low = words[at + NODE_WORD]!;
    this.node_high = words[at + NODE_WORD + 1]!;
    this.uid = words[at + UID_WORD]!;
    this.gid = words[at + GID_WORD]!;
    this.pid = words[at + PID_WORD]!;
  }

  #clear_data(args: number): void {
    this.args = args;
    this.args_bytes = 0;
    this.data = args;
    this.data_end = args;
    this.name = 0;
    this.name_length = 0;
    this.name2 = 0;
    this.name2_length = 0;
  }

  #no_header(): number {
    this.opcode = 0;
    this.unique_low = 0;
    this.unique_high = 0;
    this.node_low = 0;
    this.node_high = 0;
    this.uid = 0;
    this.gid = 0;
    this.pid = 0;
    return -EIO;
  }

  #read_payload(payload: number): number {
    switch (payload) {
      case table.PAYLOAD_NAME:
        return this.#read_name(SLASH);
      case table.PAYLOAD_WRITE_DATA:
        return this.data_end - this.data === this.arg(WRITE_SIZE_WORD) ? 0 : -EINVAL;
      case table.PAYLOAD_XATTR_NAME:
      case table.PAYLOAD_IGNORED_NAME:
        return this.#read_name(0);
      case table.PAYLOAD_XATTR_NAME_AND_VALUE:
        return this.#read_name(0) < 0 ? -EINVAL : this.#read_value(this.arg(0));
      case table.PAYLOAD_TWO_NAMES:
        return this.#read_name(SLASH) < 0 ? -EINVAL : this.#read_second_name(SLASH);
      case table.PAYLOAD_NAME_AND_TARGET:
        return this.#read_name(SLASH) < 0 ? -EINVAL : this.#read_second_name(0);
      case table.PAYLOAD_IOCTL_DATA:
        return this.data_end - this.data >= this.arg(IOCTL_IN_SIZE_WORD) ? 0 : -EINVAL;
      case table.PAYLOAD_RECORDS:
        return this.data_end - this.data >= this.arg(0) * FORGET_ONE_BYTES ? 0 : -EINVAL;
      default:
        return 0;
    }
  }

  /** @param forbidden a byte that must not be in the name; 0 for none */
  #read_name(forbidden: number): number {
    const length = string_length(this.u8, this.data, this.data_end, forbidden);
    if (length <= 0) return -EINVAL;
    this.name = this.data;
    this.name_length = length;
    return 0;
  }

  #read_second_name(forbidden: number): number {
    const start = this.name + this.name_length + 1;
    const length = string_length(this.u8, start, this.data_end, forbidden);
    if (length <= 0) return -EINVAL;
    this.name2 = start;
    this.name2_length = length;
    return 0;
  }

  #read_value(size_bytes: number): number {
    const start = this.name + this.name_length + 1;
    if (this.data_end - start < size_bytes) return -EINVAL;
    this.name2 = start;
    this.name2_length = size_bytes;
    return 0;
  }
}

/** Length of the NUL-terminated string at `start`; -1 when there is no NUL before `end`, or `forbidden` comes first. */
function string_length(bytes: Uint8Array, start: number, end: number, forbidden: number): number {
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (byte === 0) return at - start;
    if (byte === forbidden) return -1;
  }
  return -1;
}
