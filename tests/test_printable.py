"""What boards, files and plugins say is shown, and commands no terminal, table, page or spreadsheet."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from html.parser import HTMLParser
from pathlib import Path

import pytest

from devbench.cli.console import BarProgress
from devbench.cli.streams import PrintableStream
from devbench.cli.terminal import PrintableConsole
from devbench.compare.figures import FileSource
from devbench.domain.columns import NAMES
from devbench.errors import ResultsFileError
from devbench.printable import one_line, printable
from devbench.report.markdown import markdown
from devbench.report.table import CellLine, Table, TableCell
from devbench.report.terminal import print_tables
from devbench.store.results_file import read_rows, write_results
from tests.conftest import Bench
from tests.report.pages import page_of
from tests.report.runs import case_of, overview_of_run, published, run_of, samples_of, traces_of

ATTACKS = [
    "\x1b]0;owned\x07",
    "\x1b[2J\x1b[1;31mgood\x1b[0m",
    "\x9b31m",
    "\x9d0;owned\x9c",
    "back\x08\x08\x08\x08over",
    "top\rover",
    "\x7f",
    "\u202egnp.exe",
    "\u2066a\u2069",
    "\u200e\u200f\u061c",
    "\u2028line\u2029",
    "\u200b\ufeff\u00ad",
    "\ud800",
    "\U000e0041",
]


def unfit(text: str) -> list[str]:
    """What a terminal would obey or not show, by Unicode's own categories."""
    joiners = "\u200c\u200d"
    return [
        repr(one)
        for one in text
        if one not in "\n\t" + joiners and unicodedata.category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp")
    ]


def test_no_character_that_commands_or_hides_gets_through() -> None:
    # Arabic and Indic signs that are written around numbers have a shape, and are no marks of direction.
    shaped = {0x600, 0x601, 0x602, 0x603, 0x604, 0x605, 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}
    kept = [one for one in map(chr, range(0x110000)) if unfit(one) and printable(one) == one and ord(one) not in shaped]
    # Hieroglyph, shorthand and music format controls lay out what stands beside them, and nothing else.
    assert all(0x13430 <= ord(one) <= 0x1D17A for one in kept), kept


@pytest.mark.parametrize(
    "text", ["plain", "µs × ≥ – … 1 000", "日本語", "עברית", "क्‍ष", "👩‍🔬", "a\tb\nc", "é", "\\x1b"]
)
def test_text_of_every_language_stays(text: str) -> None:
    assert printable(text) == text


def test_what_is_spelled_out_can_be_read_again_as_json() -> None:
    for attack in ATTACKS:
        assert json.loads(f'"{printable(attack)}"') == attack
        assert not unfit(printable(attack))
    assert one_line("a\r\nb\tc\u2028d") == "a b c d"


def _cell(*lines: str) -> TableCell:
    return TableCell(lines=tuple(CellLine(text=text) for text in lines))


def page_that_says(text: str) -> str:
    """The page of a run and of a foreign file, wherever a name or a reason may stand."""
    rounds = [samples_of(5_000_000, seed, 40) for seed in range(2)]
    cases = [case_of(text, device, rounds) for device in ("cpu", text)]
    samples = {case.id: rounds for case in cases}
    theirs = FileSource(name=text, figures=(published(text, "cpu", text, latency_ms="3"),), notes=(text,))
    overview = overview_of_run(run_of(*cases, baseline="cpu"), samples, theirs)
    return page_of(overview, traces_of(overview, samples))


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_table_carries_it(attack: str) -> None:
    rows = ((_cell("x"), _cell(f"one{attack}", attack)),)
    table = Table(title=attack, header=("a", attack), rows=rows, notes=(attack,))
    for terminal in (True, False):
        file = io.StringIO()
        print_tables([table], PrintableConsole(file=file, force_terminal=terminal, color_system="truecolor", width=60))
        plain = file.getvalue().replace("\x1b[1m", "").replace("\x1b[0m", "")
        assert not unfit(plain)
    assert not unfit(markdown([table]))
    assert not unfit(page_that_says(attack))


@pytest.mark.parametrize("attack", ATTACKS)
def test_neither_progress_nor_print_carries_it(attack: str) -> None:
    file = io.StringIO()
    with BarProgress(PrintableConsole(file=file, force_terminal=True, color_system=None, width=60)) as bar:
        bar.detail(attack)
        bar.case_failed("case", attack)
    drawn = file.getvalue()
    for rich in ("\x1b[?25l", "\x1b[?25h", "\x1b[2K", "\x1b[1A", "\r"):
        drawn = drawn.replace(rich, "")
    assert not unfit(drawn)
    stream = PrintableStream(io.StringIO())
    print(attack, file=stream)
    stream.writelines([attack])
    assert not unfit(stream.getvalue())


def test_a_console_that_is_drawn_on_directly_carries_it_neither() -> None:
    file = io.StringIO()
    console = PrintableConsole(file=file, force_terminal=True, color_system="truecolor")
    console.print("\x1b]0;owned\x07", style="bold", highlight=False)
    assert file.getvalue() == "\x1b[1m\\u001b]0;owned\x1b[0m\n", "rich itself drops the bell"


HOSTILE = "net\x1b]0;owned\x07\u202e"


def test_no_command_prints_what_a_file_commands(bench: Bench) -> None:
    """In real processes; a board's answers come into tables and messages by the same way."""
    rows = [{**dict.fromkeys(NAMES, ""), "schema": "2", "model": "m", "status": "failed", "reason": "why"}]
    text = write_results(rows).replace(",why,", f",{HOSTILE},")
    (bench.folder / f"{HOSTILE}.csv").write_text(text)
    (bench.folder / f"{HOSTILE}.yaml").write_text("name: x\n")
    report = bench.start("report", f"{HOSTILE}.csv", "--format", "json")
    run = bench.start("run", f"{HOSTILE}.yaml")
    out, _ = report.communicate(timeout=60)
    _, errors = run.communicate(timeout=60)
    assert not unfit(out + errors)
    assert json.loads(out)[0]["reason"] == HOSTILE, "JSON says the same in other signs"
    assert f"error: {printable(HOSTILE)}.yaml:1:1: " in errors


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("[x](javascript:alert(1))", "[x]\\(javascript:alert(1))"),
        ("![x](http://a/b.png)", "![x]\\(http://a/b.png)"),
        ("[x][y]", "[x]\\[y]"),
        ("[y]: javascript:alert(1)", "[y]\\: javascript:alert(1)"),
        ("<a href=javascript:alert(1)>", "&lt;a href=javascript:alert(1)&gt;"),
        ("a | b", "a \\| b"),
        ("a \\| b", "a \\\\\\| b"),
        ("a\n| b", "a \\| b"),
        ("&#106;avascript", "&amp;#106;avascript"),
        ("1.23× [1.1, 1.3]", "1.23× [1.1, 1.3]"),
    ],
)
def test_markdown_takes_neither_links_nor_tags_nor_bars(text: str, written: str) -> None:
    lines = markdown([Table(title="t", header=("h",), rows=((_cell(text),),), notes=(text,))]).splitlines()
    assert lines[4] == f"| {written} |"
    assert lines[6] == f"- {written}"


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)", "＝1+1", "＋1", "－1", "＠x", "﹦1", "⁼1"])
@pytest.mark.parametrize(
    "before", ["", " ", "\n", "\t", "\r", "\u00a0", "\u3000", "\u200b", "\ufeff", "\x00", "\u200d "]
)
def test_no_cell_is_a_formula(tmp_path: Path, formula: str, before: str) -> None:
    row = {**dict.fromkeys(NAMES, ""), "schema": "2", "model": "m", "status": "failed", "reason": before + formula}
    (cells,) = csv.DictReader(io.StringIO(write_results([row]), newline=""))
    assert cells["reason"][0] in "'\\"
    assert cells["reason"].endswith(formula)
    path = tmp_path / "foreign.csv"
    path.write_text(write_results([{**row, "reason": "x"}]).replace(",x,", f',"{before}{formula}",'), newline="")
    with pytest.raises(ResultsFileError, match=r"as a formula|NUL"):
        read_rows(path)


class Addresses(HTMLParser):
    """Every address in a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[str | None] = set()
        self.feed(page)

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {value for name, value in attrs if name in ("href", "src", "action", "xlink:href")}


def test_a_page_leads_nowhere_else() -> None:
    evil = "javascript:alert(1) <a href='javascript:alert(1)'>x</a> [x](http://a) `<a href=javascript:a>`"
    page = page_that_says(evil)
    led_to = Addresses(page).found
    assert led_to
    assert [address for address in led_to if not (address or "").startswith(("#", "data:"))] == []
    assert "javascript:" in page
