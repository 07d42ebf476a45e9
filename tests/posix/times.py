"""utimensat, and which calls move which time stamps."""

import os

from calls import fallocate, get
from tools import ALICE, BOB, GROUP, add, case, equal, fails, make_dir, make_file, moves, stays, tick, user

PAST_NS = (1_000_000_000_123_456_789, 1_100_000_000_987_654_321)


def both(path):
    info = os.lstat(path)
    return info.st_atime_ns, info.st_mtime_ns


@case
def nanoseconds_are_kept(_directory):
    make_file("f")
    make_dir("d")
    os.mkfifo("p")
    for path in ("f", "d", "p"):
        os.utime(path, ns=PAST_NS)
        equal(both(path), PAST_NS)


@case
def times_before_1970_and_after_2038_are_kept(_directory):
    make_file("f")
    for seconds in (-1, -(2**31), 2**31, 2**32):
        os.utime("f", ns=(seconds * 10**9, seconds * 10**9))
        equal(both("f"), (seconds * 10**9,) * 2)


@case
def setting_times_moves_ctime(_directory):
    make_file("f")
    before = os.stat("f").st_ctime_ns
    tick()
    os.utime("f", ns=PAST_NS)
    assert os.stat("f").st_ctime_ns > before


@case
def now_is_the_present_for_both(_directory):
    make_file("f")
    os.utime("f", ns=PAST_NS)
    moves(lambda: os.utime("f"), {"f": "amc"}, "amc")
    equal(len(set(both("f"))), 1)


@case
def by_descriptor(_directory):
    make_file("f")
    make_dir("d")
    for path, flags in (("f", os.O_RDONLY), ("f", os.O_WRONLY), ("d", os.O_RDONLY)):
        os.utime(path)
        os.utime(os.open(path, flags), ns=PAST_NS)
        equal(both(path), PAST_NS)


@case
def a_writer_who_is_not_the_owner_may_set_only_now(_directory):
    make_file("f", 0o666, BOB)
    with user(ALICE):
        os.utime("f")
        fails("EPERM", os.utime, "f", ns=PAST_NS)


@case
def a_reader_may_set_nothing(_directory):
    make_file("f", 0o644, BOB)
    with user(ALICE):
        stays(lambda: os.utime("f"), "EACCES", ["f"])
        fails("EPERM", os.utime, "f", ns=PAST_NS)


@case
def the_owner_needs_no_write_permission(_directory):
    make_file("f", 0o444, ALICE, GROUP)
    with user(ALICE):
        os.utime("f", ns=PAST_NS)
        equal(both("f"), PAST_NS)
        os.utime("f")


def prepared(function, expected, watched="mc"):
    def run(_directory):
        make_file("f", content=b"0123456789")
        make_dir("d")
        make_file("d/f")
        descriptor = os.open("f", os.O_RDWR)
        moves(lambda: function(descriptor), expected, watched)

    return run


def listed(_descriptor):
    os.listdir("d")


for name, (function, expected) in {
    "write": (lambda fd: os.write(fd, b"x"), {"f": "mc", ".": ""}),
    "write of nothing": (lambda fd: os.write(fd, b""), {"f": ""}),
    "pwrite behind the end": (lambda fd: os.pwrite(fd, b"x", 5000), {"f": "mc"}),
    "read": (lambda fd: os.read(fd, 5), {"f": ""}),
    "ftruncate shorter": (lambda fd: os.ftruncate(fd, 1), {"f": "mc"}),
    "ftruncate longer": (lambda fd: os.ftruncate(fd, 100), {"f": "mc"}),
    "ftruncate to the same size": (lambda fd: os.ftruncate(fd, 10), {"f": "mc"}),
    "truncate to the same size": (lambda fd: os.truncate("f", 10), {"f": "mc"}),
    "open with O_TRUNC": (lambda fd: os.open("f", os.O_WRONLY | os.O_TRUNC), {"f": "mc", ".": ""}),
    "open without it": (lambda fd: os.open("f", os.O_RDWR), {"f": "", ".": ""}),
    "close": (lambda fd: os.close(os.dup(fd)), {"f": ""}),
    "fsync": (lambda fd: os.fsync(fd), {"f": ""}),
    "fchmod": (lambda fd: os.fchmod(fd, 0o600), {"f": "c"}),
    "chmod to the same mode": (lambda fd: os.chmod("f", 0o644), {"f": "c"}),
    "fchown": (lambda fd: os.fchown(fd, 1, 1), {"f": "c"}),
    "setxattr": (lambda fd: os.setxattr("f", "user.a", b"1"), {"f": "c", ".": ""}),
    "setxattr of a directory": (lambda fd: os.setxattr("d", "user.a", b"1"), {"d": "c"}),
    "fallocate": (lambda fd: fallocate(fd, 0, 0, 5000), {"f": "mc"}),
    "link": (lambda fd: os.link("f", "g"), {"f": "c", ".": "mc"}),
    "rename in a directory": (lambda fd: os.rename("d/f", "d/g"), {"d": "mc", ".": ""}),
    "rename of a directory": (lambda fd: os.rename("d", "e"), {".": "mc"}),
    "unlink in a directory": (lambda fd: os.unlink("d/f"), {"d": "mc", ".": ""}),
    "create in a directory": (lambda fd: os.close(os.open("d/g", os.O_CREAT, 0o600)), {"d": "mc", ".": ""}),
    "mkdir in a directory": (lambda fd: os.mkdir("d/e"), {"d": "mc", ".": ""}),
    "symlink in a directory": (lambda fd: os.symlink("x", "d/s"), {"d": "mc", ".": ""}),
    "listing": (listed, {"d": "", "d/f": ""}),
    "a write to a file in it": (lambda fd: os.write(os.open("d/f", os.O_WRONLY), b"x"), {"d/f": "mc", "d": ""}),
    "chmod of a file in it": (lambda fd: os.chmod("d/f", 0o600), {"d/f": "c", "d": ""}),
    "stat and access": (lambda fd: (os.stat("f"), os.access("f", os.R_OK)), {"f": "", ".": ""}),
}.items():
    add(f"times: {name}", prepared(function, expected))


@case
def a_removexattr_moves_ctime(_directory):
    make_file("f")
    os.setxattr("f", "user.a", b"1")
    moves(lambda: os.removexattr("f", "user.a"), {"f": "c"})


@case
def a_read_moves_an_atime_that_is_older_than_mtime(_directory):
    make_file("f")
    os.utime("f", ns=(10**18, 11 * 10**17))
    moves(lambda: get("f"), {"f": "a"}, "am")


@case
def a_read_leaves_an_atime_that_is_younger_than_mtime(_directory):
    make_file("f")
    tick()
    get("f")
    moves(lambda: get("f"), {"f": ""}, "amc")


@case
def a_read_with_noatime_moves_nothing(_directory):
    make_file("f")
    os.utime("f", ns=(10**18, 11 * 10**17))
    descriptor = os.open("f", os.O_RDONLY | os.O_NOATIME)
    moves(lambda: os.read(descriptor, 5), {"f": ""}, "amc")


@case
def noatime_on_a_file_of_another_user_is_EPERM(_directory):
    make_file("f", 0o644, BOB)
    with user(ALICE):
        fails("EPERM", os.open, "f", os.O_RDONLY | os.O_NOATIME)


@case
def a_listing_moves_an_atime_that_is_older_than_mtime(_directory):
    make_dir("d")
    make_file("d/f")
    os.utime("d", ns=(10**18, 11 * 10**17))
    moves(lambda: os.listdir("d"), {"d": "a"}, "am")


@case
def a_readlink_moves_an_atime_that_is_older_than_mtime(_directory):
    os.symlink("x", "s")
    os.utime("s", ns=(10**18, 11 * 10**17), follow_symlinks=False)
    moves(lambda: os.readlink("s"), {"s": "a"}, "am")


@case
def a_new_object_has_the_present_in_all_stamps(_directory):
    make_dir("old")
    os.utime("old", ns=PAST_NS)
    for path, make in (("f", make_file), ("d", os.mkdir), ("s", lambda path: os.symlink("x", path))):
        before = os.stat(".").st_mtime_ns
        tick()
        make(path)
        info = os.lstat(path)
        assert min(info.st_atime_ns, info.st_mtime_ns, info.st_ctime_ns) > before, path


@case
def a_stat_by_descriptor_tells_the_same(_directory):
    make_file("f")
    descriptor = os.open("f", os.O_RDWR)
    os.write(descriptor, b"more")
    equal(os.fstat(descriptor)[:10], os.stat("f")[:10])
    equal(os.fstat(descriptor).st_mtime_ns, os.stat("f").st_mtime_ns)
