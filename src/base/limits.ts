// Every limit has a name, here.

/** Longest path the kernel takes in one system call, with its NUL (include/uapi/linux/limits.h). */
export const PATH_MAX_BYTES = 4096;
/** Longest name of one directory entry (include/uapi/linux/limits.h). */
export const NAME_MAX_BYTES = 255;
/** Largest value and largest list of extended attributes of one object: XATTR_SIZE_MAX, XATTR_LIST_MAX (the same file). */
export const XATTR_BYTES_MAX = 65536;
/** Most branches in one pool: a request's list of results has fixed memory. */
export const BRANCHES_MAX = 4096;
/** Largest config file; a larger one is a mistake, such as a device. */
export const CONFIG_FILE_BYTES_MAX = 16 * 1024 * 1024;
/** Most readers of directories (func.readdir); more would make no listing faster, and each takes some MiB. */
export const READERS_MAX = 64;
