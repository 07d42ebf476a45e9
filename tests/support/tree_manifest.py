"""Prints one line per object of a directory tree: everything a copy has to keep. Usage: tree_manifest.py DIRECTORY.

Left out is what may differ between two faithful copies: ctime, inode numbers, and size and link count of directories.
"""

import hashlib
import os
import stat
import sys


def shown(name):
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def content(path, info):
    if stat.S_ISREG(info.st_mode):
        with open(path, "rb") as file:
            return f"size={info.st_size} sha256={hashlib.file_digest(file, 'sha256').hexdigest()}"
    if stat.S_ISLNK(info.st_mode):
        return f"target={shown(os.readlink(path))}"
    if stat.S_ISCHR(info.st_mode) or stat.S_ISBLK(info.st_mode):
        return f"device={info.st_rdev}"
    return ""


def attributes(path):
    names = sorted(os.listxattr(path, follow_symlinks=False))
    return "".join(f" {shown(name)}={os.getxattr(path, name, follow_symlinks=False).hex()}" for name in names)


def line(path, relative, groups):
    info = os.lstat(path)
    links = ""
    if not stat.S_ISDIR(info.st_mode):
        links = f" links={info.st_nlink}"
        if info.st_nlink > 1:
            links += f" same_as={groups.setdefault((info.st_dev, info.st_ino), shown(relative))}"
    return (
        f"{shown(relative)} mode={info.st_mode:o} owner={info.st_uid}:{info.st_gid} mtime_ns={info.st_mtime_ns}"
        f"{links} {content(path, info)}{attributes(path)}"
    )


def walk(root, relative, groups):
    for name in sorted(os.listdir(os.path.join(root, relative))):
        below = os.path.join(relative, name)
        path = os.path.join(root, below)
        print(line(path, below, groups))
        if stat.S_ISDIR(os.lstat(path).st_mode):
            walk(root, below, groups)


if __name__ == "__main__":
    walk(os.fsencode(sys.argv[1]), b"", {})
