"""Names and paths: bytes, lengths, dots and slashes."""

import os

from calls import get
from tools import add, case, equal, fails, make_dir, make_file, names


def every_use(name):
    def function(_directory):
        make_dir("d")
        make_file(name)
        equal(sorted(os.listdir(b".")), sorted([b"d", os.fsencode(name)]))
        os.rename(name, f"d/{name}")
        os.link(f"d/{name}", name)
        equal((get(name), names("d")), ("content", [name]))
        os.unlink(name)
        os.mkdir(name)
        os.symlink(name, f"{name[:100]}~")
        os.rmdir(name)

    return function


for description, name in {
    "one byte": "x",
    "255 bytes": "n" * 255,
    "blanks and newlines": " \n\t x ",
    "a backslash and quotes": "\\\"'`$*?",
    "a colon and an equals sign": "a:b=c",
    "three dots": "...",
    "a dot in front": ".hidden",
    "a dash in front": "-rf",
    "letters beyond ASCII": "Straße_ñandú_日本",
    "bytes that are not UTF-8": "\udcff\udc80x\udcfe",
    "control characters": "\x01\x7f",
    "255 bytes of two each": "ä" * 127 + "x",
}.items():
    add(f"names of files: {description}", every_use(name))


@case
def a_name_of_256_bytes_in_every_call_that_makes(_directory):
    name = "n" * 256
    make_file("f")
    fails("ENAMETOOLONG", os.open, name, os.O_CREAT | os.O_WRONLY)
    fails("ENAMETOOLONG", os.mkdir, name)
    fails("ENAMETOOLONG", os.symlink, "x", name)
    fails("ENAMETOOLONG", os.link, "f", name)
    fails("ENAMETOOLONG", os.rename, "f", name)
    fails("ENAMETOOLONG", os.mkfifo, name)
    fails("ENAMETOOLONG", os.stat, name)
    fails("ENAMETOOLONG", os.unlink, name)
    equal(names(), ["f"])


@case
def a_path_of_4095_bytes_works(_directory):
    make_file("x")
    equal(get("./" * 2047 + "x"), "content")


@case
def deeper_than_a_path_can_say(_directory):
    for at in range(24):
        os.mkdir("l" * 200)
        os.chdir("l" * 200)
    make_file("f")
    os.rename("f", "g")
    os.chmod("g", 0o600)
    os.truncate("g", 3)
    equal((names(), get("g")), (["g"], "con"))
    os.unlink("g")
    for at in range(24):
        os.chdir("..")
        os.rmdir("l" * 200)


@case
def upper_and_lower_case_are_different_names(_directory):
    make_file("name", content=b"1")
    make_file("NAME", content=b"2")
    equal((get("name"), get("NAME")), ("1", "2"))


@case
def composed_and_decomposed_letters_are_different_names(_directory):
    make_file("\u00e4", content=b"1")
    make_file("a\u0308", content=b"2")
    equal((get("\u00e4"), len(names())), ("1", 2))


@case
def many_slashes_are_one(_directory):
    make_dir("d")
    make_file("d/f")
    equal(get(".//d////.//f"), "content")
    equal(names("d//"), ["f"])
