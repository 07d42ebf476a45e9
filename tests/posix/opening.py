"""open with every flag, and exec."""

import fcntl
import os
import resource
import shutil
import subprocess

from calls import O_TMPFILE, attempt, get
from tools import (
    ALICE, BOB, GROUP, TEAM, add, case, equal, fails, kernel_setting, limit, links, make_dir, make_file, mode,
    names, owner, size, user,
)

MODES = {"read": os.O_RDONLY, "write": os.O_WRONLY, "both": os.O_RDWR}


@case
def a_directory_for_writing_is_EISDIR(_directory):
    os.mkdir("d")
    fails("EISDIR", os.open, "d", os.O_WRONLY)
    fails("EISDIR", os.open, "d", os.O_RDWR)
    fails("EISDIR", os.open, "d", os.O_RDONLY | os.O_TRUNC)


@case
def a_directory_for_reading_cannot_be_read(_directory):
    os.mkdir("d")
    fails("EISDIR", os.read, os.open("d", os.O_RDONLY), 10)


@case
def with_directory_a_file_is_ENOTDIR(_directory):
    make_file("f")
    fails("ENOTDIR", os.open, "f", os.O_RDONLY | os.O_DIRECTORY)
    fails("ENOTDIR", os.open, "f/", os.O_RDONLY)


@case
def with_creat_and_directory_is_EINVAL(_directory):
    fails("EINVAL", os.open, "x", os.O_CREAT | os.O_DIRECTORY | os.O_RDONLY)
    equal(names(), [])


@case
def with_excl_a_symlink_is_EEXIST(_directory):
    make_file("f")
    os.symlink("f", "s")
    fails("EEXIST", os.open, "s", os.O_CREAT | os.O_EXCL | os.O_WRONLY)


@case
def with_trunc_the_content_goes(_directory):
    make_file("f")
    other = os.open("f", os.O_RDONLY)
    os.open("f", os.O_WRONLY | os.O_TRUNC)
    equal((size("f"), os.fstat(other).st_size, os.read(other, 10)), (0, 0, b""))


@case
def with_trunc_and_creat_the_content_goes(_directory):
    make_file("f", 0o640)
    os.open("f", os.O_WRONLY | os.O_TRUNC | os.O_CREAT, 0o777)
    equal((size("f"), mode("f")), (0, 0o640))


@case
def with_trunc_by_a_reader_is_EACCES_and_nothing_goes(_directory):
    make_file("f", 0o644)
    with user(ALICE):
        fails("EACCES", os.open, "f", os.O_WRONLY | os.O_TRUNC)
        fails("EACCES", os.open, "f", os.O_RDONLY | os.O_TRUNC)
    equal(get("f"), "content")


@case
def for_reading_it_cannot_be_written_and_for_writing_not_read(_directory):
    make_file("f")
    fails("EBADF", os.write, os.open("f", os.O_RDONLY), b"x")
    fails("EBADF", os.read, os.open("f", os.O_WRONLY), 1)


@case
def as_a_path_it_can_be_neither_read_nor_written_but_looked_at(_directory):
    make_file("f")
    descriptor = os.open("f", os.O_PATH)
    fails("EBADF", os.read, descriptor, 1)
    equal(os.fstat(descriptor).st_size, 7)
    again = os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY)
    equal(os.read(again, 10), b"content")


@case
def as_a_path_no_permission_is_needed(_directory):
    make_file("f", 0o000)
    with user(ALICE):
        equal(os.fstat(os.open("f", os.O_PATH)).st_size, 7)
        fails("EACCES", os.open, "f", os.O_RDONLY)


@case
def again_through_proc_with_more_rights(_directory):
    make_file("f")
    descriptor = os.open("f", os.O_RDONLY)
    writer = os.open(f"/proc/self/fd/{descriptor}", os.O_WRONLY)
    os.write(writer, b"C")
    equal(get("f"), "Content")


@case
def access_modes_are_kept(_directory):
    make_file("f")
    for flags in (os.O_RDONLY, os.O_WRONLY | os.O_APPEND, os.O_RDWR | os.O_NONBLOCK, os.O_WRONLY | os.O_SYNC):
        shown = fcntl.fcntl(os.open("f", flags), fcntl.F_GETFL)
        equal(shown & (os.O_ACCMODE | os.O_APPEND | os.O_NONBLOCK | os.O_SYNC), flags)


@case
def append_can_be_set_afterwards(_directory):
    make_file("f", content=b"abc")
    descriptor = os.open("f", os.O_WRONLY)
    fcntl.fcntl(descriptor, fcntl.F_SETFL, os.O_APPEND)
    os.write(descriptor, b"def")
    equal(get("f"), "abcdef")


@case
def descriptors_run_out_with_EMFILE(_directory):
    make_file("f")
    with limit(resource.RLIMIT_NOFILE, 40):
        equal([attempt(os.open, "f", os.O_RDONLY) for _ in range(60)][-1], "EMFILE")
        fails("EMFILE", os.open, "new", os.O_CREAT | os.O_WRONLY)
    equal(names(), ["f"])


@case
def a_hundred_descriptors_of_one_file(_directory):
    make_file("f")
    descriptors = [os.open("f", flags) for flags in (os.O_RDONLY, os.O_RDWR) for _ in range(50)]
    os.write(descriptors[-1], b"C")
    equal({os.pread(descriptor, 7, 0) for descriptor in descriptors}, {b"Content"})


def permitted(who, position, bits, wanted):
    """Who may open a file whose mode has only these bits for the owner, the group or the others."""

    def function(_directory):
        make_file("f", bits << position, ALICE, TEAM)
        with who():
            for name, flags in MODES.items():
                allowed = {"read": bits & 4, "write": bits & 2, "both": bits & 6 == 6}[name]
                result = attempt(os.open, "f", flags)
                equal("EACCES" if result == "EACCES" else 0, 0 if allowed and wanted else "EACCES", name)

    return function


def add_permissions():
    people = {
        "the owner": (lambda: user(ALICE, GROUP), 6),
        "a member of the group": (lambda: user(BOB, TEAM), 3),
        "a member by supplementary group": (lambda: user(BOB, GROUP, [TEAM, 7]), 3),
        "somebody else": (lambda: user(BOB, GROUP), 0),
    }
    for who, (identity, own_position) in people.items():
        for bits in (0, 2, 4, 6):
            add(f"opening: {who} with permission {bits}", permitted(identity, own_position, bits, True))
        for position in {0, 3, 6} - {own_position}:
            add(f"opening: {who} with bits {6 << position:o} only", permitted(identity, position, 6, False))


add_permissions()


@case
def root_needs_no_permission_except_to_execute(_directory):
    make_file("f", 0o000, ALICE)
    os.open("f", os.O_RDWR)
    fails("EACCES", os.execve, "./f", ["f"], {})
    equal((os.access("f", os.R_OK | os.W_OK), os.access("f", os.X_OK)), (True, False))


@case
def access_asks_for_the_real_user(_directory):
    make_file("f", 0o754, ALICE, TEAM)
    with user(ALICE):
        equal([os.access("f", mask) for mask in (os.R_OK, os.W_OK, os.X_OK, 7)], [True] * 4)
    with user(BOB, GROUP, [TEAM]):
        equal([os.access("f", mask) for mask in (os.R_OK, os.W_OK, os.X_OK)], [True, False, True])
    with user(BOB):
        equal([os.access("f", mask) for mask in (os.R_OK, os.W_OK, os.X_OK)], [True, False, False])
    os.setreuid(BOB, 0)
    equal([os.access("f", os.X_OK), os.access("f", os.X_OK, effective_ids=True)], [False, True])


@case
def a_program_can_be_run(_directory):
    shutil.copyfile("/bin/true", "true")
    os.chmod("true", 0o755)
    equal(subprocess.run(["./true"], check=False).returncode, 0)
    os.unlink("true")


@case
def a_script_can_be_run(_directory):
    make_file("script", 0o755, content=b"#!/bin/sh\necho said\n")
    equal(subprocess.run(["./script"], check=False, capture_output=True).stdout, b"said\n")


@case
def running_without_permission_is_EACCES(_directory):
    make_file("f", 0o644, content=b"#!/bin/sh\n")
    fails("EACCES", os.execve, "./f", ["f"], {})


@case
def running_a_directory_is_EACCES(_directory):
    os.mkdir("d")
    fails("EACCES", os.execve, "./d", ["d"], {})


@case
def running_what_is_no_program_is_ENOEXEC(_directory):
    make_file("f", 0o755, content=b"\x01\x02\x03")
    fails("ENOEXEC", os.execve, "./f", ["f"], {})


@case
def a_running_program_cannot_be_written_ETXTBSY(_directory):
    shutil.copyfile("/bin/sleep", "sleep")
    os.chmod("sleep", 0o755)
    child = subprocess.Popen(["./sleep", "60"])
    try:
        fails("ETXTBSY", os.open, "sleep", os.O_WRONLY)
        fails("ETXTBSY", os.open, "sleep", os.O_RDWR)
        fails("ETXTBSY", os.truncate, "sleep", 0)
        os.rename("sleep", "slept")
        os.unlink("slept")
    finally:
        child.kill()
        child.wait()
    equal(names(), [])


@case
def a_program_open_for_writing_cannot_be_run_ETXTBSY(_directory):
    shutil.copyfile("/bin/true", "true")
    os.chmod("true", 0o755)
    descriptor = os.open("true", os.O_WRONLY)
    fails("ETXTBSY", subprocess.run, ["./true"], check=False)
    os.close(descriptor)
    equal(subprocess.run(["./true"], check=False).returncode, 0)
    os.unlink("true")


@case
def a_nameless_file_has_the_owner_and_mode_of_any_file(_directory):
    make_dir("d", 0o2777, 0, TEAM)
    with user(ALICE):
        descriptor = os.open("d", O_TMPFILE | os.O_RDWR, 0o666)
        info = os.fstat(descriptor)
        equal((info.st_mode & 0o7777, info.st_uid, info.st_gid, info.st_nlink), (0o644, ALICE, TEAM, 0))
        os.write(descriptor, b"x" * 5000)
        equal((os.fstat(descriptor).st_size, os.pread(descriptor, 3, 4998)), (5000, b"xx"))
    equal(names("d"), [])


@case
def a_nameless_file_in_a_directory_without_permission_is_EACCES(_directory):
    make_dir("d", 0o755)
    with user(ALICE):
        fails("EACCES", os.open, "d", O_TMPFILE | os.O_RDWR, 0o600)


@case
def a_nameless_file_below_a_file_is_ENOTDIR(_directory):
    make_file("f")
    fails("ENOTDIR", os.open, "f", O_TMPFILE | os.O_RDWR, 0o600)


@case
def creat_in_the_sticky_directory_of_another_user_may_be_refused(_directory):
    make_dir("t", 0o1777)
    make_file("t/f", 0o666, BOB)
    with user(ALICE):
        expected = "EACCES" if kernel_setting("fs/protected_regular") else 0
        result = attempt(os.open, "t/f", os.O_CREAT | os.O_WRONLY)
        equal(result if result == "EACCES" else 0, expected)
    equal((owner("t/f"), links("t/f")), ((BOB, 0), 1))
