"""Changes as a table and as plain data: each figure and each note in its place."""

from __future__ import annotations

import json
from dataclasses import replace

from devbench.compare.runs import CaseChange, RunChanges
from devbench.domain.outcome import Failed, Measured, Summary
from devbench.domain.run import CaseRecord, Compare, Request, Run
from devbench.report.markdown import markdown
from devbench.report.runs_table import runs_data, runs_table
from devbench.stats import GeometricMean, Interval


def _run(name: str) -> Run:
    return Run(
        id=name,
        suite="s",
        suite_sha256="",
        started_utc=f"{name} o'clock",
        devbench_version="0",
        seed=0,
        request=Request(suite_text="", suite_dir=""),
        compare=Compare(),
        order=(),
        host={},
        absent=(),
        cases=(),
    )


def _case(name: str, median_ms: float) -> CaseRecord:
    summary = Summary(
        rounds=3,
        samples=9,
        median_ms=median_ms,
        low_ms=median_ms,
        high_ms=median_ms,
        between_rounds=True,
        mean_ms=median_ms,
        min_ms=median_ms,
        max_ms=median_ms,
        stdev_ms=None,
        p90_ms=None,
        p99_ms=None,
    )
    return CaseRecord(
        id=name,
        model=name[0],
        precision="int8",
        device="x",
        place="local",
        runtime="r",
        options={"threads": 1},
        outcome=Measured(summary=summary),
    )


def _changes() -> RunChanges:
    a, b, c, d = (f"{model}:int8@x:local:r:threads=1" for model in "abcd")
    ratio = Interval(1.3, 1.29, 1.31, 0.95, True, 4.0, "")
    near = Interval(1.004, 1.003, 1.005, 0.95, False, 4.0, "")
    one_round, file = "one round in OLD: so what", "another file: 1… / 2…"
    failed = replace(_case(c, 1), outcome=Failed(error="it | broke"))
    cases = (
        CaseChange(
            id=a,
            old=_case(a, 2),
            new=_case(a, 2.6),
            ratio=ratio,
            undisturbed=Interval(1.29, 1.28, 1.3, 0.95, True, 4.0, ""),
            difference="slower",
            notes=(file,),
        ),
        CaseChange(
            id=b,
            old=_case(b, 1),
            new=_case(b, 1.004),
            ratio=near,
            difference="within the threshold",
            notes=(one_round, file),
        ),
        CaseChange(id=c, old=_case(c, 792.13), new=failed, reason="failed in NEW (it | broke)"),
        CaseChange(id=d, old=_case(d, 1), new=None, reason="only in OLD"),
    )
    overall = GeometricMean(Interval(1.142, 1.1, 1.2, 0.95, False, 4.0, ""), 1.004, 1.3, 2)
    return RunChanges(
        old=_run("one"),
        new=_run("two"),
        threshold=0.01,
        cases=cases,
        overall=overall,
        notes=("another devbench: 1 / 2",),
    )


def test_the_table_in_markdown() -> None:
    assert markdown([runs_table(_changes())]) == (
        """**s: time of one inference, NEW over OLD with 95 % interval measured again on this machine**

| case | OLD | NEW | NEW / OLD | undisturbed | verdict |
|---|---|---|---|---|---|
| a int8<br>x local r threads=1 | 2.000 ms | 2.600 ms | 1.300<br>[1.290, 1.310] | 1.290<br>[1.280, 1.300] | slower<br>[1] |
| b int8<br>x local r threads=1 | 1.000 ms | 1.004 ms | 1.004<br>[1.003, 1.005] |  | differs by less than 1 %<br>[2] [1] |
| c int8<br>x local r threads=1 | 792.1 ms | failed |  |  | not compared<br>[3] |
| d int8<br>x local r threads=1 | 1.000 ms |  |  |  | not compared<br>[4] |
| geometric mean of 2 |  |  | 1.142<br>[1.100, 1.200] |  | from 1.004 to 1.300 |

- [1] another file: 1… / 2…
- [2] one round in OLD: so what
- [3] failed in NEW (it \\| broke)
- [4] only in OLD
- another devbench: 1 / 2
- OLD is one (one o'clock), NEW is two (two o'clock); where a note names two things, OLD's is first.
- undisturbed: of the fastest percent of the samples, in the faster half of the rounds, with 99 % interval.
- slower, faster: the interval lies wholly on one side of 1, and the ratio is at least 1 % from it.
"""
    )


def test_plain_data_has_every_case_and_null_for_what_there_is_not() -> None:
    data = json.loads(json.dumps(runs_data(_changes())))
    assert data["cases"][0] == {
        "id": "a:int8@x:local:r:threads=1",
        "old_ms": 2.0,
        "new_ms": 2.6,
        "ratio": 1.3,
        "low": 1.29,
        "high": 1.31,
        "between_rounds": True,
        "undisturbed": {"ratio": 1.29, "low": 1.28, "high": 1.3, "between_rounds": True},
        "verdict": "slower",
        "reason": None,
        "notes": ["another file: 1… / 2…"],
    }
    assert data["cases"][1]["verdict"] == "within the threshold"
    assert data["cases"][2] == {
        "id": "c:int8@x:local:r:threads=1",
        "old_ms": 792.13,
        "new_ms": None,
        "ratio": None,
        "low": None,
        "high": None,
        "between_rounds": None,
        "undisturbed": None,
        "verdict": "not compared",
        "reason": "failed in NEW (it | broke)",
        "notes": [],
    }
    assert data["geometric_mean"] == {
        "ratio": 1.142,
        "low": 1.1,
        "high": 1.2,
        "between_rounds": False,
        "smallest": 1.004,
        "largest": 1.3,
        "cases": 2,
    }
    assert runs_data(replace(_changes(), overall=None))["geometric_mean"] is None
    assert (data["threshold"], data["old"]["id"], data["new"]["id"]) == (0.01, "one", "two")
