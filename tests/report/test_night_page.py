"""The morning page: what is on it, that it stays small, and that a browser shows it without scrolling sideways."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from devbench.domain.night import SeriesKey
from devbench.report.night.junit import of_series
from devbench.report.night.page import history_page
from devbench.report.night.sparkline import Days, sparkline
from tests.report.browser import Browser
from tests.report.night_pages import made_lab, nights_of, page_of
from tests.report.nights import ILL, ODD, QUIET

VOID = {"meta", "link", "input"}


class Balance(HTMLParser):
    """Elements that are open; each must be closed in turn."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.count: dict[str, int] = {}

    def handle_starttag(self, tag: str, attrs: object) -> None:
        del attrs
        self.count[tag] = self.count.get(tag, 0) + 1
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        del attrs
        self.count[tag] = self.count.get(tag, 0) + 1

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def parsed(page: str) -> Balance:
    balance = Balance()
    balance.feed(page)
    assert balance.open == []
    return balance


def test_the_page_tells_the_changes_first_then_the_places_then_every_case() -> None:
    night, series = made_lab(3, 4)
    page = page_of(night, series)
    parsed(page)
    parts = [page.index(f'id="{one}"') for one in ("answer", "changes", "hand", "cases", "places", "night")]
    assert parts == sorted(parts)
    assert "takes 3.1 % longer [2.8, 3.4] on 3 boards since the night of 2026-11-19" in re.sub("<[^>]*>", "", page)
    assert "Changed then: runtime 2.1.0 → 2.1.1." in page
    assert "devbench compare --measure nights/2026-11-18" in page
    assert "Tried: reboot (failed: no answer within 5 min), power cycle (worked)" in page
    assert page.count('<svg class="s"') == 12
    assert page.count('<details class="case" open>') == 1  # the board that is slower is in each, and opens none
    assert "refuted: network_00" in page
    assert "http" not in page.replace("http-equiv", "")


def test_a_quiet_night_says_so_and_nothing_is_open() -> None:
    night, series = made_lab(3, 4)
    page = page_of(replace(night, changes=(), places=QUIET.places), series)
    assert '<h1 id="answer">Nothing has changed on 2 places.' in page
    assert "No change is confirmed." in page
    assert '<details class="case" open>' not in page
    assert 'class="t"' not in page


def test_names_with_odd_characters_are_text_and_no_history_is_no_error() -> None:
    page = page_of(ILL, [])
    parsed(page)
    assert "<b>&" not in page
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert "The history has nothing of these cases yet" in page
    night, series = made_lab(1, 1)
    odd = replace(series[0], key=SeriesKey(model=ODD, device="x", place=ODD), versions=((series[0].nights[0], ODD),))
    assert "<b>&" not in page_of(night, [odd])


def test_a_part_of_the_history_has_a_page_without_a_night() -> None:
    night, series = made_lab(2, 2)
    known = [replace(one, changes=tuple(each for each in night.changes if of_series(each, one.key))) for one in series]
    page = history_page("network", known, ["one file could not be read"])
    parsed(page)
    assert '<h1 id="answer">network: 2 confirmed changes' in page
    assert "2 cases on 2 places, 2026-08-24 to 2026-11-21." in page
    assert "One file" not in page
    assert "one file could not be read." in page
    assert "Places that need a hand" not in page
    assert page.count('<svg class="s"') == 4
    parsed(history_page("", [], []))


def test_a_line_has_gaps_where_nights_are_missing_or_doubtful() -> None:
    _, (series,) = made_lab(1, 1, 10)
    nights = nights_of(10)
    values = np.full(10, 2.0)
    values[3] = np.nan
    doubtful = np.zeros(10, dtype=bool)
    doubtful[6] = True
    drawn = sparkline(replace(series, undisturbed_ms=values, doubtful=doubtful), (), Days.of(nights))
    line = re.search('class="l" d="([^"]*)"', drawn)
    assert line
    assert line[1].count("M") == 3
    alone = replace(series, undisturbed_ms=np.where(np.arange(10) == 4, 2.0, np.nan), doubtful=doubtful)
    assert re.search('class="l" d="M[0-9]+ [0-9]+h0"', sparkline(alone, (), Days.of(nights)))
    none = replace(series, undisturbed_ms=np.full(10, np.nan))
    assert sparkline(none, (), Days.of(nights)) == ""
    parsed(page_of(QUIET, [none]))


def test_a_plot_takes_less_than_a_kilobyte() -> None:
    night, series = made_lab(20, 10)
    quiet = replace(night, changes=())
    assert (len(page_of(quiet, series)) - len(page_of(quiet, []))) / len(series) < 1000


@pytest.mark.xdist_group("one page, one browser")
@pytest.mark.parametrize("width", [390, 1280])
def test_no_width_scrolls_sideways_and_words_find_plots(browser: Browser, tmp_path: Path, width: int) -> None:
    night, series = made_lab(12, 3, names="a-board-with-a-long-name-in-rack-{:03d}")
    file = tmp_path / "morning.html"
    file.write_text(page_of(night, series))
    browser.open(file, width=width, prefers_color_scheme="dark")
    browser.run("document.querySelectorAll('details').forEach((one) => { one.open = true })")
    assert browser.run("document.documentElement.scrollWidth") == width
    assert browser.problems == []
    assert browser.requests == [file.as_uri()]
    browser.run(
        "new Promise((done) => { const field = document.getElementById('find'); field.value = 'network_01 rack-007';"
        " field.dispatchEvent(new Event('input')); setTimeout(done, 400) })"
    )
    assert browser.run("document.querySelectorAll('.small li:not([hidden])').length") == 1
    assert browser.run("document.querySelector('.find output').textContent") == "1 plot"
