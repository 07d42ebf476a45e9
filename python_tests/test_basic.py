"""Everyday work in a pool, with the standard library of Python only."""

import errno
import os
import shutil
import sqlite3
import stat
import tempfile
import zipfile

import pytest


def test_a_file_written_in_the_pool_is_a_plain_file_on_one_branch(pool):
    (pool.path / "f").write_text("content")
    places = pool.places("f")
    assert len(places) == 1
    assert (pool.branches[places[0]] / "f").read_text() == "content"


def test_a_file_put_on_a_branch_appears_in_the_pool(pool):
    (pool.branches[2] / "folder").mkdir()
    (pool.branches[2] / "folder" / "f").write_text("content")
    assert (pool.path / "folder" / "f").read_text() == "content"
    assert os.listdir(pool.path / "folder") == ["f"]


def test_directories_are_merged(pool):
    for at, branch in enumerate(pool.branches):
        (branch / "films").mkdir()
        (branch / "films" / f"film{at}").touch()
    assert sorted(os.listdir(pool.path / "films")) == ["film0", "film1", "film2"]


def test_bytes_in_names_survive(pool):
    root = os.fsencode(pool.path)
    name = bytes(range(1, 47)) + bytes(range(48, 256))
    with open(os.path.join(root, name), "wb") as file:
        file.write(b"x")
    os.rename(os.path.join(root, name), os.path.join(root, name[::-1]))
    assert os.listdir(root) == [name[::-1]]


def test_copytree_and_rmtree(pool, tmp_path):
    source = tmp_path / "source"
    for folder in range(5):
        (source / str(folder)).mkdir(parents=True)
        for file in range(20):
            (source / str(folder) / str(file)).write_bytes(os.urandom(file * 100))
        (source / str(folder) / "link").symlink_to("0")
    shutil.copytree(source, pool.path / "copy", symlinks=True)
    for folder, _, files in os.walk(source):
        for file in files:
            original = os.path.join(folder, file)
            copy = pool.path / "copy" / os.path.relpath(original, source)
            assert copy.is_symlink() == os.path.islink(original)
            with open(original, "rb") as one, open(copy, "rb") as other:
                assert one.read() == other.read()
            assert os.lstat(copy).st_mtime_ns == os.lstat(original).st_mtime_ns
    shutil.rmtree(pool.path / "copy")
    assert not any(pool.places("copy"))


def test_random_access_in_a_file(pool):
    with open(pool.path / "f", "w+b") as file:
        file.seek(1_000_000)
        file.write(b"end")
        file.seek(10)
        file.write(b"begin")
        file.flush()
        file.seek(0)
        content = file.read()
    assert len(content) == 1_000_003
    assert content[10:15] == b"begin"
    assert content.count(0) == 1_000_003 - 8


def test_append_and_truncate(pool):
    for part in "abc":
        with open(pool.path / "f", "a") as file:
            file.write(part)
    os.truncate(pool.path / "f", 2)
    assert (pool.path / "f").read_text() == "ab"


def test_metadata(pool):
    path = pool.path / "f"
    path.touch()
    os.chmod(path, 0o640)
    os.chown(path, 1234, 4321)
    os.utime(path, ns=(1_000_000_001, 2_000_000_002))
    os.setxattr(path, "user.colour", b"blue")
    info = path.stat()
    assert stat.S_IMODE(info.st_mode) == 0o640
    assert (info.st_uid, info.st_gid) == (1234, 4321)
    assert (info.st_atime_ns, info.st_mtime_ns) == (1_000_000_001, 2_000_000_002)
    assert os.getxattr(path, "user.colour") == b"blue"


def test_pool_tells_where_a_file_lies(pool):
    (pool.path / "f").write_text("content")
    place = pool.branches[pool.places("f")[0]]
    assert os.getxattr(pool.path / "f", "user.mergerfs.basepath") == os.fsencode(place)
    assert os.getxattr(pool.path / "f", "user.mergerfs.fullpath") == os.fsencode(place / "f")


@pytest.mark.parametrize(
    "call, number",
    [
        (lambda root: os.mkdir(root / "d"), errno.EEXIST),
        (lambda root: os.rmdir(root / "d"), errno.ENOTEMPTY),
        (lambda root: os.rmdir(root / "d" / "f"), errno.ENOTDIR),
        (lambda root: os.unlink(root / "gone"), errno.ENOENT),
        (lambda root: os.rename(root / "d", root / "d" / "x"), errno.EINVAL),
        (lambda root: os.open(root / "d", os.O_WRONLY), errno.EISDIR),
        (lambda root: os.open(root / ("n" * 256), os.O_CREAT), errno.ENAMETOOLONG),
        (lambda root: os.getxattr(root / "d", "user.gone"), errno.ENODATA),
    ],
)
def test_errors(pool, call, number):
    (pool.path / "d").mkdir()
    (pool.path / "d" / "f").touch()
    with pytest.raises(OSError) as error:
        call(pool.path)
    assert error.value.errno == number


def test_temporary_files_zip_and_sqlite(pool):
    with tempfile.TemporaryFile(dir=pool.path) as file:
        file.write(b"content")
        file.seek(0)
        assert file.read() == b"content"
    with zipfile.ZipFile(pool.path / "z", "w") as archive:
        archive.writestr("a", b"a" * 10_000)
    with zipfile.ZipFile(pool.path / "z") as archive:
        assert archive.testzip() is None
    database = sqlite3.connect(pool.path / "database")
    with database:
        database.execute("create table t (x)")
        database.executemany("insert into t values (?)", [(at,) for at in range(100)])
    assert database.execute("select count(*) from t").fetchone() == (100,)
    database.close()
    assert sorted(os.listdir(pool.path)) == ["database", "z"]
