"""The like-for-like guard: there is a ratio only between cases that did the same work and gave the same answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf

import numpy as np
import numpy.typing as npt

from devbench.domain.model import Quantization
from devbench.domain.outcome import OutputTensor
from devbench.domain.run import CaseRecord

# docs/measurement.md has what was seen with real files, and what these limits follow from.
TOLERANCE_STEPS = 32
TOLERANCE_REQUANTIZED_STEPS = 64
TOLERANCE_FLOAT = 0.02  # of the largest value
# Of what a second input changes. An answer that does not depend on the input is always at least half of it away from
# the right answer to one of the two inputs: no such answer is ever confirmed.
CONFIRMED_BELOW = 0.5
_STEPS_OF_INT8 = 256
_MOST = 0.9  # of the largest value, as far as a tolerance goes
_Values = npt.NDArray[np.float64]
_Answers = Sequence[tuple[_Values, _Values]]  # by input, those of the two cases


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """What the answers of two cases to the same inputs say.

    differ: why the two did not compute the same; "" if nothing shows that. unconfirmed: why nothing shows that they
    did; "" if it is confirmed, or if they differ.
    """

    differ: str = ""
    unconfirmed: str = ""


def work_differs(one: CaseRecord, other: CaseRecord) -> str:
    """Why the two did not do the same work; "" if they did."""
    if one.model != other.model:
        return f"models differ ({one.model}, {other.model})"
    if one.precision != other.precision:
        return f"precision differs ({one.precision}, {other.precision})"
    if one.region != other.region:
        return f"timed region differs ({one.region}, {other.region})"
    shapes = [[spec.shape for spec in case.artifact.inputs] if case.artifact else [] for case in (one, other)]
    if shapes[0] != shapes[1]:
        if unknown := next((case for case, shape in zip((one, other), shapes, strict=True) if not shape), None):
            return f"the inputs that {unknown.runtime} takes are not known: it does not say what stands in its file"
        return f"input shape differs ({shapes[0]}, {shapes[1]})"
    weights = [case.artifact.weights if case.artifact else "" for case in (one, other)]
    return f"weights differ ({weights[0]}, {weights[1]})" if weights[0] != weights[1] else ""


def quantizations(*cases: CaseRecord) -> frozenset[Quantization]:
    """How the networks of `cases` are quantized."""
    return frozenset(case.artifact.quantization if case.artifact else "unknown" for case in cases)


def agreement(one: Sequence[OutputTensor], other: Sequence[OutputTensor], kinds: frozenset[Quantization]) -> Agreement:
    """Whether two cases gave the same answers. kinds: how their networks are quantized."""
    if not one or not other:
        return Agreement(unconfirmed="no outputs were kept")
    if [output.shape for output in one] != [output.shape for output in other]:
        return Agreement(differ="outputs have different shapes")
    found = [_looked_at(*pair, kinds) for pair in zip(one, other, strict=True)]
    if differ := next(filter(None, map(_differs, found)), ""):
        return Agreement(differ=differ)
    return Agreement(unconfirmed=_unconfirmed(found))


@dataclass(frozen=True, kw_only=True)
class _Look:
    """One output of two cases.

    known: whether its values were kept, or their hashes are enough. asked_twice: whether both answered a second input.
    silent: of each case, whether the second input changed nothing. apart: the largest difference, in tolerances.
    noise: the difference between the cases over what the second input changes, both as root mean squares.
    """

    name: str
    known: bool
    asked_twice: bool
    silent: tuple[bool, bool]
    apart: float = 0.0
    noise: float = 0.0


def _looked_at(one: OutputTensor, other: OutputTensor, kinds: frozenset[Quantization]) -> _Look:
    asked_twice = bool(one.second_sha256 and other.second_sha256)
    hashes = [(one.sha256, other.sha256), (one.second_sha256, other.second_sha256)]
    data = [(one.data, other.data), (one.second_data, other.second_data)]
    count = 2 if asked_twice else 1
    same = all(mine == its for mine, its in hashes[:count])
    kept = all(mine and its for mine, its in data[:count])
    answers = [(one.real(mine), other.real(its)) for mine, its in data[:count]] if kept else []
    known = same or (kept and all(mine.size == its.size for mine, its in answers))
    silent = one.sha256 == one.second_sha256, other.sha256 == other.second_sha256
    look = _Look(name=one.name, known=known, asked_twice=asked_twice, silent=silent)
    if same or not known:
        return look
    labels = not any(output.scale or np.dtype(output.dtype).kind not in "iub" for output in (one, other))
    unit = _tolerance(max(one.scale, other.scale), [mine for mine, _ in answers], kinds, labels=labels)
    return replace(look, apart=_farthest(answers, labels) / unit, noise=_noise(answers, labels))


def _differs(look: _Look) -> str:
    """Why the two computed something else; "" if they are within the tolerance.

    Where they are as far apart as the answers to two inputs, an eighth of the tolerance is enough.
    """
    if look.apart == inf:
        return f"output '{look.name}' has values that are not numbers"
    if look.apart > 1:
        return f"output '{look.name}' differs by {look.apart:.3g} times the tolerance"
    if not look.asked_twice or look.noise < 1 or look.apart < 1 / 8:
        return ""
    if any(look.silent):
        return f"output '{look.name}' of one is the same for two inputs, and that of the other is not"
    return f"output '{look.name}' differs between the two by as much as another input changes it"


def _unconfirmed(found: Sequence[_Look]) -> str:
    if lost := [look.name for look in found if not look.known]:
        return f"output '{lost[0]}' was not kept"
    if not all(look.asked_twice for look in found):
        return "there is no answer to a second input"
    worst = max((look for look in found if not all(look.silent)), key=lambda look: look.noise, default=None)
    if worst and worst.noise < CONFIRMED_BELOW:
        return ""
    why = (
        f"output '{worst.name}' differs between the two by {worst.noise:.1f} of what another input changes"
        if worst
        else "two different inputs gave the same outputs"
    )
    return f"{why}; use a picture of something that the network knows (`input:`)"


def _tolerance(step: float, values: Sequence[_Values], kinds: frozenset[Quantization], *, labels: bool) -> float:
    """How far two answers may be apart, as a real number; of labels, what share of them."""
    steps = TOLERANCE_REQUANTIZED_STEPS if "requantized" in kinds else TOLERANCE_STEPS
    quantized = step or kinds & {"as-made", "requantized"}
    share = steps / _STEPS_OF_INT8 if quantized else TOLERANCE_FLOAT
    if labels:
        return share
    largest = max(1e-6, *(float(np.max(np.abs(one), initial=0.0)) for one in values))
    return max(step, min(steps * step, _MOST * largest)) if step else share * largest


def _farthest(answers: _Answers, labels: bool) -> float:
    """The largest difference of two values; of labels, the share that differs."""
    if labels:
        return max(_distance(*pair, labels) for pair in answers)
    if not all(np.isfinite(values).all() for pair in answers for values in pair):
        return inf
    return max(float(np.max(np.abs(one - other), initial=0.0)) for one, other in answers)


def _noise(answers: _Answers, labels: bool) -> float:
    if len(answers) == 1:
        return 0.0
    (mine, its), (my_second, its_second) = answers
    between_cases = max(_distance(mine, its, labels), _distance(my_second, its_second, labels))
    between_inputs = min(_distance(mine, my_second, labels), _distance(its, its_second, labels))
    return between_cases / between_inputs if between_inputs else inf


def _distance(one: _Values, other: _Values, labels: bool) -> float:
    """The root mean square of the differences; of labels, the share that differs."""
    return float(np.mean(one != other)) if labels else float(np.sqrt(np.mean(np.square(one - other))))
