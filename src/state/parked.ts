// Requests that wait for a node's data lock without a worker. A move may take minutes, and each request that waited for it
// in a worker would take one away from all other files. So the message is put aside, in a memory file of its own, together
// with a duplicate of the descriptor that it was read from: the kernel wants the reply there, and ends the request with an
// error when that descriptor is closed for good, as a worker does that retires.
//
// Parked is only while somebody has the lock alone, or awaits it so; whoever lets it go takes what was parked for the node,
// in the order of its arrival. Nobody else looks for it, so it must not be forgotten (DataLocks.freed).
import { c_string } from "../base/bytes.ts";
import { close, F_DUPFD_CLOEXEC, fcntl, pread, write } from "../sys/file.ts";
import { descriptor_limit } from "../sys/identity.ts";
import { memfd_create } from "../sys/memory.ts";
import { DataLocks } from "./data_locks.ts";
import * as at from "./layout.ts";
import { Nodes } from "./nodes.ts";

/** Memory that parked messages take at most; the longest have 1 MiB (option fuse-msg-size). */
export const PARKED_BYTES_MAX = 256 * 1024 * 1024;

/** Of all descriptors that the process may have; a parked request takes two. */
const DESCRIPTOR_SHARE = 1 / 16;

const NAME = c_string("mergerfs-ts-parked");

/** The parked requests of the mount as one thread sees them. */
export class ParkedRequests {
  /** After `take`: the descriptor for the reply, which the caller closes. */
  device = -1;
  private readonly header: Int32Array<ArrayBuffer>;

  constructor(private readonly nodes: Nodes, private readonly data_locks: DataLocks) {
    this.header = nodes.arena.header;
  }

  /**
   * Puts a message of `length` bytes aside that was read from `device` and waits for the data lock of a node. False when
   * nobody has that lock any more, or there is no room: the request is the caller's as before.
   */
  park(slot: number, message: Uint8Array<ArrayBuffer>, length: number, device: number): boolean {
    if (!this.has_room(length)) return false;
    const copy = memfd_create(NAME);
    const reply_to = copy < 0 ? copy : fcntl(device, F_DUPFD_CLOEXEC, 0);
    const is_parked = reply_to >= 0 && write(copy, message, length) === length &&
      this.add(slot, copy, length, reply_to);
    if (is_parked) return true;
    if (copy >= 0) close(copy);
    if (reply_to >= 0) close(reply_to);
    return false;
  }

  /**
   * Takes the oldest request that was parked for a node: its message comes into `message`, where it goes to into `device`.
   * Returns its length; 0 when there is none, or somebody else has the lock again, to whom they all fall then.
   */
  take(slot: number, message: Uint8Array<ArrayBuffer>): number {
    this.nodes.table.lock();
    const found = this.data_locks.is_taken(slot) ? -1 : this.find(slot);
    const [copy, length] = found < 0 ? [-1, 0] : this.remove(found);
    this.nodes.table.unlock();
    if (found < 0) return 0;
    pread(copy, message, length, 0);
    close(copy);
    return length;
  }

  private has_room(length: number): boolean {
    return this.header[at.H_PARKED_COUNT]! < Math.min(at.PARKED_MAX, descriptor_limit() * DESCRIPTOR_SHARE) &&
      this.header[at.H_PARKED_BYTES]! + length <= PARKED_BYTES_MAX;
  }

  private add(slot: number, copy: number, length: number, device: number): boolean {
    const { header } = this;
    this.nodes.table.lock();
    const may_park = this.data_locks.is_taken(slot) && this.has_room(length);
    if (may_park) {
      const entry = at.H_PARKED + header[at.H_PARKED_COUNT]!++ * at.PARKED_WORDS;
      header[entry + at.P_NODE] = slot;
      header[entry + at.P_MESSAGE_FD] = copy;
      header[entry + at.P_LENGTH] = length;
      header[entry + at.P_DEVICE_FD] = device;
      header[at.H_PARKED_BYTES]! += length;
    }
    this.nodes.table.unlock();
    return may_park;
  }

  // Word of the oldest entry of a node, or -1. Table lock held.
  private find(slot: number): number {
    const end = at.H_PARKED + this.header[at.H_PARKED_COUNT]! * at.PARKED_WORDS;
    for (let entry = at.H_PARKED; entry < end; entry += at.PARKED_WORDS) {
      if (this.header[entry + at.P_NODE] === slot) return entry;
    }
    return -1;
  }

  // The entries lie one behind the other, the oldest first. Table lock held.
  private remove(entry: number): [copy: number, length: number] {
    const { header } = this;
    const [copy, length] = [header[entry + at.P_MESSAGE_FD]!, header[entry + at.P_LENGTH]!];
    this.device = header[entry + at.P_DEVICE_FD]!;
    const end = at.H_PARKED + header[at.H_PARKED_COUNT]!-- * at.PARKED_WORDS;
    header.copyWithin(entry, entry + at.PARKED_WORDS, end);
    header[at.H_PARKED_BYTES]! -= length;
    return [copy, length];
  }
}
