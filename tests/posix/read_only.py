"""A read-only file system: everything that changes is EROFS, everything that reads works."""

import os
import stat

from calls import O_TMPFILE, RENAME_EXCHANGE, RENAME_NOREPLACE, attempt, get, renameat2
from tools import ALICE, add, case, equal, fails, names, user

CALLS = {
    "create": lambda: os.open("new", os.O_CREAT | os.O_WRONLY),
    "create exclusively": lambda: os.open("d/new", os.O_CREAT | os.O_EXCL | os.O_WRONLY),
    "create a nameless file": lambda: os.open("d", O_TMPFILE | os.O_WRONLY),
    "open for writing": lambda: os.open("f", os.O_WRONLY),
    "open for both": lambda: os.open("d/f", os.O_RDWR),
    "open with O_TRUNC": lambda: os.open("f", os.O_WRONLY | os.O_TRUNC),
    "open through a symlink": lambda: os.open("s", os.O_WRONLY),
    "mkdir": lambda: os.mkdir("new"),
    "mkdir below": lambda: os.mkdir("d/new"),
    "mkfifo": lambda: os.mkfifo("new"),
    "mknod of a file": lambda: os.mknod("new", 0o644 | stat.S_IFREG),
    "mknod of a socket": lambda: os.mknod("d/new", 0o644 | stat.S_IFSOCK),
    "symlink": lambda: os.symlink("x", "new"),
    "link": lambda: os.link("f", "new"),
    "unlink": lambda: os.unlink("f"),
    "unlink of a symlink": lambda: os.unlink("s"),
    "rmdir": lambda: os.rmdir("empty"),
    "rmdir of a full directory": lambda: os.rmdir("d"),
    "rename": lambda: os.rename("f", "new"),
    "rename onto a file": lambda: os.rename("f", "d/f"),
    "rename of a directory": lambda: os.rename("d", "new"),
    "rename without replacing": lambda: renameat2("f", "new", RENAME_NOREPLACE),
    "exchange": lambda: renameat2("f", "d", RENAME_EXCHANGE),
    "chmod": lambda: os.chmod("f", 0o600),
    "chmod of a directory": lambda: os.chmod("d", 0o700),
    "chown": lambda: os.chown("f", 1, 1),
    "lchown of a symlink": lambda: os.lchown("s", 1, 1),
    "truncate": lambda: os.truncate("f", 0),
    "utimensat": lambda: os.utime("f", (1, 1)),
    "utimensat to now": lambda: os.utime("d"),
    "futimens": lambda: os.utime(os.open("f", os.O_RDONLY), (1, 1)),
    "fchmod": lambda: os.fchmod(os.open("f", os.O_RDONLY), 0o600),
    "fchown of a directory": lambda: os.fchown(os.open("d", os.O_RDONLY), 1, 1),
    "setxattr": lambda: os.setxattr("f", "user.a", b"2"),
    "setxattr of a directory": lambda: os.setxattr("d", "user.a", b"2"),
    "removexattr": lambda: os.removexattr("f", "user.a"),
}
ERRNOS_THAT_COME_FIRST = {
    "EEXIST": {
        "mkdir": lambda: os.mkdir("d"),
        "create exclusively": lambda: os.open("f", os.O_CREAT | os.O_EXCL),
        "symlink": lambda: os.symlink("x", "f"),
        "link": lambda: os.link("f", "s"),
    },
    "ENOENT": {
        "chmod": lambda: os.chmod("gone", 0o600),
        "truncate": lambda: os.truncate("gone", 0),
    },
}


def refused(call, errno_name, uid):
    def function(_directory):
        with user(uid):
            fails(errno_name, call)

    return function


for name, call in CALLS.items():
    add(f"read only: {name} is EROFS", refused(call, "EROFS", 0))
for errno_name, calls in ERRNOS_THAT_COME_FIRST.items():
    for name, call in calls.items():
        add(f"read only: {name} is {errno_name} first", refused(call, errno_name, 0))
for name in ("create", "mkdir", "unlink", "rename", "chmod", "open for writing", "setxattr"):
    call = CALLS[name]
    add(f"read only: {name} by a user", lambda _directory, call=call: user_is_refused(call))


def user_is_refused(call):
    """The root directory belongs to root, so that some of these are refused for two reasons."""
    with user(ALICE):
        equal(attempt(call) in ("EROFS", "EACCES", "EPERM"), True)


@case
def everything_can_be_read(_directory):
    equal((names(), get("f"), get("s"), os.readlink("s")), (["d", "empty", "f", "s"], "content", "content", "f"))
    equal((os.getxattr("f", "user.a"), os.listxattr("f"), names("d")), (b"1", ["user.a"], ["f"]))
    with user(ALICE):
        equal(get("d/f"), "content")


@case
def access_tells_it(_directory):
    equal((os.access("f", os.R_OK), os.access("f", os.W_OK)), (True, False))
