"""What crosses the border of the file system."""

import os
import shutil

import tools
from calls import RENAME_EXCHANGE, RENAME_NOREPLACE, get, renameat2
from tools import case, equal, fails, make_dir, make_file, names


@case
def rename_out_is_EXDEV(_directory):
    make_file("f")
    make_dir("d")
    for name in ("f", "d"):
        fails("EXDEV", os.rename, name, f"{tools.OTHER}/never")
        fails("EXDEV", renameat2, name, f"{tools.OTHER}/never", RENAME_NOREPLACE)
    equal((names(), os.path.exists(f"{tools.OTHER}/never")), (["d", "f"], False))


@case
def rename_in_is_EXDEV(_directory):
    make_file(f"{tools.OTHER}/in")
    make_file("f")
    fails("EXDEV", os.rename, f"{tools.OTHER}/in", "x")
    fails("EXDEV", renameat2, f"{tools.OTHER}/in", "f", RENAME_EXCHANGE)
    os.unlink(f"{tools.OTHER}/in")


@case
def link_out_is_EXDEV(_directory):
    make_file("f")
    fails("EXDEV", os.link, "f", f"{tools.OTHER}/never")
    equal(os.stat("f").st_nlink, 1)


@case
def copies_in_and_out_keep_the_bytes(_directory):
    content = bytes(range(256)) * 1000
    make_file("f", content=content)
    shutil.copyfile("f", f"{tools.OTHER}/copy")
    shutil.copyfile(f"{tools.OTHER}/copy", "g")
    os.unlink(f"{tools.OTHER}/copy")
    equal(get("g") == get("f"), True)


@case
def a_symlink_out_is_followed(_directory):
    make_file(f"{tools.OTHER}/target", content=b"there")
    os.symlink(f"{tools.OTHER}/target", "s")
    equal(get("s"), "there")
    os.unlink("s")
    os.unlink(f"{tools.OTHER}/target")
