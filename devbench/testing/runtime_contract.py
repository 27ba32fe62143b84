"""The rules for a runtime, as a pytest class that a plugin's tests inherit.

class TestOven(RuntimeContract):
    runtime = Oven
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pytest

from devbench.domain.case import Option
from devbench.domain.extend import Runtime
from devbench.domain.measure import PROFILES, Measure
from devbench.domain.model import Artifact
from devbench.domain.outcome import Skipped
from devbench.domain.place import Place
from devbench.errors import DevbenchError, NotHereError
from devbench.places.archive import worker_archive
from devbench.plugin.calls import KnownRuntime
from devbench.run.honesty import engine_reasons
from devbench.run.round import RoundRunner
from devbench.testing import probe
from devbench.testing.contract import artifact_of, chosen_options, measure_prepared, registered
from devbench.testing.engine_file import engine_file_problems
from devbench.testing.judge import RULES, Answer, Findings, Seen, broken_at_once, findings
from devbench.testing.tiny_model import TinyModel

MEASURE: Measure = replace(PROFILES["quick"], warmup_runs=3, warmup_s=0.1, min_runs=10, min_s=0.5, cap_s=5.0)
_PROBE_LIMIT_S = 120.0


class RuntimeContract:
    """One test for each rule. A rule that could not be looked at is a skipped test, with the reason.

    runtime: what is looked at. place, options: where, and with which options; a place behind ssh is not looked at.
    model: a file that it loads; None for devbench's tiny model, which is there as .tflite and as .onnx.
    answer: of a model that is given: a `staticmethod` that gives the right outputs for a list of input arrays, both in
        the order of the file. Without it, nobody knows whether the answers are right.
    """

    runtime: ClassVar[type[Runtime]]
    place: ClassVar[Place] = Place(name="local", device="any")
    options: ClassVar[Mapping[str, Option]] = {}
    model: ClassVar[Path | None] = None
    answer: ClassVar[Answer | None] = None

    @pytest.fixture(scope="class")
    @classmethod
    def findings(cls, tmp_path_factory: pytest.TempPathFactory) -> Findings:
        """What was found of the runtime."""
        folder = tmp_path_factory.mktemp("contract")
        try:
            return check_runtime(cls.runtime, folder, cls.place, cls.options, cls.model, cls.answer)
        except NotHereError as error:
            pytest.skip(error.message)

    @pytest.mark.parametrize("rule", RULES)
    def test_rule(self, findings: Findings, rule: str) -> None:
        """Is it kept?"""
        if rule in findings.skipped:
            pytest.skip(f"{rule} was not looked at: {findings.skipped[rule]}")
        assert rule not in findings.broken, f"{RULES[rule]}: {findings.broken[rule]}"


def check_runtime(
    runtime: type[Runtime],
    folder: Path,
    place: Place,
    options: Mapping[str, Option] | None = None,
    model: Path | None = None,
    answer: Answer | None = None,
) -> Findings:
    """Every rule that `runtime` breaks, and every one that could not be looked at; both are empty for a sound one.

    folder: for what this needs. The other arguments are those of `RuntimeContract`. `NotHereError`: the runtime does
    not work at `place`. `ValueError`: there is no model for it, or `options` cannot be set.
    """
    known, registry, problems = registered(runtime)
    if known is None:
        return broken_at_once("registration", "; ".join(problems))
    chosen = chosen_options(known, options or {})
    static = engine_file_problems(known.engine.path, known.engine.parts, builds=known.engine.build_limit_s > 0)
    if static:
        return broken_at_once("engine-file", "; ".join(static))
    if isinstance(why := RoundRunner(registry, folder, lambda _: None).look(place, known.name), Skipped):
        raise NotHereError(why.reason, why.hint)
    if model is None:
        tiny = TinyModel()
        model, answer = _written(tiny, known.formats, folder), lambda arrays: [tiny.answer(arrays[0])]
    try:
        artifact = known.prepare(artifact_of(model, folder), place, chosen)
    except NotHereError:
        raise
    except DevbenchError as error:
        return broken_at_once("works", f"prepare(): {error.message}")
    problem, reasons, checked = "", [], False
    try:
        done = measure_prepared(registry, known.name, artifact, folder, place, chosen, MEASURE)
        reasons = engine_reasons([done.about], [float(np.median(done.samples_ns))])
        checked = done.about.check is not None
    except DevbenchError as failed:
        problem = failed.message
    report, arrays = _probed(known, artifact, place, chosen, folder)
    threads = chosen.get("threads")
    return findings(
        Seen(
            inputs=artifact.inputs,
            outputs=artifact.outputs,
            report=report,
            arrays=arrays,
            answer=answer,
            threads=threads if isinstance(threads, int) else 0,
            refused=_refuses(known, place, chosen, folder),
            reasons=reasons,
            round_error=problem,
            checked=checked,
        )
    )


def _written(tiny: TinyModel, formats: tuple[str, ...], folder: Path) -> Path:
    suffix = next((one for one in formats if one in ("tflite", "onnx")), "")
    if not suffix:
        raise ValueError(f"it loads {', '.join(formats)}: give the contract a `model` of one of these formats")
    return tiny.write(folder / f"tiny.{suffix}")


def _request(artifact: Artifact, place: Place, known: KnownRuntime, options: Mapping[str, Option]) -> dict[str, Any]:
    told = {**place.options, "processor": place.traits.processor}
    asked = {name: told[name] for name in known.engine.place_options if name in told}
    return {
        "artifact": str(artifact.path),
        "inputs": [asdict(spec) for spec in artifact.inputs],
        "outputs": [asdict(spec) for spec in artifact.outputs],
        "options": {**options, **asked},
        "seed": 0,
    }


def _probed(
    known: KnownRuntime, artifact: Artifact, place: Place, options: Mapping[str, Option], folder: Path
) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    report = _run_probe(known, place, _request(artifact, place, known, options), folder / "probe")
    if "error" in report and not (folder / "probe.npz").exists():
        return report, {}
    with np.load(folder / "probe.npz", allow_pickle=False) as arrays:
        return report, dict(arrays)


def _refuses(known: KnownRuntime, place: Place, options: Mapping[str, Option], folder: Path) -> bool:
    rubbish = folder / f"rubbish.{known.formats[0]}"
    rubbish.write_bytes(np.random.RandomState(3).bytes(4096))
    told = {**place.options, "processor": place.traits.processor}
    asked = {name: told[name] for name in known.engine.place_options if name in told}
    request = {"rubbish": str(rubbish), "options": {**options, **asked}}
    return bool(_run_probe(known, place, request, folder / "refusal").get("refused", True))  # to crash is to refuse


def _run_probe(known: KnownRuntime, place: Place, request: Mapping[str, Any], out: Path) -> dict[str, Any]:
    """What the probe says. An engine that ends its process, or hangs, is an error of the report."""
    archive = worker_archive(known.engine.path, out.parent, known.engine.parts)
    asked = out.with_suffix(".request")
    asked.write_text(json.dumps(request))
    command = [place.python_for(known.name) or sys.executable, probe.__file__, archive, known.name, asked, out]
    try:
        done = subprocess.run(
            [str(part) for part in command], capture_output=True, text=True, timeout=_PROBE_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return {"error": ["all", f"took longer than {_PROBE_LIMIT_S:g} s"]}
    if done.returncode or not out.with_suffix(".json").exists():
        last = [line for line in done.stderr.splitlines() if line.strip()][-1:]
        return {"error": ["all", f"its process ended with status {done.returncode}: {' '.join(last)}"]}
    found: dict[str, Any] = json.loads(out.with_suffix(".json").read_text())
    return found
