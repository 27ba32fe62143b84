"""What `devbench new-plugin` writes is installed as any distribution, without a network, and its own tests pass."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from devbench.scaffold.distribution import KINDS, write_plugin
from tests.conftest import Bench
from tests.installed import installed

BRINGS = {
    "device": ["device my-thing"],
    "runtime": ["runtime my-thing"],
    "model-source": ["devbench_fetch_model"],
    "converter": ["converter my-thing"],
    "power-meter": ["devbench_run_round"],
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_plugin_is_installed_and_its_tests_pass_as_they_are(bench: Bench, kind: str) -> None:
    done = bench("new-plugin", "my-thing", "--kind", kind)
    assert done.returncode == 0, done.stderr
    folder, site = bench.folder / "devbench-my-thing", bench.folder / "installed"
    assert "@" not in "".join(path.read_text() for path in folder.rglob("*.py")).replace("@hookimpl", "").replace(
        "@pytest", ""
    )
    env = installed(folder, site, bench.env)
    checked = bench("plugins", "my-thing", "--check", "--json", env={**env, "DEVBENCH_ROOT": str(bench.folder)})
    (info,) = json.loads(checked.stdout)
    assert checked.returncode == 0, info
    assert ([*info["brings"], *info["hooks"]], info["problems"]) == (BRINGS[kind], [])


@pytest.mark.parametrize("name", ["My Board", "my_board", "-x", "../x", "x" * 50])
def test_a_name_that_no_distribution_can_have_is_refused(bench: Bench, name: str) -> None:
    done = bench("new-plugin", "--", name)
    assert (done.returncode, "is not a name of a plugin" in done.stderr) == (1, True)
    assert [path.name for path in bench.folder.iterdir()] == ["site"]


def test_what_is_there_is_left_alone(bench: Bench) -> None:
    (bench.folder / "mine").mkdir()
    done = bench("new-plugin", "toaster", "--into", Path("mine"))
    assert (done.returncode, "mine: is there already" in done.stderr) == (1, True)


@pytest.mark.parametrize("kind", ["device", "runtime", "converter"])
@pytest.mark.parametrize("name", ["none", "device", "runtime", "path"])
def test_a_class_is_called_neither_as_a_keyword_nor_as_what_its_file_imports(
    tmp_path: Path, name: str, kind: str
) -> None:
    files = write_plugin(name, kind, tmp_path / "new")
    (code,) = (path for path in files if path.name == "__init__.py")
    tree = ast.parse(code.read_text())
    imported = {one.name for node in tree.body if isinstance(node, ast.ImportFrom) for one in node.names}
    assert imported.isdisjoint(node.name for node in tree.body if isinstance(node, ast.ClassDef))


def test_the_next_command_can_be_pasted_where_the_folder_has_spaces(bench: Bench) -> None:
    assert "cd 'my folder' &&" in bench("new-plugin", "toaster", "--into", "my folder").stdout
