"""Makes the sequences of random_operations.py."""

import os
import random
import stat

from calls import FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE, RENAME_EXCHANGE, RENAME_NOREPLACE
from random_calls import OLD

ALICE, GROUP = 1001, 2001
PAGE = 4096
SLOTS = range(5)

# The kernel caches data, and with the write-back cache sizes, of each name of a file for itself.
NOT_MADE_WITH = {"cached": ("make_link", "make_linkat")}


class Maker:
    """Makes calls from a seed. Few names and few places in files, so that calls meet."""

    def __init__(self, seed, word):
        self.dice = random.Random(seed)
        self.is_spread = word != "together"
        names = [name for name in dir(self) if name.startswith("make_")]
        self.makers = [getattr(self, name) for name in names if name not in NOT_MADE_WITH.get(word, ())]

    def calls(self, count):
        """(user, name of the call, its arguments)."""
        return [(self.dice.choice((0, 0, 0, ALICE)), *self.dice.choice(self.makers)()) for _at in range(count)]

    def path(self):
        return "/".join(self.name() for _level in range(self.dice.choice((1, 1, 2, 2, 2, 3))))

    def name(self):
        return self.dice.choice("xyz")

    def slot(self):
        return self.dice.choice(SLOTS)

    def offset(self):
        return self.dice.choice((0, 1, 100, PAGE - 1, PAGE, 2 * PAGE, 3 * PAGE + 5, 10 * PAGE))

    def count(self):
        return self.dice.choice((1, 10, 1000, PAGE, 2 * PAGE + 1))

    def data(self):
        return self.dice.randrange(1, 256), self.count()

    def mode(self):
        return self.dice.choice((0o777, 0o777, 0o755, 0o666, 0o644, 0o600, 0o4755, 0o6777, 0o2775, 0o1777, 0o000, 0o444))

    def times(self):
        return self.dice.choice((None, (self.dice.randrange(OLD), self.dice.randrange(OLD))))

    def owner(self):
        return self.dice.choice(((0, 0), (ALICE, GROUP), (ALICE, -1), (-1, GROUP), (0, -1)))

    def attribute(self):
        return f"user.{self.name()}"

    def flags(self):
        flags = self.dice.choice((os.O_RDONLY, os.O_WRONLY, os.O_RDWR, os.O_RDWR))
        for flag, share in ((os.O_CREAT, 0.6), (os.O_TRUNC, 0.1), (os.O_APPEND, 0.1), (os.O_EXCL, 0.05), (os.O_NOFOLLOW, 0.1)):
            flags |= flag if self.dice.random() < share else 0
        return flags

    def make_open(self):
        return "open", self.slot(), self.path(), self.flags(), self.mode()

    make_open_again = make_open_once_more = make_open

    def make_open_directory(self):
        return "open", self.slot(), self.path(), os.O_RDONLY | os.O_DIRECTORY, 0

    def make_open_at(self):
        return "open_at", self.slot(), self.slot(), self.name(), self.flags(), self.mode()

    def make_tmpfile(self):
        return "tmpfile", self.slot(), self.path(), self.mode()

    def make_dup(self):
        return "dup", self.slot(), self.slot()

    def make_close(self):
        return "close", self.slot()

    def make_read(self):
        return "read", self.slot(), self.count()

    def make_pread(self):
        return "pread", self.slot(), 12 * PAGE, self.offset()

    def make_write(self):
        return "write", self.slot(), self.data()

    def make_pwrite(self):
        return "pwrite", self.slot(), self.data(), self.offset()

    make_more_pwrite = make_pwrite

    def make_writev(self):
        return "writev", self.slot(), self.data()

    def make_lseek(self):
        return "lseek", self.slot(), self.offset(), self.dice.choice((os.SEEK_SET, os.SEEK_CUR, os.SEEK_END))

    def make_seek_hole(self):
        return "seek_hole", self.slot(), self.offset(), self.dice.choice((os.SEEK_DATA, os.SEEK_HOLE))

    def make_ftruncate(self):
        return "ftruncate", self.slot(), self.offset()

    def make_fallocate(self):
        modes = (0, FALLOC_FL_KEEP_SIZE, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, FALLOC_FL_PUNCH_HOLE)
        return "fallocate", self.slot(), self.dice.choice(modes), self.offset(), self.count()

    def make_copy_range(self):
        return "copy_range", self.slot(), self.slot(), self.count(), self.offset(), self.offset()

    def make_sendfile(self):
        return "sendfile", self.slot(), self.slot(), self.offset(), self.count()

    def make_write_mapping(self):
        return "write_mapping", self.slot(), self.offset(), self.data()

    def make_read_mapping(self):
        return "read_mapping", self.slot()

    def make_fsync(self):
        return "fsync", self.slot()

    def make_fchmod(self):
        return "fchmod", self.slot(), self.mode()

    def make_fchown(self):
        return "fchown", self.slot(), *self.owner()

    def make_futime(self):
        return "futime", self.slot(), self.times()

    def make_fsetxattr(self):
        return "fsetxattr", self.slot(), self.attribute(), str(self.data()).encode()

    def make_fgetxattr(self):
        return "fgetxattr", self.slot(), self.attribute()

    def make_linkat(self):
        return "linkat", self.slot(), self.path()

    def make_list_open(self):
        return "list_open", self.slot()

    def make_list(self):
        return "list", self.path(), self.dice.randrange(10)

    def make_truncate(self):
        return "truncate", self.path(), self.offset()

    def make_mkdir(self):
        return "mkdir", self.path(), self.mode()

    make_more_mkdir = make_still_more_mkdir = make_mkdir

    def make_mknod(self):
        return "mknod", self.path(), self.dice.choice((stat.S_IFREG, stat.S_IFIFO, stat.S_IFSOCK)) | self.mode()

    def make_rmdir(self):
        return "rmdir", self.path()

    def make_unlink(self):
        return "unlink", self.path()

    def make_rename(self):
        # Objects on different branches do not change places.
        flags = (0, 0, 0, RENAME_NOREPLACE) if self.is_spread else (0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE)
        return "rename", self.path(), self.path(), self.dice.choice(flags)

    make_more_rename = make_rename

    def make_link(self):
        return "link", self.path(), self.path()

    def make_symlink(self):
        return "symlink", self.dice.choice(("x", "y", "../x", "x/y", "../z/y", ".")), self.path()

    def make_readlink(self):
        return "readlink", self.path()

    def make_chmod(self):
        return "chmod", self.path(), self.mode()

    def make_chown(self):
        return "chown", self.path(), *self.owner()

    def make_utime(self):
        return "utime", self.path(), self.times()

    def make_setxattr(self):
        flags = self.dice.choice((0, 0, os.XATTR_CREATE, os.XATTR_REPLACE))
        return "setxattr", self.path(), self.attribute(), str(self.data()).encode(), flags

    def make_getxattr(self):
        return "getxattr", self.path(), self.attribute()

    def make_listxattr(self):
        return "listxattr", self.path()

    def make_removexattr(self):
        return "removexattr", self.path(), self.attribute()

    def make_access(self):
        return "access", self.path(), self.dice.choice((os.F_OK, os.R_OK, os.W_OK, os.X_OK))

    def make_stat(self):
        return "stat", self.path()
