"""symlink, readlink, and following."""

import ctypes
import os
import stat

from calls import attempt, get
from tools import (
    ALICE, BOB, GROUP, case, equal, fails, kernel_setting, kind, make_dir, make_file, mode, moves, names, owner,
    size, user,
)


@case
def any_text_can_be_a_target(_directory):
    targets = ["x", "/absolute", "../..", "a b", "ä", "x" * 255, "y/" * 500, ".", "\udcff\udcfe"]
    for at, target in enumerate(targets):
        os.symlink(target, f"s{at}")
        equal((os.readlink(f"s{at}"), size(f"s{at}")), (target, len(os.fsencode(target))))


@case
def a_symlink_has_mode_777_one_link_and_its_maker(_directory):
    os.umask(0o077)
    with user(ALICE):
        os.symlink("x", "s")
    equal((mode("s"), os.lstat("s").st_nlink, owner("s"), kind("s")), (0o777, 1, (ALICE, GROUP), stat.S_IFLNK))


@case
def making_one_moves_the_times_of_its_directory(_directory):
    make_file("f")
    moves(lambda: os.symlink("f", "s"), {".": "mc", "f": ""})


@case
def an_empty_target_is_ENOENT(_directory):
    fails("ENOENT", os.symlink, "", "s")


@case
def a_target_of_1000_bytes_works_and_4096_is_ENAMETOOLONG(_directory):
    os.symlink("x" * 1000, "s")
    equal(os.readlink("s"), "x" * 1000)
    fails("ENAMETOOLONG", os.symlink, "x" * 4096, "t")


@case
def onto_a_name_that_exists_is_EEXIST(_directory):
    make_file("f")
    os.mkdir("d")
    os.symlink("gone", "s")
    for name in names():
        fails("EEXIST", os.symlink, "x", name)


@case
def readlink_of_what_is_no_symlink_is_EINVAL(_directory):
    make_file("f")
    os.mkdir("d")
    os.mkfifo("p")
    for name in names():
        fails("EINVAL", os.readlink, name)


@case
def a_symlink_in_a_set_gid_directory_takes_its_group(_directory):
    make_dir("d", 0o2777, 0, 3000)
    with user(ALICE):
        os.symlink("x", "d/s")
    equal(owner("d/s"), (ALICE, 3000))


@case
def chains_are_followed_up_to_forty(_directory):
    make_file("f")
    os.symlink("f", "s0")
    for at in range(1, 42):
        os.symlink(f"s{at - 1}", f"s{at}")
    equal(get("s39"), "content")
    fails("ELOOP", os.stat, "s40")


@case
def a_loop_is_ELOOP_and_can_be_removed(_directory):
    os.symlink("b", "a")
    os.symlink("a", "b")
    fails("ELOOP", os.stat, "a")
    fails("ELOOP", os.open, "a", os.O_RDONLY)
    fails("ELOOP", os.open, "a", os.O_CREAT | os.O_WRONLY)
    equal(os.readlink("a"), "b")
    os.unlink("a")


@case
def open_with_nofollow_is_ELOOP(_directory):
    make_file("f")
    os.symlink("f", "s")
    fails("ELOOP", os.open, "s", os.O_RDONLY | os.O_NOFOLLOW)
    equal(stat.S_ISLNK(os.fstat(os.open("s", os.O_PATH | os.O_NOFOLLOW)).st_mode), True)


@case
def open_with_directory_and_nofollow_is_ENOTDIR(_directory):
    os.mkdir("d")
    os.symlink("d", "s")
    fails("ENOTDIR", os.open, "s", os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY)


@case
def relative_targets_are_relative_to_the_symlink(_directory):
    os.makedirs("a/b")
    make_file("a/f", content=b"a/f")
    os.symlink("../f", "a/b/s")
    os.symlink("a/b/s", "t")
    equal((get("a/b/s"), get("t")), ("a/f", "a/f"))


@case
def absolute_targets_inside_the_file_system(directory):
    make_file("f", content=b"text")
    os.symlink(f"{directory}/f", "s")
    equal(get("s"), "text")
    os.unlink("s")


@case
def a_symlink_to_a_directory_is_passed_through(_directory):
    os.mkdir("d")
    os.symlink("d", "s")
    make_file("s/f")
    os.mkdir("s/e")
    equal((names("d"), names("s"), os.path.realpath("s/e").endswith("/d/e")), (["e", "f"], ["e", "f"], True))


@case
def the_times_of_a_symlink_itself_can_be_set(_directory):
    make_file("f")
    os.symlink("f", "s")
    before = os.stat("f").st_mtime_ns
    os.utime("s", ns=(10**9 + 1, 2 * 10**9 + 2), follow_symlinks=False)
    info = os.lstat("s")
    equal((info.st_atime_ns, info.st_mtime_ns, os.stat("f").st_mtime_ns), (10**9 + 1, 2 * 10**9 + 2, before))


@case
def the_owner_of_a_symlink_itself_can_be_set(_directory):
    make_file("f")
    os.symlink("f", "s")
    os.lchown("s", 5, 6)
    equal((owner("s"), owner("f")), ((5, 6), (0, 0)))
    os.chown("s", 7, 8)
    equal((owner("s"), owner("f")), ((5, 6), (7, 8)))


@case
def readlink_cuts_at_the_size_of_the_buffer(_directory):
    os.symlink("0123456789", "s")
    buffer = ctypes.create_string_buffer(20)
    equal((ctypes.CDLL(None).readlink(b"s", buffer, 4), buffer.raw[:5]), (4, b"0123\0"))


@case
def in_the_sticky_directory_of_another_user_it_may_be_refused(_directory):
    make_dir("t", 0o1777)
    make_file("f", 0o666)
    with user(BOB):
        os.symlink("../f", "t/s")
    with user(ALICE):
        equal(attempt(get, "t/s"), "EACCES" if kernel_setting("fs/protected_symlinks") else "content")
