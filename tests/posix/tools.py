"""What the cases are written with: the map of them, expectations, identities, and which time stamps a call moves.

A case is a function of its own empty directory (mode 0777, root's), which is also the working directory. It runs as
root with umask 022. It fails by an exception; the first line of that is what two runs are compared by. What it leaves
open or changes of the process (identity, umask, working directory) is put right by suite.py.
"""

import contextlib
import os
import resource
import stat
import time

from calls import attempt, get

CASES = {}
ALICE, BOB = 1001, 1002
GROUP, TEAM = 2001, 3000
MIB = 1 << 20
CLOCK_REALTIME_COARSE = 5


def case(function):
    """Adds a case to the map, under the words of its module and its name."""
    module = function.__module__.replace("_", " ")
    return add(f"{module}: {function.__name__.replace('_', ' ')}", function)


def add(name, function):
    """The same for a case that a table makes."""
    assert name not in CASES, name
    CASES[name] = function
    return function


def equal(actual, expected, what=""):
    if actual != expected:
        raise AssertionError(f"{what}{': ' if what else ''}{actual!r} instead of {expected!r}")


def fails(name, call, *args, **kwargs):
    """The call fails with the errno of this name."""
    equal(attempt(call, *args, **kwargs), name, getattr(call, "__name__", ""))


@contextlib.contextmanager
def user(uid, gid=GROUP, groups=()):
    """Everything inside is done by this user. The saved ids stay root's, which no permission check looks at."""
    os.setgroups(list(groups))
    os.setresgid(gid, gid, 0)
    os.setresuid(uid, uid, 0)
    try:
        yield
    finally:
        become_root()


def become_root():
    os.setresuid(0, 0, 0)
    os.setresgid(0, 0, 0)
    os.setgroups([])


def mode(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


def kind(path):
    return stat.S_IFMT(os.lstat(path).st_mode)


def owner(path):
    info = os.lstat(path)
    return info.st_uid, info.st_gid


def links(path):
    return os.lstat(path).st_nlink


def size(path):
    return os.lstat(path).st_size


def inode(path):
    info = os.lstat(path)
    return info.st_dev, info.st_ino


def names(path="."):
    return sorted(os.listdir(path))


def make_dir(path, mode=0o755, uid=0, gid=0):
    """A directory with exactly this mode and owner. Returns the path."""
    os.mkdir(path)
    os.chown(path, uid, gid)
    os.chmod(path, mode)
    return path


def make_file(path, mode=0o644, uid=0, gid=0, content=b"content"):
    """A file with exactly this mode, owner and content. Returns the path."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    os.write(fd, content)
    os.fchown(fd, uid, gid)
    os.fchmod(fd, mode)
    os.close(fd)
    return path


@contextlib.contextmanager
def limit(which, value):
    """A soft limit of this process, for the calls inside."""
    soft, hard = resource.getrlimit(which)
    resource.setrlimit(which, (value, hard))
    try:
        yield
    finally:
        resource.setrlimit(which, (soft, hard))


def tick():
    """Returns when the coarse clock, which file systems stamp with, has passed this moment: a few milliseconds."""
    start = time.time_ns()
    while time.clock_gettime_ns(CLOCK_REALTIME_COARSE) <= start:
        pass


def stamps(path):
    info = os.lstat(path) if isinstance(path, str) else os.fstat(path)
    return {"a": info.st_atime_ns, "m": info.st_mtime_ns, "c": info.st_ctime_ns}


def moves(call, expected, watched="mc"):
    """
    The call moves exactly the time stamps that `expected` names, to the present: {"f": "mc", ".": ""}, by path or
    descriptor. Of the stamps a, m and c only those in `watched` are looked at.
    """
    before = {path: stamps(path) for path in expected}
    tick()
    call()
    for path, letters in expected.items():
        after = stamps(path)
        equal("".join(s for s in watched if after[s] != before[path][s]), letters, f"stamps of {path}")
        for letter in letters:
            assert abs(after[letter] - time.time_ns()) < 60 * 10**9, f"{letter}time of {path} is not the present"


def stays(call, errno_name, paths):
    """The call fails with this errno and moves no stamp of these paths."""
    moves(lambda: fails(errno_name, call), {path: "" for path in paths})


def kernel_setting(name):
    """A number below /proc/sys."""
    return int(get(f"/proc/sys/{name}"))
