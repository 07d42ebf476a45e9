"""What takes set-id bits and file capabilities from a file: every change of its content or owner, by whom it is made.

A case changes a file and leaves it; what has become of its mode and attributes is compared, not expected here. So natively
every case passes.
"""

import mmap
import os

from calls import FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE, fallocate
from tools import ALICE, BOB, GROUP, add, equal, make_file, mode, user

CAPABILITY = "security.capability"
NET_RAW = bytes.fromhex("0100000200200000000000000000000000000000")
# With group execute and without: set-gid without it is no privilege.
MODES = (0o6777, 0o2767)
PAGE = 4096


def opened(flags=os.O_RDWR):
    return os.open("f", flags)


def write_mapping():
    descriptor = opened()
    with mmap.mmap(descriptor, PAGE) as mapping:
        mapping[0:3] = b"new"
        mapping.flush()
    os.close(descriptor)


def write_through(call):
    """The call gets a descriptor of another file, which holds something."""
    source = os.open("source", os.O_RDONLY)
    call(source, opened())


CHANGES = {
    "write": lambda: os.write(opened(), b"new"),
    "write of nothing": lambda: os.write(opened(), b""),
    "append": lambda: os.write(opened(os.O_WRONLY | os.O_APPEND), b"new"),
    "pwritev": lambda: os.pwritev(opened(), [b"n", b"ew"], 1),
    "direct write": lambda: os.pwrite(opened(os.O_RDWR | os.O_DIRECT), mmap.mmap(-1, PAGE), 0),
    "synchronous write": lambda: os.write(opened(os.O_WRONLY | os.O_SYNC), b"new"),
    "sendfile": lambda: write_through(lambda source, target: os.sendfile(target, source, 0, 3)),
    "copy_file_range": lambda: write_through(lambda source, target: os.copy_file_range(source, target, 3, 0, 1)),
    "write through a mapping": write_mapping,
    "truncate": lambda: os.truncate("f", 1),
    "truncate to the same size": lambda: os.truncate("f", PAGE),
    "ftruncate": lambda: os.ftruncate(opened(), PAGE + 1),
    "open with O_TRUNC": lambda: opened(os.O_WRONLY | os.O_TRUNC),
    "open for reading with O_TRUNC": lambda: opened(os.O_RDONLY | os.O_TRUNC),
    "open for writing": lambda: opened(),
    "fallocate": lambda: fallocate(opened(), 0, 0, 2 * PAGE),
    "fallocate of what is there": lambda: fallocate(opened(), FALLOC_FL_KEEP_SIZE, 0, PAGE),
    "fallocate of a hole": lambda: fallocate(opened(), FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 0, 10),
    "utime": lambda: os.utime("f"),
    "fsync": lambda: os.fsync(opened()),
}
OWNER_CHANGES = {
    "chown of nothing": lambda: os.chown("f", -1, -1),
    "chown to the same group": lambda: os.chown("f", -1, GROUP),
    "fchown to the same group": lambda: os.fchown(opened(), -1, GROUP),
    "chmod to the same mode": lambda: os.chmod("f", mode("f")),
}
ROOT_CHANGES = {"chown to another user": lambda: os.chown("f", BOB, BOB)}


def changed(change, before, uid):
    def function(_directory):
        make_file("source")
        make_file("f", 0o777, ALICE, GROUP, b"c" * PAGE)
        os.setxattr("f", CAPABILITY, NET_RAW)
        os.chmod("f", before)
        equal((mode("f"), os.getxattr("f", CAPABILITY)), (before, NET_RAW))
        with user(uid, GROUP if uid == ALICE else uid):
            change()

    return function


def add_tables():
    for who, uid, changes in (
        ("the owner", ALICE, CHANGES | OWNER_CHANGES),
        ("another user", BOB, CHANGES),
        ("root", 0, CHANGES | OWNER_CHANGES | ROOT_CHANGES),
    ):
        for name, change in changes.items():
            for before in MODES:
                add(f"privileges: {name} by {who}, mode {before:o}", changed(change, before, uid))


add_tables()
