"""chmod and chown in all their forms: what changes, what goes along (set-id bits, times), and who may."""

import os
import stat

from tools import (
    ALICE, BOB, GROUP, TEAM, add, case, equal, fails, make_dir, make_file, mode, moves, owner, stays, user,
)

OBJECTS = {
    "a file": make_file,
    "a directory": make_dir,
    "a pipe": os.mkfifo,
    "a device": lambda path: os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 3)),
    "a socket": lambda path: os.mknod(path, 0o600 | stat.S_IFSOCK),
}


def every_mode(make):
    def function(_directory):
        make("x")
        for wanted in (0o000, 0o777, 0o4711, 0o2755, 0o1777, 0o7777, 0o640):
            os.chmod("x", wanted)
            equal(mode("x"), wanted)
        moves(lambda: os.chmod("x", 0o604), {"x": "c", ".": ""})

    return function


def every_owner(make):
    def function(_directory):
        make("x")
        for uid, gid, expected in ((1, 2, (1, 2)), (-1, 3, (1, 3)), (4, -1, (4, 3)), (-1, -1, (4, 3))):
            os.chown("x", uid, gid)
            equal(owner("x"), expected)
        moves(lambda: os.lchown("x", 0, 0), {"x": "c", ".": ""})

    return function


def not_the_owner(make):
    def function(_directory):
        make("x")
        with user(ALICE):
            stays(lambda: os.chmod("x", 0o777), "EPERM", ["x"])
            stays(lambda: os.chown("x", ALICE, GROUP), "EPERM", ["x"])
            stays(lambda: os.utime("x", (1, 1)), "EPERM", ["x"])

    return function


def add_tables():
    for name, make in OBJECTS.items():
        add(f"modes and owners: chmod of {name}", every_mode(make))
        add(f"modes and owners: chown of {name}", every_owner(make))
        add(f"modes and owners: {name} of another user is EPERM", not_the_owner(make))
    for before in (0o4755, 0o2755, 0o6777, 0o2644, 0o6644):
        add(f"modes and owners: chown by root of a file of mode {before:o}", set_id_after_chown(before, 0))
        add(f"modes and owners: chown by the owner of a file of mode {before:o}", set_id_after_chown(before, ALICE))
        add(f"modes and owners: chown of nothing by the owner of a file of mode {before:o}", unchanged_chown(before))


def set_id_after_chown(before, uid):
    """Linux takes set-user-ID always, and set-group-ID where the group may execute, or from who is not in the group."""

    def function(_directory):
        make_file("f", before, ALICE, GROUP)
        with user(uid, GROUP, [TEAM]):
            os.chown("f", -1, TEAM)
        expected = before & ~stat.S_ISUID
        if before & stat.S_IXGRP:
            expected &= ~stat.S_ISGID
        equal((mode("f"), owner("f")), (expected, (ALICE, TEAM)))

    return function


def unchanged_chown(before):
    def function(_directory):
        make_file("f", before, ALICE, GROUP)
        with user(ALICE):
            os.chown("f", -1, GROUP)
        expected = before & ~stat.S_ISUID
        if before & stat.S_IXGRP:
            expected &= ~stat.S_ISGID
        equal(mode("f"), expected)

    return function


add_tables()


@case
def chown_of_a_directory_keeps_its_set_id_bits(_directory):
    make_dir("d", 0o6755, ALICE, GROUP)
    with user(ALICE, GROUP, [TEAM]):
        os.chown("d", -1, TEAM)
    equal(mode("d"), 0o6755)


@case
def chmod_by_the_owner(_directory):
    make_file("f", 0o600, ALICE, GROUP)
    with user(ALICE):
        os.chmod("f", 0o4755)
    equal(mode("f"), 0o4755)


@case
def chmod_by_an_owner_outside_the_group_drops_set_gid(_directory):
    make_file("f", 0o600, ALICE, TEAM)
    with user(ALICE, GROUP):
        os.chmod("f", 0o2755)
    equal(mode("f"), 0o755)


@case
def chmod_by_an_owner_inside_the_group_keeps_set_gid(_directory):
    make_file("f", 0o600, ALICE, TEAM)
    with user(ALICE, GROUP, [TEAM]):
        os.chmod("f", 0o2755)
    equal(mode("f"), 0o2755)


@case
def chmod_of_a_directory_by_an_owner_outside_the_group_drops_set_gid(_directory):
    make_dir("d", 0o755, ALICE, TEAM)
    with user(ALICE, GROUP):
        os.chmod("d", 0o2755)
    equal(mode("d"), 0o755)


@case
def the_sticky_bit_of_a_file_can_be_set_by_its_owner(_directory):
    make_file("f", 0o600, ALICE, GROUP)
    with user(ALICE):
        os.chmod("f", 0o1644)
    equal(mode("f"), 0o1644)


@case
def an_owner_may_give_a_file_to_a_group_it_is_in(_directory):
    make_file("f", 0o644, ALICE, GROUP)
    with user(ALICE, GROUP, [TEAM]):
        os.chown("f", -1, TEAM)
        os.chown("f", ALICE, GROUP)
    equal(owner("f"), (ALICE, GROUP))


@case
def an_owner_may_not_give_a_file_to_another_group_or_user(_directory):
    make_file("f", 0o644, ALICE, GROUP)
    with user(ALICE):
        fails("EPERM", os.chown, "f", -1, TEAM)
        fails("EPERM", os.chown, "f", BOB, -1)
        fails("EPERM", os.chown, "f", 0, 0)
    equal(owner("f"), (ALICE, GROUP))


@case
def a_group_member_is_no_owner(_directory):
    make_file("f", 0o664, BOB, TEAM)
    with user(ALICE, GROUP, [TEAM]):
        fails("EPERM", os.chmod, "f", 0o777)
        fails("EPERM", os.chown, "f", -1, GROUP)


@case
def fchmod_and_fchown_by_descriptors_of_any_kind(_directory):
    make_file("f")
    make_dir("d")
    for path, flags in (("f", os.O_RDONLY), ("f", os.O_WRONLY), ("d", os.O_RDONLY)):
        descriptor = os.open(path, flags)
        moves(lambda: os.fchmod(descriptor, 0o751), {path: "c"})
        os.fchown(descriptor, 5, 6)
        equal((mode(path), owner(path)), (0o751, (5, 6)))
        os.fchmod(descriptor, 0o700)


@case
def fchmod_by_an_O_PATH_descriptor_is_EBADF(_directory):
    make_file("f")
    fails("EBADF", os.fchmod, os.open("f", os.O_PATH), 0o600)


@case
def chmod_follows_a_symlink(_directory):
    make_file("f")
    os.symlink("f", "s")
    os.chmod("s", 0o600)
    equal((mode("f"), mode("s")), (0o600, 0o777))


@case
def chmod_and_chown_through_a_dangling_symlink_are_ENOENT(_directory):
    os.symlink("gone", "s")
    fails("ENOENT", os.chmod, "s", 0o600)
    fails("ENOENT", os.chown, "s", 1, 1)


@case
def large_ids_are_kept(_directory):
    make_file("f")
    os.chown("f", 2**32 - 3, 2**31 + 5)
    equal(owner("f"), (2**32 - 3, 2**31 + 5))


def cleared_by(call):
    """Mode 6777 after a user who is not the owner did something to the content."""

    def function(_directory):
        make_file("f", 0o6777)
        with user(ALICE):
            call()
        equal(mode("f"), 0o777)

    return function


def write():
    os.write(os.open("f", os.O_WRONLY), b"x")


for name, call in {
    "a write": write,
    "truncate": lambda: os.truncate("f", 1),
    "ftruncate": lambda: os.ftruncate(os.open("f", os.O_WRONLY), 1),
    "open with O_TRUNC": lambda: os.open("f", os.O_WRONLY | os.O_TRUNC),
    "fallocate": lambda: os.posix_fallocate(os.open("f", os.O_WRONLY), 0, 100),
    "copy_file_range": lambda: os.copy_file_range(os.open("f", os.O_RDONLY), os.open("f", os.O_WRONLY), 3, 0, 4),
}.items():
    add(f"modes and owners: {name} by another user clears set-id bits", cleared_by(call))


@case
def a_write_by_root_keeps_set_id_bits(_directory):
    make_file("f", 0o6777)
    write()
    os.truncate("f", 2)
    equal(mode("f"), 0o6777)


@case
def a_fallocate_by_root_keeps_set_id_bits(_directory):
    make_file("f", 0o6777)
    os.posix_fallocate(os.open("f", os.O_WRONLY), 0, 100)
    equal(mode("f"), 0o6777)


@case
def a_mode_is_in_force_for_the_next_open(_directory):
    make_file("f", 0o644)
    with user(ALICE):
        os.open("f", os.O_RDONLY)
    os.chmod("f", 0o600)
    with user(ALICE):
        fails("EACCES", os.open, "f", os.O_RDONLY)
    os.chmod("f", 0o606)
    with user(ALICE):
        os.open("f", os.O_RDWR)


@case
def who_became_the_owner_by_another_name_may_change_the_mode(_directory):
    make_file("f", 0o644)
    os.link("f", "g")
    descriptor = os.open("f", os.O_RDONLY)
    os.chown("g", ALICE, GROUP)
    equal(os.stat("f").st_uid, ALICE)
    with user(ALICE):
        os.fchmod(descriptor, 0o600)
    os.chown("g", 0, 0)
    with user(ALICE):
        fails("EPERM", os.fchmod, descriptor, 0o644)
    os.chown("f", ALICE, GROUP)
    with user(ALICE):
        os.fchmod(descriptor, 0o640)
    equal(mode("g"), 0o640)
