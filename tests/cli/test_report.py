"""`devbench report` on a run folder, and on what is none."""

import json

from tests.conftest import Bench


def _measured(bench: Bench) -> None:
    bench.fake("a")
    assert bench("run", bench.fake_suite("a"), "--out", "out").returncode == 0


def test_a_run_in_every_format(bench: Bench) -> None:
    _measured(bench)
    assert "│ a     │" in bench("report", "out", "--verbose").stdout
    assert "│" not in bench("report", "out").stdout
    assert "| a | 0." in bench("report", "out", "--format", "markdown").stdout
    assert bench("report", "out", "--format", "csv").stdout.startswith("schema,source,")
    assert json.loads(bench("report", "out", "--json").stdout)["id"] == "out"


def test_what_is_no_run_is_an_error_with_its_path(bench: Bench) -> None:
    _measured(bench)
    run_json = bench.folder / "out" / "run.json"
    whole = run_json.read_text()
    cases = {
        whole[: len(whole) // 2]: "out/run.json: not a run.json of devbench",
        "[]": "out/run.json: not a run.json of devbench",
        whole.replace('"schema": 2', '"schema": 99'): "has schema 99, and this devbench reads 1 and 2",
        whole.replace('"status": "measured"', '"status": "marvellous"'): "not a run.json of devbench: cases",
    }
    for text, message in cases.items():
        run_json.write_text(text)
        done = bench("report", "out")
        assert done.returncode == 1
        assert message in done.stderr, done.stderr
    missing = bench("report", "nowhere")
    assert missing.returncode == 1
    assert "nowhere: there is no such file" in missing.stderr


def test_samples_that_are_gone_or_damaged_are_an_error_with_their_path(bench: Bench) -> None:
    bench.fake("a")
    bench.fake("b")
    suite = bench.fake_suite("a", "b", extra="compare: {between_models: [a, b]}")
    assert bench("run", suite, "--out", "out").returncode == 0
    samples = bench.folder / "out" / "samples.parquet"
    samples.write_bytes(samples.read_bytes()[:100])
    done = bench("report", "out")
    assert done.returncode == 1
    assert "out/samples.parquet: is not as it was written: its SHA-256 differs" in done.stderr
    samples.unlink()
    assert "out/samples.parquet: cannot be read: No such file" in bench("report", "out").stderr


def test_an_unknown_baseline_names_those_there_are(bench: Bench) -> None:
    _measured(bench)
    done = bench("report", "out", "--baseline", "toaster")
    assert done.returncode == 1
    assert "the run has no device 'toaster'" in done.stderr
    assert "It has: fake" in done.stderr
