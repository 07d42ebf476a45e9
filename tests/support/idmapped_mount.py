"""Shows a directory once more at another place, with users and groups mapped.

Usage: idmapped_mount.py SOURCE TARGET UID_MAP GID_MAP. A map has the lines of user_namespaces(7): "STORED SHOWN COUNT", with
commas between the lines. What is stored on the file system under an id of the first column shows under one of the second.
Prints the name of the errno when the kernel refuses the mapping (mount_setattr(2)), nothing otherwise.
"""

import ctypes
import os
import signal
import sys

from calls import AT_EMPTY_PATH, AT_FDCWD, LIBC, attempt, checked

OPEN_TREE, MOVE_MOUNT, MOUNT_SETATTR = 428, 429, 442
OPEN_TREE_CLONE = 1
OPEN_TREE_CLOEXEC = os.O_CLOEXEC
MOVE_MOUNT_F_EMPTY_PATH = 4
MOUNT_ATTR_IDMAP = 0x100000
CLONE_NEWUSER = 0x10000000


class MountAttr(ctypes.Structure):
    """struct mount_attr of linux/mount.h."""

    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "user_namespace")]


def system_call(number, *args):
    return checked(LIBC.syscall(number, *args))


def user_namespace(uid_map, gid_map):
    """A descriptor of a namespace with these maps. It lives as long as the descriptor; the process that made it ends."""
    ready, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        checked(LIBC.unshare(CLONE_NEWUSER))
        os.write(write_end, b"1")
        signal.pause()
    try:
        os.read(ready, 1)
        for name, text in (("uid_map", uid_map), ("gid_map", gid_map)):
            descriptor = os.open(f"/proc/{child}/{name}", os.O_WRONLY)
            os.write(descriptor, text.replace(",", "\n").encode())
            os.close(descriptor)
        return os.open(f"/proc/{child}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def main():
    source, target, uid_map, gid_map = sys.argv[1:]
    tree = system_call(OPEN_TREE, AT_FDCWD, os.fsencode(source), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)
    attributes = MountAttr(set=MOUNT_ATTR_IDMAP, user_namespace=user_namespace(uid_map, gid_map))
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    mapped = attempt(system_call, MOUNT_SETATTR, tree, b"", AT_EMPTY_PATH, ctypes.byref(attributes), size)
    if mapped != 0:
        print(mapped, end="")
        return
    system_call(MOVE_MOUNT, tree, b"", AT_FDCWD, os.fsencode(target), MOVE_MOUNT_F_EMPTY_PATH)


main()
