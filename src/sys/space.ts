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
