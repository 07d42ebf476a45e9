"""What programs do on a disk that has no room left, and what they get: for a comparison of a pool with a native directory.

The directories are called DIRECTORY/work here, on a disk of their own each.
"""

import os
import subprocess

from calls import attempt, fallocate, mmap, put, show, sys

PIECE_BYTES = 65536
MIB = 1024 * 1024
NAMES_MAX = 300


def prepare(disk):
    """What is there while there is room. `disk` is where a disk is mounted, a branch or not."""
    for name in ("dir", "many", "kept"):
        os.makedirs(f"{disk}/work/{name}")
    put(f"{disk}/work/f", b"f" * 5000)
    put(f"{disk}/work/g", b"g" * 3000)
    put(f"{disk}/work/source", os.urandom(200_000))
    put(f"{disk}/work/empty")
    put(f"{disk}/work/sparse")
    os.truncate(f"{disk}/work/sparse", 3 * MIB)


def fill(disk):
    """Takes what is left of the disk: data, then what names and directories need."""
    os.makedirs(f"{disk}/ballast", exist_ok=True)
    for number in range(2):
        descriptor = attempt(os.open, f"{disk}/ballast/file{number}", os.O_CREAT | os.O_WRONLY)
        if isinstance(descriptor, int):
            write_until_full(descriptor)
            os.close(descriptor)
        os.sync()
    many(lambda number: os.symlink("x" * 200, f"{disk}/ballast/{'s' * 200}{number}"))
    many(lambda number: os.mkdir(f"{disk}/ballast/{'d' * 200}{number}"))


def write_until_full(descriptor):
    piece = b"b" * PIECE_BYTES
    while piece:
        if isinstance(attempt(os.write, descriptor, piece), str):
            piece = piece[: len(piece) // 2]
    attempt(os.fsync, descriptor)


def many(make):
    """Makes one name after the other; how that ended."""
    for number in range(NAMES_MAX):
        result = attempt(make, number)
        if isinstance(result, str):
            return result
    return "no end"


def empty(disk):
    """Gives back what `fill` took."""
    subprocess.run(["rm", "-rf", f"{disk}/ballast"], check=True)
    os.sync()


def with_descriptor(path, flags, call):
    descriptor = os.open(path, flags, 0o644)
    try:
        return call(descriptor)
    finally:
        os.close(descriptor)


def write(name, count, flags=os.O_WRONLY | os.O_CREAT | os.O_APPEND):
    """Results of write, fsync and close, and the size afterwards."""

    def calls(descriptor):
        return [
            attempt(os.write, descriptor, b"z" * count),
            attempt(os.fsync, descriptor),
            attempt(os.close, os.dup(descriptor)),
            os.fstat(descriptor).st_size,
        ]

    return with_descriptor(name, flags, calls)


def copy(old, new):
    def copy_to(source, target):
        total = 0
        while count := os.copy_file_range(source, target, MIB):
            total += count
        return total

    return with_descriptor(
        old, os.O_RDONLY, lambda source: with_descriptor(new, os.O_WRONLY | os.O_CREAT, lambda to: copy_to(source, to))
    )


def allocate(name, mode):
    return with_descriptor(name, os.O_RDWR, lambda descriptor: fallocate(descriptor, mode, 0, 24 * MIB))


def calls_on_full():
    """Names and results, in the order of the calls; the working directory is full."""
    yield "create", attempt(put, "new")
    yield "mkdir", attempt(os.mkdir, "new_directory")
    yield "symlink", attempt(os.symlink, "t" * 300, "new_symlink")
    yield "mkfifo", attempt(os.mkfifo, "new_pipe")
    yield "mknod", attempt(os.mknod, "new_node")
    yield "append", attempt(write, "f", 20_000)
    yield "append of one byte", attempt(write, "f", 1)
    yield "overwrite", attempt(write, "f", 3000, os.O_WRONLY)
    yield "write to a new file", attempt(write, "new2", 10_000)
    yield "write to a hole", attempt(write, "sparse", 100_000, os.O_WRONLY)
    yield "truncate up", attempt(os.truncate, "empty", 10 * MIB)
    yield "truncate down", attempt(os.truncate, "empty", 0)
    yield "fallocate", attempt(allocate, "empty", 0)
    yield "fallocate, keeping the size", attempt(allocate, "empty", 1)
    yield "setxattr", [attempt(os.setxattr, "f", f"user.{number}", b"x" * 900) for number in range(5)]
    yield "copy", attempt(copy, "source", "copy")
    yield "link", attempt(os.link, "f", "link")
    yield "rename", attempt(os.rename, "g", "dir/g")
    yield "rename back", attempt(os.rename, "dir/g", "g")
    yield "links without end", many(lambda number: os.link("f", f"many/{'m' * 180}{number}"))
    yield "chmod, utime, chown", [attempt(os.chmod, "f", 0o600), attempt(os.utime, "f"), attempt(os.chown, "f", 5, 5)]
    yield "rename over a file", attempt(os.rename, "g", "f")
    yield "unlink", attempt(os.unlink, "source")


def calls_with_room():
    """The same names once more, where they matter, when there is room again."""
    yield "create", attempt(put, "anew")
    yield "mkdir", attempt(os.mkdir, "anew_directory")
    yield "symlink", attempt(os.symlink, "t" * 300, "anew_symlink")
    yield "append", attempt(write, "kept/f", 20_000)
    yield "mapped write", attempt(map_and_write, "sparse")[1:]
    yield "setxattr", attempt(os.setxattr, "kept/f", "user.again", b"x" * 900)
    yield "copy", attempt(copy, "anew", "kept/copy")


def map_and_write(name):
    """Stores into each page of 2 MiB of a file, in a child: how that ended, and what fsync says to it."""

    def child(descriptor):
        with mmap.mmap(descriptor, 2 * MIB) as pages:
            for at in range(0, 2 * MIB, 4096):
                pages[at : at + 4] = b"page"
            return attempt(pages.flush)

    def calls(descriptor):
        process = os.fork()
        if process == 0:
            os._exit(0 if child(descriptor) == 0 else 1)
        _, status = os.waitpid(process, 0)
        return [os.waitstatus_to_exitcode(status), attempt(os.fsync, descriptor)]

    return with_descriptor(name, os.O_RDWR, calls)


def results(directory, calls):
    os.chdir(directory)
    found = [list(pair) for pair in calls()]
    os.chdir("/")
    return found


def compare(native, pool, branches):
    """Shows [full natively, full on the pool, with room natively, with room on the pool, a mapped write on the full pool]."""
    prepare(native)
    prepare(pool)
    for disk in (native, *branches):
        fill(disk)
    full = [results(f"{directory}/work", calls_on_full) for directory in (native, pool)]
    mapped = map_and_write(f"{pool}/work/sparse")
    for disk in (native, *branches):
        empty(disk)
    show([*full, *[results(f"{directory}/work", calls_with_room) for directory in (native, pool)], mapped])


if __name__ == "__main__":
    compare(sys.argv[1], sys.argv[2], sys.argv[3:])
