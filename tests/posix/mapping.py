"""mmap: what is mapped is the file, and stores reach it."""

import mmap
import os

from calls import get
from tools import ALICE, add, case, equal, fails, make_file, size, stamps, tick, user


def shared(flags):
    def function(_directory):
        make_file("f", content=b"0123456789" * 1000)
        descriptor = os.open("f", flags)
        with mmap.mmap(descriptor, 0) as area:
            area[5000:5003] = b"abc"
            area.flush()
        equal(get("f")[4998:5005], "89abc34")
        equal(size("f"), 10000)

    return function


add("mapping: a shared mapping is written to the file", shared(os.O_RDWR))
add("mapping: a shared mapping of a synchronous file", shared(os.O_RDWR | os.O_SYNC))
add("mapping: a shared mapping of a descriptor that appends", shared(os.O_RDWR | os.O_APPEND))


@case
def a_shared_mapping_beside_a_descriptor_that_appends(_directory):
    make_file("f", content=b"." * 8192)
    mapped, appending = os.open("f", os.O_RDWR), os.open("f", os.O_WRONLY | os.O_APPEND)
    with mmap.mmap(mapped, 0) as area:
        area[4096:4099] = b"abc"
        os.write(appending, b"end")
        area.flush()
    equal((size("f"), get("f")[4095:4100], get("f")[8191:]), (8195, ".abc.", ".end"))


@case
def a_private_mapping_is_not_written_to_the_file(_directory):
    make_file("f", content=b"0123456789")
    with mmap.mmap(os.open("f", os.O_RDONLY), 0, access=mmap.ACCESS_COPY) as area:
        area[0:3] = b"abc"
        equal(area[:5], b"abc34")
    equal(get("f"), "0123456789")


@case
def a_read_sees_what_a_mapping_stored_and_the_other_way(_directory):
    make_file("f", content=b"." * 8192)
    descriptor = os.open("f", os.O_RDWR)
    with mmap.mmap(descriptor, 0) as area:
        area[4096] = ord("m")
        area.flush()
        equal(os.pread(descriptor, 2, 4095), b".m")
        os.pwrite(descriptor, b"w", 4095)
        equal(area[4094:4097], b".wm")


@case
def a_mapping_outlives_its_descriptor_and_its_name(_directory):
    make_file("f", content=b"0123456789")
    descriptor = os.open("f", os.O_RDWR)
    area = mmap.mmap(descriptor, 0)
    os.close(descriptor)
    os.unlink("f")
    equal(area[3:6], b"345")
    area[3] = ord("x")
    area.flush()
    equal(area[3:6], b"x45")
    area.close()


@case
def two_mappings_share_their_pages(_directory):
    make_file("f", content=b"." * 4096)
    with mmap.mmap(os.open("f", os.O_RDWR), 0) as one, mmap.mmap(os.open("f", os.O_RDWR), 0) as other:
        one[7] = ord("x")
        equal(other[6:9], b".x.")


@case
def storing_moves_mtime(_directory):
    make_file("f", content=b"." * 4096)
    before = stamps("f")
    tick()
    with mmap.mmap(os.open("f", os.O_RDWR), 0) as area:
        area[0] = ord("x")
        area.flush()
    after = stamps("f")
    assert after["m"] > before["m"] and after["c"] > before["c"]


@case
def a_mapping_needs_the_right_access_mode(_directory):
    make_file("f", 0o644)
    fails("EACCES", mmap.mmap, os.open("f", os.O_RDONLY), 7)
    fails("EACCES", mmap.mmap, os.open("f", os.O_WRONLY), 7, access=mmap.ACCESS_READ)
    with user(ALICE):
        with mmap.mmap(os.open("f", os.O_RDONLY), 0, access=mmap.ACCESS_READ) as area:
            equal(area[:3], b"con")


@case
def a_directory_cannot_be_mapped(_directory):
    os.mkdir("d")
    fails("ENODEV", mmap.mmap, os.open("d", os.O_RDONLY), 4096, access=mmap.ACCESS_READ)
