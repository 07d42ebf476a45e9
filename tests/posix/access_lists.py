"""Access control lists: who gets in, what new objects inherit, and what chmod makes of a list."""

import os
import stat
import struct
import subprocess

from calls import O_TMPFILE, attempt, get, linkat_fd, put
from tools import ALICE, BOB, GROUP, TEAM, add, case, equal, fails, make_dir, make_file, mode, user

ACCESS, DEFAULT = "system.posix_acl_access", "system.posix_acl_default"
# Entries of linux/posix_acl_xattr.h: tag, permissions, id.
USER_OBJ, USER, GROUP_OBJ, NAMED_GROUP, MASK, OTHER = 1, 2, 4, 8, 16, 32
VERSION, NO_ID = 2, 0xFFFFFFFF


def packed(entries):
    return struct.pack("<I", VERSION) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def listed(owner, group, other, mask=None, users=(), groups=()):
    """A list in its order: {id: permissions} of named users and groups; a mask stands where there are any."""
    entries = [(USER_OBJ, owner, NO_ID)]
    entries += [(USER, permissions, uid) for uid, permissions in sorted(dict(users).items())]
    entries += [(GROUP_OBJ, group, NO_ID)]
    entries += [(NAMED_GROUP, permissions, gid) for gid, permissions in sorted(dict(groups).items())]
    entries += [] if mask is None else [(MASK, mask, NO_ID)]
    return packed([*entries, (OTHER, other, NO_ID)])


def set_list(path, *args, kind=ACCESS, **kwargs):
    os.setxattr(path, kind, listed(*args, **kwargs))


def get_list(path, kind=ACCESS):
    """[(tag, permissions, id)], or the name of the errno."""
    value = attempt(os.getxattr, path, kind)
    return value if isinstance(value, str) else list(struct.iter_unpack("<HHI", value[4:]))


def run(command):
    return subprocess.run(command, shell=True, check=True, capture_output=True, text=True).stdout


def access(path):
    """What this user may do with a file, in letters."""
    can = lambda flags: isinstance(attempt(lambda: os.close(os.open(path, flags))), int)  # noqa: E731
    return ("r" if can(os.O_RDONLY) else "-") + ("w" if can(os.O_WRONLY) else "-")


def may(expected, who, **parts):
    """Root's file, read-only for others, with a list; without it anybody may read."""

    def function(_directory):
        make_file("f", 0o604, 0, GROUP)
        set_list("f", **({"owner": 6, "group": 0, "other": 4, "mask": 7} | parts))
        with user(*who):
            equal(access("f"), expected)
            equal(attempt(os.stat, "f") == "EACCES", False)
        os.removexattr("f", ACCESS)
        os.chmod("f", 0o604)
        with user(*who):
            equal(access("f"), "--" if GROUP in (who[1], *who[2]) else "r-")

    return function


ALICE_ALONE, BOB_ALONE = (ALICE, 7, ()), (BOB, 7, ())
WHO_MAY = {
    "a named user gets what is listed": may("rw", ALICE_ALONE, users={ALICE: 6}),
    "a named user gets nothing though others may read": may("--", ALICE_ALONE, users={ALICE: 0}),
    "somebody else gets what others get": may("r-", BOB_ALONE, users={ALICE: 6}),
    "the mask limits a named user": may("r-", ALICE_ALONE, users={ALICE: 6}, mask=4),
    "the mask limits a named group": may("r-", (ALICE, TEAM, ()), groups={TEAM: 6}, mask=4),
    "the mask does not limit others": may("r-", ALICE_ALONE, users={BOB: 6}, mask=0),
    "a named group gets what is listed": may("rw", (ALICE, TEAM, ()), groups={TEAM: 6}),
    "a named group counts as a supplementary one": may("rw", (ALICE, 7, (8, TEAM, 9)), groups={TEAM: 6}),
    "a named user is no longer asked for groups": may("--", (ALICE, TEAM, ()), users={ALICE: 0}, groups={TEAM: 6}),
    "one of several groups is enough": may("-w", (ALICE, 7, (5, TEAM)), groups={5: 0, TEAM: 2}),
    "a group that gets nothing is kept from what others get": may("--", (ALICE, 7, (TEAM,)), groups={TEAM: 0}),
    "the owning group": may("-w", (ALICE, GROUP, ()), group=2, users={BOB: 6}),
}
for name, function in WHO_MAY.items():
    add(f"access lists: {name}", function)


@case
def a_named_user_searches_lists_and_changes_a_directory(_directory):
    make_dir("d", 0o700)
    make_file("d/f", 0o666)
    for permissions, expected in ((1, ("EACCES", "content", "EACCES")), (4, (["f"], "EACCES", "EACCES")), (7, (["f"], "content", 0))):
        set_list("d", 7, 0, 0, 7, {ALICE: permissions})
        with user(ALICE):
            equal((attempt(os.listdir, "d"), attempt(get, "d/f"), attempt(os.mkdir, "d/new")), expected)


@case
def a_list_is_in_force_at_once_and_so_is_its_end(_directory):
    make_file("f", 0o600)
    for _round in range(3):
        set_list("f", 6, 0, 0, 7, {ALICE: 6})
        with user(ALICE):
            equal(access("f"), "rw")
        os.removexattr("f", ACCESS)
        with user(ALICE):
            equal(access("f"), "--")


@case
def the_mode_shows_the_mask_and_changes_it(_directory):
    make_file("f", 0o640)
    equal(mode("f"), 0o640)
    set_list("f", 7, 4, 1, 6, {ALICE: 7})
    equal(mode("f"), 0o761)
    os.chmod("f", 0o754)
    equal(get_list("f"), [(USER_OBJ, 7, NO_ID), (USER, 7, ALICE), (GROUP_OBJ, 4, NO_ID), (MASK, 5, NO_ID), (OTHER, 4, NO_ID)])
    os.fchmod(os.open("f", os.O_RDONLY), 0o600)
    equal((mode("f"), get_list("f")[3]), (0o600, (MASK, 0, NO_ID)))
    with user(ALICE):
        equal(access("f"), "--")
    os.chmod("f", 0o660)
    with user(ALICE):
        equal(access("f"), "rw")


@case
def a_list_of_three_is_a_mode(_directory):
    make_file("f", 0o600)
    set_list("f", 6, 4, 2)
    equal((mode("f"), get_list("f"), os.listxattr("f")), (0o642, "ENODATA", []))


@case
def a_list_taken_away_leaves_the_mode(_directory):
    make_file("f", 0o600)
    set_list("f", 7, 0, 0, 6, {ALICE: 7})
    os.removexattr("f", ACCESS)
    equal((mode("f"), get_list("f")), (0o760, "ENODATA"))
    equal(attempt(os.removexattr, "f", ACCESS), 0)


@case
def only_the_owner_and_root_set_a_list(_directory):
    make_file("f", 0o666, ALICE, GROUP)
    make_dir("d", 0o777, ALICE, GROUP)
    with user(BOB, GROUP):
        fails("EPERM", set_list, "f", 6, 6, 6, 6, {BOB: 6})
        fails("EPERM", set_list, "d", 6, 6, 6, 6, {BOB: 6}, kind=DEFAULT)
        fails("EPERM", os.removexattr, "d", DEFAULT)
    with user(ALICE):
        set_list("f", 6, 6, 6, 6, {BOB: 6})
        set_list("d", 7, 7, 7, 7, {BOB: 6}, kind=DEFAULT)
    with user(BOB):
        equal(get_list("f")[1], (USER, 6, BOB))


@case
def lists_that_are_none(_directory):
    make_file("f")
    make_dir("d")
    os.symlink("f", "s")
    set_without_group = lambda path: os.setxattr(path, ACCESS, packed([(USER_OBJ, 6, NO_ID), (OTHER, 4, NO_ID)]))  # noqa: E731
    fails("EINVAL", set_without_group, "f")
    fails("EINVAL", set_list, "f", 6, 4, 4, None, {ALICE: 6})
    fails("EINVAL", os.setxattr, "f", ACCESS, b"\1\0")
    fails("ENOTSUP", os.setxattr, "f", ACCESS, struct.pack("<I", 3))
    fails("EACCES", set_list, "f", 6, 4, 4, kind=DEFAULT)
    fails("ENOTSUP", os.setxattr, "s", ACCESS, listed(6, 4, 4), follow_symlinks=False)
    equal((get_list("f"), get_list("f", DEFAULT), get_list("d", DEFAULT)), ("ENODATA",) * 3)
    equal(attempt(os.removexattr, "f", DEFAULT), 0)


@case
def an_owner_outside_the_group_loses_set_gid_by_a_list(_directory):
    make_file("f", 0o600, ALICE, TEAM)
    make_dir("d", 0o700, ALICE, TEAM)
    for who, kept in (((ALICE, GROUP), 0), ((ALICE, GROUP, [TEAM]), stat.S_ISGID), ((0, 0), stat.S_ISGID)):
        for path in ("f", "d"):
            os.chmod(path, 0o2755)
            with user(*who):
                set_list(path, 7, 7, 5, 7, {BOB: 7})
            equal(mode(path), 0o775 | kept, f"{path} by {who}")
    os.chmod("d", 0o2755)
    with user(ALICE):
        set_list("d", 7, 7, 5, 7, {BOB: 7}, kind=DEFAULT)
    equal(mode("d"), 0o2755)


INHERITED = {
    "open": lambda: os.close(os.open("d/new", os.O_CREAT | os.O_WRONLY, 0o666)),
    "open with a narrow mode": lambda: os.close(os.open("d/new", os.O_CREAT | os.O_WRONLY, 0o640)),
    "mkdir": lambda: os.mkdir("d/new"),
    "mkdir with a narrow mode": lambda: os.mkdir("d/new", 0o700),
    "mknod": lambda: os.mknod("d/new", 0o666),
    "mkfifo": lambda: os.mkfifo("d/new"),
    "mknod of a socket": lambda: os.mknod("d/new", stat.S_IFSOCK | 0o777),
    "symlink": lambda: os.symlink("x", "d/new"),
    "link": lambda: os.link("own", "d/new"),
    "rename": lambda: os.rename("own", "d/new"),
    "a nameless file": lambda: linkat_fd(os.open("d", O_TMPFILE | os.O_RDWR, 0o666), "d/new"),
    "a file of mode 4777": lambda: os.close(os.open("d/new", os.O_CREAT | os.O_WRONLY, 0o4777)),
}


def inherited(call, uid, default):
    """What is compared is what the call leaves: the lists and the mode of d/new."""

    def function(_directory):
        make_dir("d", 0o777)
        make_file("own", 0o640, uid, GROUP)
        if default is not None:
            os.setxattr("d", DEFAULT, default)
        with user(uid, GROUP):
            os.umask(0o027)
            call()

    return function


def add_tables():
    for name, call in INHERITED.items():
        full = listed(7, 5, 4, 7, {ALICE: 6}, {TEAM: 7})
        add(f"access lists: {name} in a directory with a default list", inherited(call, 0, full))
        add(f"access lists: {name} by a user in a directory with a default list", inherited(call, BOB, full))
        add(f"access lists: {name} in a directory with a default list of three", inherited(call, BOB, listed(7, 7, 6)))
        add(f"access lists: {name} in a directory without a default list", inherited(call, BOB, None))


add_tables()


@case
def a_default_list_is_inherited_all_the_way_down(_directory):
    make_dir("d", 0o755)
    set_list("d", 7, 5, 0, 7, {ALICE: 7}, {TEAM: 5}, kind=DEFAULT)
    os.makedirs("d/a/b/c")
    put("d/a/b/c/f", "text")
    os.chmod("d", 0o755)
    with user(ALICE):
        equal(get("d/a/b/c/f"), "text")
        put("d/a/b/c/g", "other text")
    with user(BOB, 7, [TEAM]):
        equal((get("d/a/b/c/g"), attempt(os.mkdir, "d/a/b/new")), ("other text", "EACCES"))
    with user(BOB, 7):
        fails("EACCES", os.listdir, "d/a")


@case
def a_default_list_taken_away_is_not_inherited(_directory):
    make_dir("d", 0o755)
    set_list("d", 7, 5, 0, 7, {ALICE: 7}, kind=DEFAULT)
    os.mkdir("d/a")
    os.removexattr("d", DEFAULT)
    os.mkdir("d/b")
    equal((get_list("d/a", DEFAULT) == "ENODATA", get_list("d/b", DEFAULT)), (False, "ENODATA"))


@case
def a_set_gid_directory_with_a_default_list(_directory):
    make_dir("d", 0o2770, 0, TEAM)
    set_list("d", 7, 7, 0, 7, {BOB: 7}, kind=DEFAULT)
    with user(ALICE, GROUP, [TEAM]):
        os.umask(0o077)
        os.mkdir("d/e")
        put("d/e/f", "text")
    info = os.stat("d/e/f")
    equal((info.st_gid, mode("d/e"), mode("d/e/f")), (TEAM, 0o2770, 0o660))


@case
def a_sticky_directory_protects_from_a_named_user(_directory):
    make_dir("d", 0o1700)
    make_file("d/f", 0o666)
    set_list("d", 7, 0, 0, 7, {ALICE: 7})
    with user(ALICE):
        fails("EPERM", os.unlink, "d/f")
        fails("EPERM", os.rename, "d/f", "d/g")


@case
def a_list_stays_with_a_renamed_and_a_linked_file(_directory):
    make_file("f", 0o600)
    set_list("f", 6, 0, 0, 7, {ALICE: 6})
    os.link("f", "g")
    os.rename("f", "h")
    for path in ("g", "h"):
        with user(ALICE):
            equal(access(path), "rw")
    set_list("g", 6, 0, 0, 7, {BOB: 6})
    with user(BOB):
        equal((access("g"), access("h")), ("rw", "rw"))
    with user(ALICE):
        equal((access("g"), access("h")), ("--", "--"))


@case
def getfacl_setfacl_and_cp(_directory):
    make_dir("d", 0o750)
    run(f"setfacl -m u:{ALICE}:rwx,g:{TEAM}:rx,d:u:{ALICE}:rw,d:m::rx d")
    put("d/f", "text")
    run(f"setfacl -m u:{BOB}:r,m::r d/f && setfacl -m u:{BOB}:- d/f")
    run("cp -a d copy && rsync -aAX --numeric-ids d/ synced/")
    run("getfacl -R -n d > listed && setfacl -R -b d && setfacl --restore=listed")
    equal(run("getfacl -R -n copy/").replace("copy", "d"), run("getfacl -R -n d/"))
    equal(run("getfacl -R -n synced/").replace("synced", "d"), run("getfacl -R -n d/"))
    equal("u" in run("rsync -aAXcin --numeric-ids d/ synced/"), False)
