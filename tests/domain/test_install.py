"""Hints for what is missing: each says what works where it is missing."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from devbench.domain.extend import Runtime
from devbench.domain.install import extra_hint, install_hint
from devbench.domain.place import Place, Ssh
from devbench_desktop.tflite import LiteRt, TfliteRuntime
from devbench_edgetpu.runtimes import EdgeTpuLiteRt, EdgeTpuTfliteRuntime
from devbench_onnx.runtimes import OnnxRuntime, TensorRt

ROOT = Path(__file__).parents[2]
RUNTIMES = (LiteRt, TfliteRuntime, EdgeTpuLiteRt, EdgeTpuTfliteRuntime, OnnxRuntime, TensorRt)
HERE = Place(name="local", device="d")
OTHER = Place(name="local", device="d", python={"": "/my env/python"})
BOARD = Place(name="b", device="d", ssh=Ssh(host="board"))


@pytest.mark.parametrize(
    ("runtime", "place", "version", "hint"),
    [
        (LiteRt, HERE, "3.11.7", extra_hint("desktop")),
        (LiteRt, OTHER, "3.11.7", "`uv pip install --python '/my env/python' ai-edge-litert`."),
        (LiteRt, BOARD, "3.9.2", "`python3 -m pip install ai-edge-litert`."),
        (LiteRt, BOARD, "3.7.3", "There is no package of litert for Python 3.7.3."),
        (LiteRt, BOARD, "what?", "`python3 -m pip install ai-edge-litert`."),
        (
            TfliteRuntime,
            BOARD,
            "3.7.3",
            "`python3 -m pip install tflite-runtime 'numpy<2'`."
            " It needs Python 3.11 or older: an environment of its own (docs/runtimes.md).",
        ),
        (
            TensorRt,
            BOARD,
            "3.8.10",
            "It comes with JetPack for the system's own Python: `sudo apt install python3-libnvinfer python3-numpy`.",
        ),
    ],
)
def test_what_is_missing_is_told_where_it_is_missing(
    runtime: type[Runtime], place: Place, version: str, hint: str
) -> None:
    assert install_hint(runtime.install, runtime.name, place, version) == hint


def test_every_extra_that_a_hint_names_is_there() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    named = {runtime.install.extra for runtime in RUNTIMES} - {""}
    for path in (ROOT / "plugins").rglob("*.py"):
        named |= set(re.findall(r'(?:extra_hint\(|extra=)"(\w+)"\)', path.read_text()))
    assert len(named) >= 5
    assert named <= set(extras)


def test_no_text_says_to_install_what_the_index_calls_devbench() -> None:
    """That is somebody else's package."""
    wrong = re.compile(r"""pip install[^\n`&]*\bdevbench\b(?![.-])|(?<![\w-])devbench\[""")
    assert wrong.search("pip install devbench")
    assert wrong.search('pip install "devbench[desktop]"')
    folders = [ROOT / name for name in ("benchmarks", "devbench", "docs", "plugins", "suites", "tests")]
    files = [*ROOT.glob("*.md"), *(path for folder in folders for path in folder.rglob("*"))]
    texts = [path for path in files if path.suffix in (".py", ".md", ".yaml", ".j2") and path != Path(__file__)]
    assert len(texts) > 300
    assert [f"{path}: {one.group()}" for path in texts for one in wrong.finditer(path.read_text())] == []
