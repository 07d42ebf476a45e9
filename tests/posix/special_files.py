"""mknod and mkfifo: pipes, sockets and devices, who may make them, and that they work."""

import os
import socket
import stat

from tools import ALICE, case, equal, fails, kind, make_dir, mode, names, owner, user


@case
def a_pipe_carries_bytes(_directory):
    os.mkfifo("p", 0o600)
    reader = os.open("p", os.O_RDONLY | os.O_NONBLOCK)
    writer = os.open("p", os.O_WRONLY)
    os.write(writer, b"through")
    equal((os.read(reader, 100), kind("p"), os.lstat("p").st_size), (b"through", stat.S_IFIFO, 0))


@case
def opening_a_pipe_to_write_without_a_reader_is_ENXIO(_directory):
    os.mkfifo("p")
    fails("ENXIO", os.open, "p", os.O_WRONLY | os.O_NONBLOCK)


@case
def a_socket_takes_connections(_directory):
    server = socket.socket(socket.AF_UNIX)
    server.bind("s")
    server.listen()
    client = socket.socket(socket.AF_UNIX)
    client.connect("s")
    client.sendall(b"hello")
    connection, _ = server.accept()
    equal((connection.recv(100), kind("s")), (b"hello", stat.S_IFSOCK))
    for end in (server, client, connection):
        end.close()


@case
def binding_a_socket_to_a_name_that_exists_is_EADDRINUSE(_directory):
    os.mknod("s", 0o600 | stat.S_IFREG)
    server = socket.socket(socket.AF_UNIX)
    fails("EADDRINUSE", server.bind, "s")
    server.close()


@case
def opening_a_socket_is_ENXIO(_directory):
    os.mknod("s", 0o666 | stat.S_IFSOCK)
    fails("ENXIO", os.open, "s", os.O_RDONLY)


@case
def connecting_to_a_socket_nobody_listens_on_is_ECONNREFUSED(_directory):
    os.mknod("s", 0o666 | stat.S_IFSOCK)
    client = socket.socket(socket.AF_UNIX)
    fails("ECONNREFUSED", client.connect, "s")
    client.close()


@case
def connecting_to_a_socket_needs_write_permission(_directory):
    os.mknod("s", 0o644 | stat.S_IFSOCK)
    client = socket.socket(socket.AF_UNIX)
    with user(ALICE):
        fails("EACCES", client.connect, "s")
    client.close()


@case
def devices_have_their_numbers(_directory):
    os.mknod("c", 0o640 | stat.S_IFCHR, os.makedev(1, 3))
    os.mknod("b", 0o600 | stat.S_IFBLK, os.makedev(250, 0x12345))
    equal((kind("c"), os.lstat("c").st_rdev, mode("c")), (stat.S_IFCHR, os.makedev(1, 3), 0o640))
    equal((kind("b"), os.lstat("b").st_rdev), (stat.S_IFBLK, os.makedev(250, 0x12345)))


@case
def a_user_may_not_make_devices(_directory):
    with user(ALICE):
        fails("EPERM", os.mknod, "c", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        fails("EPERM", os.mknod, "b", 0o666 | stat.S_IFBLK, os.makedev(7, 0))
    equal(names(), [])


@case
def a_user_may_make_pipes_sockets_and_files(_directory):
    with user(ALICE):
        os.mkfifo("p")
        os.mknod("s", 0o600 | stat.S_IFSOCK)
        os.mknod("f", 0o600 | stat.S_IFREG)
        os.mknod("g", 0o600)
    equal([owner(name)[0] for name in names()], [ALICE] * 4)
    equal(kind("g"), stat.S_IFREG)


@case
def mknod_of_a_directory_is_EPERM(_directory):
    fails("EPERM", os.mknod, "d", 0o755 | stat.S_IFDIR)


@case
def mknod_of_an_unknown_type_is_EINVAL(_directory):
    fails("EINVAL", os.mknod, "x", 0o644 | stat.S_IFLNK)
    fails("EINVAL", os.mknod, "x", 0o644 | 0o170000)


@case
def pipes_and_devices_are_renamed_linked_and_removed_like_files(_directory):
    make_dir("d")
    os.mkfifo("p")
    os.mknod("c", 0o600 | stat.S_IFCHR, os.makedev(1, 5))
    os.rename("p", "d/p")
    os.link("c", "d/c")
    os.unlink("c")
    equal((names(), names("d"), kind("d/c"), kind("d/p")), (["d"], ["c", "p"], stat.S_IFCHR, stat.S_IFIFO))


@case
def a_device_without_permission_to_open_it_on_this_mount_is_EACCES(_directory):
    os.mknod("null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    fails("EACCES", os.open, "null", os.O_RDONLY)


@case
def truncating_a_pipe_is_EINVAL(_directory):
    os.mkfifo("p")
    fails("EINVAL", os.truncate, "p", 0)
