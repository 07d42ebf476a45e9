"""Fills the file system that the cases of read_only.py then find read-only."""

import os

from tools import case, make_dir, make_file


@case
def something_of_every_kind(_directory):
    make_file("f", 0o666)
    os.setxattr("f", "user.a", b"1")
    make_dir("d", 0o777)
    make_file("d/f", 0o666)
    make_dir("empty", 0o777)
    os.symlink("f", "s")
