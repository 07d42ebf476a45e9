"""truncate, ftruncate, fallocate, holes and limits of size."""

import os
import resource

from calls import FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE, attempt, fallocate, get
from tools import ALICE, MIB, case, equal, fails, limit, make_file, names, size, stays, user


@case
def truncate_cuts_and_extends_with_zeros(_directory):
    make_file("f", content=b"0123456789")
    os.truncate("f", 4)
    equal(get("f"), "0123")
    os.truncate("f", 8)
    equal(get("f"), "0123\0\0\0\0")
    os.truncate("f", 0)
    equal((get("f"), size("f"), os.stat("f").st_blocks), ("", 0, 0))


@case
def ftruncate_of_an_open_file_is_seen_by_another_descriptor(_directory):
    make_file("f", content=b"0123456789")
    one, other = os.open("f", os.O_RDWR), os.open("f", os.O_RDONLY)
    os.ftruncate(one, 3)
    equal((os.read(other, 10), os.fstat(other).st_size), (b"012", 3))
    os.ftruncate(one, 5)
    equal((os.read(other, 10), os.fstat(other).st_size, size("f")), (b"\0\0", 5, 5))


@case
def a_cut_page_is_zero_when_extended_again(_directory):
    make_file("f", content=b"x" * 10000)
    os.truncate("f", 4100)
    os.truncate("f", 10000)
    equal(get("f"), "x" * 4100 + "\0" * 5900)


@case
def a_file_of_a_gibibyte_of_hole_takes_no_space(_directory):
    descriptor = os.open("f", os.O_CREAT | os.O_RDWR)
    os.ftruncate(descriptor, 1 << 30)
    equal((size("f"), os.stat("f").st_blocks, os.pread(descriptor, 10, (1 << 30) - 5)), (1 << 30, 0, b"\0" * 5))
    os.ftruncate(descriptor, 0)


@case
def offsets_beyond_4_GiB_work(_directory):
    descriptor = os.open("f", os.O_CREAT | os.O_RDWR)
    for offset in ((1 << 32) - 2, (1 << 33) + 1, (1 << 40) + 3):
        equal(os.pwrite(descriptor, b"abcd", offset), 4)
        equal((os.pread(descriptor, 10, offset), size("f")), (b"abcd", offset + 4))
    os.truncate("f", (1 << 32) + 1)
    equal(os.pread(descriptor, 10, (1 << 32) - 2), b"abc")
    os.ftruncate(descriptor, 0)


@case
def truncate_of_a_directory_is_EISDIR(_directory):
    os.mkdir("d")
    stays(lambda: os.truncate("d", 0), "EISDIR", ["d"])


@case
def truncate_to_a_negative_size_is_EINVAL(_directory):
    make_file("f")
    fails("EINVAL", os.truncate, "f", -1)
    fails("EINVAL", os.ftruncate, os.open("f", os.O_WRONLY), -1)


@case
def ftruncate_of_a_descriptor_for_reading_is_EINVAL(_directory):
    make_file("f")
    fails("EINVAL", os.ftruncate, os.open("f", os.O_RDONLY), 0)
    equal(size("f"), 7)


@case
def truncate_needs_write_permission(_directory):
    make_file("f", 0o644)
    with user(ALICE):
        stays(lambda: os.truncate("f", 0), "EACCES", ["f"])


@case
def ftruncate_needs_none_once_the_file_is_open(_directory):
    make_file("f", 0o666)
    with user(ALICE):
        descriptor = os.open("f", os.O_WRONLY)
    os.chmod("f", 0o600)
    with user(ALICE):
        os.ftruncate(descriptor, 2)
    equal(size("f"), 2)


@case
def truncate_follows_a_symlink(_directory):
    make_file("f")
    os.symlink("f", "s")
    os.truncate("s", 3)
    equal(get("f"), "con")


@case
def growing_over_the_limit_of_the_process_is_EFBIG(_directory):
    make_file("f", content=b"x" * 100)
    descriptor = os.open("f", os.O_RDWR)
    with limit(resource.RLIMIT_FSIZE, 4096):
        fails("EFBIG", os.ftruncate, descriptor, 4097)
        fails("EFBIG", os.truncate, "f", 10000)
        fails("EFBIG", os.pwrite, descriptor, b"x", 4096)
        fails("EFBIG", fallocate, descriptor, 0, 0, 5000)
        equal(size("f"), 100)
        os.truncate("f", 4096)
    equal(size("f"), 4096)


@case
def a_write_up_to_the_limit_of_the_process_is_cut_there(_directory):
    descriptor = os.open("f", os.O_CREAT | os.O_RDWR)
    with limit(resource.RLIMIT_FSIZE, 5000):
        equal(os.write(descriptor, b"x" * 8000), 5000)
        fails("EFBIG", os.write, descriptor, b"x")
    equal(size("f"), 5000)


@case
def a_write_behind_the_largest_offset_is_refused(_directory):
    descriptor = os.open("f", os.O_CREAT | os.O_RDWR)
    equal(attempt(os.pwrite, descriptor, b"xx", 2**63 - 2) in ("EFBIG", "EINVAL"), True)
    fails("EINVAL", os.pwrite, descriptor, b"x", -1)
    equal(size("f"), 0)


@case
def fallocate_extends(_directory):
    descriptor = os.open("f", os.O_CREAT | os.O_RDWR)
    fallocate(descriptor, 0, 0, 10000)
    equal(size("f"), 10000)
    assert os.stat("f").st_blocks * 512 >= 10000
    equal(os.pread(descriptor, 10, 9995), b"\0" * 5)


@case
def fallocate_with_keep_size_takes_space_only(_directory):
    make_file("f", content=b"abc")
    fallocate(os.open("f", os.O_WRONLY), FALLOC_FL_KEEP_SIZE, 0, 40960)
    equal(get("f"), "abc")
    assert os.stat("f").st_blocks * 512 >= 40960


@case
def fallocate_punches_a_hole(_directory):
    make_file("f", content=b"x" * 16384)
    descriptor = os.open("f", os.O_RDWR)
    before = os.stat("f").st_blocks
    fallocate(descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4096, 8192)
    equal(get("f"), "x" * 4096 + "\0" * 8192 + "x" * 4096)
    equal(before - os.stat("f").st_blocks, 16)


@case
def fallocate_refusals(_directory):
    make_file("f")
    descriptor = os.open("f", os.O_RDWR)
    fails("EINVAL", fallocate, descriptor, 0, 0, 0)
    fails("EINVAL", fallocate, descriptor, 0, -1, 10)
    fails("EBADF", fallocate, os.open("f", os.O_RDONLY), 0, 0, 10)
    fails("ENOTSUP", fallocate, descriptor, FALLOC_FL_PUNCH_HOLE, 0, 10)
    equal(get("f"), "content")


@case
def fallocate_of_a_pipe_is_ESPIPE(_directory):
    reader, writer = os.pipe()
    fails("ESPIPE", fallocate, writer, 0, 0, 10)
    os.close(reader)


def has_the_hole(flags):
    writer = os.open("f", os.O_CREAT | os.O_WRONLY)
    os.pwrite(writer, b"x" * 4096, 0)
    os.pwrite(writer, b"x" * 4096, MIB)
    os.close(writer)
    descriptor = os.open("f", flags)
    equal(os.lseek(descriptor, 0, os.SEEK_HOLE), 4096)
    equal(os.lseek(descriptor, 4096, os.SEEK_DATA), MIB)
    equal(os.lseek(descriptor, MIB, os.SEEK_HOLE), MIB + 4096)
    fails("ENXIO", os.lseek, descriptor, MIB + 4096, os.SEEK_DATA)
    equal(os.stat("f").st_blocks, 16)


@case
def holes_are_found_by_seeking(_directory):
    has_the_hole(os.O_RDONLY)


@case
def holes_are_found_in_a_file_open_for_both(_directory):
    has_the_hole(os.O_RDWR)


@case
def a_size_is_right_at_once_after_every_write(_directory):
    descriptor = os.open("f", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    for at in range(1, 50):
        os.write(descriptor, b"x" * 100)
        equal((size("f"), os.fstat(descriptor).st_size), (at * 100, at * 100))
    equal(names(), ["f"])
