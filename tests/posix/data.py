"""read, write and their relations: bytes, offsets, several descriptors, copies inside the kernel."""

import array
import fcntl
import mmap
import os
import select
import termios

from calls import get
from tools import MIB, add, case, equal, fails, make_file, size

PATTERN = bytes(range(251)) * 4200


def written_in_pieces(piece):
    def function(_directory):
        total = PATTERN[: min(len(PATTERN), piece * 500)]
        descriptor = os.open("f", os.O_CREAT | os.O_RDWR)
        for at in range(0, len(total), piece):
            part = total[at : at + piece]
            equal(os.write(descriptor, part), len(part))
        equal(os.pread(descriptor, len(total) + 10, 0) == total, True)
        equal(size("f"), len(total))

    return function


for piece in (1, 511, 4096, 4097, 65536, MIB, MIB + 1):
    add(f"data: writes of {piece} bytes", written_in_pieces(piece))


@case
def reads_of_many_sizes_and_offsets(_directory):
    make_file("f", content=PATTERN)
    descriptor = os.open("f", os.O_RDONLY)
    for offset in (0, 1, 4095, 4096, 4097, 131072, len(PATTERN) - 10, len(PATTERN), len(PATTERN) + 1):
        for count in (1, 100, 4096, 70000):
            equal(os.pread(descriptor, count, offset) == PATTERN[offset : offset + count], True, f"{count} at {offset}")


@case
def a_read_at_the_end_gives_nothing(_directory):
    make_file("f")
    descriptor = os.open("f", os.O_RDONLY)
    equal((os.read(descriptor, 100), os.read(descriptor, 100)), (b"content", b""))


@case
def a_write_behind_the_end_leaves_zeros_between(_directory):
    make_file("f", content=b"ab")
    os.pwrite(os.open("f", os.O_WRONLY), b"yz", 6)
    equal(get("f"), "ab\0\0\0\0yz")


@case
def writes_over_each_other(_directory):
    descriptor = os.open("f", os.O_CREAT | os.O_RDWR)
    expected = bytearray(20000)
    for at in range(200):
        offset, text = at * 97 % 19000, bytes([at]) * (at * 13 % 900 + 1)
        os.pwrite(descriptor, text, offset)
        expected[offset : offset + len(text)] = text
    length = size("f")
    equal(os.pread(descriptor, 30000, 0) == bytes(expected[:length]), True)


@case
def appending_ignores_the_offset(_directory):
    make_file("f", content=b"0")
    one, other = (os.open("f", os.O_RDWR | os.O_APPEND) for _ in range(2))
    os.write(one, b"1")
    os.write(other, b"2")
    os.lseek(one, 0, os.SEEK_SET)
    os.write(one, b"3")
    equal((get("f"), os.lseek(one, 0, os.SEEK_CUR)), ("0123", 4))


@case
def appending_in_turns_by_two_descriptors_loses_nothing(_directory):
    make_file("f", content=b"")
    one, other = (os.open("f", os.O_WRONLY | os.O_APPEND) for _ in range(2))
    for _ in range(100):
        os.write(one, b"aaa")
        os.write(other, b"bb")
    equal(get("f"), "aaabb" * 100)


@case
def pwrite_to_an_appending_descriptor_appends(_directory):
    make_file("f", content=b"0123")
    os.pwrite(os.open("f", os.O_WRONLY | os.O_APPEND), b"x", 0)
    equal(get("f"), "0123x")


@case
def a_write_is_seen_by_every_other_descriptor_at_once(_directory):
    make_file("f", content=b"." * 10000)
    writer = os.open("f", os.O_WRONLY)
    readers = [os.open("f", os.O_RDONLY), os.open("f", os.O_RDWR)]
    for offset in (0, 5000, 9999):
        for reader in readers:
            os.pread(reader, 10000, 0)
        os.pwrite(writer, b"!", offset)
        equal([os.pread(reader, 1, offset) for reader in readers], [b"!", b"!"])


@case
def dup_shares_the_offset_and_a_second_open_does_not(_directory):
    make_file("f", content=b"0123456789")
    one = os.open("f", os.O_RDONLY)
    same, other = os.dup(one), os.open("f", os.O_RDONLY)
    os.read(one, 3)
    equal((os.read(same, 2), os.read(other, 2)), (b"34", b"01"))


@case
def seeking(_directory):
    make_file("f", content=b"0123456789")
    descriptor = os.open("f", os.O_RDONLY)
    equal(os.lseek(descriptor, 3, os.SEEK_SET), 3)
    equal(os.lseek(descriptor, 2, os.SEEK_CUR), 5)
    equal(os.lseek(descriptor, -1, os.SEEK_END), 9)
    equal(os.lseek(descriptor, 100, os.SEEK_END), 110)
    equal(os.read(descriptor, 1), b"")
    fails("EINVAL", os.lseek, descriptor, -1, os.SEEK_SET)
    fails("EINVAL", os.lseek, descriptor, 0, 99)
    fails("ENXIO", os.lseek, descriptor, 11, os.SEEK_DATA)


@case
def vectors(_directory):
    descriptor = os.open("f", os.O_CREAT | os.O_RDWR)
    equal(os.writev(descriptor, [b"ab", b"", b"cdef", b"g" * 5000]), 5006)
    buffers = [bytearray(3), bytearray(1), bytearray(5000)]
    equal((os.preadv(descriptor, buffers, 1), bytes(buffers[0]), bytes(buffers[1])), (5004, b"bcd", b"e"))
    equal(os.pwritev(descriptor, [b"X", b"Y"], 2), 2)
    equal(get("f")[:7], "abXYefg")


@case
def syncs_succeed(_directory):
    make_file("f")
    os.mkdir("d")
    for path, flags in (("f", os.O_WRONLY), ("f", os.O_RDONLY), ("d", os.O_RDONLY)):
        descriptor = os.open(path, flags)
        os.fsync(descriptor)
        os.fdatasync(descriptor)


@case
def synchronous_writes(_directory):
    for flag in (os.O_SYNC, os.O_DSYNC):
        descriptor = os.open("f", os.O_CREAT | os.O_RDWR | flag)
        os.write(descriptor, b"text")
        equal(os.pread(descriptor, 10, 0), b"text")


@case
def direct_io_with_an_aligned_buffer(_directory):
    descriptor = os.open("f", os.O_CREAT | os.O_RDWR | os.O_DIRECT)
    buffer = mmap.mmap(-1, 8192)
    buffer[:] = PATTERN[:8192]
    equal(os.pwrite(descriptor, buffer, 4096), 8192)
    buffer[:] = bytes(8192)
    equal((os.preadv(descriptor, [buffer], 4096), buffer[:] == PATTERN[:8192]), (8192, True))
    equal(size("f"), 12288)


@case
def copy_file_range_copies(_directory):
    make_file("a", content=PATTERN)
    source, target = os.open("a", os.O_RDONLY), os.open("b", os.O_CREAT | os.O_RDWR)
    done = 0
    while done < len(PATTERN):
        done += os.copy_file_range(source, target, len(PATTERN) - done)
    equal((size("b"), os.pread(target, len(PATTERN), 0) == PATTERN), (len(PATTERN), True))
    equal(os.copy_file_range(source, target, 100), 0)


@case
def copy_file_range_with_offsets(_directory):
    make_file("a", content=b"0123456789")
    make_file("b", content=b"abcdefghij")
    source, target = os.open("a", os.O_RDONLY), os.open("b", os.O_RDWR)
    equal(os.copy_file_range(source, target, 3, 2, 5), 3)
    equal((get("b"), os.lseek(source, 0, os.SEEK_CUR)), ("abcde234ij", 0))


@case
def copy_file_range_inside_one_file(_directory):
    make_file("a", content=b"0123456789")
    descriptor = os.open("a", os.O_RDWR)
    equal(os.copy_file_range(descriptor, descriptor, 3, 0, 7), 3)
    equal(get("a"), "0123456012")
    fails("EINVAL", os.copy_file_range, descriptor, descriptor, 5, 0, 2)


@case
def copy_file_range_refusals(_directory):
    make_file("a")
    make_file("b")
    os.mkdir("d")
    reader, appender = os.open("a", os.O_RDONLY), os.open("b", os.O_WRONLY | os.O_APPEND)
    fails("EBADF", os.copy_file_range, reader, appender, 3)
    fails("EBADF", os.copy_file_range, reader, os.open("b", os.O_RDONLY), 3)
    fails("EISDIR", os.copy_file_range, os.open("d", os.O_RDONLY), os.open("b", os.O_WRONLY), 3)


@case
def sendfile_and_splice(_directory):
    make_file("a", content=PATTERN[:50000])
    source, target = os.open("a", os.O_RDONLY), os.open("b", os.O_CREAT | os.O_RDWR)
    equal(os.sendfile(target, source, 0, 50000), 50000)
    equal(get("a") == get("b"), True)
    reader, writer = os.pipe()
    moved = os.splice(source, writer, 4096, offset_src=100)
    equal(os.splice(reader, target, moved, offset_dst=0), moved)
    equal(os.pread(target, moved, 0) == PATTERN[100 : 100 + moved], True)


@case
def posix_fadvise_and_readahead_are_accepted(_directory):
    make_file("f", content=PATTERN)
    descriptor = os.open("f", os.O_RDONLY)
    for advice in (os.POSIX_FADV_SEQUENTIAL, os.POSIX_FADV_WILLNEED, os.POSIX_FADV_DONTNEED):
        os.posix_fadvise(descriptor, 0, 0, advice)
    equal(os.pread(descriptor, 5, 0), PATTERN[:5])


@case
def the_number_of_waiting_bytes(_directory):
    make_file("f", content=b"0123456789")
    descriptor = os.open("f", os.O_RDONLY)
    os.read(descriptor, 4)
    count = array.array("i", [0])
    fcntl.ioctl(descriptor, termios.FIONREAD, count)
    equal(count[0], 6)


@case
def an_unknown_ioctl_is_ENOTTY(_directory):
    make_file("f")
    fails("ENOTTY", fcntl.ioctl, os.open("f", os.O_RDONLY), 0x5401)


@case
def poll_says_ready(_directory):
    make_file("f")
    poll = select.poll()
    poll.register(os.open("f", os.O_RDWR), select.POLLIN | select.POLLOUT)
    equal([events for _, events in poll.poll(0)], [select.POLLIN | select.POLLOUT])


@case
def epoll_of_a_file_is_EPERM(_directory):
    make_file("f")
    with select.epoll() as epoll:
        fails("EPERM", epoll.register, os.open("f", os.O_RDONLY))
