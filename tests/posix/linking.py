"""link: link counts, shared inodes, times, and what cannot be linked."""

import os
import stat

from calls import O_TMPFILE, attempt, get, link_followed, linkat_fd
from tools import (
    ALICE, BOB, add, case, equal, fails, inode, kernel_setting, kind, links, make_dir, make_file, mode, moves,
    names, owner, size, stays, user,
)

OBJECTS = {
    "a file": make_file,
    "a symlink": lambda path: os.symlink("nowhere", path),
    "a pipe": os.mkfifo,
    "a socket": lambda path: os.mknod(path, 0o600 | stat.S_IFSOCK),
    "a device": lambda path: os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 3)),
}


def linked(make):
    def function(_directory):
        make_dir("d")
        make("x")
        moves(lambda: os.link("x", "d/y", follow_symlinks=False), {"x": "c", "d": "mc", ".": ""})
        equal((inode("x"), links("x"), links("d/y"), kind("d/y")), (inode("d/y"), 2, 2, kind("x")))
        os.unlink("x")
        equal((links("d/y"), names()), (1, ["d"]))

    return function


def onto(make):
    def function(_directory):
        make_file("f")
        make("x")
        stays(lambda: os.link("f", "x"), "EEXIST", ["f", "x", "."])
        equal(links("f"), 1)

    return function


def add_tables():
    for name, make in OBJECTS.items():
        add(f"linking: {name}", linked(make))
        add(f"linking: a file onto {name} is EEXIST", onto(make))


add_tables()


@case
def a_directory_is_EPERM(_directory):
    os.mkdir("d")
    stays(lambda: os.link("d", "e"), "EPERM", ["d", "."])


@case
def onto_a_directory_is_EEXIST(_directory):
    make_file("f")
    os.mkdir("d")
    fails("EEXIST", os.link, "f", "d")


@case
def a_missing_file_is_ENOENT(_directory):
    fails("ENOENT", os.link, "gone", "x")


@case
def onto_itself_is_EEXIST(_directory):
    make_file("f")
    fails("EEXIST", os.link, "f", "f")


@case
def a_change_through_one_name_shows_through_the_other(_directory):
    make_file("a")
    os.link("a", "b")
    os.stat("b")
    os.chmod("a", 0o600)
    equal(mode("b"), 0o600)
    os.chown("a", 7, 8)
    equal(owner("b"), (7, 8))
    os.truncate("a", 2)
    equal(size("b"), 2)
    os.utime("a", (1, 2))
    equal(os.stat("b").st_mtime, 2)
    os.setxattr("a", "user.x", b"1")
    equal(os.getxattr("b", "user.x"), b"1")


@case
def what_is_written_through_one_name_is_read_through_the_other(_directory):
    make_file("a", content=b"")
    os.link("a", "b")
    one, other = os.open("a", os.O_WRONLY), os.open("b", os.O_RDONLY)
    for text in (b"one", b"two"):
        os.write(one, text)
        equal((os.read(other, 10), os.stat("b").st_size, os.fstat(other).st_size), (text, size("a"), size("a")))


@case
def link_counts_are_right_at_once_under_every_name(_directory):
    make_file("0")
    for at in range(1, 20):
        os.link("0", str(at))
        equal({links(str(name)) for name in range(at + 1)}, {at + 1})
    for at in range(19):
        os.unlink(str(at))
        equal({links(name) for name in names()}, {19 - at})


@case
def names_in_different_directories_are_one_file(_directory):
    os.makedirs("a/b")
    os.mkdir("c")
    make_file("a/b/f")
    os.link("a/b/f", "c/g")
    os.rename("a/b/f", "c/h")
    equal((inode("c/g"), links("c/g"), names("c")), (inode("c/h"), 2, ["g", "h"]))


@case
def a_symlink_is_followed_only_when_asked(_directory):
    make_file("f")
    os.symlink("f", "s")
    os.link("s", "same", follow_symlinks=False)
    equal((kind("same"), links("f")), (stat.S_IFLNK, 1))
    link_followed("s", "followed")
    equal((inode("followed"), links("f")), (inode("f"), 2))


@case
def an_open_file_by_its_descriptor(_directory):
    make_file("f")
    descriptor = os.open("f", os.O_RDONLY)
    linkat_fd(descriptor, "g")
    equal((inode("f"), links("f"), os.fstat(descriptor).st_nlink), (inode("g"), 2, 2))


@case
def a_removed_open_file_is_ENOENT(_directory):
    make_file("f")
    descriptor = os.open("f", os.O_RDONLY)
    os.unlink("f")
    fails("ENOENT", linkat_fd, descriptor, "g")


@case
def both_names_of_a_pipe_lead_to_the_same_one(_directory):
    os.mkfifo("p")
    os.link("p", "q")
    reading = os.open("p", os.O_RDONLY | os.O_NONBLOCK)
    os.write(os.open("q", os.O_WRONLY | os.O_NONBLOCK), b"text")
    equal(os.read(reading, 10), b"text")


@case
def a_nameless_file_gets_a_name(_directory):
    descriptor = os.open(".", O_TMPFILE | os.O_RDWR, 0o640)
    equal((os.fstat(descriptor).st_nlink, names()), (0, []))
    os.write(descriptor, b"text")
    linkat_fd(descriptor, "f")
    equal((get("f"), links("f"), mode("f"), os.fstat(descriptor).st_nlink), ("text", 1, 0o640, 1))


@case
def a_nameless_file_made_exclusively_gets_none(_directory):
    descriptor = os.open(".", O_TMPFILE | os.O_RDWR | os.O_EXCL, 0o640)
    fails("ENOENT", linkat_fd, descriptor, "f")


@case
def a_nameless_file_needs_write_access(_directory):
    fails("EINVAL", os.open, ".", O_TMPFILE | os.O_RDONLY, 0o640)


@case
def with_a_slash_behind_is_ENOTDIR_or_ENOENT(_directory):
    make_file("f")
    fails("ENOTDIR", os.link, "f/", "g")
    fails("ENOENT", os.link, "f", "g/")


@case
def a_file_of_another_user_may_be_EPERM(_directory):
    make_file("f", 0o644, BOB)
    make_file("own", 0o600, ALICE)
    with user(ALICE):
        equal(attempt(os.link, "f", "g"), "EPERM" if kernel_setting("fs/protected_hardlinks") else 0)
        os.link("own", "h")
    equal(links("own"), 2)
