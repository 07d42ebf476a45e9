"""Runs the cases of one group, each in a directory of its own except on a read-only file system.

Usage: suite.py GROUP DIRECTORY OTHER [WORD], as root, with tests/support in PYTHONPATH. DIRECTORY is on the file system
under test, OTHER a directory on another one. WORD: only the cases whose name contains it. Prints
{name: {"failure": text or null, "tree": lines of what the case left}} as JSON.

All in one process, so that a case costs what its system calls cost: another user is an identity of this process, not a
process (tools.user).
"""

import importlib
import json
import os
import stat
import sys

import tools
from tree_manifest import attributes, content, shown

GROUPS = {
    "usual": [
        "path_errors",
        "creating",
        "special_files",
        "removing",
        "renaming",
        "linking",
        "symlinks",
        "modes_and_owners",
        "times",
        "sizes",
        "opening",
        "data",
        "mapping",
        "locks",
        "directories",
        "extended_attributes",
        "permissions",
        "removed_files",
        "other_file_system",
        "names_of_files",
    ],
    # A file system that "before_read_only" has filled and that is read-only since.
    "before_read_only": ["before_read_only"],
    "read_only": ["read_only"],
    # A file system of 2 MiB and 100 inodes.
    "small": ["no_space"],
    "privileges": ["privileges"],
    "access_lists": ["access_lists"],
}
SHARED = ("before_read_only", "read_only")
FIRST_FREE_DESCRIPTOR = 3
LAST_DESCRIPTOR = 256


def main():
    group, directory, tools.OTHER = sys.argv[1:4]
    word = sys.argv[4] if len(sys.argv) > 4 else ""
    for module in GROUPS[group]:
        importlib.import_module(module)
    chosen = {name: function for name, function in tools.CASES.items() if word in name}
    results = {name: result_of(function, directory, at, group) for at, (name, function) in enumerate(chosen.items())}
    json.dump(results, sys.stdout)


def result_of(function, directory, at, group):
    own = directory if group in SHARED else os.path.join(directory, f"case{at}")
    if group not in SHARED:
        os.mkdir(own)
        os.chmod(own, 0o777)
    failure = None
    try:
        os.chdir(own)
        function(own)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it was, it is the result
        failure = f"{type(error).__name__}: {error}".splitlines()[0]
    finally:
        put_right(directory)
    os.chdir(own)  # some cases leave paths that are as long as they may be
    left = list(tree(b"."))
    os.chdir(directory)
    return {"failure": failure, "tree": left}


def put_right(directory):
    tools.become_root()
    os.umask(0o022)
    os.chdir(directory)
    os.closerange(FIRST_FREE_DESCRIPTOR, LAST_DESCRIPTOR)


def tree(directory, groups=None):
    """One line per object: all that does not depend on the moment and on how a file system counts directories."""
    groups = {} if groups is None else groups
    for name in sorted(os.listdir(directory)):
        path = name if directory == b"." else os.path.join(directory, name)
        info = os.lstat(path)
        is_directory = stat.S_ISDIR(info.st_mode)
        line = f"{shown(path)} {info.st_mode:o} {info.st_uid}:{info.st_gid} {content(path, info)}{attributes(path)}"
        if not is_directory:
            line += f" links={info.st_nlink} same_as={groups.setdefault(tools.inode(path), shown(path))}"
        yield line
        if is_directory:
            yield from tree(path, groups)


os.umask(0o022)
main()
