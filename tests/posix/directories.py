"""readdir and its positions, working directories, and what stat tells of a directory."""

import ctypes
import os
import stat

from tools import ALICE, case, equal, fails, inode, make_dir, make_file, names, user

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.opendir.restype = LIBC.readdir.restype = ctypes.c_void_p
LIBC.telldir.restype = ctypes.c_long
NAME_OFFSET = 19


class Stream:
    """The directory stream of the C library, for positions that Python does not offer."""

    def __init__(self, path):
        self.stream = ctypes.c_void_p(LIBC.opendir(os.fsencode(path)))

    def next(self):
        entry = LIBC.readdir(self.stream)
        return None if entry is None else os.fsdecode(ctypes.string_at(entry + NAME_OFFSET))

    def rest(self):
        return list(iter(self.next, None))

    def tell(self):
        return LIBC.telldir(self.stream)

    def seek(self, position):
        LIBC.seekdir(self.stream, ctypes.c_long(position))

    def rewind(self):
        LIBC.rewinddir(self.stream)


def fill(count):
    make_dir("d")
    for at in range(count):
        make_file(f"d/name_{at}", content=b"")


@case
def every_name_comes_once(_directory):
    fill(500)
    found = Stream("d").rest()
    equal((len(found), len(set(found)), {".", ".."} <= set(found)), (502, 502, True))


@case
def types_and_inode_numbers_are_those_of_stat(_directory):
    make_file("f")
    os.mkdir("d")
    os.symlink("f", "s")
    os.mkfifo("p")
    os.mknod("k", 0o600 | stat.S_IFSOCK)
    os.mknod("c", 0o600 | stat.S_IFCHR, 5)
    for entry in os.scandir("."):
        info = os.lstat(entry.name)
        equal(entry.inode(), info.st_ino, entry.name)
        equal((entry.is_file(follow_symlinks=False), entry.is_dir(follow_symlinks=False), entry.is_symlink()),
              (stat.S_ISREG(info.st_mode), stat.S_ISDIR(info.st_mode), stat.S_ISLNK(info.st_mode)), entry.name)


@case
def a_position_can_be_returned_to(_directory):
    fill(300)
    stream = Stream("d")
    for _ in range(100):
        stream.next()
    position = stream.tell()
    rest = stream.rest()
    stream.seek(position)
    equal(stream.rest(), rest)
    stream.rewind()
    equal(len(stream.rest()), 302)


@case
def rewinding_shows_what_is_new(_directory):
    fill(3)
    stream = Stream("d")
    stream.rest()
    make_file("d/new")
    os.unlink("d/name_0")
    stream.rewind()
    equal(sorted(stream.rest()), [".", "..", "name_1", "name_2", "new"])


@case
def names_that_stay_come_once_while_others_go(_directory):
    fill(400)
    stream = Stream("d")
    found = [stream.next() for _ in range(50)]
    for at in range(0, 400, 2):
        os.unlink(f"d/name_{at}")
    found += stream.rest()
    stay = {f"name_{at}" for at in range(1, 400, 2)}
    equal((stay <= set(found), len(found) == len(set(found))), (True, True))


@case
def removing_while_listing_empties_a_directory(_directory):
    fill(300)
    stream = Stream("d")
    while (name := stream.next()) is not None:
        if name not in (".", ".."):
            os.unlink(f"d/{name}")
    equal(names("d"), [])
    os.rmdir("d")


@case
def listing_needs_read_permission_only(_directory):
    make_dir("d", 0o744)
    make_file("d/f")
    with user(ALICE):
        equal(os.listdir("d"), ["f"])
        fails("EACCES", os.stat, "d/f")


@case
def entering_needs_search_permission_only(_directory):
    make_dir("d", 0o711)
    make_file("d/f")
    with user(ALICE):
        fails("EACCES", os.listdir, "d")
        equal(os.stat("d/f").st_size, 7)
        os.chdir("d")


@case
def listing_a_file_is_ENOTDIR(_directory):
    make_file("f")
    fails("ENOTDIR", os.listdir, "f")
    fails("ENOTDIR", os.chdir, "f")


@case
def an_open_directory_follows_a_rename(_directory):
    make_dir("d")
    descriptor = os.open("d", os.O_RDONLY)
    os.rename("d", "e")
    make_file("e/f")
    equal((os.listdir(descriptor), os.fstat(descriptor).st_ino), (["f"], os.stat("e").st_ino))


@case
def a_working_directory_follows_a_rename_of_its_parent(directory):
    os.makedirs("a/b")
    os.chdir("a/b")
    os.rename("../../a", "../../z")
    make_file("f")
    equal((os.getcwd(), names("../../z/b")), (f"{directory}/z/b", ["f"]))


@case
def dot_and_dot_dot_are_the_directory_and_its_parent(_directory):
    os.makedirs("a/b")
    equal((inode("a/b/."), inode("a/b/..")), (inode("a/b"), inode("a")))


@case
def an_inode_number_stays(_directory):
    make_file("f")
    os.mkdir("d")
    before = [inode("f"), inode("d")]
    os.chmod("f", 0o600)
    make_file("d/x")
    equal([inode("f"), inode("d")], before)


@case
def a_directory_keeps_its_inode_number_when_renamed(_directory):
    os.mkdir("d")
    before = inode("d")
    os.rename("d", "e")
    equal(inode("e"), before)


@case
def different_objects_have_different_inode_numbers(_directory):
    for at in range(20):
        make_file(f"f{at}")
        os.mkdir(f"d{at}")
    equal(len({inode(name) for name in names()}), 40)


@case
def all_are_on_one_device(_directory):
    make_file("f")
    os.makedirs("d/e")
    os.symlink("x", "d/s")
    equal({os.lstat(path).st_dev for path in (".", "f", "d", "d/e", "d/s")}, {os.stat(".").st_dev})


@case
def statvfs_is_the_same_everywhere_and_plausible(_directory):
    make_file("f")
    os.mkdir("d")
    here, there, by_descriptor = os.statvfs("."), os.statvfs("d"), os.fstatvfs(os.open("f", os.O_RDONLY))
    equal((here.f_blocks, here.f_namemax), (there.f_blocks, there.f_namemax))
    equal(by_descriptor.f_blocks, here.f_blocks)
    assert 0 < here.f_bavail <= here.f_bfree <= here.f_blocks and 0 < here.f_ffree <= here.f_files
    equal((here.f_namemax, os.pathconf(".", "PC_NAME_MAX")), (255, 255))
