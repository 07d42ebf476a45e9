// fsck.mergerfs (operations §27.1): lists the paths of a pool whose copies on several branches differ, and repairs them if
// told to. It works natively on the branches; the pool only tells where the copies are.
import { c_string } from "../base/bytes.ts";
import { EACCES, ENODATA, ENOENT, ENOTDIR, EOPNOTSUPP, EPERM, errno_text } from "../base/errno.ts";
import { path_text } from "../base/path_text.ts";
import { StatxBuffer } from "../base/statx.ts";
import { is_pool_type, mount_on } from "../branches/mount_table.ts";
import { geteuid, raise_limits } from "../sys/identity.ts";
import { AT_FDCWD, stat } from "../sys/path.ts";
import { lgetxattr } from "../sys/xattr.ts";
import { type Copy, differ, have_same_type, largest, listing, look_at, newest } from "./copies.ts";
import { BAD_ARGUMENT, fsck_help, type FsckArguments, read_fsck_arguments } from "./fsck_arguments.ts";
import { type OnError, pool_walk } from "./pool_walk.ts";
import { repair } from "./repair.ts";
import { complain, print, read_line, reporting_errors, ToolError } from "./terminal.ts";

const ALL_PATHS = c_string("user.mergerfs.allpaths");
const RELATIVE_PATH = c_string("user.mergerfs.relpath");
/** Linux hands out no longer value (xattr(7)). */
const VALUE_BYTES_MAX = 65_536;
const NUL = "\0";
/** No pool, no such attribute of this kind of object, gone, or not allowed: passed over in silence. */
const PASSED_OVER = [-EACCES, -ENODATA, -ENOENT, -ENOTDIR, -EOPNOTSUPP, -EPERM];

const value = new Uint8Array(VALUE_BYTES_MAX);

/** `program` stands in front of messages. Resolves with the exit code. */
export async function run_fsck(program: string, argv: readonly string[]): Promise<number> {
  return await reporting_errors(program, function check() {
    const wish = read_fsck_arguments(argv);
    if (wish.help) print(fsck_help(program));
    else check_all(program, wish);
    return 0;
  });
}

function check_all(program: string, wish: FsckArguments): void {
  demand_directory(wish.path);
  raise_limits(); // a directory is open for each level
  if (wish.fix !== "none" && geteuid() !== 0) {
    complain(program, "WARNING: not running as root, so most repairs will be refused");
  }
  const tell: OnError = (path, error) => complain(program, `cannot check "${path}": ${errno_text(error)}`);
  for (const path of pool_walk(wish.path, tell)) {
    const paths = attribute(path, ALL_PATHS);
    if (typeof paths === "string") check_copies(program, wish, path, paths.split(NUL).map(look_at), tell);
    else if (!PASSED_OVER.includes(paths)) tell(path, paths);
    else if (path === wish.path) warn_of_silence(program, path);
  }
}

/** A pool that does not say where its copies are looks like one where all is well. */
function warn_of_silence(program: string, path: string): void {
  if (!is_pool_type(mount_on(path)?.type ?? "")) return;
  complain(
    program,
    `WARNING: the pool on "${path}" does not tell where its copies are (mount it with xattr=passthrough)`,
  );
}

function demand_directory(path: string): void {
  const found = new StatxBuffer();
  const result = stat(AT_FDCWD, c_string(path), found);
  const problem = result < 0 ? errno_text(result) : found.is_directory ? "" : "Not a directory";
  if (problem === "") return;
  throw new ToolError(`bad PATH "${path}": ${problem} (name the mounted pool, or a directory in it)`, BAD_ARGUMENT);
}

/** A reversible text, or -errno. */
function attribute(path: string, name: Uint8Array<ArrayBuffer>): string | number {
  const length = lgetxattr(c_string(path), name, value, value.length);
  return length < 0 ? length : path_text(value.subarray(0, length));
}

function check_copies(
  program: string,
  wish: FsckArguments,
  path: string,
  copies: readonly Copy[],
  tell: OnError,
): void {
  if (copies.length < 2) return;
  if (copies.every(({ error }) => error < 0)) return tell(path, copies[0]!.error);
  if (!differ(copies, wish.check_size)) return;
  print(listing(path, copies));
  if (wish.fix === "none") return;
  if (!have_same_type(copies)) {
    return print("  X: the copies are of different types; that has to be repaired by hand\n");
  }
  const right = right_one(wish, copies);
  if (right === undefined) return;
  const relative = attribute(path, RELATIVE_PATH);
  if (typeof relative === "number") return complain(program, `cannot repair "${path}": ${errno_text(relative)}`);
  for (const failure of repair(copies, right, relative, wish.copy_file)) complain(program, failure);
}

function right_one({ fix }: FsckArguments, copies: readonly Copy[]): Copy | undefined {
  if (fix === "newest") return newest(copies);
  return fix === "largest" ? largest(copies) : asked_for(copies);
}

/** The one that a person names; undefined at the end of input. */
function asked_for(copies: readonly Copy[]): Copy | undefined {
  while (true) {
    print(`  Which one is right (0 to ${copies.length - 1})? `);
    const line = read_line();
    if (line === undefined) {
      print("\n");
      return undefined;
    }
    const number = line.trim();
    if (/^\d+$/.test(number) && copies[Number(number)] !== undefined) return copies[Number(number)];
  }
}
