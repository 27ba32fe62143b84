"""What the documentation shows is true: suites, lab files, links, columns, hooks. And its words are the field's."""

import ast
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from devbench import hookspecs
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
        for target, anchor in re.findall(r"\]\(([^)#]*)(?:#([^)]+))?\)", page.read_text()):
            if "://" not in target:
                path = page.parent / target if target else page
                assert path.exists(), f"{page.name}: {target}"
                assert not anchor or anchor in _anchors(path), f"{page.name}: {target}#{anchor}"


def _anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_every_column_of_a_results_csv_is_explained() -> None:
    text = (REPOSITORY / "docs" / "results.md").read_text()
    listed = re.findall(r"^\| `(\w+)` \| ([^|]*) \| ([^|]*) \|$", text, re.MULTILINE)
    rows = [(column.name, column.unit) for column in COLUMNS]
    assert [(name, unit) for name, unit, _ in listed] == rows
    for (_, _, meaning), column in zip(listed, COLUMNS, strict=True):
        assert column.meaning in meaning
        assert (f"since {column.since}" in meaning) == (column.since > 1)


def test_every_hook_is_explained_in_its_order() -> None:
    listed = re.findall(r"^\| `(devbench_\w+)\(", (REPOSITORY / "docs" / "plugins.md").read_text(), re.MULTILINE)
    specified = re.findall(r"^def (devbench_\w+)\(", Path(hookspecs.__file__).read_text(), re.MULTILINE)
    assert listed == specified


NOT_ENGLISH = re.compile(
    r"known piece of (?:work|hashing)"  # reference workload
    r"|\bh(?:o|e)lds? the truth"  # cover the true value
    r"|(?:hardware|jetson|board|coral) has seen"  # untested on real hardware
    r"|took .{0,12}of the time away"  # stolen CPU time
    r"|(?<!there )\b(?:is|are) no (?!longer\b|more\b)\w"  # is not a
    r"|how sure that is|and it is none|nobody can tell|as far as we remember",
    re.IGNORECASE,
)
CODE = sorted(path for folder in ("devbench", "plugins") for path in (REPOSITORY / folder).rglob("*.py"))
TEXTS = [*PAGES, REPOSITORY / "ARCHITECTURE.md", REPOSITORY / "CHANGELOG.md"]


def _prose(page: Path) -> str:
    """Without what a command printed, which nobody edits: as many lines, these empty."""
    return re.sub(r"(?ms)^```text$.*?^```$", lambda block: "\n" * block[0].count("\n"), page.read_text())


def _told_by(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of each string, docstrings included, and each comment."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string


def test_words_of_our_own_are_not_used_where_the_field_has_one() -> None:
    """For what each stands for, see the comments above. A line that is meant to say so can be written in another way."""
    told = [(path, number, line) for path in TEXTS for number, line in enumerate(_prose(path).splitlines(), 1)]
    told += [(path, number, text) for path in CODE for number, text in _told_by(path)]
    found = [
        f"{path.relative_to(REPOSITORY)}:{number}: {hit[0]}"
        for path, number, text in told
        if (hit := NOT_ENGLISH.search(text))
    ]
    assert not found, "\n".join(found)
