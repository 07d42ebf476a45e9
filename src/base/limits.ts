// Every limit has a name, here.

/** Longest path the kernel takes in one system call, with its NUL (include/uapi/linux/limits.h). */
export const PATH_MAX_BYTES = 4096;
/** Longest name of one directory entry (include/uapi/linux/limits.h). */
export const NAME_MAX_BYTES = 255;
/** Most branches in one pool: a request's list of results has fixed memory. */
export const BRANCHES_MAX = 4096;
