"""mkdir and open(O_CREAT): what is made, with which mode, owner, times and link count, and when it is refused."""

import os
import stat

from tools import (
    ALICE, GROUP, TEAM, add, case, equal, fails, kind, links, make_dir, make_file, mode, moves, names, owner, size,
    user,
)


def create(path, permissions=0o666, flags=os.O_WRONLY):
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | flags, permissions))


MAKERS = {
    "open": create,
    "mkdir": os.mkdir,
    "mkfifo": os.mkfifo,
    "mknod": lambda path, permissions=0o666: os.mknod(path, permissions | stat.S_IFREG),
    "mknod of a socket": lambda path, permissions=0o666: os.mknod(path, permissions | stat.S_IFSOCK),
}
MASKS = ((0o022, 0o777, 0o755), (0o027, 0o666, 0o640), (0o000, 0o777, 0o777), (0o777, 0o777, 0))
EXISTING = {
    "a file": make_file,
    "a directory": make_dir,
    "a symlink": lambda path: os.symlink("f", path),
    "a dangling symlink": lambda path: os.symlink("nowhere", path),
    "a pipe": os.mkfifo,
}


def add_tables():
    for maker_name, maker in MAKERS.items():
        for umask, asked, made in MASKS:
            masked_name = f"creating: {maker_name} with mode {asked:o} and umask {umask:o} gives {made:o}"
            add(masked_name, masked(maker, umask, asked, made))
        add(f"creating: {maker_name} by a user belongs to the user", owned(maker))
        add(f"creating: {maker_name} moves the times of its directory", stamped(maker))
        add(f"creating: {maker_name} by a user in a set-gid directory takes its group", in_set_gid(maker))
        for there_name, there in EXISTING.items():
            add(f"creating: {maker_name} where {there_name} is: EEXIST", refused(maker, there))


def masked(maker, umask, asked, made):
    def function(_directory):
        os.umask(umask)
        maker("x", asked)
        equal(mode("x"), made)

    return function


def owned(maker):
    def function(_directory):
        with user(ALICE, GROUP, [TEAM]):
            maker("x")
        equal(owner("x"), (ALICE, GROUP))
        assert links("x") == 1 or kind("x") == stat.S_IFDIR

    return function


def stamped(maker):
    def function(_directory):
        make_file("other")
        moves(lambda: maker("x"), {".": "mc", "other": ""})

    return function


def in_set_gid(maker):
    def function(_directory):
        make_dir("d", 0o2777, 0, TEAM)
        with user(ALICE):
            maker("d/x")
        equal(owner("d/x"), (ALICE, TEAM))
        equal(mode("d/x") & stat.S_ISGID, stat.S_ISGID if kind("d/x") == stat.S_IFDIR else 0)

    return function


def refused(maker, there):
    def function(_directory):
        make_file("f")
        there("x")
        before = os.lstat("x")
        fails("EEXIST", maker, "x")
        equal(os.lstat("x")[:7], before[:7])
        equal(names(), ["f", "x"])

    return function


add_tables()


@case
def a_new_file_is_empty_and_has_one_link(_directory):
    create("f")
    equal((size("f"), links("f"), os.lstat("f").st_blocks, kind("f")), (0, 1, 0, stat.S_IFREG))


@case
def a_new_directory_is_empty_and_has_two_links(_directory):
    os.mkdir("d")
    equal((os.listdir("d"), kind("d")), ([], stat.S_IFDIR))
    equal(links("d"), 2)


@case
def mkdir_adds_a_link_to_its_parent(_directory):
    os.mkdir("p")
    os.mkdir("p/a")
    equal(links("p"), 3)
    os.mkdir("p/b")
    equal(links("p"), 4)


@case
def mkdir_ignores_set_user_id_and_keeps_sticky(_directory):
    os.umask(0)
    os.mkdir("d", 0o7777)
    equal(mode("d"), 0o1777)


@case
def open_sets_all_permission_bits_it_is_asked_for(_directory):
    os.umask(0)
    create("f", 0o7777)
    equal(mode("f"), 0o7777)


@case
def a_user_outside_the_group_of_a_set_gid_directory_makes_a_file_without_set_gid(_directory):
    os.umask(0)
    make_dir("d", 0o2777, 0, TEAM)
    with user(ALICE):
        create("d/f", 0o2775)
    equal((mode("d/f"), owner("d/f")), (0o775, (ALICE, TEAM)))


@case
def a_member_of_the_group_of_a_set_gid_directory_may_make_a_set_gid_file(_directory):
    os.umask(0)
    make_dir("d", 0o2777, 0, TEAM)
    with user(ALICE, GROUP, [TEAM]):
        create("d/f", 0o2775)
    equal((mode("d/f"), owner("d/f")), (0o2775, (ALICE, TEAM)))


@case
def set_gid_is_inherited_down_a_tree(_directory):
    make_dir("d", 0o2777, 0, TEAM)
    with user(ALICE, GROUP, [TEAM]):
        os.makedirs("d/a/b/c")
        create("d/a/b/c/f")
    for path in ("d/a", "d/a/b", "d/a/b/c"):
        equal((mode(path), owner(path)), (0o2755, (ALICE, TEAM)), path)
    equal(owner("d/a/b/c/f"), (ALICE, TEAM))


@case
def a_file_may_be_opened_for_writing_by_its_maker_whatever_its_mode(_directory):
    with user(ALICE):
        fd = os.open("f", os.O_CREAT | os.O_RDWR, 0o000)
        equal(os.write(fd, b"abc"), 3)
        fails("EACCES", os.open, "f", os.O_RDONLY)
    equal((mode("f"), size("f")), (0, 3))


@case
def open_with_creat_opens_a_file_that_exists_and_leaves_its_mode(_directory):
    make_file("f", 0o640, ALICE, GROUP)
    moves(lambda: os.close(os.open("f", os.O_CREAT | os.O_WRONLY, 0o777)), {"f": "", ".": ""})
    equal((mode("f"), owner("f"), size("f")), (0o640, (ALICE, GROUP), 7))


@case
def open_with_creat_of_a_directory_is_EISDIR(_directory):
    os.mkdir("d")
    fails("EISDIR", os.open, "d", os.O_CREAT | os.O_WRONLY)
    fails("EISDIR", os.open, "d", os.O_CREAT | os.O_RDONLY)


@case
def open_with_creat_through_a_dangling_symlink_makes_its_target(_directory):
    os.mkdir("d")
    os.symlink("d/target", "s")
    os.close(os.open("s", os.O_CREAT | os.O_WRONLY, 0o600))
    equal((names("d"), kind("s"), mode("d/target")), (["target"], stat.S_IFLNK, 0o600))


@case
def open_with_creat_and_a_slash_behind_is_EISDIR(_directory):
    fails("EISDIR", os.open, "x/", os.O_CREAT | os.O_WRONLY)
    equal(names(), [])


@case
def mkdir_with_a_slash_behind_works(_directory):
    os.mkdir("d/")
    equal(names(), ["d"])


@case
def mkdir_of_dot_dot_dot_and_root_is_EEXIST(_directory):
    os.mkdir("d")
    for path in (".", "..", "d/.", "d/..", "/"):
        fails("EEXIST", os.mkdir, path)


@case
def mkdir_of_dot_below_a_missing_name_is_ENOENT(_directory):
    fails("ENOENT", os.mkdir, "gone/.")


@case
def creating_by_a_directory_descriptor(_directory):
    os.mkdir("d")
    fd = os.open("d", os.O_RDONLY | os.O_DIRECTORY)
    os.close(os.open("f", os.O_CREAT | os.O_WRONLY, 0o600, dir_fd=fd))
    os.mkdir("sub", dir_fd=fd)
    os.symlink("f", "s", dir_fd=fd)
    os.mkfifo("p", dir_fd=fd)
    equal(names("d"), ["f", "p", "s", "sub"])


@case
def creating_by_a_descriptor_of_a_file_is_ENOTDIR(_directory):
    make_file("f")
    fd = os.open("f", os.O_RDONLY)
    fails("ENOTDIR", os.mkdir, "x", dir_fd=fd)
    fails("ENOTDIR", os.open, "x", os.O_CREAT | os.O_WRONLY, dir_fd=fd)


@case
def creating_in_a_removed_directory_is_ENOENT(_directory):
    os.mkdir("d")
    os.chdir("d")
    os.rmdir("../d")
    fails("ENOENT", os.mkdir, "x")
    fails("ENOENT", os.open, "x", os.O_CREAT | os.O_WRONLY)
    fails("ENOENT", os.symlink, "x", "s")
    fails("ENOENT", os.mkfifo, "p")


@case
def two_hundred_names_in_one_directory(_directory):
    for at in range(200):
        create(f"{at}")
    equal(len(names()), 200)


@case
def a_tree_thirty_levels_deep(_directory):
    path = "/".join(f"d{at}" for at in range(30))
    os.makedirs(path)
    create(f"{path}/f")
    equal(names(path), ["f"])
