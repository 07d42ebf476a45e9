"""The calls of random_operations.py: each gets a world, which is one directory and what is open in it, and its arguments.

It returns what is compared, or raises OSError.
"""

import ctypes
import mmap
import os
import stat

from calls import LIBC, O_TMPFILE, attempt, fallocate, linkat_fd, renameat2

NAME_IN_DIRENT = 19
OLD = 10**9  # seconds since 1970: a time that a call has set lies before, one that the clock gave lies behind

LIBC.opendir.restype = LIBC.readdir.restype = ctypes.c_void_p
LIBC.opendir.argtypes, LIBC.readdir.argtypes = [ctypes.c_char_p], [ctypes.c_void_p]
LIBC.telldir.restype, LIBC.telldir.argtypes = ctypes.c_long, [ctypes.c_void_p]
LIBC.seekdir.argtypes, LIBC.closedir.argtypes = [ctypes.c_void_p, ctypes.c_long], [ctypes.c_void_p]


def filled(described):
    """The data of a call: one byte, and how often."""
    byte, count = described
    return bytes([byte]) * count


class World:
    """One directory, with the files that are open in it."""

    def __init__(self, directory):
        self.directory = directory
        self.open = {}

    def fd(self, slot):
        if slot not in self.open:
            raise OSError(9, "nothing is open there")
        return self.open[slot]

    def keep(self, slot, descriptor):
        self.close(slot)
        self.open[slot] = descriptor

    def close(self, slot):
        if slot in self.open:
            os.close(self.open.pop(slot))

    def close_all(self):
        for slot in list(self.open):
            self.close(slot)


def do_open(world, slot, path, flags, mode):
    world.keep(slot, os.open(path, flags | os.O_NONBLOCK, mode))


def do_open_at(world, slot, directory, name, flags, mode):
    world.keep(slot, os.open(name, flags | os.O_NONBLOCK, mode, dir_fd=world.fd(directory)))


def do_tmpfile(world, slot, path, mode):
    world.keep(slot, os.open(path, O_TMPFILE | os.O_RDWR, mode))


def do_dup(world, slot, other):
    world.keep(slot, os.dup(world.fd(other)))


def do_close(world, slot):
    world.fd(slot)
    world.close(slot)


def do_write_mapping(world, slot, offset, described):
    data = filled(described)
    with mapped(world.fd(slot), mmap.PROT_READ | mmap.PROT_WRITE) as mapping:
        end = min(offset + len(data), len(mapping))
        mapping[min(offset, end):end] = data[: max(0, end - offset)]
        mapping.flush()


def do_read_mapping(world, slot):
    with mapped(world.fd(slot), mmap.PROT_READ) as mapping:
        return bytes(mapping)


def mapped(descriptor, protection):
    size = os.fstat(descriptor).st_size
    if size == 0:
        raise OSError(22, "nothing to map")
    return mmap.mmap(descriptor, size, prot=protection)


def do_seek_hole(world, slot, offset, whence):
    """Where holes are is up to a file system: whether nothing but zeros is passed over. The position stays."""
    descriptor = world.fd(slot)
    before = os.lseek(descriptor, 0, os.SEEK_CUR)
    found = attempt(os.lseek, descriptor, offset, whence)
    os.lseek(descriptor, before, os.SEEK_SET)
    size = os.fstat(descriptor).st_size
    if found == "ENXIO" and offset < size:
        found = size
    if isinstance(found, str) or whence == os.SEEK_HOLE:
        return found if isinstance(found, str) else offset <= found <= size
    return not any(attempt_to_read(descriptor, found - offset, offset))


def attempt_to_read(descriptor, count, offset):
    """Nothing where the descriptor is for writing only."""
    data = attempt(os.pread, descriptor, count, offset)
    return data if isinstance(data, bytes) else b""


def do_copy_range(world, slot, other, count, offset, other_offset):
    return os.copy_file_range(world.fd(slot), world.fd(other), count, offset, other_offset)


def do_list(_world, path, back_to):
    """All names, and whether the names behind a position come again after seekdir."""
    directory = LIBC.opendir(os.fsencode(path))
    if not directory:
        raise OSError(ctypes.get_errno(), "opendir")
    try:
        found = list(entries(directory))
        if not found:
            return []
        position = found[back_to % len(found)][1]
        LIBC.seekdir(directory, position)
        again = [name for name, _position in entries(directory)]
        behind = [name for name, _position in found[back_to % len(found) + 1:]]
        return [sorted(name for name, _position in found), again == behind]
    finally:
        LIBC.closedir(directory)


def entries(directory):
    while entry := LIBC.readdir(directory):
        yield ctypes.string_at(entry + NAME_IN_DIRENT), LIBC.telldir(directory)


def do_list_open(world, slot):
    os.lseek(world.fd(slot), 0, os.SEEK_SET)
    return sorted(os.listdir(world.fd(slot)))


def told(info):
    """All of a stat that does not depend on the moment, nor on how a pool counts directories."""
    fields = [oct(info.st_mode), info.st_uid, info.st_gid]
    if stat.S_ISDIR(info.st_mode):
        return fields
    if not stat.S_ISREG(info.st_mode):
        return [*fields, info.st_nlink, info.st_size]  # what goes through a pipe stays in the kernel, also its time
    modified = info.st_mtime if info.st_mtime < OLD else "new"
    return [*fields, info.st_nlink, info.st_size, modified]


CALLS = {
    "open": do_open,
    "open_at": do_open_at,
    "tmpfile": do_tmpfile,
    "dup": do_dup,
    "close": do_close,
    "read": lambda world, slot, count: os.read(world.fd(slot), count),
    "pread": lambda world, slot, count, offset: os.pread(world.fd(slot), count, offset),
    "write": lambda world, slot, data: os.write(world.fd(slot), filled(data)),
    "pwrite": lambda world, slot, data, offset: os.pwrite(world.fd(slot), filled(data), offset),
    "writev": lambda world, slot, data: os.writev(world.fd(slot), [filled(data), b"", filled(data)]),
    "lseek": lambda world, slot, offset, whence: os.lseek(world.fd(slot), offset, whence),
    "seek_hole": do_seek_hole,
    "ftruncate": lambda world, slot, size: os.ftruncate(world.fd(slot), size),
    "fallocate": lambda world, slot, mode, offset, count: fallocate(world.fd(slot), mode, offset, count),
    "copy_range": do_copy_range,
    "sendfile": lambda world, slot, other, offset, count: os.sendfile(world.fd(slot), world.fd(other), offset, count),
    "write_mapping": do_write_mapping,
    "read_mapping": do_read_mapping,
    "fsync": lambda world, slot: os.fsync(world.fd(slot)),
    "fchmod": lambda world, slot, mode: os.fchmod(world.fd(slot), mode),
    "fchown": lambda world, slot, uid, gid: os.fchown(world.fd(slot), uid, gid),
    "futime": lambda world, slot, times: os.utime(world.fd(slot), times),
    "fsetxattr": lambda world, slot, name, value: os.setxattr(world.fd(slot), name, value),
    "fgetxattr": lambda world, slot, name: os.getxattr(world.fd(slot), name),
    "linkat": lambda world, slot, path: linkat_fd(world.fd(slot), path),
    "list_open": do_list_open,
    "list": do_list,
    "truncate": lambda _world, path, size: os.truncate(path, size),
    "mkdir": lambda _world, path, mode: os.mkdir(path, mode),
    "mknod": lambda _world, path, mode: os.mknod(path, mode),
    "rmdir": lambda _world, path: os.rmdir(path),
    "unlink": lambda _world, path: os.unlink(path),
    "rename": lambda _world, path, to, flags: renameat2(path, to, flags),
    "link": lambda _world, path, to: os.link(path, to, follow_symlinks=False),
    "symlink": lambda _world, path, to: os.symlink(path, to),
    "readlink": lambda _world, path: os.readlink(path),
    "chmod": lambda _world, path, mode: os.chmod(path, mode),
    "chown": lambda _world, path, uid, gid: os.lchown(path, uid, gid),
    "utime": lambda _world, path, times: os.utime(path, times, follow_symlinks=False),
    "setxattr": lambda _world, path, name, value, flags: os.setxattr(path, name, value, flags),
    "getxattr": lambda _world, path, name: os.getxattr(path, name),
    "listxattr": lambda _world, path: sorted(os.listxattr(path)),
    "removexattr": lambda _world, path, name: os.removexattr(path, name),
    "access": lambda _world, path, mode: os.access(path, mode, effective_ids=True),
    "stat": lambda _world, path: told(os.stat(path)),
}
