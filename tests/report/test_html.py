"""report.html: what it says, that nothing in it can act, and how it behaves in a real browser."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from devbench.report.html.answer import answer_of
from devbench.report.html.cells import sort_key

from devbench.domain.run import Pending
from devbench.report.html import html_report
from devbench.report.html.doubts import doubts
from devbench.report.plots import overview_plots
from devbench.report.tables import Table, tables_of
from tests.conftest import Bench
from tests.report.browser import Browser
from tests.report.runs import BUSY, EVIL, STEAL, case_of, comparison_of, rich_run, samples_of, traces_of


@pytest.fixture
def bench(bench: Bench) -> Bench:
    """The command line, with a page at the end of each run."""
    bench.env["DEVBENCH_PAGE"] = "1"
    return bench


GROUPED = Table(
    title="Side by side",
    header=("model", "device", "time"),
    rows=(
        (("m", "224×224"), ("b",), ("20 ms",)),
        (("",), ("a",), ("3 ms", "published: somebody")),
        (("",), ("c",), ("36 per s",)),
        (("n",), ("d",), ("no difference shown [0.5, 2]",)),
    ),
    notes=("Batch not stated.",),
    grouped=True,
)


class _Page(HTMLParser):
    """What a reader without a script gets: tags in order, and the text outside of style and script."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._inside: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self._inside[-1:]):
            self.words.append(data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


def _html() -> str:
    comparison, traces = rich_run()
    return html_report("", [*tables_of(comparison), GROUPED], overview_plots(comparison, traces), comparison, traces)


pytestmark = pytest.mark.xdist_group("one page, one browser")


@pytest.fixture(scope="module")
def html() -> str:
    return _html()


@pytest.fixture(scope="module")
def file(html: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(html)
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


def test_only_our_own_script_is_there_and_the_policy_names_it(html: str) -> None:
    page = _Page(html)
    assert len(page.of("script")) == 1
    assert not page.of("img") + page.of("image") + page.of("iframe") + page.of("object")
    policy = next(one["content"] for one in page.of("meta") if one.get("http-equiv") == "Content-Security-Policy")
    script = re.search(r"<script>(.*?)</script>\n</body>", html, re.DOTALL)
    assert script
    assert policy
    assert base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode() in policy
    assert policy.startswith("default-src 'none';")
    links = [one.get("href") or "" for one in page.of("a") + page.of("link")]
    assert all(link.startswith("#") or link == "data:," for link in links)


def test_names_errors_and_logs_are_text(html: str) -> None:
    text = "".join(_Page(html).words)
    assert "Failed (while: load): it broke: " + EVIL in text
    assert "last words\n" + EVIL in text
    assert not [attrs for _, attrs in _Page(html).tags if any(name.startswith("on") for name in attrs)]


def test_the_structure_is_what_a_screen_reader_needs(html: str) -> None:
    page = _Page(html)
    assert page.of("html")[0]["lang"] == "en"
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in itertools.pairwise(levels))
    assert len(page.of("caption")) == len(page.of("table")) > 3
    assert all(one.get("scope") in ("col", "row") for one in page.of("th"))
    assert all(one.get("role") == "img" and one.get("aria-label") for one in page.of("svg"))
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    targets = {(one.get("href") or "")[1:] for one in page.of("a")}
    assert targets <= set(ids)


def test_the_page_says_what_to_distrust_and_what_was_set(html: str) -> None:
    text = " ".join(" ".join(_Page(html).words).split())
    for told in (
        "the hypervisor took 2% away",
        "Use a machine of your own.",
        "See devbench doctor .",
        "no runtime is here",
        "none is plugged in",
        "Plug one in.",
        "10 runs and 0.5 s, then until it settles; at most 5 s",
        "ab" * 32,
        "input: uint8 1×224×224×3, scale 0.5, zero 3",
        "Could not be seen here: stolen by the hypervisor, stalled for a core,",
        "name: a-suite",
        "Batch not stated.",
    ):
        assert told in text, told
    assert text.count("coral-usb: none is plugged in") == 0  # told once, as a doubt, and not below the table too


def test_doubts_name_each_reason_once_the_worst_first() -> None:
    comparison, _ = rich_run()
    found = doubts(comparison)
    assert [one.kind for one in found[:3]] == ["contaminated", "failed", "suspect"]
    steal = next(one for one in found if one.name == "steal")
    assert steal.cases == ("zebra@tpu", "ant@cpu")
    broken = next(one for one in found if one.kind == "failed")
    assert broken.cases == ("broken@cpu", "broken@tpu")
    assert found[-1].name == "coral-usb"


def test_what_a_device_remarks_is_told_with_its_cases() -> None:
    rounds = [samples_of(2_000_000, seed) for seed in range(2)]
    case = replace(case_of("m", "cpu", rounds), remarks=("Half the network runs on the CPU.",))
    comparison = comparison_of(case, samples={case.id: rounds})
    remark = next(one for one in doubts(comparison) if one.kind == "remark")
    assert (remark.text, remark.cases) == ("Half the network runs on the CPU.", ("m@cpu",))
    page = html_report("", tables_of(comparison), [], comparison, {})
    assert page.count("Half the network runs on the CPU.") == 2  # among the doubts, and with its case


def _answer(cpu: int, tpu: int, *reasons: object, spread: int = 100, models: int = 1) -> str:
    samples, cases = {}, []
    for model in [f"m{number}" for number in range(models)]:
        for device, median_ns in (("cpu", cpu), ("tpu", tpu)):
            rounds = [samples_of(median_ns, seed) + seed * spread for seed in range(3)]
            case = case_of(model, device, rounds, *(reasons if device == "tpu" else ()))  # type: ignore[arg-type]
            cases.append(case)
            samples[case.id] = rounds
    return answer_of(comparison_of(*cases, samples=samples)).headline


def test_the_answer_names_the_fastest_device_and_by_how_much() -> None:
    assert re.fullmatch(
        r"tpu is fastest for the one model, 4\.00× \[4\.00, 4\.00\] over cpu\.", _answer(8_000_000, 2_000_000)
    )
    several = _answer(8_000_000, 2_000_000, models=3)
    assert several.startswith("tpu is fastest for all 3 models: 4.0")
    assert " over cpu by geometric mean, " in several
    assert _answer(2_000_000, 8_000_000, models=2) == "cpu is fastest for both models."


def test_the_answer_admits_that_there_is_none() -> None:
    assert _answer(2_000_000, 2_001_000, spread=50_000) == "No difference shown between cpu and tpu for the one model."
    alone = "No comparison: for no model do two devices have a figure to trust."
    assert _answer(8_000_000, 2_000_000, BUSY) == alone  # contaminated: takes no part
    rounds = [samples_of(2_000_000, 1)]
    only = comparison_of(case_of("m", "cpu", rounds, BUSY), samples={"m@cpu": rounds})
    assert answer_of(only).headline == "No answer: the one measured case is contaminated."
    nothing = comparison_of(samples={})
    assert answer_of(nothing).headline == "Nothing was measured."
    assert answer_of(nothing).sure == "No case gave a figure."


def test_a_ratio_of_answers_that_show_nothing_says_so_wherever_it_is_shown() -> None:
    rounds = [samples_of(1_000_000, 1), samples_of(1_000_000, 2)]
    cases = [case_of("net", device, rounds) for device in ("cpu", "gpu")]
    comparison = comparison_of(*cases, samples={case.id: rounds for case in cases})
    assert answer_of(comparison).sure.endswith("are clean.")
    cells = {key: replace(cell, unconfirmed="why not") for key, cell in comparison.cells.items() if key[1]}
    comparison = replace(comparison, cells={**comparison.cells, **cells})
    assert answer_of(comparison).sure.endswith("The answers are not confirmed for 1 ratio.")
    (doubt,) = (one for one in doubts(comparison) if one.kind == "not confirmed")
    assert doubt.text == "answers not confirmed: why not"
    (table, *_) = tables_of(comparison)
    assert "answers not confirmed" in table.rows[0][2]
    assert "net@gpu: answers not confirmed: why not." in table.notes


def test_one_device_is_answered_with_its_times() -> None:
    rounds = {"a@cpu": [samples_of(2_000_000, 1)], "b@cpu": [samples_of(30_000_000, 1)]}
    cases = [case_of(name[0], "cpu", one, STEAL) for name, one in rounds.items()]
    found = answer_of(comparison_of(*cases, samples=rounds))
    assert re.fullmatch(
        r"On cpu one inference takes from 2\.\d+ ms \(a int8\) to \d+\.\d+ ms \(b int8\)\.", found.headline
    )
    assert "from one process alone" in found.sure
    assert "2 of 2 measured cases are not clean" in found.sure
    assert found.counts == (("suspect", 2),)
    assert {(one.faster, one.alone) for one in found.fastest} == {("", False)}


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("16.20 ms ± 6.0 %", (16.2, "ms")),
        ("15.11× [15.04, 15.18]", (15.11, "×")),
        ("no difference shown [0.5, 2]", (1.0, "×")),
        ("1,234 per s", (1234.0, "per")),
        ("5", (5.0, "")),
        ("failed", (None, "")),
        ("", (None, "")),
    ],
)
def test_what_a_cell_is_sorted_by(text: str, key: tuple[float | None, str]) -> None:
    assert sort_key(text) == key


def test_a_run_without_rounds_or_comparison_still_makes_a_page() -> None:
    comparison, _ = rich_run()
    empty = replace(comparison, rows=(), cells={}, run=replace(comparison.run, cases=(), finished_utc=""))
    page = html_report("", tables_of(empty), [], empty, {})
    assert page.startswith("<!DOCTYPE html>")
    assert "Nothing was measured." in page
    assert "not finished" in page
    assert "Side by side" in html_report("t", [GROUPED], [])


def test_a_run_that_was_interrupted_and_one_with_odd_times_make_a_page() -> None:
    rounds = [samples_of(2_000_000, seed) for seed in range(2)]
    case = case_of("m", "cpu", rounds)
    odd = replace(case, rounds=tuple(replace(one, started_utc="yesterday") for one in case.rounds))
    waiting = replace(case, id="n@cpu", model="n", rounds=(), outcome=Pending())
    samples = {"m@cpu": rounds, "n@cpu": []}
    comparison = comparison_of(odd, waiting, samples=samples)
    traces = traces_of(comparison, samples)
    plots = overview_plots(comparison, traces)
    assert [plot.name for plot in plots] == ["latency"]  # no drift without times
    text = " ".join(_Page(html_report("", tables_of(comparison), plots, comparison, traces)).words)
    assert "the run ended before these were measured" in text
    assert "Its rounds are not all done." in text


def test_every_run_leaves_a_page_and_its_end_never_fails_for_want_of_one(bench: Bench) -> None:
    bench.fake("a")
    suite = bench.fake_suite("a")
    assert bench("run", suite, "--out", "out").returncode == 0
    assert "<h1>" in (bench.folder / "out" / "report.html").read_text()
    bench.write("site/matplotlib/__init__.py", "raise ImportError('no matplotlib here')")
    broken = bench("run", suite, "--out", "second", process=True)
    assert broken.returncode == 0
    assert "note: report.html was not written: ImportError: no matplotlib here" in broken.stderr
    assert "│ a     │" in broken.stdout
    assert broken.stdout.endswith("Run folder: second\n")
    assert not (bench.folder / "second" / "report.html").exists()


def test_a_page_that_cannot_be_put_into_the_folder_is_a_note(bench: Bench) -> None:
    bench.fake("a")
    assert bench("run", bench.fake_suite("a"), "--out", "out", "--no-page").returncode == 0
    bench.write("out/report.html/taken", "")
    done = bench("run", "--resume", "out")
    assert done.returncode == 0
    assert "note: report.html was not written: out: cannot be written" in done.stderr


def test_the_page_of_a_run_again_and_of_published_figures(bench: Bench) -> None:
    bench.fake("a")
    bench.fake("b", do="raise")
    assert bench("run", bench.fake_suite("a", "b"), "--out", "out").returncode == 3
    done = bench("report", "out", "--format", "html", "--out", "page.html")
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert (bench.folder / "page.html").read_text() == (bench.folder / "out" / "report.html").read_text()
    published = Path(__file__).parents[2] / "results" / "published" / "coral-faq-2019.csv"
    page = bench("report", published, "--format", "html").stdout
    assert "16.85× [16.66, 17.04]" in page
    assert 'aria-label="Time of one inference: coral-faq-2019.' in page
    beside = bench("report", "out", published, "--format", "html").stdout
    assert "coral-faq-2019" in beside
    assert "<h1>" in beside
    refused = bench("report", "out", "--format", "html", "--out", "nowhere/page.html")
    assert refused.returncode == 1
    assert refused.stderr.startswith("error: nowhere/page.html: cannot be written")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_no_width_scrolls_sideways_and_nothing_asks_a_network(
    browser: Browser, file: Path, width: int, scheme: str
) -> None:
    browser.open(file, width=width, prefers_color_scheme=scheme)
    browser.run("document.querySelectorAll('details').forEach((one) => { one.open = true })")
    assert browser.run("document.documentElement.scrollWidth") == width
    assert browser.run("window.broken") is None
    assert browser.requests == [file.as_uri()]
    assert browser.problems == []


_CONTRASTS = """
(() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
  const behind = (one) => {
    for (; one; one = one.parentElement) {
      const found = rgb(getComputedStyle(one).backgroundColor);
      if (found[3] === 255) return found;
    }
    return [255, 255, 255, 255];
  };
  const low = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let seen = 0;
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || parent.closest("svg, script")) continue;
    seen += 1;
    const [one, other] = [light(rgb(getComputedStyle(parent).color)), light(behind(parent))].sort((a, b) => b - a);
    const ratio = (one + 0.05) / (other + 0.05);
    if (ratio < 4.5) low.push(`${ratio.toFixed(2)} ${walker.currentNode.data.trim()}`);
  }
  return [seen, low];
})()
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(browser: Browser, file: Path, scheme: str) -> None:
    browser.open(file, prefers_color_scheme=scheme)
    seen, low = browser.run(_CONTRASTS)
    assert seen > 200
    assert low == []
    paper = browser.run("getComputedStyle(document.documentElement).backgroundColor")
    assert paper == {"light": "rgb(255, 255, 255)", "dark": "rgb(18, 23, 27)"}[scheme]
    assert browser.run("getComputedStyle(document.querySelector('.plot svg path')).fill") == paper


def _column(browser: Browser, table: int, column: int) -> list[str]:
    script = f"[...document.querySelectorAll('table.sortable')[{table}].tBodies[0].rows]"
    found: list[str] = browser.run(f"{script}.map((row) => row.cells[{column}].querySelector('.line').textContent)")
    return found


def _sorted(browser: Browser) -> list[str | None]:
    found: list[str | None] = browser.run(
        "[...document.querySelector('table.sortable').tHead.rows[0].cells].map((one) => one.getAttribute('aria-sort'))"
    )
    return found


def _models(names: list[str]) -> list[str]:
    return [name.split()[0] for name in names]


def test_a_click_sorts_by_number_and_keeps_what_has_none_last(browser: Browser, file: Path) -> None:
    browser.open(file)
    assert _models(_column(browser, 0, 0)) == ["zebra", "ant", "bee", "broken", "skipped"]
    heading = "table.sortable thead th:nth-child(2) button"
    browser.click(heading)
    assert _models(_column(browser, 0, 0)) == ["bee", "zebra", "ant", "broken", "skipped"]
    assert _sorted(browser) == [None, "ascending", None]
    browser.click(heading)
    assert _models(_column(browser, 0, 0)) == ["ant", "zebra", "bee", "broken", "skipped"]
    assert _sorted(browser) == [None, "descending", None]
    browser.click("table.sortable thead th:nth-child(1) button")
    assert _models(_column(browser, 0, 0)) == ["ant", "bee", "broken", "skipped", "zebra"]
    foot = browser.run("document.querySelector('table.sortable').tFoot.rows[0].cells[0].textContent.trim()")
    assert foot == "geometric mean"


def test_the_keyboard_sorts_too(browser: Browser, file: Path) -> None:
    browser.open(file)
    browser.run("document.querySelector('table.sortable thead th:nth-child(2) button').focus()")
    browser.press("Tab")
    browser.press("Enter")
    assert _sorted(browser) == [None, None, "ascending"]


def test_a_row_keeps_its_name_when_it_leaves_its_group_and_units_are_not_mixed(browser: Browser, file: Path) -> None:
    browser.open(file)
    last = "document.querySelectorAll('table.sortable')[1]"
    browser.run(f"{last}.tHead.rows[0].cells[2].querySelector('button').click()")
    assert _column(browser, 1, 2) == ["no difference shown [0.5, 2]", "3 ms", "20 ms", "36 per s"]
    assert _column(browser, 1, 0) == ["n", "m", "m", "m"]
    widths = browser.run(f"[...{last}.querySelectorAll('.repeated .line')].map((one) => one.offsetWidth)")
    assert min(widths) > 1


def test_a_link_opens_the_case_it_leads_to_and_print_opens_all(browser: Browser, file: Path) -> None:
    browser.open(file)
    opened = "document.querySelectorAll('details[open]').length"
    assert browser.run(opened) == 0
    browser.click("#distrust a[href='#case-2']")
    browser.run("new Promise((done) => setTimeout(done, 100))")
    assert browser.run("document.querySelector('#case-2').closest('details').open") is True
    browser.run("dispatchEvent(new Event('beforeprint'))")
    assert browser.run(opened) == browser.run("document.querySelectorAll('details').length") == 9
    browser.run("dispatchEvent(new Event('afterprint'))")
    assert browser.run(opened) == 1


def test_an_injected_script_would_not_run(browser: Browser, html: str, tmp_path: Path) -> None:
    """The second wall: even if a name were not escaped."""
    page = tmp_path / "broken.html"
    page.write_text(html.replace("<main>", f"<main><b id=hurt>{EVIL}</b>"))
    browser.open(page)
    assert browser.run("document.querySelector('#hurt script') !== null")
    assert browser.run("window.broken") is None
    assert browser.problems


def test_the_page_of_a_real_run_in_the_browser(bench: Bench, browser: Browser) -> None:
    bench.fake("a")
    bench.fake("b", invoke_us=900)
    bench.fake("c", do="segfault")
    bench("run", bench.fake_suite("a", "b", "c"), "--out", "out")
    browser.open(bench.folder / "out" / "report.html", width=360)
    assert browser.problems == []
    assert browser.run("document.documentElement.scrollWidth") == 360
    assert "failed" in browser.run("document.querySelector('.counts').textContent")
    assert browser.run("document.querySelectorAll('.plot svg').length") == 4


def test_a_ratio_over_a_contaminated_case_is_no_part_of_the_answer() -> None:
    comparison, _ = rich_run()
    found = answer_of(comparison)
    assert re.fullmatch(
        r"tpu is fastest for both models: 3\.16× \[3\.16, 3\.16\] over cpu by geometric mean, 2\.50× to 4\.00× by model;"
        r" for 1 more only one device has a figure to trust\.",
        found.headline,
    )
    ant = next(one for one in found.fastest if one.model.startswith("ant"))
    assert (ant.device, ant.faster, ant.alone) == ("tpu", "", True)
    assert found.counts == (("clean", 4), ("suspect", 1), ("contaminated", 1), ("failed", 2), ("skipped", 1))
