"""Directories that refuse: no write or search permission, the sticky bit; owner, group and supplementary groups."""

import os
import stat

from calls import O_TMPFILE, RENAME_EXCHANGE, attempt, get, renameat2
from tools import (
    ALICE, BOB, GROUP, TEAM, add, case, equal, fails, make_dir, make_file, mode, names, owner, stays, user,
)

CHANGES = {
    "create": lambda directory: os.close(os.open(f"{directory}/new", os.O_CREAT | os.O_WRONLY)),
    "create a nameless file": lambda directory: os.close(os.open(directory, O_TMPFILE | os.O_WRONLY)),
    "mkdir": lambda directory: os.mkdir(f"{directory}/new"),
    "mkfifo": lambda directory: os.mkfifo(f"{directory}/new"),
    "mknod": lambda directory: os.mknod(f"{directory}/new", 0o600 | stat.S_IFSOCK),
    "symlink": lambda directory: os.symlink("x", f"{directory}/new"),
    "link": lambda directory: os.link("own", f"{directory}/new"),
    "unlink": lambda directory: os.unlink(f"{directory}/file"),
    "rmdir": lambda directory: os.rmdir(f"{directory}/sub"),
    "rename out": lambda directory: os.rename(f"{directory}/file", "out"),
    "rename in": lambda directory: os.rename("own", f"{directory}/new"),
    "rename inside": lambda directory: os.rename(f"{directory}/file", f"{directory}/new"),
    "exchange": lambda directory: renameat2(f"{directory}/file", "own", RENAME_EXCHANGE),
}


def lay_out(permissions, gid=0):
    make_dir("d", 0o755)
    make_file("d/file", 0o666)
    make_dir("d/sub", 0o777)
    os.chown("d", 0, gid)
    os.chmod("d", permissions)
    make_file("own", 0o644, ALICE, GROUP)


def refused(change):
    def function(_directory):
        lay_out(0o755)
        with user(ALICE):
            stays(lambda: change("d"), "EACCES", ["d", "."])
        equal((names("d"), names()), (["file", "sub"], ["d", "own"]))

    return function


def allowed_to_the_group(change):
    def function(_directory):
        lay_out(0o775, TEAM)
        with user(ALICE, GROUP, [5, TEAM]):
            change("d")
        with user(BOB, GROUP):
            fails("EACCES", os.mkdir, "d/other")

    return function


def add_tables():
    for name, change in CHANGES.items():
        add(f"permissions: {name} in a directory without write permission is EACCES", refused(change))
        add(f"permissions: {name} in a directory of a supplementary group", allowed_to_the_group(change))


add_tables()


@case
def the_group_wins_over_the_others(_directory):
    make_dir("d", 0o707, 0, TEAM)
    with user(ALICE, TEAM):
        fails("EACCES", os.mkdir, "d/x")
        fails("EACCES", os.listdir, "d")


@case
def the_owner_wins_over_the_group(_directory):
    make_dir("d", 0o077, ALICE, GROUP)
    with user(ALICE, GROUP):
        fails("EACCES", os.listdir, "d")
        os.chmod("d", 0o700)
        equal(os.listdir("d"), [])


STICKY = {
    "unlink": lambda: os.unlink("t/f"),
    "rename": lambda: os.rename("t/f", "t/g"),
    "rename out": lambda: os.rename("t/f", "f"),
    "replace": lambda: os.rename("own", "t/f"),
    "exchange": lambda: renameat2("own", "t/f", RENAME_EXCHANGE),
}


def sticky(call, uid, file_owner, directory_owner, result):
    def function(_directory):
        make_dir("t", 0o1777, directory_owner)
        make_file("t/f", 0o666, file_owner)
        make_file("own", 0o666, uid)
        with user(uid):
            equal(attempt(call), result)

    return function


for name, call in STICKY.items():
    refused_name = f"permissions: {name} of the file of another user in a sticky directory is EPERM"
    add(refused_name, sticky(call, ALICE, BOB, 0, "EPERM"))
    add(f"permissions: {name} of an own file in a sticky directory", sticky(call, ALICE, ALICE, 0, 0))
    add(f"permissions: {name} of any file in an own sticky directory", sticky(call, ALICE, BOB, ALICE, 0))


@case
def a_directory_of_another_user_in_a_sticky_directory_is_EPERM(_directory):
    make_dir("t", 0o1777)
    make_dir("t/d", 0o777, BOB)
    with user(ALICE):
        fails("EPERM", os.rmdir, "t/d")
        fails("EPERM", os.rename, "t/d", "t/e")
        os.mkdir("t/d/inside")


@case
def the_sticky_bit_taken_away_allows_removal_at_once(_directory):
    make_dir("t", 0o1777)
    make_file("t/f", 0o666, BOB)
    with user(ALICE):
        fails("EPERM", os.unlink, "t/f")
    os.chmod("t", 0o777)
    with user(ALICE):
        os.unlink("t/f")


@case
def a_directory_moved_to_another_parent_must_be_writable(_directory):
    make_dir("a", 0o777)
    make_dir("a/d", 0o555, ALICE)
    with user(ALICE):
        fails("EACCES", os.rename, "a/d", "d")
        os.rename("a/d", "a/e")
    equal(names("a"), ["e"])


@case
def search_permission_is_asked_of_every_directory_above(_directory):
    os.makedirs("a/b/c")
    make_file("a/b/c/f", 0o666)
    for closed in ("a", "a/b", "a/b/c"):
        os.chmod(closed, 0o600)
        with user(ALICE):
            fails("EACCES", os.stat, "a/b/c/f")
            fails("EACCES", os.open, "a/b/c/f", os.O_WRONLY)
        os.chmod(closed, 0o755)
        with user(ALICE):
            equal(get("a/b/c/f"), "content")


@case
def permission_taken_while_open_does_not_matter(_directory):
    make_dir("d", 0o755)
    make_file("d/f", 0o666)
    with user(ALICE):
        file, directory = os.open("d/f", os.O_RDWR), os.open("d", os.O_RDONLY)
    os.chmod("d/f", 0o000)
    os.chmod("d", 0o000)
    with user(ALICE):
        equal(os.write(file, b"C"), 1)
        equal(os.listdir(directory), ["f"])
        fails("EACCES", os.stat, "f", dir_fd=directory)


@case
def an_owner_changed_is_in_force_at_once(_directory):
    make_dir("d", 0o700)
    with user(ALICE):
        fails("EACCES", os.mkdir, "d/x")
    os.chown("d", ALICE, GROUP)
    with user(ALICE):
        os.mkdir("d/x")
    equal(owner("d/x"), (ALICE, GROUP))


@case
def two_users_in_one_set_gid_directory_share_files(_directory):
    make_dir("d", 0o2770, 0, TEAM)
    with user(ALICE, GROUP, [TEAM]):
        os.umask(0o007)
        os.mkdir("d/sub")
        os.close(os.open("d/sub/f", os.O_CREAT | os.O_WRONLY, 0o666))
    with user(BOB, GROUP, [TEAM]):
        os.write(os.open("d/sub/f", os.O_WRONLY), b"from bob")
        os.rename("d/sub/f", "d/g")
    with user(BOB, GROUP):
        fails("EACCES", os.stat, "d/g")
    equal((owner("d/g"), mode("d/g"), get("d/g")), ((ALICE, TEAM), 0o660, "from bob"))


@case
def fifty_supplementary_groups_count(_directory):
    make_dir("d", 0o770, 0, TEAM)
    with user(ALICE, GROUP, [*range(5000, 5049), TEAM]):
        os.mkdir("d/x")
    equal(owner("d/x"), (ALICE, GROUP))
