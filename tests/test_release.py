"""What stands in two places when a version is released is the same in both."""

import tomllib
from pathlib import Path

import devbench

ROOT = Path(__file__).parents[1]


def test_the_distribution_has_the_version_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == devbench.__version__
    assert (ROOT / "devbench" / "py.typed").is_file()
    assert "Typing :: Typed" in project["classifiers"]


def test_the_repository_holds_no_package_of_others() -> None:
    assert [path.name for path in ROOT.glob("*.whl")] == []
