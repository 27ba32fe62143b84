"""Every Python block of the documentation runs, and the reference for plugin writers says what the docstrings say.

A block whose first line is a comment with a path is a file of that name. What a block defines, later ones of the page have.
"""

from __future__ import annotations

import importlib
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest

import devbench
from devbench import Place, testing
from devbench.testing import Findings, RuntimeContract, check_runtime
from docs.plugin_reference import text

DOCS = Path(__file__).parents[1] / "docs"
BLOCK = re.compile(r"^( *)```python\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
OF_ITS_OWN = {"data.md"}  # needs pandas, and has a test of its own
PAGES = {path.name: path.read_text() for path in sorted(DOCS.glob("*.md")) if path.name not in OF_ITS_OWN}
WITH_BLOCKS = [name for name, page in PAGES.items() if BLOCK.search(page)]
# The real ones run in tests/edgetpu/test_keras_models.py, and take half a minute.
GIVEN = {
    "edgetpu.md": {name: MagicMock() for name in ("keras", "tf", "model", "images")},
    "models.md": {"keras": MagicMock()},
}


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path / "src"))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.mark.parametrize("name", WITH_BLOCKS)
def test_every_python_block_of_the_page_runs(scratch: Path, name: str) -> None:
    names: dict[str, Any] = {"__name__": "page", "__file__": str(scratch / "page.py"), **GIVEN.get(name, {})}
    for found in BLOCK.finditer(PAGES[name]):
        code = textwrap.dedent(found[2])
        path = re.match(r"# (\S+\.py)\n", code)
        file = scratch / (path[1] if path else "page.py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(code)
        if path and path[1].startswith("src/") and file.name == "__init__.py":
            names.update(vars(importlib.import_module(file.parent.name)))
        else:
            exec(compile(code, str(file), "exec"), names)
    for one in [one for title, one in names.items() if title.startswith("test_") and inspect.isfunction(one)]:
        one(**dict.fromkeys(inspect.signature(one).parameters, scratch))
    for one in [one for one in names.values() if inspect.isclass(one) and issubclass(one, RuntimeContract)]:
        if one is not RuntimeContract:
            assert check_runtime(one.runtime, scratch, Place(name="local", device="any")) == Findings()


def test_there_are_pages_with_blocks() -> None:
    assert {"plugins.md", "plugin-tutorial.md"} <= set(WITH_BLOCKS)


def test_the_reference_says_what_the_docstrings_say() -> None:
    assert (DOCS / "plugin-reference.md").read_text() == text() + "\n", "make it anew: see docs/plugin_reference.py"


def test_the_reference_has_every_name_that_is_exported_or_met() -> None:
    page = PAGES["plugin-reference.md"]
    told = set(re.findall(r"^(?:### `|\* `)(\w+)[(`]", page, re.MULTILINE))
    assert {*devbench.__all__, *testing.__all__} <= told
    code = re.findall(r"^(?:\* |\*\*|### )`([^`]*)`", page, re.MULTILINE)
    met = {word for one in code for word in re.findall(r"(?<![\w.])[A-Z]\w+", re.sub(r"'[^']*'", "", one))}
    plain = {"Any", "Callable", "Iterable", "Literal", "Mapping", "None", "Path", "Self", "Sequence", "False", "True"}
    assert met - told - plain == set()


def test_the_rules_of_the_contract_stand_in_the_tutorial() -> None:
    from devbench.testing.judge import RULES

    assert all(f"`{rule}`" in PAGES["plugin-tutorial.md"] for rule in RULES)
    assert f"The contract has {len(RULES)} rules" in PAGES["plugin-tutorial.md"]
