"""System calls that Deno and shells do not offer, for the Python parts of the mount tests (see run.ts).

Every call raises OSError; `attempt` turns that into the name of the errno, so that results can be compared as text.
"""

import ctypes
import errno
import fcntl
import json
import mmap
import os
import signal
import stat
import struct
import sys
import time

LIBC = ctypes.CDLL(None, use_errno=True)
AT_FDCWD = -100
AT_EMPTY_PATH = 0x1000
AT_SYMLINK_FOLLOW = 0x400
AT_SYMLINK_NOFOLLOW = 0x100
RENAME_NOREPLACE = 1
RENAME_EXCHANGE = 2
RENAME_WHITEOUT = 4
FALLOC_FL_KEEP_SIZE = 1
FALLOC_FL_PUNCH_HOLE = 2
FS_IOC_GETFLAGS = 0x80086601
FS_IOC_SETFLAGS = 0x40086602
FS_NODUMP_FL = 0x40
STATX_BTIME = 0x800
O_TMPFILE = 0o20200000
AT_HANDLE_CONNECTABLE = 2
MS_REMOUNT = 32
MAX_HANDLE_SIZE = 128

__all__ = [name for name in dir() if not name.startswith("__")]


def public(function):
    __all__.append(function.__name__)
    return function


@public
def show(value):
    """Hands a value to the test. Integers that JavaScript cannot hold become text."""
    json.dump(exact(value), sys.stdout)


def exact(value):
    if isinstance(value, dict):
        return {key: exact(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [exact(item) for item in value]
    return str(value) if isinstance(value, int) and abs(value) > 2**53 else value


@public
def attempt(call, *args, **kwargs):
    """The result of the call (None becomes 0), or the name of the errno it failed with."""
    try:
        result = call(*args, **kwargs)
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error.errno))
    return 0 if result is None else result


def checked(result):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


@public
def access(path, mode):
    """By the real ids. os.access does not tell the errno."""
    return checked(LIBC.access(os.fsencode(path), mode))


@public
def renameat2(old, new, flags):
    return checked(LIBC.renameat2(AT_FDCWD, os.fsencode(old), AT_FDCWD, os.fsencode(new), flags))


@public
def link_followed(old, new):
    """link, to what a symlink leads to. (os.link leaves that out.)"""
    return checked(LIBC.linkat(AT_FDCWD, os.fsencode(old), AT_FDCWD, os.fsencode(new), AT_SYMLINK_FOLLOW))


@public
def linkat_fd(fd, new):
    """Gives a nameless file a name, the way open(2) advises."""
    return link_followed(f"/proc/self/fd/{fd}", new)


class FileHandle(ctypes.Structure):
    _fields_ = [("size", ctypes.c_uint), ("type", ctypes.c_int), ("data", ctypes.c_ubyte * MAX_HANDLE_SIZE)]


@public
def handle_of(path, flags=0):
    """name_to_handle_at(2): what an NFS server keeps of a file, as text."""
    handle = FileHandle(MAX_HANDLE_SIZE)
    mount_id = ctypes.c_int()
    checked(LIBC.name_to_handle_at(AT_FDCWD, os.fsencode(path), ctypes.byref(handle), ctypes.byref(mount_id), flags))
    return bytes(handle).hex()


@public
def open_handle(mountpoint, handle, flags=os.O_RDONLY):
    """open_by_handle_at(2)."""
    directory = os.open(mountpoint, os.O_RDONLY)
    try:
        return checked(LIBC.open_by_handle_at(directory, bytes.fromhex(handle), flags))
    finally:
        os.close(directory)


@public
def drop_cached(mountpoint):
    """Makes the kernel forget all names and inodes of this mount that nobody uses: that is part of a remount."""
    checked(LIBC.mount(None, os.fsencode(mountpoint), None, ctypes.c_ulong(MS_REMOUNT), None))


@public
def fallocate(fd, mode, offset, length):
    return checked(LIBC.fallocate(fd, mode, ctypes.c_long(offset), ctypes.c_long(length)))


@public
def birth_time_ns(path):
    """statx btime; None when the file system does not tell."""
    buffer = ctypes.create_string_buffer(256)
    checked(LIBC.statx(AT_FDCWD, os.fsencode(path), AT_SYMLINK_NOFOLLOW, STATX_BTIME, buffer))
    if not struct.unpack_from("=I", buffer, 0)[0] & STATX_BTIME:
        return None
    seconds, nanoseconds = struct.unpack_from("=qI", buffer, 80)
    return seconds * 10**9 + nanoseconds


@public
def get_flags(path):
    fd = os.open(path, os.O_RDONLY)
    try:
        return struct.unpack("=i", fcntl.ioctl(fd, FS_IOC_GETFLAGS, b"\0" * 4))[0]
    finally:
        os.close(fd)


@public
def set_flags(path, flags):
    fd = os.open(path, os.O_RDONLY)
    try:
        fcntl.ioctl(fd, FS_IOC_SETFLAGS, struct.pack("=i", flags))
    finally:
        os.close(fd)


@public
def wait_until(what, is_true, deadline_s=10):
    """Looks again until the call says so. The only place where Python code of a test waits in this way."""
    end = time.monotonic() + deadline_s
    while not is_true():
        if time.monotonic() > end:
            raise TimeoutError(f"Waited {deadline_s} s in vain until {what}")
        time.sleep(0.005)


@public
def put(path, content=b""):
    """Writes a file in one go."""
    with open(path, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())


@public
def get(path):
    """The content of a file as text."""
    with open(path, "rb") as file:
        return file.read().decode("utf-8", "surrogateescape")


@public
def as_user(uid, gid, call, groups=()):
    """Runs the call in a child with these ids and returns what it returns (JSON), or the errno name."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups(list(groups))
            os.setresgid(gid, gid, gid)
            os.setresuid(uid, uid, uid)
            os.write(writer, json.dumps(attempt(call)).encode())
        except BaseException as error:  # noqa: BLE001 - the parent has to hear of it
            os.write(writer, json.dumps(f"raised {error!r}").encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as file:
        text = file.read()
    os.waitpid(child, 0)
    return json.loads(text)
