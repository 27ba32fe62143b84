"""Where a user wants an output: a file is replaced, a stream is written to, and everything else is left alone."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from devbench.cli.output import write_output
from devbench.errors import DevbenchError, RunFolderError
from devbench.files import write_whole
from devbench.store.folder import RunFolder
from tests.conftest import Bench

CSV = Path(__file__).parents[2] / "results/published/coral-faq-2019.csv"
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make devices")


def refused(path: Path) -> str:
    with pytest.raises(DevbenchError) as caught:
        write_output(path, "text")
    return caught.value.message


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    for text in ("one", "other"):
        write_output(path, text)
        assert path.read_text() == text
    assert list(tmp_path.iterdir()) == [path]


@as_root
def test_a_device_stays_one_and_is_written_to(tmp_path: Path) -> None:
    null, full, disk = (tmp_path / name for name in ("null", "full", "disk"))
    os.mknod(null, stat.S_IFCHR | 0o666, os.makedev(1, 3))
    os.mknod(full, stat.S_IFCHR | 0o666, os.makedev(1, 7))
    os.mknod(disk, stat.S_IFBLK | 0o666, os.makedev(7, 99))
    before = {path: path.stat() for path in (null, full, disk)}
    write_output(null, "text")
    assert refused(full) == f"{full}: cannot be written: No space left on device"
    assert refused(disk) == f"{disk}: cannot be written: It is a device or a pipe, and only files are replaced"
    for path in before:
        with pytest.raises(OSError, match="a device or a pipe"):
            write_whole(path, b"text")
    assert {path: path.stat().st_mode for path in before} == {path: was.st_mode for path, was in before.items()}
    assert sorted(tmp_path.iterdir()) == sorted(before)


def test_a_link_is_not_replaced_and_not_followed(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("untouched")
    for to in (target, tmp_path / "none", Path("/dev/sda")):
        link.unlink(missing_ok=True)
        link.symlink_to(to)
        assert refused(link) == f"{link}: cannot be written: It is a symbolic link to {to}; name that file itself"
        assert link.is_symlink()
    assert target.read_text() == "untouched"
    assert refused(tmp_path) == f"{tmp_path}: cannot be written: It is a folder, and only files are replaced"


def test_a_pipe_is_written_to_if_somebody_reads_it(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert "cannot be written" in refused(pipe), "nobody reads it, and it is not waited for"
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()), daemon=True)
    reader.start()
    while not read:
        try:
            write_output(pipe, "text\x1b]0;title\x07" * 20_000)
        except DevbenchError:  # the reader has not come yet
            continue
        reader.join(10)
    assert read == ["text\\u001b]0;title\\u0007" * 20_000]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_no_link_that_waits_for_the_draft_is_written_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    monkeypatch.setattr("devbench.files.secrets.token_hex", lambda _count: "guessed")
    (tmp_path / f".page.guessed.{os.getpid()}.tmp").symlink_to(victim)
    with pytest.raises(OSError, match="File exists"):
        write_whole(tmp_path / "page", b"text")
    assert victim.read_text() == "untouched"


@pytest.mark.parametrize("redirected", [False, True])
def test_dev_stdout_is_standard_output_whatever_that_is(bench: Bench, redirected: bool) -> None:
    command = [sys.executable, "-m", "devbench", "report", str(CSV), "--format", "csv", "--out", "/dev/stdout"]
    into = bench.folder / "into.csv"
    with into.open("w") as file:
        done = subprocess.run(
            command, cwd=bench.folder, env=bench.env, stdout=file if redirected else subprocess.PIPE, check=True
        )
    text = into.read_text() if redirected else done.stdout.decode()
    assert text.startswith("schema,")
    assert text.count("\n") > 5


def test_a_run_takes_only_an_empty_folder(bench: Bench) -> None:
    bench.fake("a")
    done = bench("run", bench.fake_suite("a"), "--out", "/dev/full")
    assert done.returncode == 1
    assert "error: /dev/full: cannot be written: Not a directory\n  → Choose another --out." in done.stderr
    assert stat.S_ISCHR(Path("/dev/full").stat().st_mode)
    (bench.folder / "home").mkdir()
    (bench.folder / "home/letter.txt").write_text("dear")
    (bench.folder / "nowhere").symlink_to("none")
    for out, why in (
        ("home", "contains other things than a run: letter.txt"),
        ("suite.yaml", "cannot be written: Not a directory"),
        ("nowhere", "contains other things than a run: a link that leads nowhere"),
    ):
        with pytest.raises(RunFolderError, match=f"{out}: {why}"):
            RunFolder(bench.folder / out).refuse_what_is_there()


def test_what_a_killed_run_left_is_nothing(tmp_path: Path) -> None:
    for name in (".lock", ".run.json.1.2.tmp"):
        (tmp_path / name).touch()
    (tmp_path / "references").mkdir()
    RunFolder(tmp_path).refuse_what_is_there()
    RunFolder(tmp_path / "new").refuse_what_is_there()
