// The words of the options that know a few words only. The position of a word is its number in Settings.

export const CACHE_FILES_WORDS = ["off", "partial", "full", "auto-full", "per-process"] as const;
export const CACHE_FILES_OFF = 0;
export const CACHE_FILES_PARTIAL = 1;
export const CACHE_FILES_FULL = 2;
export const CACHE_FILES_AUTO_FULL = 3;
export const CACHE_FILES_PER_PROCESS = 4;

export const FLUSH_ON_CLOSE_WORDS = ["never", "opened-for-write", "always"] as const;
export const FLUSH_NEVER = 0;
export const FLUSH_OPENED_FOR_WRITE = 1;
export const FLUSH_ALWAYS = 2;

export const FOLLOW_SYMLINKS_WORDS = ["never", "directory", "regular", "all"] as const;
export const FOLLOW_NEVER = 0;
export const FOLLOW_DIRECTORY = 1;
export const FOLLOW_REGULAR = 2;
export const FOLLOW_ALL = 3;

export const LINK_EXDEV_WORDS = ["passthrough", "rel-symlink", "abs-base-symlink", "abs-pool-symlink"] as const;
export const LINK_EXDEV_PASSTHROUGH = 0;
export const LINK_EXDEV_REL_SYMLINK = 1;
export const LINK_EXDEV_ABS_BASE_SYMLINK = 2;
export const LINK_EXDEV_ABS_POOL_SYMLINK = 3;

export const RENAME_EXDEV_WORDS = ["passthrough", "rel-symlink", "abs-symlink"] as const;
export const RENAME_EXDEV_PASSTHROUGH = 0;
export const RENAME_EXDEV_REL_SYMLINK = 1;
export const RENAME_EXDEV_ABS_SYMLINK = 2;

export const NFSOPENHACK_WORDS = ["off", "git", "all"] as const;
export const NFSOPENHACK_OFF = 0;
export const NFSOPENHACK_GIT = 1;
export const NFSOPENHACK_ALL = 2;

export const PASSTHROUGH_IO_WORDS = ["off", "ro", "wo", "rw", "auto"] as const;
export const PASSTHROUGH_OFF = 0;
export const PASSTHROUGH_RO = 1;
export const PASSTHROUGH_WO = 2;
export const PASSTHROUGH_RW = 3;
export const PASSTHROUGH_AUTO = 4;
/** The default of "passthrough.io", in the one place where it is written. */
export const PASSTHROUGH_IO_DEFAULT = "auto";

export const READDIR_WORDS = ["seq", "cosr", "cor"] as const;
export const READDIR_SEQ = 0;
export const READDIR_COSR = 1;
export const READDIR_COR = 2;

export const READDIRPLUS_WORDS = ["auto", "true", "false"] as const;
export const READDIRPLUS_AUTO = 0;
export const READDIRPLUS_TRUE = 1;
export const READDIRPLUS_FALSE = 2;

export const STATFS_WORDS = ["base", "full"] as const;
export const STATFS_BASE = 0;
export const STATFS_FULL = 1;

export const STATFS_IGNORE_WORDS = ["none", "ro", "nc"] as const;
export const STATFS_IGNORE_NONE = 0;
export const STATFS_IGNORE_RO = 1;
export const STATFS_IGNORE_NC = 2;

export const XATTR_WORDS = ["passthrough", "noattr", "nosys"] as const;
export const XATTR_PASSTHROUGH = 0;
export const XATTR_NOATTR = 1;
export const XATTR_NOSYS = 2;
