"""A file system that is full: ENOSPC, nothing that was there is lost, and it works again when space is free."""

import os

from calls import attempt, fallocate, get
from tools import MIB, case, equal, fails, make_dir, make_file, names, size

PIECE = b"0123456789abcdef" * 4096


def fill(descriptor):
    """Writes until no byte fits; returns how many did."""
    written = 0
    piece = PIECE
    while piece:
        result = attempt(os.write, descriptor, piece)
        if result == "ENOSPC":
            piece = piece[: len(piece) // 2]
        else:
            written += result
    return written


@case
def writes_until_it_is_full_and_again_after_a_removal(_directory):
    make_file("keep", content=b"k" * 5000)
    descriptor = os.open("big", os.O_CREAT | os.O_RDWR)
    written = fill(descriptor)
    assert written > MIB // 2
    equal((size("big"), get("keep")), (written, "k" * 5000))
    equal(os.pread(descriptor, 16, written - 16 - written % 16), PIECE[:16])
    fails("ENOSPC", os.write, descriptor, PIECE)
    os.ftruncate(descriptor, 10)
    equal(os.pwrite(descriptor, PIECE, 10), len(PIECE))
    os.unlink("big")


@case
def overwriting_in_place_works_when_full(_directory):
    descriptor = os.open("big", os.O_CREAT | os.O_RDWR)
    fill(descriptor)
    equal(os.pwrite(descriptor, b"first", 0), 5)
    equal(os.pread(descriptor, 6, 0), b"first5")
    os.unlink("big")


@case
def renaming_and_removing_work_when_full(_directory):
    make_dir("d")
    make_file("f")
    descriptor = os.open("big", os.O_CREAT | os.O_RDWR)
    fill(descriptor)
    os.rename("f", "d/g")
    os.chmod("d/g", 0o600)
    os.unlink("d/g")
    os.rmdir("d")
    os.unlink("big")
    equal(names(), [])


@case
def fallocate_of_more_than_there_is_is_ENOSPC(_directory):
    descriptor = os.open("f", os.O_CREAT | os.O_RDWR)
    fails("ENOSPC", fallocate, descriptor, 0, 0, 64 * MIB)
    equal(size("f"), 0)


@case
def files_run_out_with_ENOSPC_and_come_back(_directory):
    make_dir("d")
    results = [attempt(os.mknod, f"d/{at}") for at in range(500)]
    equal({result for result in results if result != 0}, {"ENOSPC"})
    made = results.count(0)
    equal(names("d"), sorted(str(at) for at, result in enumerate(results) if result == 0))
    fails("ENOSPC", os.mkdir, "d/dir")
    fails("ENOSPC", os.symlink, "x", "d/symlink")
    fails("ENOSPC", os.open, "d/file", os.O_CREAT | os.O_WRONLY)
    fails("ENOSPC", os.mkfifo, "d/pipe")
    equal(len(names("d")), made)
    for name in names("d"):
        os.unlink(f"d/{name}")
    os.mkdir("d/dir")
