"""Every call that takes a path, with every kind of path that leads nowhere: which errno, and that nothing is made."""

import os

from calls import access, birth_time_ns, renameat2
from tools import ALICE, add, fails, links, make_dir, make_file, names, user

CALLS = {
    "stat": os.stat,
    "lstat": os.lstat,
    "statx": birth_time_ns,
    "access": lambda path: access(path, os.F_OK),
    "open to read": lambda path: os.open(path, os.O_RDONLY),
    "open to create": lambda path: os.open(path, os.O_CREAT | os.O_WRONLY),
    "open to create exclusively": lambda path: os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY),
    "open a directory": lambda path: os.open(path, os.O_DIRECTORY),
    "open as a path": lambda path: os.open(path, os.O_PATH),
    "mkdir": os.mkdir,
    "rmdir": os.rmdir,
    "mkfifo": os.mkfifo,
    "mknod": lambda path: os.mknod(path, 0o644),
    "symlink": lambda path: os.symlink("target", path),
    "readlink": os.readlink,
    "link from": lambda path: os.link(path, "new"),
    "link to": lambda path: os.link("f", path),
    "unlink": os.unlink,
    "rename from": lambda path: os.rename(path, "new"),
    "rename to": lambda path: os.rename("f", path),
    "renameat2 to": lambda path: renameat2("f", path, 1),
    "chmod": lambda path: os.chmod(path, 0o600),
    "chown": lambda path: os.chown(path, -1, -1),
    "lchown": lambda path: os.lchown(path, -1, -1),
    "truncate": lambda path: os.truncate(path, 0),
    "utimensat": os.utime,
    "utimensat of the link": lambda path: os.utime(path, follow_symlinks=False),
    "chdir": os.chdir,
    "listdir": os.listdir,
    "statvfs": os.statvfs,
    "getxattr": lambda path: os.getxattr(path, "user.a"),
    "setxattr": lambda path: os.setxattr(path, "user.a", b"1"),
    "listxattr": os.listxattr,
    "removexattr": lambda path: os.removexattr(path, "user.a"),
    "execve": lambda path: os.execve(path, ["x"], {}),
}

PATHS = {
    "below a missing directory": ("ENOENT", "gone/x"),
    "below a file": ("ENOTDIR", "f/x"),
    "below a symlink loop": ("ELOOP", "loop/x"),
    "below a dangling symlink": ("ENOENT", "dangling/x"),
    "with a name of 256 bytes": ("ENAMETOOLONG", "d/" + "n" * 256),
    "of 4096 bytes": ("ENAMETOOLONG", "d/" + "./" * 2047),
    "that is empty": ("ENOENT", ""),
    "below a directory closed to the user": ("EACCES", "closed/x"),
}


def lay_out():
    make_file("f")
    make_dir("d", 0o777)
    make_dir("closed", 0o700)
    os.symlink("loop", "loop")
    os.symlink("nowhere", "dangling")


def leads_nowhere(call, errno_name, path):
    def function(_directory):
        lay_out()
        if errno_name == "EACCES":
            with user(ALICE):
                fails(errno_name, call, path)
        else:
            fails(errno_name, call, path)
        assert names() == ["closed", "d", "dangling", "f", "loop"] and names("d") == [] and links("f") == 1

    return function


def add_all():
    for place, (errno_name, path) in PATHS.items():
        for name, call in CALLS.items():
            add(f"path errors: {name} of a path {place}: {errno_name}", leads_nowhere(call, errno_name, path))


add_all()
