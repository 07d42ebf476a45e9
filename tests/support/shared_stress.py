"""Changes of every kind to a few names, by several processes at once, each in a directory of its own: pools over the same
branches, and the branches. Every process makes a given number of calls; what they answer does not matter, only that they
answer and that what is read is something that was written.

    shared_stress.py CALLS DIRECTORY...
"""

import os
import random
import shutil
import sys

from calls import attempt, put, renameat2

NAMES = ("a", "b", "c", "d/a", "d/b", "d/e", "d/e/a", "e", "e/a", "f/g/h")
LINE = b"0123456789abcde\n"
UNEXPECTED = {"EIO", "ENOTCONN", "ECONNABORTED", "EFAULT"}


def lines(count):
    return LINE * count


def is_sound(content):
    """Lines at multiples of 16, and holes; a byte at a time, because a read may overtake a write."""
    return not any(content[at::16].strip(b"\0" + LINE[at : at + 1]) for at in range(16))


def read(name):
    with open(name, "rb") as file:
        content = file.read()
    if not is_sound(content):
        raise AssertionError(f"{name} holds {content[:200]!r}")


def append(name):
    fd = os.open(name, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(fd, lines(random.randint(1, 300)))
        if random.random() < 0.2:
            os.fsync(fd)
    finally:
        os.close(fd)


def overwrite(name):
    fd = os.open(name, os.O_RDWR)
    try:
        os.pwrite(fd, lines(3), 16 * random.randint(0, 400))
        os.fstat(fd)
        os.pread(fd, 4096, 0)
        os.ftruncate(fd, 16 * random.randint(0, 500))
    finally:
        os.close(fd)


def replace(name):
    """As programs store a file."""
    put(f"{name}.new{os.getpid()}", lines(20))
    os.rename(f"{name}.new{os.getpid()}", name)


def remove(name):
    if attempt(os.unlink, name) in ("EISDIR", "EPERM"):
        shutil.rmtree(name, ignore_errors=True)


def walk(name):
    for _ in os.walk("."):
        pass


CALLS = (
    lambda name: put(name, lines(10)),
    append,
    append,
    overwrite,
    overwrite,
    read,
    read,
    replace,
    remove,
    walk,
    lambda name: os.makedirs(name),
    lambda name: os.makedirs(os.path.dirname(name) or "d"),
    lambda name: os.symlink(random.choice(NAMES), name),
    lambda name: os.rename(name, random.choice(NAMES)),
    lambda name: renameat2(name, random.choice(NAMES), 1),
    lambda name: os.link(name, random.choice(NAMES)),
    lambda name: os.chmod(name, random.choice((0o600, 0o644, 0o755))),
    lambda name: os.truncate(name, 16 * random.randint(0, 300)),
    lambda name: os.utime(name, (1, random.randint(1, 10**9))),
    lambda name: os.setxattr(name, "user.x", b"y"),
    lambda name: os.stat(name),
    lambda name: os.listdir(os.path.dirname(name) or "."),
)


def work(directory, count, seed):
    os.chdir(directory)
    random.seed(os.environ.get("SEED", "") + str(seed))
    for _ in range(count):
        call = random.choice(CALLS)
        result = attempt(call, random.choice(NAMES))
        if isinstance(result, str) and result in UNEXPECTED:
            raise AssertionError(f"{result} from line {call.__code__.co_firstlineno} in {directory}")


def main(count, directories):
    children = []
    for seed, directory in enumerate(directories):
        child = os.fork()
        if child == 0:
            try:
                work(directory, count, seed)
                os._exit(0)
            except BaseException as error:  # noqa: BLE001 - told, and the parent sees the exit code
                print(f"{directory}: {error!r}", file=sys.stderr, flush=True)
                os._exit(1)
        children.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    sys.exit(max(codes))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
