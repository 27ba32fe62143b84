"""What the documentation shows is true: its suites can be read, its lab files too."""

import re
from pathlib import Path

import pytest
import yaml

from devbench.cli.setup import load_plugins
from devbench.domain.columns import COLUMNS
from devbench.run.start import known_names
from devbench.suites.lab import read_lab
from devbench.suites.suite import parse_suite, read_suite

REPOSITORY = Path(__file__).parents[1]
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
BLOCKS = [
    (page.name, number, block)
    for page in PAGES
    for number, block in enumerate(re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL))
]


@pytest.mark.parametrize(("page", "number", "block"), BLOCKS)
def test_every_yaml_block_is_a_suite_or_a_lab_file(page: str, number: int, block: str, tmp_path: Path) -> None:
    plugins = load_plugins()
    if "places" in yaml.safe_load(block):
        path = tmp_path / "lab.yaml"
        path.write_text(block)
        assert read_lab(path, known_names(plugins))
    else:
        assert parse_suite(block, f"{page} block {number}", known_names(plugins)).models


def test_there_are_blocks_to_check() -> None:
    assert len(BLOCKS) >= 4


@pytest.mark.parametrize("path", sorted((REPOSITORY / "suites").glob("*.yaml")), ids=lambda path: path.name)
def test_the_suites_of_the_repository_can_be_read(path: Path) -> None:
    assert read_suite(path, known_names(load_plugins())).name == path.stem


def test_links_between_pages_lead_somewhere() -> None:
    for page in [*PAGES, REPOSITORY / "ARCHITECTURE.md"]:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_column_of_a_results_csv_is_explained() -> None:
    text = (REPOSITORY / "docs" / "results.md").read_text()
    listed = re.findall(r"^\| `(\w+)` \| ([^|]*) \| ([^|]*) \|$", text, re.MULTILINE)
    rows = [(column.name, column.unit) for column in COLUMNS]
    assert [(name, unit) for name, unit, _ in listed] == rows
    for (_, _, meaning), column in zip(listed, COLUMNS, strict=True):
        assert column.meaning in meaning
        assert (f"since {column.since}" in meaning) == (column.since > 1)
