"""Files that somebody else could have written are told from one's own."""

from __future__ import annotations

import grp
import os
import pwd
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from devbench.ownership import check_ours, read_ours, sudo_caller
from tests.conftest import Bench

SOMEBODY = 4242
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of other users")


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        made = Path(name).resolve()
        made.chmod(0o755)
        (made / "sub").mkdir(mode=0o755)
        (made / "sub/file").write_text("text")
        (made / "sub/file").chmod(0o644)
        yield made


def why_not(path: Path) -> str:
    with pytest.raises(OSError) as caught:
        check_ours(path)
    with pytest.raises(OSError):
        read_ours(path)
    return f"{caught.value.filename}: {caught.value.strerror}"


def test_what_is_ours_is_read(folder: Path) -> None:
    assert read_ours(folder / "sub/file") == b"text"
    (folder / "sub").chmod(0o1777)
    assert read_ours(folder / "sub/file") == b"text", "as in /tmp, nobody can replace it"
    check_ours(folder / "sub/none/such")


def test_what_others_can_write_is_not(folder: Path) -> None:
    (folder / "sub/file").chmod(0o666)
    assert why_not(folder / "sub/file") == f"{folder}/sub/file: can be written by other users (mode 666)"
    (folder / "sub/file").chmod(0o644)
    folder.chmod(0o777)
    assert why_not(folder / "sub/file") == f"{folder}: can be written by other users (mode 777)"


@as_root
@pytest.mark.parametrize("which", [".", "sub", "sub/file"])
def test_what_belongs_to_somebody_else_is_not(folder: Path, which: str) -> None:
    os.chown(folder / which, SOMEBODY, SOMEBODY)
    assert why_not(folder / "sub/file").startswith(f"{(folder / which)}: belongs to user ")
    check_ours(folder / "sub/file", trusted=SOMEBODY)


@as_root
def test_a_link_is_followed_only_where_nobody_else_could_have_laid_it(folder: Path) -> None:
    (folder / "sub").chmod(0o1777)
    (folder / "sub/link").symlink_to("../sub/file")
    check_ours(folder / "sub/link")
    with pytest.raises(OSError, match="is a symbolic link"):
        read_ours(folder / "sub/link")
    os.lchown(folder / "sub/link", SOMEBODY, SOMEBODY)
    assert why_not(folder / "sub/link").startswith(f"{folder}/sub/link: belongs to user ")
    (folder / "open").mkdir()
    (folder / "open").chmod(0o777)
    (folder / "through").symlink_to(folder / "open")
    assert why_not(folder / "through/../sub/file").startswith(f"{folder}/open: can be written")


def test_neither_a_pipe_nor_a_device_nor_a_loop_is_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "pipe", 0o600)
    (folder / "loop").symlink_to("loop")
    for path, why in ((folder / "pipe", "is not a regular file"), (Path("/dev/zero"), "is not a regular file")):
        with pytest.raises(OSError, match=why):
            read_ours(path)
    with pytest.raises(OSError, match="Too many levels of symbolic links"):
        check_ours(folder / "loop")


@pytest.mark.parametrize(
    ("members", "primary", "good"),
    [
        ([], ["us"], True),
        (["us"], ["us"], True),
        (["them"], ["us"], False),
        ([], ["us", "them"], False),
        ([], [], False),
    ],
)
def test_a_group_of_which_its_owner_is_the_only_member_is_no_other_user(
    folder: Path, monkeypatch: pytest.MonkeyPatch, members: list[str], primary: list[str], good: bool
) -> None:
    """As on most Linux systems for a user's own files: umask 002 makes them mode 664."""
    (folder / "sub/file").chmod(0o664)
    group = (folder / "sub/file").stat().st_gid
    users = {"us": os.geteuid(), "them": SOMEBODY}
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: SimpleNamespace(pw_name="us" if uid == os.geteuid() else "them"))
    monkeypatch.setattr(grp, "getgrgid", lambda _gid: SimpleNamespace(gr_mem=members))
    monkeypatch.setattr(pwd, "getpwall", lambda: [SimpleNamespace(pw_uid=users[one], pw_gid=group) for one in primary])
    if good:
        assert read_ours(folder / "sub/file") == b"text"
    else:
        assert "mode 664" in why_not(folder / "sub/file")


@as_root
def test_the_caller_of_sudo_counts_only_for_root(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_UID", str(SOMEBODY))
    assert sudo_caller() == SOMEBODY
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert sudo_caller() is None


def test_no_worker_is_started_from_a_cache_that_others_can_write(bench: Bench) -> None:
    (bench.folder / "cache").mkdir()
    (bench.folder / "cache").chmod(0o777)
    done = bench("devices")
    assert done.returncode == 1
    assert f"error: {bench.folder}/cache: can be written by other users (mode 777)" in done.stderr
    assert "DEVBENCH_CACHE" in done.stderr
    assert not list((bench.folder / "cache").iterdir())


def test_nothing_is_removed_where_somebody_else_could_have_laid_a_link(bench: Bench) -> None:
    precious = bench.write("precious/file", "text")
    os.utime(precious, (0, 0))
    (bench.folder / "cache").mkdir()
    (bench.folder / "cache/workers").symlink_to(precious.parent)
    (bench.folder / "cache").chmod(0o777)
    done = bench("cache", "clean", "--all")
    assert done.returncode == 1
    assert "can be written by other users" in done.stderr
    assert precious.exists()
