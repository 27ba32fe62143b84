"""The core names no device and no runtime, and the bundled plugins know no device but their own."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from devbench.plugin.manager import Plugins

ROOT = Path(__file__).parents[2]
PARTS = "coral", "edgetpu", "jetson", "nvidia", "tensorrt", "raspberry"


@pytest.fixture(scope="module")
def bundled() -> Plugins:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEVBENCH_PLUGINS", "convert,desktop,edgetpu,energy,jetson,onnx,openvino,zoo")
        plugins = Plugins()
        plugins.load_entry_points()
    return plugins


def _texts(folder: Path) -> Iterator[tuple[str, str]]:
    """Every string in the code of `folder` but docstrings and the names of extras, and where it stands."""
    for path in sorted(folder.rglob("*.py")):
        tree = ast.parse(path.read_text())
        described = [node for node in ast.walk(tree) if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)]
        other = {id(node.body[0].value) for node in described if node.body and isinstance(node.body[0], ast.Expr)}
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
        other |= {id(value) for call in calls if call.func.id == "extra_hint" for value in call.args}
        other |= {id(named.value) for call in calls for named in call.keywords if named.arg == "extra"}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in other:
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node.value


def test_the_core_names_no_device_and_no_runtime(bundled: Plugins) -> None:
    names = [*bundled.registry.devices, *bundled.registry.runtimes, *PARTS]
    named = re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, names))})(?![\w-])", re.IGNORECASE)
    assert [(where, text) for where, text in _texts(ROOT / "devbench") if named.search(text)] == []


def test_a_bundled_plugin_names_no_device_of_another(bundled: Plugins) -> None:
    kinds = {kind: device.plugin.owner.plugin for kind, device in bundled.registry.devices.items()}
    assert len(kinds) >= 7
    found = []
    for folder in sorted((ROOT / "plugins").glob("devbench_*")):
        own = folder.name.removeprefix("devbench_")
        found += [(where, text) for where, text in _texts(folder) if kinds.get(text, own) != own]
    assert found == []
