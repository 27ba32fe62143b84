"""The guard: what is the same answer, what is another one, and what shows nothing."""

from __future__ import annotations

from base64 import b64decode
from hashlib import sha256

import numpy as np
import numpy.typing as npt
import pytest

from devbench.compare.alike import Agreement, agreement
from devbench.domain.model import Quantization
from devbench.domain.outcome import OutputTensor
from devbench.worker.outputs import SAMPLED_VALUES, packed

PICTURE = "; use a picture of something that the network knows (`input:`)"
FIRST, SECOND = [0.1, 0.7, 0.2, -0.4], [0.6, -0.1, 0.3, 0.5]  # the answers to two inputs
Values = list[float] | npt.NDArray[np.generic]


def output(first: Values, second: Values | None = None, dtype: str = "float32", scale: float = 0) -> OutputTensor:
    one, other = (np.asarray(values, dtype) if values is not None else None for values in (first, second))
    assert one is not None
    return OutputTensor(
        name="o",
        dtype=dtype,
        shape=one.shape,
        sha256=sha256(one.tobytes()).hexdigest(),
        data=one.tobytes(),
        second_sha256=sha256(other.tobytes()).hexdigest() if other is not None else "",
        second_data=other.tobytes() if other is not None else b"",
        scale=scale,
    )


def found(one: OutputTensor, other: OutputTensor, *kinds: Quantization) -> Agreement:
    return agreement([one], [other], frozenset(kinds or ("none",)))


def times(values: list[float], factor: float) -> list[float]:
    return [value * factor for value in values]


def test_floats_may_differ_by_2_percent_of_the_largest_and_no_more() -> None:
    right = output(FIRST, SECOND)
    assert found(right, output(times(FIRST, 1.019), times(SECOND, 0.981))) == Agreement()
    for wrong in (output(times(FIRST, 0.8), times(SECOND, 0.8)), output(FIRST, times(SECOND, 0.8))):
        assert "times the tolerance" in found(right, wrong).differ
    assert (
        found(right, output(times(FIRST, 0.8), times(SECOND, 0.8))).differ
        == "output 'o' differs by 10 times the tolerance"
    )


@pytest.mark.parametrize(("kind", "steps"), [("as-made", 32), ("requantized", 64)])
def test_quantized_outputs_may_differ_by_so_many_steps(kind: Quantization, steps: int) -> None:
    """Also those that the file dequantizes: they are floats, and their step is that of the integers before."""
    first, second = [0, 200, 30, 7], [180, 5, 60, 90]
    for dtype, unit in (("uint8", 1.0), ("float32", 0.25)):
        right = output(times(first, unit), times(second, unit), dtype, scale=0.25)
        near, far = (times([first[0] + more, *first[1:]], unit) for more in (steps, steps + 1))
        assert found(right, output(near, times(second, unit), dtype, scale=0.25), kind) == Agreement()
        assert "differs by 1.0" in found(right, output(far, times(second, unit), dtype, scale=0.25), kind).differ


def test_floats_of_a_quantized_network_without_a_known_step_have_256_steps_to_their_largest() -> None:
    right, near = output([0.0, 2.56], [2.0, 0.5]), output([0.3, 2.56], [2.0, 0.5])
    assert found(right, near, "as-made") == Agreement()
    assert found(right, near, "none").differ
    assert found(right, output([0.33, 2.56], [2.0, 0.5]), "as-made").differ


@pytest.mark.parametrize("constant", [[0] * 4, [24, 3, 19, 2], [12, 12, 12, 12]])
def test_an_answer_that_does_not_depend_on_the_input_is_never_the_same(constant: list[float]) -> None:
    """A classifier in doubt: its largest score is 24 steps: all of this is within 32."""
    right = output([24, 3, 19, 2], [11, 12, 14, 23], "uint8", scale=1 / 256)
    why = "output 'o' of one is the same for two inputs, and that of the other is not"
    if not any(constant):
        why = "output 'o' differs by 1.11 times the tolerance"
    assert found(right, output(constant, constant, "uint8", scale=1 / 256), "as-made").differ == why


def test_the_answers_in_the_wrong_order_are_other_answers_however_small_they_are() -> None:
    right = output([24, 3, 19, 2], [11, 12, 14, 20], "uint8", scale=1 / 256)
    swapped = output([11, 12, 14, 20], [24, 3, 19, 2], "uint8", scale=1 / 256)
    why = "output 'o' differs between the two by as much as another input changes it"
    assert found(right, swapped, "as-made").differ == why


def test_no_answer_that_ignores_its_input_is_confirmed_whatever_it_is() -> None:
    random = np.random.default_rng(0)
    right = output(*random.uniform(-1, 1, (2, 8)))
    for size in (0.01, 0.1, 1):
        for middle in (0.5, random.uniform(0, 1)):
            guess = middle * right.real(right.data) + (1 - middle) * right.real(right.second_data)
            guess += random.normal(0, size, 8)
            assert found(right, output(guess, guess), "requantized") != Agreement()


def test_answers_that_say_nothing_confirm_nothing() -> None:
    """A segmentation that calls all of a random picture background, on both devices."""
    nothing = output([0.0] * 9, [0.0] * 9)
    assert found(nothing, nothing) == Agreement(unconfirmed=f"two different inputs gave the same outputs{PICTURE}")
    noisy = (
        output([10, 14, 9, 20], [14, 11, 13, 18], "uint8", scale=1),
        output([13, 14, 6, 22], [14, 11, 13, 18], "uint8", scale=1),
    )
    why = f"output 'o' differs between the two by 0.7 of what another input changes{PICTURE}"
    assert found(*noisy, "as-made") == Agreement(unconfirmed=why)


def test_an_output_that_never_changes_does_not_spoil_one_that_does() -> None:
    anchors, right = output([1.0, 2.0], [1.0, 2.0]), output(FIRST, SECOND)
    assert agreement([anchors, right], [anchors, right], frozenset({"none"})) == Agreement()
    moved = output([1.0, 2.1], [1.0, 2.1])
    assert agreement([anchors, right], [moved, right], frozenset({"none"})).differ


def test_what_is_not_known_is_said() -> None:
    right, once, lost = (
        output(FIRST, SECOND),
        output(FIRST),
        OutputTensor(name="o", dtype="float32", shape=(4,), sha256="?"),
    )
    assert found(right, once).unconfirmed == found(once, once).unconfirmed == "there is no answer to a second input"
    assert found(right, lost).unconfirmed == "output 'o' was not kept"
    assert found(once, output(times(FIRST, 0.8))).differ, "one input is enough to see a difference"
    assert agreement([], [right], frozenset()).unconfirmed == "no outputs were kept"
    assert agreement([right], [output([1.0])], frozenset()).differ == "outputs have different shapes"


def test_labels_are_the_same_or_not() -> None:
    """Class 20 is no further from class 0 than class 1 is."""
    first, second = np.zeros(1000, np.int64), np.zeros(1000, np.int64)
    first[:300], second[500:] = 20, 15
    right = output(first, second, "int64")
    near, far = first.copy(), first.copy()
    near[290:310], far[:200] = 1, 1
    assert found(right, output(near, second, "int64"), "as-made") == Agreement()
    assert found(right, output(near, second, "int64"), "none") == Agreement()
    assert found(right, output(far, second, "int64"), "as-made").differ


def test_numbers_that_are_none_are_another_answer() -> None:
    broken = output([float("nan"), *FIRST[1:]], SECOND)
    assert found(output(FIRST, SECOND), broken).differ == "output 'o' has values that are not numbers"
    assert found(broken, broken) == Agreement(), "the same bytes"


def test_large_outputs_are_compared_by_the_same_few_values_on_every_device() -> None:
    size = 513 * 513
    spec = {"name": "mask", "scale": 0.0, "zero_point": 0}
    ours, theirs = (packed([(spec, np.arange(size).astype(dtype))])[0] for dtype in ("<f4", ">f4"))
    assert ours == theirs
    values = np.frombuffer(b64decode(ours["data"]), "<f4")
    assert values.size == SAMPLED_VALUES
    steps = np.diff(np.sort(values), prepend=0, append=size)
    assert steps[1:-1].min() >= 1, "no place twice"
    assert steps.max() < 3 * size / SAMPLED_VALUES, "no region is left out"
    kept = OutputTensor(name="mask", dtype="float32", shape=(size,), sha256="", data=values.tobytes())
    assert not kept.whole


def test_texts_are_the_same_or_not_known() -> None:
    one, other = (OutputTensor(name="o", dtype="object", shape=(4,), sha256=one, second_sha256="3") for one in "12")
    assert found(one, one) == Agreement()
    assert found(one, other).unconfirmed == "output 'o' was not kept"
