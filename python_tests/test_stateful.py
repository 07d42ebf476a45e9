"""Random sequences of file operations, compared step by step with a plain directory.

The model is a native file system: whatever it answers, result or errno, the pool has to answer too. Afterwards both trees
must be the same, and each file must lie on exactly one branch.
"""

import errno
import os
import pathlib
import shutil
import tempfile

from conftest import Pool
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

FOLDERS = ["", "a", "b", "a/c"]
NAMES = ["f", "g", "é", os.fsdecode(b"\xff\xfe")]
FILES = st.builds(os.path.join, st.sampled_from(FOLDERS), st.sampled_from(NAMES))
MADE_FOLDERS = st.sampled_from(["a", "b", "a/c", "d", "a/d"])
CONTENT = st.binary(max_size=40)
OFFSET = st.integers(min_value=0, max_value=5000)


class Files(RuleBasedStateMachine):
    """One pool for each example; every rule does the same in the pool and in the model."""

    @initialize()
    def start(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="mergerfs-ts-python-"))
        self.pool = Pool(self.directory)
        self.pool.mount()
        self.model = self.directory / "model"
        self.model.mkdir()
        self.open_files = {}

    def teardown(self):
        if not hasattr(self, "pool"):
            return
        try:
            self.close_all()
            self.check_branches()
        finally:
            code = self.pool.unmount()
            shutil.rmtree(self.directory)
        assert code == 0

    def both(self, call):
        """Runs the call with both roots; results and errors must agree."""
        answers = []
        for root in (self.model, self.pool.path):
            try:
                answers.append(call(root))
            except OSError as error:
                answers.append(errno.errorcode[error.errno])
        expected, found = answers
        assert found == expected
        return found

    @rule(path=FILES, content=CONTENT)
    def write(self, path, content):
        self.both(lambda root: (root / path).write_bytes(content))

    @rule(path=FILES)
    def create_new(self, path):
        self.both(lambda root: os.close(os.open(root / path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o640)))

    @rule(path=FILES)
    def read(self, path):
        self.both(lambda root: (root / path).read_bytes())

    @rule(path=FILES, content=CONTENT, offset=OFFSET)
    def write_at(self, path, content, offset):
        def call(root):
            fd = os.open(root / path, os.O_RDWR)
            try:
                return os.pwrite(fd, content, offset), os.fstat(fd).st_size, os.pread(fd, 100, offset)
            finally:
                os.close(fd)

        self.both(call)

    @rule(path=FILES, size=OFFSET)
    def truncate(self, path, size):
        self.both(lambda root: os.truncate(root / path, size))

    @rule(old=FILES, new=FILES)
    def rename(self, old, new):
        self.both(lambda root: os.rename(root / old, root / new))

    @rule(old=FILES, new=FILES)
    def link(self, old, new):
        self.both(lambda root: os.link(root / old, root / new, follow_symlinks=False))

    @rule(path=FILES, points_to=FILES)
    def symlink(self, path, points_to):
        self.both(lambda root: os.symlink(points_to, root / path))

    @rule(path=FILES)
    def unlink(self, path):
        self.both(lambda root: os.unlink(root / path))

    @rule(path=MADE_FOLDERS)
    def mkdir(self, path):
        self.both(lambda root: os.mkdir(root / path))

    @rule(path=MADE_FOLDERS)
    def rmdir(self, path):
        self.both(lambda root: os.rmdir(root / path))

    @rule(old=MADE_FOLDERS, new=MADE_FOLDERS)
    def rename_folder(self, old, new):
        # A directory over a directory is judged by each branch on its own (operations.md §14), so only to free names.
        if not os.path.lexists(self.model / new):
            self.both(lambda root: os.rename(root / old, root / new))

    @rule(path=FILES, mode=st.sampled_from([0o600, 0o644, 0o755, 0o4711]))
    def chmod(self, path, mode):
        self.both(lambda root: os.chmod(root / path, mode))

    @rule(path=FILES, seconds=st.integers(min_value=0, max_value=2**31))
    def utime(self, path, seconds):
        self.both(lambda root: os.utime(root / path, ns=(seconds * 10**9 + 1, seconds * 10**9 + 2), follow_symlinks=False))

    @rule(path=FILES, value=CONTENT)
    def attribute(self, path, value):
        self.both(lambda root: os.setxattr(root / path, "user.a", value))
        self.both(lambda root: os.getxattr(root / path, "user.a"))

    @rule(path=FILES, slot=st.integers(min_value=0, max_value=2))
    def open(self, path, slot):
        self.close(slot)
        fds = {}

        def call(root):
            fds[root] = os.open(root / path, os.O_RDWR)

        if self.both(call) is None:
            self.open_files[slot] = fds

    @rule(slot=st.integers(min_value=0, max_value=2), content=CONTENT, offset=OFFSET)
    def use_open_file(self, slot, content, offset):
        if slot in self.open_files:
            fds = self.open_files[slot]
            self.both(lambda root: (
                os.pwrite(fds[root], content, offset), os.pread(fds[root], 6000, 0), os.fstat(fds[root]).st_nlink
            ))

    def close(self, slot):
        for fd in self.open_files.pop(slot, {}).values():
            os.close(fd)

    def close_all(self):
        for slot in list(self.open_files):
            self.close(slot)

    @invariant()
    def trees_are_equal(self):
        if hasattr(self, "pool"):
            self.both(tree)

    def check_branches(self):
        found = sorted(name for branch in self.pool.branches for name, kind, *_ in tree(branch) if kind != "directory")
        assert found == sorted(name for name, kind, *_ in tree(self.model) if kind != "directory")


def tree(root):
    """All objects below a directory, with what must be the same in pool and model."""
    found = []
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.join(folder, name)
            relative = os.path.relpath(path, root)
            info = os.lstat(path)
            if os.path.islink(path):
                found.append((relative, "link", os.readlink(path), info.st_nlink))
            elif os.path.isdir(path):
                found.append((relative, "directory", info.st_mode))
            else:
                found.append((relative, "file", info.st_mode, info.st_size, info.st_nlink))
    return sorted(found)


Files.TestCase.settings = settings(
    max_examples=20,
    stateful_step_count=40,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
TestFiles = Files.TestCase
