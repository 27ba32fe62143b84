"""report.html: what it says, and that nothing in it can act."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from devbench.compare.findings import Finding, Kind
from devbench.compare.overview import overview_of
from devbench.domain.run import Pending
from devbench.report.html.doubts import doubts_of
from devbench.report.plots import overview_plots
from devbench.report.tables import tables_of
from devbench.report.words import headline
from tests.conftest import Bench
from tests.report.pages import CSV_LINK, PUBLISHED, THEIRS, page_of
from tests.report.runs import EVIL, case_of, overview_of_cases, overview_of_run, rich_run, run_of, samples_of, traces_of


@pytest.fixture
def bench(bench: Bench) -> Bench:
    """The command line, with a page at the end of each run."""
    bench.env["DEVBENCH_PAGE"] = "1"
    return bench


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


@pytest.fixture(scope="module")
def html() -> str:
    return page_of(*rich_run(THEIRS))


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
    assert all(link.startswith("#") or link in ("data:,", CSV_LINK) for link in links)
    assert links.count(CSV_LINK) == 1


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
    assert targets - {CSV_LINK[1:]} <= set(ids)
    headings = [attrs for tag, attrs in page.tags if re.fullmatch("h[1-6]", tag)]
    assert len([one for one in page.of("a") if one.get("class") == "anchor"]) == len(headings) > 20
    assert all(one.get("id") for one in headings)


def test_the_page_says_what_to_distrust_and_what_was_set(html: str) -> None:
    text = " ".join(" ".join(_Page(html).words).split())
    for told in (
        "the hypervisor stole 2 %",
        "Use a machine of your own.",
        "See devbench doctor .",
        "no runtime is here",
        "none is plugged in",
        "Plug one in.",
        "5 runs and 0.3 s, then until it is steady; at most 2 s",
        "ab" * 32,
        "input: uint8 1×224×224×3, scale 0.5, zero 3",
        "Could not be read here: stolen by the hypervisor, stalled for a core,",
        "name: a-suite",
        "Mean: theirs.",
        "Nobody checked these.",
        "ef" * 32,
    ):
        assert told in text, told
    assert text.count("coral-usb: none is plugged in") == 0  # told once, as a doubt, and not below the table too


def test_the_title_and_what_a_shared_link_shows_are_the_answer(html: str) -> None:
    page = _Page(html)
    described = {one.get("property") or one.get("name"): one.get("content") for one in page.of("meta")}
    answer = headline(rich_run(THEIRS)[0])
    assert described["og:description"] == described["description"] == answer
    assert html.partition("<title>")[2].startswith(f"{answer} · a-suite</title>")


def test_the_order_is_answer_plot_table_doubts_method_cases_provenance(html: str) -> None:
    places = [html.index(f'id="{name}"') for name in ("answer", "tables", "distrust", "method", "cases", "provenance")]
    assert places == sorted(places)
    assert places[0] < html.index("<svg") < places[1]
    folded = html.index("The same models, but not known to be the same work")
    assert html.rfind("<details>", 0, folded) > html.rfind("</details>", 0, folded)


def test_winners_are_marked_and_nobody_where_nothing_is_decided(html: str) -> None:
    (table, *_) = tables_of(rich_run(THEIRS)[0])
    marked = {
        row[0].lines[0].text: [cell.lines[0].kind if cell.lines else "" for cell in row[1:]] for row in table.rows
    }
    assert marked["zebra int8"] == ["", "winner"]
    assert marked["ant int8"] == ["", ""]  # the other figure is contaminated
    assert html.count('title="fastest of its row"') == 2 + 1  # zebra, bee; zebra again side by side


def test_a_run_is_cited_with_its_hash_and_what_tex_would_obey_is_not_there() -> None:
    rounds = [samples_of(2_000_000, seed) for seed in range(3)]
    page = page_of(overview_of_cases(case_of("100%_{#}", "cpu", rounds), samples={"100%_{#}@cpu": rounds}))
    entry = re.search(r"@misc\{devbencharun,\n(.*?)\n\}</pre>", page, re.DOTALL)
    assert entry
    assert f"run.json SHA-256 {'ef' * 32}" in entry[1]
    assert r"100\%\_ \#  " in entry[1]
    assert entry[1].count("{") == entry[1].count("}")


def test_doubts_name_each_reason_once_the_worst_first() -> None:
    found = doubts_of(rich_run()[0].findings)
    assert [one.badge for one in found[:3]] == ["contaminated", "failed", "suspect"]
    steal = next(one for one in found if one.name == "steal")
    assert steal.cases == ("zebra@tpu", "ant@cpu")
    broken = next(one for one in found if one.badge == "failed")
    assert (broken.name, broken.cases) == ("while: load", ("broken@cpu", "broken@tpu"))
    assert next(one for one in found if one.badge == "absent").name == "coral-usb"


def test_forty_cases_of_one_cause_are_one_doubt_with_the_details_folded() -> None:
    each = tuple({"reached": 0.012, "wanted": 0.01, "rounds": 2, "seconds": 9.0} for _ in range(41))
    cases = tuple(f"m{number}@cpu" for number in range(41))
    finding = Finding(kind=Kind.IMPRECISE, cause="precision", cases=cases, each=each)
    overview, traces = rich_run()
    page = page_of(replace(overview, findings=(finding,)), traces)
    (doubt,) = re.findall(r'<ul class="doubts">\n(.*?)</details>', page, re.DOTALL)
    before, _, after = doubt.partition("<details>")
    assert "intervals within this run are wider than the suite asks for" in before
    assert "reached" not in before
    assert after.count("± 1.2 % reached, ± 1.0 % asked for") == 41


def test_what_a_device_remarks_is_told_with_its_cases() -> None:
    rounds = [samples_of(2_000_000, seed) for seed in range(2)]
    case = replace(case_of("m", "cpu", rounds), remarks=("Half the network runs on the CPU.",))
    overview = overview_of_cases(case, samples={case.id: rounds})
    remark = next(one for one in doubts_of(overview.findings) if one.badge == "remark")
    assert (remark.text, remark.cases) == ("Half the network runs on the CPU.", ("m@cpu",))
    assert page_of(overview).count("Half the network runs on the CPU.") == 2  # among the doubts, and with its case


def test_a_run_without_rounds_or_comparison_still_makes_a_page() -> None:
    page = page_of(overview_of_run(replace(run_of(), finished_utc=""), {}))
    assert page.startswith("<!DOCTYPE html>")
    assert "Nothing was measured." in page
    assert "not finished" in page
    alone = page_of(overview_of([], [THEIRS]))
    assert "Their GPU is " in alone
    assert "Every case" not in alone


def test_a_run_that_was_interrupted_and_one_with_odd_times_make_a_page() -> None:
    rounds = [samples_of(2_000_000, seed) for seed in range(2)]
    case = case_of("m", "cpu", rounds)
    odd = replace(case, rounds=tuple(replace(one, started_utc="yesterday") for one in case.rounds))
    waiting = replace(case, id="n@cpu", model="n", rounds=(), outcome=Pending())
    samples = {"m@cpu": rounds, "n@cpu": []}
    overview = overview_of_cases(odd, waiting, samples=samples)
    traces = traces_of(overview, samples)
    assert [plot.name for plot in overview_plots(overview, traces).all()] == ["latency"]  # no drift without times
    text = " ".join(_Page(page_of(overview, traces)).words)
    assert "Interrupted: 1 case not measured yet." in text
    assert "the run ended before these were measured" in text
    assert "Its rounds are not all done." in text


def test_every_run_leaves_a_page_and_its_end_never_fails_for_want_of_one(bench: Bench) -> None:
    bench.fake("a")
    suite = bench.fake_suite("a")
    assert bench("run", suite, "--out", "out").returncode == 0
    assert '<h1 id="answer">' in (bench.folder / "out" / "report.html").read_text()
    bench.write("site/matplotlib/__init__.py", "raise ImportError('no matplotlib here')")
    broken = bench("run", suite, "--out", "second", process=True)
    assert broken.returncode == 0
    assert "note: report.html was not written: ImportError: no matplotlib here" in broken.stderr
    assert "fakes · " in broken.stdout
    assert broken.stdout.endswith("Everything else: second/report.html\n")
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
    csv = PUBLISHED / "coral-faq-2019.csv"
    page = bench("report", csv, "--format", "html").stdout
    assert "16.85× [16.66, 17.04]" in page
    assert 'aria-label="Time of one inference: coral-faq-2019.' in page
    beside = bench("report", "out", csv, "--format", "html").stdout
    assert "coral-faq-2019" in beside
    assert '<h1 id="answer">' in beside
    refused = bench("report", "out", "--format", "html", "--out", "nowhere/page.html")
    assert refused.returncode == 1
    assert refused.stderr.startswith("error: nowhere/page.html: cannot be written")
