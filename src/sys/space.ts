// Room on a filesystem: statvfs(3). struct statvfs of 64-bit glibc has one layout on x86_64 and aarch64.
import { checked, libc } from "./libc.ts";

const ST_RDONLY = 1;

/** What a filesystem has and what is left of it, exact to 64 bits: blocks in units of `frsize`, and inodes. */
export interface SpaceCounts {
  readonly blocks: bigint;
  readonly bfree: bigint;
  readonly bavail: bigint;
  readonly files: bigint;
  readonly ffree: bigint;
}

/** Memory for one statvfs(3) result. Counts are numbers, exact up to 2^53 blocks; see also `counts`. */
export class StatvfsBuffer {
  readonly bytes: Uint8Array<ArrayBuffer> = new Uint8Array(112);
  readonly words: Uint32Array<ArrayBuffer> = new Uint32Array(this.bytes.buffer);

  private value64(word: number): number {
    return this.words[word]! + this.words[word + 1]! * 0x1_0000_0000;
  }
  /** Preferred I/O size, bytes. */
  get bsize(): number {
    return this.value64(0);
  }
  /** Unit of the block counts, bytes. */
  get frsize(): number {
    return this.value64(2);
  }
  get blocks(): number {
    return this.value64(4);
  }
  get bfree(): number {
    return this.value64(6);
  }
  get bavail(): number {
    return this.value64(8);
  }
  get files(): number {
    return this.value64(10);
  }
  get ffree(): number {
    return this.value64(12);
  }
  get is_read_only(): boolean {
    return (this.words[18]! & ST_RDONLY) !== 0;
  }
  get namemax(): number {
    return this.value64(20);
  }
  counts(): SpaceCounts {
    const [blocks, bfree, bavail, files, ffree] = new BigUint64Array(this.bytes.buffer, 16, 5);
    return { blocks: blocks!, bfree: bfree!, bavail: bavail!, files: files!, ffree: ffree! };
  }
}

export function statvfs(path: Uint8Array<ArrayBuffer>, out: StatvfsBuffer): number {
  return checked(libc.statvfs(path, out.bytes));
}

export function fstatvfs(fd: number, out: StatvfsBuffer): number {
  return checked(libc.fstatvfs(fd, out.bytes));
}

/** FUSE_SUPER_MAGIC of linux/magic.h. */
export const TYPE_FUSE = 0x65735546;

/** Memory for one fstatfs(2) result; struct statfs is the same on x86_64 and aarch64. */
export class StatfsBuffer {
  readonly bytes: Uint8Array<ArrayBuffer> = new Uint8Array(120);
  private readonly words = new Uint32Array(this.bytes.buffer);

  /** What kind of file system it is: a number of linux/magic.h. */
  get type(): number {
    return this.words[0]!;
  }
  /** Exact up to 2^53, as the other one. */
  get total_bytes(): number {
    return this.value64(4) * this.value64(18);
  }
  /** What ordinary users can still fill. */
  get available_bytes(): number {
    return this.value64(8) * this.value64(18);
  }

  private value64(word: number): number {
    return this.words[word]! + this.words[word + 1]! * 0x1_0000_0000;
  }
}

/** The file system of an open file; unlike statvfs(3) it tells the kind. */
export function fstatfs(fd: number, out: StatfsBuffer): number {
  return checked(libc.fstatfs(fd, out.bytes));
}
