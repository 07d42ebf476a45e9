// Where a pool may come out otherwise than a native file system: every case with what differs, why, and where that is laid
// down. posix_test.ts fails for any other difference, and for an exception that no longer happens.

/**
 * "every": pools of one branch too. "spread": where the objects of a case lie on different branches by their kind.
 * "random": only where the directories of a case may lie on different branches too. "slow": only where a case takes so long
 * that the kernel asks for attributes again.
 */
export type Pools = "every" | "spread" | "random" | "slow";

export interface Exception {
  readonly cases: readonly string[];
  readonly pools: Pools;
  readonly differs: string;
  readonly why: string;
  readonly source: string;
}

/** The usual cases. */
export const EXCEPTIONS: readonly Exception[] = [
  {
    cases: [
      "removed files: open again through proc after unlink",
      "removed files: open again through proc after another file took the name",
      "removed files: setxattr after unlink",
      "removed files: setxattr after another file took the name",
      "removed files: getxattr after unlink",
      "removed files: getxattr after another file took the name",
      "removed files: listxattr after unlink",
      "removed files: listxattr after another file took the name",
      "removed files: fstatvfs after unlink",
      "removed files: fstatvfs after another file took the name",
    ],
    pools: "every",
    differs: "ESTALE",
    why: "The kernel asks for these by node, without a handle, and a removed node has no path",
    source: "operations.md §7.8, §30.7",
  },
  {
    cases: [
      "removed files: a removed directory by descriptor",
      "removed files: fstat of a removed directory",
      "removed files: fchmod of a removed directory",
      "removed files: fstat of a removed pipe",
      "removed files: fstat of a removed file opened as a path",
      "renaming: a replaced empty directory that is open stays readable",
    ],
    pools: "every",
    differs: "EBADF",
    why: "No descriptor of a directory, a pipe or an O_PATH open is held on the branches, so nothing is left to ask",
    source: "operations.md §7.8; departures.md D14",
  },
  {
    cases: ["linking: both names of a pipe lead to the same one"],
    pools: "every",
    differs: "Each name is a pipe of its own",
    why: "The kernel keeps pipes itself, one for each node, and a node is a name",
    source: "operations.md §7.1",
  },
  {
    cases: ["modes and owners: who became the owner by another name may change the mode"],
    pools: "every",
    differs: "A change of owner by one name decides who may chmod by another one only after the next stat of that",
    why:
      "Who may change a file is checked by the kernel, which does not ask for attributes anew before it does (setattr_prepare)",
    source: "departures.md D8; fs/fuse/dir.c, fuse_do_setattr",
  },
  {
    cases: ["sizes: holes are found in a file open for both"],
    pools: "every",
    differs: "all of it is data",
    why: "A mapping may hold what the branch does not have yet, and the kernel asks without writing it out",
    source: "src/ops/file_operations.ts, lseek",
  },
  {
    cases: ["creating: creating in a removed directory is ENOENT"],
    pools: "slow",
    differs: "EBADF once its attributes are older than cache.attr",
    why: "The same",
    source: "operations.md §7.8; departures.md D14",
  },
  {
    cases: ["removing: rmdir of a working directory works"],
    pools: "every",
    differs: "Listing it afterwards is ESTALE instead of empty; the removal itself works",
    why: "OPENDIR needs a path",
    source: "operations.md §19.1",
  },
  {
    cases: ["modes and owners: a fallocate by root keeps set id bits"],
    pools: "every",
    differs: "They go, as they do for other users",
    why: "The kernel leaves it to the file system to take them away, and does not tell it who asks",
    source: "operations.md §4, §29.1 F4",
  },
  {
    cases: ["renaming: whiteout leaves a device behind"],
    pools: "every",
    differs: "EINVAL",
    why: "The flag serves overlay file systems, which do not take this kind of mount as their upper layer",
    source: "departures.md D11",
  },
  {
    cases: ["data: epoll of a file is EPERM"],
    pools: "every",
    differs: "Can be registered, and is always ready",
    why: "The kernel lets every file of a FUSE mount be polled",
    source: "operations.md §22, POLL",
  },
  {
    cases: ["directories: a directory keeps its inode number when renamed"],
    pools: "every",
    differs: "Another number",
    why: "A directory lies on several branches, so that its number comes from its path (inodecalc)",
    source: "operations.md §28",
  },
  {
    cases: ["extended attributes: a user does not see trusted attributes in the list"],
    pools: "every",
    differs: "Their names are listed; their values stay hidden",
    why:
      "The kernel leaves the choice to the file system, but does not tell it who asks on a mount that allows idmapping",
    source: "operations.md §4, §21.4",
  },
  {
    cases: ["names of files: deeper than a path can say"],
    pools: "every",
    differs: "ENAMETOOLONG from 4096 bytes below the root of the pool on",
    why: "Every request becomes a path inside the pool, which is at most PATH_MAX long",
    source: "departures.md D14",
  },
  {
    cases: [
      "creating: open moves the times of its directory",
      "creating: mknod moves the times of its directory",
      "creating: mknod of a socket moves the times of its directory",
      "creating: mkfifo moves the times of its directory",
      "linking: a file",
      "linking: a pipe",
      "linking: a socket",
      "linking: a device",
      "linking: a symlink",
      "removing: unlink of a file",
      "removing: unlink of a symlink",
      "removing: unlink of a pipe",
      "removing: unlink of a socket",
      "removing: unlink of a device",
      "removing: unlink of one of two names counts down and moves ctime",
      "renaming: a file to a new name in another directory",
      "renaming: a symlink to a new name in another directory",
      "renaming: a pipe to a new name in another directory",
      "renaming: a device to a new name in another directory",
      "renaming: a file gets a new ctime",
      "symlinks: making one moves the times of its directory",
      "times: link",
      "times: create in a directory",
      "times: symlink in a directory",
      "times: unlink in a directory",
      "times: rename in a directory",
    ],
    pools: "spread",
    differs: "The times of a directory do not move when a name in it changes on another branch than its first",
    why: "It is a directory on each branch, and the first one is shown",
    source: "operations.md §10.2 item 6, §29.2",
  },
  {
    cases: [
      "renaming: an empty directory onto a full directory is ENOTEMPTY",
      "renaming: a full directory onto a full directory is ENOTEMPTY",
    ],
    pools: "spread",
    differs: "Succeeds, and both contents show under the new name",
    why: "Each branch renames for itself, and none of them has both the source and something in the target",
    source: "operations.md §14, §30.3",
  },
  {
    cases: [
      "renaming: exchange a file and a full directory",
      "renaming: exchange a symlink and an empty directory",
    ],
    pools: "spread",
    differs: "EINVAL",
    why: "Two objects on different branches cannot change places in one step",
    source: "departures.md D11",
  },
  {
    cases: [
      "renaming: exchange a file and a file",
      "renaming: exchange of files in two directories",
      "permissions: exchange in a directory of a supplementary group",
      "permissions: exchange of an own file in a sticky directory",
      "permissions: exchange of any file in an own sticky directory",
    ],
    pools: "random",
    differs: "EINVAL",
    why: "The same",
    source: "departures.md D11",
  },
  {
    cases: [
      "creating: mkdir moves the times of its directory",
      "removing: rmdir of an empty directory",
      "times: mkdir in a directory",
      "times: rename of a directory",
      "renaming: an empty directory to a new name in another directory",
      "renaming: a full directory to a new name in another directory",
      "permissions: a directory moved to another parent must be writable",
    ],
    pools: "random",
    differs: "The times of the directory above do not move",
    why: "As with files",
    source: "operations.md §10.2 item 6, §29.2",
  },
  {
    cases: [
      "creating: mkdir adds a link to its parent",
      "removing: rmdir takes a link from its parent",
      "renaming: a directory moves a link from parent to parent",
    ],
    pools: "random",
    differs: "The link count of a directory counts what is in it on its first branch",
    why: "As with its times",
    source: "operations.md §10.2 item 6, §29.2",
  },
];

/** The cases of a read-only file system. */
export const READ_ONLY_EXCEPTIONS: readonly Exception[] = [
  {
    cases: ["read only: access tells it"],
    pools: "every",
    differs: "access says that a file may be written; opening it for writing is EROFS",
    why: "The kernel answers from the mode and the flags of the mount alone, and the mount itself is not read-only",
    source: "operations.md §10.7",
  },
];
