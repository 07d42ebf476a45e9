"""setxattr, getxattr, listxattr, removexattr."""

import ctypes
import os

from calls import O_TMPFILE, linkat_fd
from tools import ALICE, BOB, add, case, equal, fails, make_dir, make_file, user


def round_trip(make):
    def function(_directory):
        make("x")
        equal(os.listxattr("x"), [])
        for value in (b"", b"1", b"\0\xff" * 100, b"v" * 500):
            os.setxattr("x", "user.a", value)
            equal(os.getxattr("x", "user.a"), value)
        os.setxattr("x", "user.b", b"2")
        equal(sorted(os.listxattr("x")), ["user.a", "user.b"])
        os.removexattr("x", "user.a")
        equal(os.listxattr("x"), ["user.b"])
        fails("ENODATA", os.getxattr, "x", "user.a")
        fails("ENODATA", os.removexattr, "x", "user.a")

    return function


add("extended attributes: of a file", round_trip(make_file))
add("extended attributes: of a directory", round_trip(make_dir))


@case
def of_a_file_without_a_name(_directory):
    descriptor = os.open(".", O_TMPFILE | os.O_RDWR, 0o600)
    os.setxattr(descriptor, "user.a", b"1")
    linkat_fd(descriptor, "f")
    equal(os.getxattr("f", "user.a"), b"1")


@case
def create_where_one_is_is_EEXIST_and_replace_where_none_is_ENODATA(_directory):
    make_file("f")
    fails("ENODATA", os.setxattr, "f", "user.a", b"1", os.XATTR_REPLACE)
    os.setxattr("f", "user.a", b"1", os.XATTR_CREATE)
    fails("EEXIST", os.setxattr, "f", "user.a", b"2", os.XATTR_CREATE)
    os.setxattr("f", "user.a", b"3", os.XATTR_REPLACE)
    equal(os.getxattr("f", "user.a"), b"3")


@case
def a_buffer_that_is_too_small_is_ERANGE(_directory):
    make_file("f")
    os.setxattr("f", "user.a", b"0123456789")
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(4)
    equal((libc.getxattr(b"f", b"user.a", buffer, 4), ctypes.get_errno()), (-1, 34))
    equal((libc.listxattr(b"f", buffer, 4), ctypes.get_errno()), (-1, 34))
    equal((libc.getxattr(b"f", b"user.a", None, 0), libc.listxattr(b"f", None, 0)), (10, 7))


@case
def a_name_of_255_bytes_works_and_256_is_ERANGE(_directory):
    make_file("f")
    os.setxattr("f", "user." + "n" * 250, b"1")
    fails("ERANGE", os.setxattr, "f", "user." + "n" * 251, b"1")


@case
def a_value_over_64_KiB_is_E2BIG(_directory):
    make_file("f")
    fails("E2BIG", os.setxattr, "f", "user.a", b"x" * 65537)


@case
def a_name_without_a_known_prefix_is_ENOTSUP(_directory):
    make_file("f")
    fails("ENOTSUP", os.setxattr, "f", "other.a", b"1")
    fails("ENOTSUP", os.setxattr, "f", "a", b"1")


@case
def user_attributes_of_symlinks_and_pipes_are_EPERM(_directory):
    os.symlink("gone", "s")
    os.mkfifo("p")
    fails("EPERM", os.setxattr, "s", "user.a", b"1", follow_symlinks=False)
    fails("EPERM", os.setxattr, "p", "user.a", b"1")
    fails("ENODATA", os.getxattr, "p", "user.a")


@case
def through_a_symlink_they_are_those_of_the_file(_directory):
    make_file("f")
    os.symlink("f", "s")
    os.setxattr("s", "user.a", b"1")
    equal((os.getxattr("f", "user.a"), os.listxattr("s", follow_symlinks=False)), (b"1", []))


@case
def by_descriptor(_directory):
    make_file("f")
    descriptor = os.open("f", os.O_RDONLY)
    os.setxattr(descriptor, "user.a", b"1")
    equal((os.getxattr(descriptor, "user.a"), os.listxattr(descriptor)), (b"1", ["user.a"]))
    os.removexattr(descriptor, "user.a")
    equal(os.listxattr("f"), [])


@case
def user_attributes_follow_the_permissions_of_the_file(_directory):
    make_file("f", 0o644, BOB)
    make_file("closed", 0o600, BOB)
    os.setxattr("f", "user.a", b"1")
    os.setxattr("closed", "user.a", b"1")
    with user(ALICE):
        equal(os.getxattr("f", "user.a"), b"1")
        fails("EACCES", os.setxattr, "f", "user.a", b"2")
        fails("EACCES", os.removexattr, "f", "user.a")
        fails("EACCES", os.getxattr, "closed", "user.a")


@case
def user_attributes_of_the_sticky_directory_of_another_user_are_EPERM(_directory):
    make_dir("t", 0o1777, BOB)
    with user(ALICE):
        fails("EPERM", os.setxattr, "t", "user.a", b"1")


@case
def trusted_attributes_are_roots(_directory):
    make_file("f", 0o666, ALICE)
    os.setxattr("f", "trusted.a", b"1")
    equal((os.getxattr("f", "trusted.a"), os.listxattr("f")), (b"1", ["trusted.a"]))
    with user(ALICE):
        fails("EPERM", os.setxattr, "f", "trusted.a", b"2")
        fails("ENODATA", os.getxattr, "f", "trusted.a")


@case
def a_user_does_not_see_trusted_attributes_in_the_list(_directory):
    make_file("f", 0o666, ALICE)
    os.setxattr("f", "trusted.a", b"1")
    os.setxattr("f", "user.b", b"1")
    with user(ALICE):
        equal(os.listxattr("f"), ["user.b"])


@case
def attributes_go_along_with_rename_and_link(_directory):
    make_file("f")
    os.setxattr("f", "user.a", b"1")
    os.rename("f", "g")
    os.link("g", "h")
    equal((os.getxattr("g", "user.a"), os.getxattr("h", "user.a")), (b"1", b"1"))


@case
def twenty_attributes(_directory):
    make_file("f")
    for at in range(20):
        os.setxattr("f", f"user.name_{at}", b"%d" % at)
    equal(sorted(os.listxattr("f")), sorted(f"user.name_{at}" for at in range(20)))


@case
def file_capabilities_go_with_a_write(_directory):
    make_file("f", 0o777)
    os.setxattr("f", "security.capability", bytes.fromhex("0100000202000000000000000000000000000000"))
    os.write(os.open("f", os.O_WRONLY), b"x")
    fails("ENODATA", os.getxattr, "f", "security.capability")


@case
def file_capabilities_go_with_a_chown(_directory):
    make_file("f", 0o777)
    os.setxattr("f", "security.capability", bytes.fromhex("0100000202000000000000000000000000000000"))
    os.chown("f", ALICE, -1)
    fails("ENODATA", os.getxattr, "f", "security.capability")
