"""The same random calls in several directories at once, which have to come out alike.

Usage: random_operations.py SEED STEPS WORD NATIVE DIRECTORY..., as root, with tests/support in PYTHONPATH. NATIVE is an
ordinary directory, the others are pools. WORD is "spread" when objects of one directory may lie on different branches,
"cached" when the kernel caches data of the pools, else anything. Prints nothing, or the seed, the first difference, and the
shortest list of calls that was found to lead to one.

Every call is a tuple that says all of itself, so that any part of a sequence is one as well. What a pool may do otherwise
(exceptions.ts) is not called: is_excepted looks at the native directory to tell.
"""

import contextlib
import itertools
import os
import stat
import sys

from calls import attempt
from random_calls import CALLS, World, told
from random_sequence import ALICE, GROUP, Maker
from tree_manifest import attributes, content

WHOLE_TREE_EVERY = 50
TRIES_MAX = 400
NUMBERS = itertools.count(1)
TWO_SLOTS = ("dup", "copy_range", "sendfile", "open_at")
BY_NODE = ("fsetxattr", "fgetxattr")
SET_ID = stat.S_ISUID | stat.S_ISGID
WRITING = ("write", "pwrite", "writev", "sendfile", "fallocate", "copy_range", "write_mapping")


@contextlib.contextmanager
def acting(uid):
    """As this user. Only the effective ids, so that the way back is open."""
    if uid != 0:
        os.setegid(GROUP)
        os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def done(world, uid, name, *args):
    """The result of a call, and what is to be seen of its objects afterwards."""
    os.chdir(world.directory)
    with acting(uid):
        result = attempt(CALLS[name], world, *args)
    seen = [attempt(lambda path=path: told(os.lstat(path))) for path in args if isinstance(path, str)]
    seen += [attempt(lambda: told(os.fstat(world.open[slot]))) for slot in args[:1] if slot in world.open]
    return result, seen


def is_excepted(native, uid, name, *args):
    """Whether a pool may do otherwise."""
    os.chdir(native.directory)
    slots = args[: 2 if name in TWO_SLOTS else 1]
    files = [native.open[slot] for slot in slots if isinstance(slot, int) and slot in native.open]
    if name == "rename":
        # Each branch renames for itself, and none may have both the source and something in the target.
        return all(map(is_directory, args[:2])) and bool(os.listdir(args[1]))
    if name == "link":
        return is_pipe(args[0])
    return bool(files) and (is_excepted_of(name, files) or is_excepted_by(uid, name, files, args))


def is_excepted_by(uid, name, files, args):
    if name in BY_NODE or name == "futime" and args[1] is None and uid != 0:
        return is_nameless(files[0])  # of these the kernel asks by a node that has no path
    # Whether set-id bits stay depends on who writes, which not all requests say.
    return name in WRITING and uid == 0 and any(os.fstat(file).st_mode & SET_ID for file in files)


def is_excepted_of(name, files):
    if any(is_nameless(file) and not stat.S_ISREG(os.fstat(file).st_mode) for file in files):
        return True  # no descriptor of a directory or a pipe is held on the branches
    if name == "linkat":
        return is_pipe(f"/proc/self/fd/{files[0]}") or is_nameless(files[0]) and not is_tmpfile(files[0])
    if name == "sendfile" and len(files) == 2:
        return os.path.sameopenfile(*files)  # what comes of ranges that overlap is left open
    # What positions in directories mean is up to a file system.
    return name in ("lseek", "seek_hole") and stat.S_ISDIR(os.fstat(files[0]).st_mode)


def is_nameless(descriptor):
    return os.readlink(f"/proc/self/fd/{descriptor}").endswith(" (deleted)")


def is_tmpfile(descriptor):
    """It never had a name, and can get one."""
    return os.path.basename(os.readlink(f"/proc/self/fd/{descriptor}")).startswith("#")


def is_pipe(path):
    """Its names in a pool are pipes of their own."""
    return attempt(lambda: stat.S_ISFIFO(os.stat(path).st_mode)) is True


def is_directory(path):
    return os.path.isdir(path) and not os.path.islink(path)


def whole_tree(world):
    os.chdir(world.directory)
    groups = {}
    return list(tree(".", groups))


def tree(directory, groups):
    for name in sorted(os.listdir(directory)):
        path = os.path.join(directory, name)
        info = os.lstat(path)
        line = [path, *told(info), content(path, info), attributes(path)]
        if not stat.S_ISDIR(info.st_mode):
            line.append(groups.setdefault((info.st_dev, info.st_ino), path))
        yield line
        if stat.S_ISDIR(info.st_mode):
            yield from tree(path, groups)


def first_difference(calls, directories):
    """Text, or None. Every run has new directories."""
    number = next(NUMBERS)
    worlds = [World(make_directory(f"{directory}/run{number}")) for directory in directories]
    native, pools = worlds[0], worlds[1:]
    try:
        for step, call in enumerate(calls, 1):
            if is_excepted(native, *call):
                continue
            expected = done(native, *call)
            for pool in pools:
                actual = done(pool, *call)
                if actual != expected:
                    return f"step {step}, {call} in {pool.directory}: {short(actual)} instead of {short(expected)}"
            if step % WHOLE_TREE_EVERY == 0 or step == len(calls):
                difference = different_trees(native, pools)
                if difference is not None:
                    return f"after step {step}, {difference}"
    finally:
        for world in worlds:
            world.close_all()
    return None


def different_trees(native, pools):
    expected = whole_tree(native)
    for pool in pools:
        actual = whole_tree(pool)
        for one, other in zip([*actual, None], [*expected, None]):
            if one != other:
                return f"{pool.directory} has {one} instead of {other}"
    return None


def make_directory(path):
    os.mkdir(path)
    os.chmod(path, 0o777)
    return path


def short(value):
    text = repr(value)
    return text if len(text) <= 400 else f"{text[:400]}..."


def shortened(calls, directories):
    """Leaves calls out, in ever smaller pieces, as long as there is some difference."""
    tries, size = 0, len(calls) // 2
    while size > 0:
        at = 0
        while at < len(calls) and tries < TRIES_MAX:
            tries += 1
            fewer = calls[:at] + calls[at + size:]
            if first_difference(fewer, directories) is not None:
                calls = fewer
            else:
                at += size
        size //= 2
    return calls


def main():
    seed, steps, word, *directories = sys.argv[1:]
    os.umask(0o022)
    calls = Maker(seed, word).calls(int(steps))
    difference = first_difference(calls, directories)
    if difference is None:
        return
    print(f"seed {seed}: {difference}")
    calls = shortened(calls, directories)
    print(f"shortened: {first_difference(calls, directories)}\n" + "\n".join(map(short, calls)))


if __name__ == "__main__":
    main()
