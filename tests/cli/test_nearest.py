"""Whoever names the wrong thing is told the nearest right one."""

from __future__ import annotations

from pathlib import Path

import pytest

from devbench.cli.app import run_app

RUN = "results/runs/20260101T000000Z-imagenet"
NEWER = "results/runs/20260202T000000Z-imagenet"
SUITE = "name: s\nmodels: [mobilenet_v1]\ndevices: [desktop-cpu]\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Suites, runs that cannot be read, and a CSV, as they stand in a clone."""
    monkeypatch.chdir(tmp_path)
    for name, text in {
        "suites/imagenet.yaml": SUITE,
        f"{RUN}/run.json": "",
        f"{RUN}/samples.parquet": "",
        f"{RUN}/outputs/case000.json": "",
        f"{NEWER}/run.json": "",
        "results/published/coral.csv": "",
        "results/notes/text.txt": "",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "mine.tflite").write_bytes(b"\x18\0\0\0TFL3\xff")
    return tmp_path


@pytest.mark.parametrize(
    ("line", "status", "said"),
    [
        ("rnu", 2, "there is no command 'rnu'; did you mean 'run'?"),
        ("measure", 2, "there is no command 'measure'; known: accuracy, cache, check, compare, devices"),
        ("suites/imagenet.yaml", 2, "did you mean `devbench run suites/imagenet.yaml`?"),
        (RUN, 2, f"did you mean `devbench report {RUN}`?"),
        ("run --profil quick suites/imagenet.yaml", 2, "'--profile'"),
        ("report --format markdwon x", 2, "'markdown'"),
        ("run imagenet", 1, "Did you mean suites/imagenet.yaml?"),
        ("run imagenet.yaml", 1, "Did you mean suites/imagenet.yaml?"),
        ("run suites/imagnet.yaml", 1, "Did you mean suites/imagenet.yaml?"),
        ("run suites/imagenet", 1, "Did you mean suites/imagenet.yaml?"),
        ("run suites", 1, "Name a suite in it: suites/imagenet.yaml"),
        ("run results", 1, "Name a YAML file (docs/suites.md)."),
        ("run coral.csv", 1, "this is not a suite\n  → This looks like a results CSV: `devbench report coral.csv`"),
        ("report suites/imagenet.yaml", 1, "This looks like a suite: `devbench run suites/imagenet.yaml`"),
        ("report mine.tflite", 1, "This looks like a model: `devbench check mine.tflite`"),
        ("report coral", 1, "there is no such file\n  → Did you mean results/published/coral.csv?"),
        ("check mine.tfilte", 1, "there is no such file\n  → Did you mean mine.tflite?"),
        ("verify results/runs", 1, "is a folder of runs, and not one run"),
        ("verify corral.csv", 1, "Did you mean results/published/coral.csv?"),
        ("help", 2, "did you mean `devbench --help`?"),
        ("run mine.tflite", 1, "a suite names it as the `source` of one of its `models`"),
        (f"run {RUN}", 1, f"To continue it: devbench run --resume {RUN}"),
        ("run suites/imagenet.yaml --device cpu", 1, "the suite has no device 'cpu'; did you mean 'desktop-cpu'?"),
        ("run suites/imagenet.yaml --model mobilnet", 1, "no model 'mobilnet'; did you mean 'mobilenet_v1'?"),
        ("report results/runs", 1, f"is a folder of runs, and not one run\n  → Name one of them. The newest: {NEWER}"),
        (f"report {RUN}/samples.parquet", 1, f"is a part of a run\n  → Name the run's folder: {RUN}\n"),
        (f"report {RUN}/outputs/case000.json", 1, f"Name the run's folder: {RUN}\n"),
        ("report 20260101T000000Z-imagenet", 1, f"there is no such file\n  → Did you mean {RUN}?"),
        ("report coral.csv", 1, "there is no such file\n  → Did you mean results/published/coral.csv?"),
        ("report results/notes", 1, "is not the folder of a run: it holds no run.json"),
        ("compare results/runs results/runs", 1, "is a folder of runs, and not one run"),
        ("compare results/published/coral.csv x", 1, "is not the folder of a run\n  → This looks like a results CSV"),
        ("publish results/runs", 1, "is a folder of runs, and not one run"),
        (f"run --resume {RUN}-", 1, f"there is no such run\n  → Did you mean {RUN}?"),
        ("run --resume results/runs", 1, "is a folder of runs, and not one run"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_the_nearest_right_thing_is_said(line: str, status: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_app(line.split()) == status
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("", "a path must not be empty"),
        ("a\0b", r"'a\x00b' holds a NUL character"),
        ("\udcff", r"'\udcff' is not UTF-8 text"),
        ("n" * 300, "File name too long"),
        ("loop", "Too many levels of symbolic links"),
    ],
)
@pytest.mark.parametrize("line", ["run", "report", "check", "verify", "publish", "run s.yaml --out", "run --resume"])
def test_a_path_that_no_file_can_have_is_a_usage_mistake(
    folder: Path, line: str, path: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "loop").symlink_to("loop")
    assert run_app([*line.split(), path]) == 2
    assert said in capsys.readouterr().err
