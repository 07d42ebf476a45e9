"""Files and directories that are open and have no name any more."""

import mmap
import os
import stat

from calls import fallocate, linkat_fd, wait_until
from tools import add, case, equal, fails, make_dir, make_file, names, tick

CALLS = {
    "fstat": lambda fd: equal((os.fstat(fd).st_nlink, os.fstat(fd).st_size), (0, 10)),
    "fchmod": lambda fd: (os.fchmod(fd, 0o604), equal(stat.S_IMODE(os.fstat(fd).st_mode), 0o604)),
    "fchown": lambda fd: (os.fchown(fd, 5, 6), equal((os.fstat(fd).st_uid, os.fstat(fd).st_gid), (5, 6))),
    "ftruncate shorter": lambda fd: (os.ftruncate(fd, 3), equal(os.pread(fd, 20, 0), b"012")),
    "ftruncate longer": lambda fd: (os.ftruncate(fd, 12), equal(os.pread(fd, 20, 8), b"89\0\0")),
    "futimens": lambda fd: (os.utime(fd, ns=(10**18 + 1, 10**18 + 2)), equal(os.fstat(fd).st_mtime_ns, 10**18 + 2)),
    "fallocate": lambda fd: (fallocate(fd, 0, 0, 5000), equal(os.fstat(fd).st_size, 5000)),
    "read": lambda fd: equal(os.read(fd, 20), b"0123456789"),
    "write": lambda fd: (os.pwrite(fd, b"abc", 8), equal(os.pread(fd, 20, 7), b"7abc")),
    "fsync": os.fsync,
    "lseek": lambda fd: equal(os.lseek(fd, 0, os.SEEK_END), 10),
    "link through proc": lambda fd: fails("ENOENT", linkat_fd, fd, "g"),
    "open again through proc": lambda fd: equal(os.read(os.open(f"/proc/self/fd/{fd}", os.O_RDONLY), 3), b"012"),
    "setxattr": lambda fd: (os.setxattr(fd, "user.a", b"1"), equal(os.getxattr(fd, "user.a"), b"1")),
    "getxattr": lambda fd: fails("ENODATA", os.getxattr, fd, "user.none"),
    "listxattr": lambda fd: equal(os.listxattr(fd), []),
    "fstatvfs": lambda fd: equal(os.fstatvfs(fd).f_namemax, 255),
}


def after_unlink(call):
    def function(_directory):
        make_file("f", content=b"0123456789")
        fd = os.open("f", os.O_RDWR)
        os.unlink("f")
        call(fd)
        equal(names(), [])

    return function


def after_replacement(call):
    def function(_directory):
        make_file("f", content=b"0123456789")
        make_file("g", content=b"new")
        fd = os.open("f", os.O_RDWR)
        os.rename("g", "f")
        call(fd)
        equal((names(), os.stat("f").st_size, os.stat("f").st_mode & 0o7777), (["f"], 3, 0o644))

    return function


for name, call in CALLS.items():
    add(f"removed files: {name} after unlink", after_unlink(call))
    if name != "link through proc":
        add(f"removed files: {name} after another file took the name", after_replacement(call))


@case
def a_mapping_is_read_and_written(_directory):
    make_file("f", content=b"0123456789")
    fd = os.open("f", os.O_RDWR)
    os.unlink("f")
    with mmap.mmap(fd, 0) as area:
        area[0] = ord("x")
        area.flush()
    equal(os.pread(fd, 3, 0), b"x12")


@case
def its_ctime_moves_when_the_name_goes(_directory):
    make_file("f")
    fd = os.open("f", os.O_RDONLY)
    before = os.fstat(fd).st_ctime_ns
    tick()
    os.unlink("f")
    assert os.fstat(fd).st_ctime_ns > before


@case
def two_descriptors_share_what_is_left(_directory):
    make_file("f", content=b"")
    one, other = os.open("f", os.O_RDWR), os.open("f", os.O_RDONLY)
    os.unlink("f")
    os.write(one, b"text")
    os.close(one)
    equal((os.read(other, 10), os.fstat(other).st_size), (b"text", 4))


@case
def a_new_file_of_the_name_is_another_one(_directory):
    make_file("f", content=b"old")
    fd = os.open("f", os.O_RDWR)
    os.unlink("f")
    make_file("f", content=b"newer")
    os.ftruncate(fd, 1)
    os.fchmod(fd, 0o600)
    equal((os.pread(fd, 10, 0), os.stat("f").st_size, os.stat("f").st_mode & 0o777), (b"o", 5, 0o644))


@case
def a_removed_directory_by_descriptor(_directory):
    make_dir("d")
    fd = os.open("d", os.O_RDONLY)
    os.rmdir("d")
    equal(os.listdir(fd), [])
    fails("ENOENT", os.open, "x", os.O_CREAT | os.O_WRONLY, dir_fd=fd)
    fails("ENOENT", os.stat, "x", dir_fd=fd)


@case
def fstat_of_a_removed_directory(_directory):
    make_dir("d", 0o750)
    fd = os.open("d", os.O_RDONLY)
    os.rmdir("d")
    equal(stat.S_IMODE(os.fstat(fd).st_mode), 0o750)


@case
def fstat_of_a_removed_pipe(_directory):
    os.mkfifo("p", 0o640)
    fd = os.open("p", os.O_RDONLY | os.O_NONBLOCK)
    os.unlink("p")
    equal(stat.S_IMODE(os.fstat(fd).st_mode), 0o640)


@case
def fchmod_of_a_removed_directory(_directory):
    make_dir("d", 0o750)
    fd = os.open("d", os.O_RDONLY)
    os.rmdir("d")
    os.fchmod(fd, 0o700)
    equal(stat.S_IMODE(os.fstat(fd).st_mode), 0o700)


@case
def fstat_of_a_removed_file_opened_as_a_path(_directory):
    make_file("f")
    fd = os.open("f", os.O_PATH)
    os.unlink("f")
    tick()
    equal((os.fstat(fd).st_size, os.fstat(fd).st_nlink), (7, 0))


@case
def another_name_keeps_working(_directory):
    make_file("f")
    os.link("f", "g")
    fd = os.open("f", os.O_RDWR)
    os.unlink("f")
    os.write(fd, b"C")
    os.fchmod(fd, 0o600)
    os.ftruncate(fd, 3)
    info = os.stat("g")
    equal((info.st_size, info.st_nlink, info.st_mode & 0o777, os.fstat(fd).st_nlink), (3, 1, 0o600, 1))


@case
def every_change_by_a_removed_name_shows_under_the_other_one(_directory):
    make_file("f", content=b"")
    fd = os.open("f", os.O_RDWR)
    os.link("f", "g")
    os.unlink("f")
    for size in (1, 2, 3):
        equal(os.stat("g").st_size, size - 1)
        os.write(fd, b"x")
        equal(os.stat("g").st_size, size)
    os.fchmod(fd, 0o604)
    equal(stat.S_IMODE(os.stat("g").st_mode), 0o604)
    os.ftruncate(fd, 10)
    equal(os.stat("g").st_size, 10)


@case
def space_is_given_back_at_the_last_close(_directory):
    fd = os.open("f", os.O_CREAT | os.O_RDWR)
    os.write(fd, bytes(1 << 20))
    os.fsync(fd)
    os.unlink("f")
    free = os.statvfs(".").f_bfree
    os.close(fd)
    wait_until("the space is free", lambda: os.statvfs(".").f_bfree > free)
