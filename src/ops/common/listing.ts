// The merged listing of a directory (operations §19): read once per open directory, the entries of all branches in
// branch order, each name once. It is built in scratch memory of the worker, outside the JavaScript heap, and then
// stored in a memfd that any worker can serve from (departures D9).
//
// Layout of the memfd: the entries as struct fuse_dirent, one behind the other; then one 32-bit word per entry with the
// position of its first byte, in units of 8.
import { c_string } from "../../base/bytes.ts";
import { EFBIG, ENOMEM } from "../../base/errno.ts";
import { keyed_hash } from "../../base/keyed_hash.ts";
import { DIRENT_HEAD_BYTES } from "../../fuse/abi.ts";
import { dirent_size, encode_dirent } from "../../fuse/directory_entries.ts";
import { close, pwrite } from "../../sys/file.ts";
import { discard_pages, map_private, Mapping, memfd_create, unmap } from "../../sys/memory.ts";

const MIB = 1024 * 1024;
/** Most bytes of entries in one directory, some 30 million names; sparse until used. */
const ENTRIES_BYTES = 1024 * MIB;
const ENTRIES_MAX = 32 * MIB;
/** What a worker keeps resident between listings. */
const KEEP_BYTES = 1 * MIB;
const WRITE_STEP_BYTES = 512 * MIB;
const MEMFD_NAME = c_string("mergerfs-ts-listing");

/** Builds listings, one at a time. */
export class Listing {
  count = 0;
  /** A name had no room any more: the listing is not complete. */
  is_full = false;
  entries_max = ENTRIES_MAX;
  private used_bytes = 0;
  private entries_map: Mapping | undefined;
  private table_map: Mapping | undefined;
  private bytes = new Uint8Array(0);
  private positions = new Uint32Array(0);
  private table = new Uint32Array(0);
  private table_mask = 0;
  private readonly key_low: number;
  private readonly key_high: number;

  constructor() {
    [this.key_low, this.key_high] = crypto.getRandomValues(new Int32Array(2)) as unknown as [number, number];
  }

  /** Starts an empty listing. Returns 0, or -ENOMEM when the scratch memory cannot be mapped. */
  start(): number {
    this.count = 0;
    this.is_full = false;
    this.used_bytes = 0;
    if (this.entries_map === undefined) {
      const entries = map_private(ENTRIES_BYTES + ENTRIES_MAX * 4);
      const table = map_private(ENTRIES_MAX * 4 * 4);
      if (entries === undefined || table === undefined) {
        for (const mapping of [entries, table]) if (mapping !== undefined) unmap(mapping);
        return -ENOMEM;
      }
      this.entries_map = entries;
      this.table_map = table;
      this.bytes = new Uint8Array(this.entries_map.buffer, 0, ENTRIES_BYTES);
      this.positions = new Uint32Array(this.entries_map.buffer, ENTRIES_BYTES, ENTRIES_MAX);
      this.table = new Uint32Array(this.table_map.buffer);
    }
    this.table_mask = 255;
    this.table.fill(0, 0, 256);
    return 0;
  }

  /** True when the name is in the listing already; compared byte by byte (operations F10). */
  has(name: Uint8Array, name_at: number, name_length: number): boolean {
    return this.table[this.slot_of(name, name_at, name_length)] !== 0;
  }

  /** Adds an entry under its number, which is also its offset cookie. Returns 0, or -EFBIG when the listing is full. */
  add(ino_low: number, ino_high: number, type: number, name: Uint8Array, name_at: number, name_length: number): number {
    const size = dirent_size(name_length);
    if (this.used_bytes + size > ENTRIES_BYTES || this.count >= this.entries_max) {
      this.is_full = true;
      return -EFBIG;
    }
    const at = this.used_bytes;
    encode_dirent(this.bytes, at, ino_low, ino_high, this.count + 1, type, name, name_at, name_length);
    this.positions[this.count++] = at / 8;
    this.used_bytes += size;
    return 0;
  }

  /** Makes the entry added last findable by `has`; only needed when another branch is still to come. */
  index_last(): void {
    if (this.count * 2 > this.table_mask) this.grow_table();
    else this.index(this.count - 1);
  }

  /** Stores the listing; returns a memfd, or -errno. `index_at` then says where the positions begin (bytes / 8). */
  store(): number {
    const fd = memfd_create(MEMFD_NAME);
    if (fd < 0) return fd;
    const positions = new Uint8Array(this.positions.buffer, this.positions.byteOffset, this.count * 4);
    let result = write_all(fd, this.bytes, this.used_bytes, 0);
    if (result === 0) result = write_all(fd, positions, this.count * 4, this.used_bytes);
    this.give_memory_back();
    if (result === 0) return fd;
    close(fd);
    return result;
  }

  /** Gives the scratch memory back, when the worker has ended. */
  release(): void {
    for (const mapping of [this.entries_map, this.table_map]) if (mapping !== undefined) unmap(mapping);
  }

  get index_at(): number {
    return this.used_bytes / 8;
  }

  /** The listing is stored, or not wanted: its pages go back to the system, but for a few. */
  give_memory_back(): void {
    if (this.used_bytes > KEEP_BYTES) this.discard_entries(0, this.used_bytes);
    if (this.count * 4 > KEEP_BYTES) this.discard_entries(ENTRIES_BYTES, this.count * 4);
    if (this.table_mask * 4 > KEEP_BYTES) {
      discard_pages(this.table_map!, KEEP_BYTES, (this.table_mask + 1) * 4 - KEEP_BYTES);
    }
  }

  private discard_entries(at: number, length: number): void {
    discard_pages(this.entries_map!, at + KEEP_BYTES, length - KEEP_BYTES);
  }

  private grow_table(): void {
    this.table_mask = this.table_mask * 2 + 1;
    this.table.fill(0, 0, this.table_mask + 1);
    for (let entry = 0; entry < this.count; entry++) this.index(entry);
  }

  private index(entry: number): void {
    const at = this.positions[entry]! * 8;
    this.table[this.slot_of(this.bytes, at + DIRENT_HEAD_BYTES, this.name_length_at(at))] = entry + 1;
  }

  // The slot that holds the name, or the empty one where it belongs.
  private slot_of(name: Uint8Array, name_at: number, name_length: number): number {
    let slot = keyed_hash(this.key_low, this.key_high, 0, name, name_at, name_length) & this.table_mask;
    for (let entry = this.table[slot]!; entry !== 0; entry = this.table[slot]!) {
      if (this.is_entry(entry - 1, name, name_at, name_length)) return slot;
      slot = (slot + 1) & this.table_mask;
    }
    return slot;
  }

  private is_entry(entry: number, name: Uint8Array, name_at: number, name_length: number): boolean {
    const at = this.positions[entry]! * 8;
    if (this.name_length_at(at) !== name_length) return false;
    const start = at + DIRENT_HEAD_BYTES;
    for (let i = 0; i < name_length; i++) if (this.bytes[start + i] !== name[name_at + i]) return false;
    return true;
  }

  private name_length_at(at: number): number {
    return this.bytes[at + 16]! | (this.bytes[at + 17]! << 8);
  }
}

function write_all(fd: number, bytes: Uint8Array<ArrayBuffer>, length: number, offset: number): number {
  for (let done = 0; done < length;) {
    const step = Math.min(length - done, WRITE_STEP_BYTES);
    const part = done === 0 ? bytes : bytes.subarray(done);
    const written = pwrite(fd, part, step, offset + done);
    if (written <= 0) return written < 0 ? written : -ENOMEM;
    done += written;
  }
  return 0;
}
