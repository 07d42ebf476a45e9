"""unlink and rmdir: what goes, which times and link counts move, and what refuses."""

import os
import stat

from tools import ALICE, BOB, add, case, equal, fails, links, make_file, moves, names, stays, user

OBJECTS = {
    "a file": make_file,
    "a symlink": lambda path: os.symlink("nowhere", path),
    "a pipe": os.mkfifo,
    "a socket": lambda path: os.mknod(path, 0o600 | stat.S_IFSOCK),
    "a device": lambda path: os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 3)),
}


def unlinked(make):
    def function(_directory):
        make("x")
        moves(lambda: os.unlink("x"), {".": "mc"})
        equal(names(), [])
        fails("ENOENT", os.lstat, "x")
        fails("ENOENT", os.unlink, "x")

    return function


def not_a_directory(make):
    def function(_directory):
        make("x")
        stays(lambda: os.rmdir("x"), "ENOTDIR", ["x", "."])

    return function


def add_tables():
    for name, make in OBJECTS.items():
        add(f"removing: unlink of {name}", unlinked(make))
        add(f"removing: rmdir of {name} is ENOTDIR", not_a_directory(make))


add_tables()


@case
def unlink_of_one_of_two_names_counts_down_and_moves_ctime(_directory):
    make_file("a")
    os.link("a", "b")
    moves(lambda: os.unlink("a"), {"b": "c", ".": "mc"})
    equal((links("b"), names()), (1, ["b"]))


@case
def unlink_of_a_directory_is_EISDIR(_directory):
    os.mkdir("d")
    stays(lambda: os.unlink("d"), "EISDIR", ["d", "."])


@case
def unlink_of_a_symlink_to_a_directory_removes_the_symlink(_directory):
    os.mkdir("d")
    os.symlink("d", "s")
    os.unlink("s")
    equal(names(), ["d"])


@case
def unlink_with_a_slash_behind_a_file_is_ENOTDIR(_directory):
    make_file("f")
    fails("ENOTDIR", os.unlink, "f/")
    equal(names(), ["f"])


@case
def unlink_needs_no_permission_on_the_file(_directory):
    make_file("f", 0o000, BOB)
    with user(ALICE):
        os.unlink("f")
    equal(names(), [])


@case
def rmdir_of_an_empty_directory(_directory):
    os.mkdir("d")
    moves(lambda: os.rmdir("d"), {".": "mc"})
    equal(names(), [])
    fails("ENOENT", os.rmdir, "d")


@case
def rmdir_takes_a_link_from_its_parent(_directory):
    os.makedirs("p/a")
    os.mkdir("p/b")
    os.rmdir("p/a")
    equal(links("p"), 3)
    os.rmdir("p/b")
    equal(links("p"), 2)


@case
def rmdir_of_a_directory_with_a_file_is_ENOTEMPTY(_directory):
    os.mkdir("d")
    make_file("d/f")
    stays(lambda: os.rmdir("d"), "ENOTEMPTY", ["d", ".", "d/f"])


@case
def rmdir_of_a_directory_with_a_directory_is_ENOTEMPTY(_directory):
    os.makedirs("d/e")
    fails("ENOTEMPTY", os.rmdir, "d")


@case
def rmdir_of_a_directory_with_a_dangling_symlink_is_ENOTEMPTY(_directory):
    os.mkdir("d")
    os.symlink("nowhere", "d/s")
    fails("ENOTEMPTY", os.rmdir, "d")


@case
def rmdir_of_dot_is_EINVAL(_directory):
    os.mkdir("d")
    fails("EINVAL", os.rmdir, "d/.")
    fails("EINVAL", os.rmdir, ".")


@case
def rmdir_of_dot_dot_is_ENOTEMPTY(_directory):
    os.makedirs("d/e")
    fails("ENOTEMPTY", os.rmdir, "d/e/..")


@case
def rmdir_of_a_symlink_to_a_directory_is_ENOTDIR(_directory):
    os.mkdir("d")
    os.symlink("d", "s")
    fails("ENOTDIR", os.rmdir, "s")
    fails("ENOTDIR", os.rmdir, "s/")


@case
def rmdir_with_a_slash_behind_works(_directory):
    os.mkdir("d")
    os.rmdir("d/")
    equal(names(), [])


@case
def rmdir_of_a_working_directory_works(_directory):
    os.mkdir("d")
    os.chdir("d")
    os.rmdir("../d")
    equal(os.listdir("."), [])
    fails("ENOENT", os.getcwd)


@case
def rmdir_of_a_mount_point_is_EBUSY(_directory):
    fails("EBUSY", os.rmdir, "/proc")


@case
def removing_by_a_directory_descriptor(_directory):
    os.makedirs("d/e")
    make_file("d/f")
    fd = os.open("d", os.O_RDONLY)
    os.unlink("f", dir_fd=fd)
    os.rmdir("e", dir_fd=fd)
    equal(os.listdir(fd), [])


@case
def a_name_is_free_again_after_unlink(_directory):
    for at in range(20):
        make_file("x", content=b"%d" % at)
        os.unlink("x")
        os.mkdir("x")
        os.rmdir("x")
        os.symlink("y", "x")
        os.unlink("x")
    equal(names(), [])


@case
def a_tree_is_removed_from_the_bottom(_directory):
    for at in range(5):
        os.makedirs(f"t/{at}/x/y")
        make_file(f"t/{at}/x/f")
    for root, directories, files in os.walk("t", topdown=False):
        for name in files:
            os.unlink(os.path.join(root, name))
        for name in directories:
            os.rmdir(os.path.join(root, name))
    os.rmdir("t")
    equal(names(), [])
