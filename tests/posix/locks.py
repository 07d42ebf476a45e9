"""flock and fcntl locks, between open files and between processes."""

import fcntl
import os
import signal
import struct

from calls import attempt, wait_until
from tools import add, case, equal, fails, make_file

TRY = fcntl.LOCK_NB


def in_child(call):
    """What the call gives in a child process: 0 or the name of the errno."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        result = attempt(call)
        os.write(writer, str(result).encode())
        os._exit(0)
    os.close(writer)
    text = os.read(reader, 100).decode()
    os.waitpid(child, 0)
    return int(text) if text.isdigit() else text


@case
def flock_excludes_another_open_file(_directory):
    make_file("f")
    one, other = os.open("f", os.O_RDONLY), os.open("f", os.O_RDWR)
    fcntl.flock(one, fcntl.LOCK_EX | TRY)
    fails("EAGAIN", fcntl.flock, other, fcntl.LOCK_EX | TRY)
    fails("EAGAIN", fcntl.flock, other, fcntl.LOCK_SH | TRY)
    fcntl.flock(one, fcntl.LOCK_UN)
    fcntl.flock(other, fcntl.LOCK_EX | TRY)


@case
def flock_shares_and_ends_with_the_last_descriptor(_directory):
    make_file("f")
    one, other = os.open("f", os.O_RDONLY), os.open("f", os.O_RDONLY)
    fcntl.flock(one, fcntl.LOCK_SH | TRY)
    fcntl.flock(other, fcntl.LOCK_SH | TRY)
    fails("EAGAIN", fcntl.flock, one, fcntl.LOCK_EX | TRY)
    os.close(other)
    fcntl.flock(one, fcntl.LOCK_EX | TRY)


@case
def flock_of_a_directory(_directory):
    os.mkdir("d")
    one, other = os.open("d", os.O_RDONLY), os.open("d", os.O_RDONLY)
    fcntl.flock(one, fcntl.LOCK_EX | TRY)
    fails("EAGAIN", fcntl.flock, other, fcntl.LOCK_EX | TRY)


@case
def a_record_lock_excludes_another_process(_directory):
    make_file("f", content=b"0123456789")
    descriptor = os.open("f", os.O_RDWR)
    fcntl.lockf(descriptor, fcntl.LOCK_EX | TRY, 5, 0)
    equal(in_child(lambda: fcntl.lockf(os.open("f", os.O_RDWR), fcntl.LOCK_EX | TRY, 2, 3)), "EAGAIN")
    equal(in_child(lambda: fcntl.lockf(os.open("f", os.O_RDWR), fcntl.LOCK_EX | TRY, 2, 5)), 0)
    fcntl.lockf(descriptor, fcntl.LOCK_UN, 5, 0)
    equal(in_child(lambda: fcntl.lockf(os.open("f", os.O_RDWR), fcntl.LOCK_EX | TRY)), 0)


@case
def a_record_lock_holds_across_names(_directory):
    make_file("f")
    os.link("f", "g")
    descriptor = os.open("f", os.O_RDWR)
    fcntl.lockf(descriptor, fcntl.LOCK_EX | TRY)
    equal(in_child(lambda: fcntl.lockf(os.open("f", os.O_RDWR), fcntl.LOCK_EX | TRY)), "EAGAIN")


@case
def a_record_lock_goes_with_any_close_of_the_file(_directory):
    make_file("f")
    descriptor = os.open("f", os.O_RDWR)
    fcntl.lockf(descriptor, fcntl.LOCK_EX | TRY)
    os.close(os.open("f", os.O_RDONLY))
    equal(in_child(lambda: fcntl.lockf(os.open("f", os.O_RDWR), fcntl.LOCK_EX | TRY)), 0)


@case
def who_holds_a_lock_can_be_asked(_directory):
    make_file("f")
    descriptor = os.open("f", os.O_RDWR)
    fcntl.lockf(descriptor, fcntl.LOCK_EX | TRY, 4, 2)

    def ask():
        question = struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        answer = struct.unpack("hhqqi", fcntl.fcntl(os.open("f", os.O_RDWR), fcntl.F_GETLK, question)[:28])
        return 0 if answer[0] == fcntl.F_WRLCK and answer[2:] == (2, 4, os.getppid()) else 1

    equal(in_child(ask), 0)


@case
def an_exclusive_record_lock_needs_a_descriptor_for_writing(_directory):
    make_file("f")
    fails("EBADF", fcntl.lockf, os.open("f", os.O_RDONLY), fcntl.LOCK_EX | TRY)


def waits_for_a_lock(process):
    """Whether the system's list of locks has the process among those that wait."""
    with open("/proc/locks", encoding="ascii") as locks:
        return any(line.split()[1] == "->" and str(process) in line.split() for line in locks)


def waiting_child(take):
    """A child that waits for a lock; it ends with 7 when it has got it."""
    child = os.fork()
    if child == 0:
        take(os.open("f", os.O_RDWR))
        os._exit(7)
    wait_until("the child waits", lambda: waits_for_a_lock(child))
    return child


def waited_for(take):
    def function(_directory):
        make_file("f")
        descriptor = os.open("f", os.O_RDWR)
        take(descriptor, fcntl.LOCK_EX)
        child = waiting_child(lambda own: take(own, fcntl.LOCK_EX))
        take(descriptor, fcntl.LOCK_UN)
        equal(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 7)

    return function


add("locks: a record lock is waited for", waited_for(fcntl.lockf))
add("locks: a flock is waited for", waited_for(fcntl.flock))


@case
def who_waits_for_a_lock_can_be_killed(_directory):
    make_file("f")
    descriptor = os.open("f", os.O_RDWR)
    for take in (fcntl.lockf, fcntl.flock):
        take(descriptor, fcntl.LOCK_EX)
        child = waiting_child(lambda own: take(own, fcntl.LOCK_EX))
        os.kill(child, signal.SIGKILL)
        equal(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), -signal.SIGKILL)
        take(descriptor, fcntl.LOCK_UN)
        equal(in_child(lambda: take(os.open("f", os.O_RDWR), fcntl.LOCK_EX | TRY)), 0)
