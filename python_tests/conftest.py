"""The pool that these tests use, as a person who only has the compiled program would: mounted, used, unmounted."""

import os
import pathlib
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = os.environ.get("MERGERFS_TS", str(ROOT / "dist" / "mergerfs-ts"))
DEADLINE_S = 10
LOOK_AGAIN_S = 0.005


def wait_until(what, is_true):
    """The only place where these tests wait by looking again."""
    end = time.monotonic() + DEADLINE_S
    while not is_true():
        if time.monotonic() > end:
            raise TimeoutError(f"Waited {DEADLINE_S} s in vain until {what}")
        time.sleep(LOOK_AGAIN_S)


class Pool:
    """A mounted pool of three branches. `path` is the mountpoint, `branches` are the directories behind it."""

    def __init__(self, directory, options=""):
        self.path = directory / "pool"
        self.branches = [directory / f"branch{at}" for at in range(3)]
        self.options = "minfreespace=0" + ("," + options if options else "")
        self.server = None

    def mount(self):
        for folder in (self.path, *self.branches):
            folder.mkdir()
        branches = ":".join(map(str, self.branches))
        command = [PROGRAM, "-f", "-o", self.options, branches, str(self.path)]
        self.server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        wait_until("the pool is mounted", lambda: self.path.is_mount() or self.server.poll() is not None)
        os.stat(self.path)

    def unmount(self):
        """Ends the server and returns its exit code."""
        if self.path.is_mount():
            subprocess.run(["umount", self.path], check=True)
        try:
            self.server.communicate(timeout=DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.server.kill()
            self.server.communicate()
        return self.server.returncode

    def places(self, name):
        """The numbers of the branches that hold this name."""
        return [at for at, branch in enumerate(self.branches) if os.path.lexists(branch / name)]


@pytest.fixture
def pool(tmp_path):
    mounted = Pool(tmp_path)
    mounted.mount()
    try:
        yield mounted
    finally:
        code = mounted.unmount()
    assert code == 0
    assert not mounted.path.is_mount()
