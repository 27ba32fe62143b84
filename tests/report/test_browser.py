"""report.html in a real browser: sideways scrolling, contrast, sorting, links, downloads, print."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest

from tests.conftest import Bench
from tests.report.browser import Browser
from tests.report.pages import CSV, PUBLISHED, THEIRS, many, page_of
from tests.report.runs import EVIL, overview_of_run, rich_run, run_of

pytestmark = pytest.mark.xdist_group("one page, one browser")


@pytest.fixture(scope="module")
def html() -> str:
    return page_of(*rich_run(THEIRS))


@pytest.fixture(scope="module")
def file(html: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(html)
    return path


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


BESIDE = "document.querySelector('table.sortable.grouped')"


def _column(browser: Browser, column: int, table: str = "document.querySelector('table.sortable')") -> list[str]:
    script = f"[...{table}.tBodies[0].rows]"
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
    assert _models(_column(browser, 0)) == ["zebra", "ant", "bee", "broken", "skipped"]
    heading = "table.sortable thead th:nth-child(2) button"
    browser.click(heading)
    assert _models(_column(browser, 0)) == ["bee", "zebra", "ant", "broken", "skipped"]
    assert _sorted(browser) == [None, "ascending", None]
    browser.click(heading)
    assert _models(_column(browser, 0)) == ["ant", "zebra", "bee", "broken", "skipped"]
    assert _sorted(browser) == [None, "descending", None]
    browser.click("table.sortable thead th:nth-child(1) button")
    assert _models(_column(browser, 0)) == ["ant", "bee", "broken", "skipped", "zebra"]
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
    browser.run(f"{BESIDE}.closest('details').open = true")
    browser.run(f"{BESIDE}.tHead.rows[0].cells[3].querySelector('button').click()")
    figures = _column(browser, 3, BESIDE)
    assert [text.split()[1] for text in figures] == ["ms"] * 6 + ["per"]
    assert [float(text.split()[0]) for text in figures[:-1]] == sorted(float(text.split()[0]) for text in figures[:-1])
    assert [name.split()[0] for name in _column(browser, 0, BESIDE)] == ["zebra"] * 3 + ["ant"] * 3 + ["zebra"]
    widths = browser.run(f"[...{BESIDE}.querySelectorAll('.repeated .line')].map((one) => one.offsetWidth)")
    assert min(widths) > 1


def test_a_column_of_text_is_sorted_as_text(browser: Browser, file: Path) -> None:
    browser.open(file)
    browser.run(f"{BESIDE}.closest('details').open = true")
    devices = _column(browser, 1, BESIDE)
    assert devices != sorted(devices, key=str.casefold)
    for order in (False, True):
        browser.run(f"{BESIDE}.tHead.rows[0].cells[1].querySelector('button').click()")
        assert _column(browser, 1, BESIDE) == sorted(devices, key=str.casefold, reverse=order)


def test_a_link_opens_the_case_it_leads_to(browser: Browser, file: Path) -> None:
    browser.open(file)
    opened = "document.querySelectorAll('details[open]').length"
    assert browser.run(opened) == 0
    browser.click("#distrust ~ ul a[href='#case-2']")
    browser.run("new Promise((done) => setTimeout(done, 100))")
    assert browser.run("document.querySelector('#case-2').open") is True
    assert browser.run(opened) == 1


def test_the_csv_can_be_taken_along(browser: Browser, file: Path, tmp_path: Path) -> None:
    browser.open(file)
    browser.ask("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path), eventsEnabled=True)
    browser.click("a.download")
    for _ in range(100):
        if (tmp_path / "a-suite.csv").exists():
            break
        browser.run("new Promise((done) => setTimeout(done, 50))")
    assert (tmp_path / "a-suite.csv").read_text() == CSV


def _printed_pages(browser: Browser, page: str, path: Path) -> int:
    path.write_text(page)
    browser.open(path)
    document = base64.b64decode(browser.ask("Page.printToPDF", printBackground=True)["data"])
    return len(re.findall(rb"/Type\s*/Page\b", document))


def test_printed_it_is_at_most_one_page_for_each_four_cases(browser: Browser, html: str, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    assert _printed_pages(browser, html, path) <= 9 // 4
    assert _printed_pages(browser, page_of(*many(4, "cpu")), path) == 1
    assert _printed_pages(browser, page_of(*many(6, "cpu", "tpu")), path) <= 3
    assert _printed_pages(browser, page_of(overview_of_run(run_of(), {})), path) == 1


def test_a_phone_shows_the_speedup_without_scrolling_sideways(browser: Browser, file: Path) -> None:
    browser.open(file, width=390, height=844)
    right = """[...document.querySelectorAll('main > section:nth-child(-n+2) :is(.line, .plot text)')]
      .filter((one) => one.textContent.includes('faster') && one.getClientRects().length)
      .map((one) => [one.closest('svg') ? 'plot' : 'table', one.getBoundingClientRect().right])"""
    seen = browser.run(right)
    assert {place for place, _ in seen} == {"plot", "table"}
    assert max(end for _, end in seen) <= 390
    assert browser.run("document.querySelector('.plot svg').getBoundingClientRect().width") == 0  # the wide one


def test_a_table_that_is_cut_says_so_and_one_that_fits_a_wide_screen_is_whole(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(page_of(*many(2, *(f"device-number-{number}" for number in range(6)))))
    cut = "(({scrollWidth, clientWidth}) => scrollWidth > clientWidth)(document.querySelector('.scroll'))"
    browser.open(path, width=1920)
    assert browser.run(cut) is False
    browser.open(path, width=1280)
    assert browser.run(cut) is True
    assert "linear-gradient" in browser.run("getComputedStyle(document.querySelector('.scroll')).backgroundImage")
    sticky = "document.querySelector('table.sortable tbody th')"
    browser.run("document.querySelector('.scroll').scrollLeft = 500")
    assert browser.run(f"getComputedStyle({sticky}.closest('table')).borderCollapse") == "separate"  # keeps its lines
    assert browser.run(f"{sticky}.getBoundingClientRect().left >= 0")
    assert browser.run("document.documentElement.scrollWidth") == 1280


def test_published_figures_alone_have_an_answer_and_one_folded_plot_each(bench: Bench, browser: Browser) -> None:
    done = bench("report", *sorted(PUBLISHED.glob("*.csv")), "--format", "html", "--out", "page.html")
    assert done.returncode == 0, done.stderr
    browser.open(bench.folder / "page.html")
    assert " faster than " in browser.run("document.querySelector('h1').textContent")
    assert browser.run("document.documentElement.scrollHeight") < 10_000
    assert browser.run("[...document.querySelectorAll('#sources ~ details')].map((one) => one.open)") == [False] * 6
    plots = "[...document.querySelectorAll('#sources ~ details')].map((one) => one.querySelectorAll('figure').length)"
    assert max(browser.run(plots)) == 1
    browser.open(bench.folder / "page.html", width=390, height=844)
    assert browser.run("document.documentElement.scrollWidth") == 390


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
    bench.env["DEVBENCH_PAGE"] = "1"
    bench.fake("b", invoke_us=900)
    bench.fake("c", do="segfault")
    bench("run", bench.fake_suite("a", "b", "c"), "--out", "out")
    browser.open(bench.folder / "out" / "report.html", width=360)
    assert browser.problems == []
    assert browser.run("document.documentElement.scrollWidth") == 360
    assert "failed" in browser.run("document.querySelector('.counts').textContent")
    assert browser.run("document.querySelectorAll('figure').length") == 4
