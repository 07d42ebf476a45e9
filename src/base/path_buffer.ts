// A path inside the pool, as bytes in memory that is reused from request to request.
import { EINVAL, ENAMETOOLONG } from "./errno.ts";
import { copy_bytes, SLASH } from "./bytes.ts";
import { NAME_MAX_BYTES, PATH_MAX_BYTES } from "./limits.ts";

/**
 * Relative, without leading slash; the pool root is the empty path. A NUL always follows the last byte, so `bytes` can
 * be handed to a system call as it is.
 */
export class PathBuffer {
  readonly bytes: Uint8Array<ArrayBuffer> = new Uint8Array(PATH_MAX_BYTES + NAME_MAX_BYTES + 2);
  length = 0;

  clear(): void {
    this.length = 0;
    this.bytes[0] = 0;
  }

  set(from: PathBuffer): void {
    copy_bytes(from.bytes, 0, this.bytes, 0, from.length + 1);
    this.length = from.length;
  }

  /** A path inside a directory of the root. Returns 0, or -ENAMETOOLONG with nothing changed. */
  set_below(directory: Uint8Array, from: PathBuffer): number {
    const length = directory.length + 1 + from.length;
    if (length >= PATH_MAX_BYTES) return -ENAMETOOLONG;
    copy_bytes(directory, 0, this.bytes, 0, directory.length);
    this.bytes[directory.length] = SLASH;
    copy_bytes(from.bytes, 0, this.bytes, directory.length + 1, from.length + 1);
    this.length = length;
    return 0;
  }

  /** Adds one component. Returns 0, -ENAMETOOLONG when name or path get longer than the kernel allows, or -EINVAL. */
  append(name: Uint8Array, name_at: number, name_length: number): number {
    if (name_length === 0) return -EINVAL;
    if (name_length > NAME_MAX_BYTES) return -ENAMETOOLONG;
    const at = this.length === 0 ? 0 : this.length + 1;
    if (at + name_length >= PATH_MAX_BYTES) return -ENAMETOOLONG;
    if (at > 0) this.bytes[at - 1] = SLASH;
    copy_bytes(name, name_at, this.bytes, at, name_length);
    this.length = at + name_length;
    this.bytes[this.length] = 0;
    return 0;
  }

  /** Where the last component starts. */
  name_at(): number {
    let at = this.length;
    while (at > 0 && this.bytes[at - 1] !== SLASH) at--;
    return at;
  }

  /** Drops the last component; false when this is the pool root already. */
  up(): boolean {
    if (this.length === 0) return false;
    const at = this.name_at();
    this.length = at === 0 ? 0 : at - 1;
    this.bytes[this.length] = 0;
    return true;
  }

  is(text: Uint8Array): boolean {
    if (text.length !== this.length) return false;
    for (let i = 0; i < text.length; i++) if (text[i] !== this.bytes[i]) return false;
    return true;
  }
}
