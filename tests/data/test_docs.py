"""docs/data.md is true: its blocks run one after the other, as in a notebook, and print what it says."""

import contextlib
import io
import re
import shutil
from pathlib import Path

import pytest

from tests.conftest import Bench

pytestmark = pytest.mark.xdist_group("two runs")  # which are measured once
ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "data.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```(?:\n\n```text\n(.*?)```)?", PAGE, re.DOTALL)


@pytest.mark.usefixtures("two_runs")
def test_the_page_runs_from_top_to_bottom(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "results" / "published", bench.folder / "results" / "published")
    monkeypatch.chdir(bench.folder)
    names: dict[str, object] = {}
    told = 0
    for code, output in BLOCKS:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, "docs/data.md", "exec"), names)
        if output:
            told += 1
            assert _lines(printed.getvalue()) == _lines(output)
    assert told >= 5
    assert (bench.folder / "samples.svg").read_text().startswith("<?xml")


@pytest.mark.usefixtures("two_runs")
def test_every_frame_and_column_that_it_names_exists(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    import devbench.data

    run = devbench.data.open(bench.folder / "results" / "runs" / "before")
    named = set(re.findall(r"`run\.(\w+)", PAGE))
    assert named == {"samples", "rounds", "facts", "runs", "notes"}
    assert all(hasattr(run, name) for name in named)
    table = PAGE[PAGE.index("| column | what it says") : PAGE.index("coral.means")]
    assert set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) <= set(run.ratios().columns)


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip().splitlines()]
