"""rename and renameat2: every pair of types, replaced targets, open files and directories, times and link counts."""

import os
import stat

from calls import RENAME_EXCHANGE, RENAME_NOREPLACE, RENAME_WHITEOUT, get, renameat2
from tools import add, case, equal, fails, inode, kind, links, make_dir, make_file, moves, names, stays


def full_dir(path):
    os.mkdir(path)
    make_file(f"{path}/inside")


OBJECTS = {
    "a file": make_file,
    "a symlink": lambda path: os.symlink("nowhere", path),
    "a pipe": os.mkfifo,
    "a device": lambda path: os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 3)),
    "an empty directory": os.mkdir,
    "a full directory": full_dir,
}


def expected_errno(source, target):
    if "directory" not in source:
        return "EISDIR" if "directory" in target else None
    if "directory" not in target:
        return "ENOTDIR"
    return "ENOTEMPTY" if "full" in target else None


def onto(make_source, make_target, errno_name):
    def function(_directory):
        os.mkdir("to")
        make_source("x")
        make_target("to/y")
        source = inode("x"), kind("x")
        if errno_name is not None:
            stays(lambda: os.rename("x", "to/y"), errno_name, ["x", "to", ".", "to/y"])
            equal((inode("x"), kind("x")), source)
            return
        os.rename("x", "to/y")
        equal((kind("to/y"), names(), names("to")), (source[1], ["to"], ["y"]))

    return function


def to_new(make_source):
    def function(_directory):
        make_dir("a")
        make_dir("b")
        make_source("a/x")
        before = kind("a/x")
        moves(lambda: os.rename("a/x", "b/y"), {"a": "mc", "b": "mc", ".": ""})
        equal((kind("b/y"), names("a"), names("b")), (before, [], ["y"]))
        fails("ENOENT", os.lstat, "a/x")

    return function


def exchanged(make_one, make_other):
    def function(_directory):
        make_one("x")
        make_other("y")
        kinds = kind("x"), kind("y")
        renameat2("x", "y", RENAME_EXCHANGE)
        equal((kind("y"), kind("x")), kinds)

    return function


def add_tables():
    for source, make_source in OBJECTS.items():
        add(f"renaming: {source} to a new name in another directory", to_new(make_source))
        for target, make_target in OBJECTS.items():
            errno_name = expected_errno(source, target)
            result = "" if errno_name is None else f" is {errno_name}"
            add(f"renaming: {source} onto {target}{result}", onto(make_source, make_target, errno_name))
    for one, other in (("a file", "a file"), ("a file", "a full directory"), ("a symlink", "an empty directory")):
        add(f"renaming: exchange {one} and {other}", exchanged(OBJECTS[one], OBJECTS[other]))


add_tables()


@case
def a_file_keeps_its_inode_content_and_mode(_directory):
    make_file("a", 0o640, 5, 6, b"text")
    before = inode("a")
    os.rename("a", "b")
    equal((inode("b"), get("b"), stat.S_IMODE(os.stat("b").st_mode), os.stat("b").st_uid), (before, "text", 0o640, 5))


@case
def a_file_gets_a_new_ctime(_directory):
    make_file("a")
    moves(lambda: os.rename("a", "b"), {".": "mc"})
    descriptor = os.open("b", os.O_RDONLY)
    moves(lambda: os.rename("b", "c"), {descriptor: "c"})


@case
def a_replaced_file_loses_a_link(_directory):
    make_file("a", content=b"a")
    make_file("b", content=b"b")
    os.link("b", "other")
    moves(lambda: os.rename("a", "b"), {"other": "c"})
    equal((get("b"), get("other"), links("other")), ("a", "b", 1))


@case
def an_open_replaced_file_can_be_read(_directory):
    make_file("a", content=b"new")
    make_file("b", content=b"old")
    descriptor = os.open("b", os.O_RDONLY)
    os.rename("a", "b")
    equal((os.read(descriptor, 10), os.fstat(descriptor).st_nlink, get("b")), (b"old", 0, "new"))


@case
def an_open_renamed_file_can_be_written(_directory):
    make_file("a", content=b"")
    descriptor = os.open("a", os.O_WRONLY)
    os.rename("a", "b")
    os.write(descriptor, b"text")
    equal((get("b"), names()), ("text", ["b"]))


@case
def a_name_onto_itself_changes_nothing(_directory):
    make_file("a")
    os.mkdir("d")
    moves(lambda: os.rename("a", "a"), {"a": "", ".": ""})
    moves(lambda: os.rename("d", "d"), {"d": "", ".": ""})


@case
def one_name_of_a_file_onto_another_changes_nothing(_directory):
    make_file("a")
    os.link("a", "b")
    moves(lambda: os.rename("a", "b"), {"a": "", "b": "", ".": ""})
    equal((names(), links("a")), (["a", "b"], 2))


@case
def a_file_open_by_both_its_names_stays_itself_after_that(_directory):
    make_file("a")
    os.mkdir("d")
    os.link("a", "d/b")
    descriptors = [os.open(name, os.O_RDWR) for name in ("a", "d/b")]
    os.rename("d/b", "a")
    for descriptor in descriptors:
        os.setxattr(descriptor, "user.of", str(descriptor).encode())
        equal(os.getxattr("d/b", "user.of"), str(descriptor).encode())
        equal(os.fstat(descriptor).st_nlink, 2)
    os.unlink("a")
    os.setxattr(descriptors[0], "user.of", b"the name that is left")
    equal((os.getxattr("d/b", "user.of"), os.fstat(descriptors[0]).st_nlink), (b"the name that is left", 1))


@case
def a_directory_into_itself_is_EINVAL(_directory):
    os.makedirs("d/e/f")
    for target in ("d/x", "d/e/x", "d/e/f/x"):
        stays(lambda: os.rename("d", target), "EINVAL", ["d", "d/e", "."])


@case
def a_directory_onto_its_ancestor_is_ENOTEMPTY(_directory):
    os.makedirs("d/e/f")
    fails("ENOTEMPTY", os.rename, "d/e/f", "d")
    fails("ENOTEMPTY", os.rename, "d/e/f", "d/e")


@case
def a_directory_moves_a_link_from_parent_to_parent(_directory):
    os.makedirs("a/x")
    os.mkdir("b")
    os.rename("a/x", "b/x")
    equal((links("a"), links("b")), (2, 3))


@case
def a_moved_directory_has_its_new_parent(_directory):
    os.makedirs("a/x")
    os.mkdir("b")
    make_file("b/mark")
    os.rename("a/x", "b/x")
    equal(names("b/x/.."), ["mark", "x"])


@case
def everything_below_moves_along(_directory):
    os.makedirs("a/b/c")
    make_file("a/b/f", content=b"f")
    make_file("a/b/c/g", content=b"g")
    os.rename("a", "z")
    equal((get("z/b/f"), get("z/b/c/g"), names()), ("f", "g", ["z"]))
    fails("ENOENT", os.stat, "a/b/f")


@case
def dot_and_dot_dot_are_EBUSY(_directory):
    os.mkdir("d")
    fails("EBUSY", os.rename, "d/.", "x")
    fails("EBUSY", os.rename, "d/..", "x")
    fails("EBUSY", os.rename, "d", ".")


@case
def a_missing_source_is_ENOENT_and_leaves_the_target(_directory):
    make_file("b")
    fails("ENOENT", os.rename, "gone", "b")
    equal(get("b"), "content")


@case
def a_file_with_a_slash_behind_is_ENOTDIR(_directory):
    make_file("f")
    fails("ENOTDIR", os.rename, "f/", "x")
    fails("ENOTDIR", os.rename, "f", "x/")


@case
def a_directory_with_a_slash_behind_works(_directory):
    os.mkdir("d")
    os.rename("d/", "e/")
    equal(names(), ["e"])


@case
def a_symlink_is_renamed_itself(_directory):
    make_file("f")
    os.symlink("f", "s")
    os.rename("s", "t")
    equal((os.readlink("t"), names()), ("f", ["f", "t"]))


@case
def a_symlink_as_target_is_replaced_itself(_directory):
    make_file("f", content=b"f")
    make_file("g", content=b"g")
    os.symlink("f", "s")
    os.rename("g", "s")
    equal((get("s"), get("f"), kind("s")), ("g", "f", stat.S_IFREG))


@case
def a_directory_onto_a_symlink_to_a_directory_is_ENOTDIR(_directory):
    os.mkdir("d")
    os.mkdir("e")
    os.symlink("e", "s")
    fails("ENOTDIR", os.rename, "d", "s")


@case
def noreplace_onto_anything_is_EEXIST(_directory):
    make_file("f")
    for at, make in enumerate(OBJECTS.values()):
        make(f"x{at}")
        fails("EEXIST", renameat2, "f", f"x{at}", RENAME_NOREPLACE)


@case
def noreplace_to_a_new_name(_directory):
    make_file("f")
    renameat2("f", "g", RENAME_NOREPLACE)
    equal(names(), ["g"])


@case
def exchange_with_a_missing_name_is_ENOENT(_directory):
    make_file("f")
    fails("ENOENT", renameat2, "f", "gone", RENAME_EXCHANGE)
    fails("ENOENT", renameat2, "gone", "f", RENAME_EXCHANGE)
    equal(names(), ["f"])


@case
def exchange_of_files_in_two_directories(_directory):
    os.mkdir("a")
    os.mkdir("b")
    make_file("a/x", content=b"1")
    make_file("b/y", content=b"2")
    renameat2("a/x", "b/y", RENAME_EXCHANGE)
    equal((get("a/x"), get("b/y")), ("2", "1"))


@case
def exchange_of_a_directory_with_one_inside_is_EINVAL(_directory):
    os.makedirs("d/e")
    fails("EINVAL", renameat2, "d", "d/e", RENAME_EXCHANGE)


@case
def flags_that_exclude_each_other_are_EINVAL(_directory):
    make_file("f")
    make_file("g")
    fails("EINVAL", renameat2, "f", "g", RENAME_NOREPLACE | RENAME_EXCHANGE)
    fails("EINVAL", renameat2, "f", "g", 1 << 10)
    equal(names(), ["f", "g"])


@case
def whiteout_leaves_a_device_behind(_directory):
    make_file("f")
    renameat2("f", "g", RENAME_WHITEOUT)
    equal((names(), kind("f"), os.lstat("f").st_rdev), (["f", "g"], stat.S_IFCHR, 0))


@case
def by_directory_descriptors(_directory):
    os.mkdir("a")
    os.mkdir("b")
    make_file("a/x")
    source, target = os.open("a", os.O_RDONLY), os.open("b", os.O_RDONLY)
    os.rename("x", "y", src_dir_fd=source, dst_dir_fd=target)
    equal((names("a"), names("b")), ([], ["y"]))


@case
def there_and_back_a_hundred_times(_directory):
    os.mkdir("d")
    make_file("f")
    for _ in range(100):
        os.rename("f", "d/g")
        os.rename("d/g", "f")
    equal((names(), get("f")), (["d", "f"], "content"))


@case
def a_replaced_empty_directory_that_is_open_stays_readable(_directory):
    os.mkdir("a")
    make_file("a/f")
    os.mkdir("b")
    descriptor = os.open("b", os.O_RDONLY)
    os.rename("a", "b")
    equal((os.listdir(descriptor), names("b")), ([], ["f"]))


@case
def into_a_directory_that_only_just_exists(_directory):
    make_file("f")
    os.makedirs("a/b/c")
    os.rename("f", "a/b/c/f")
    os.rename("a/b/c/f", "a/f")
    os.rename("a/b", "b")
    equal((names(), names("a"), names("b"), names("b/c")), (["a", "b"], ["f"], ["c"], []))
