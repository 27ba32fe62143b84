"""What the Edge TPU compiler is expected to do, operation by operation, and what that rests on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from devbench import Graph, Operation
from devbench_edgetpu.check.evidence import Evidence, Fate
from devbench_edgetpu.check.mapping import judge, predict
from devbench_edgetpu.check.operations import OPERATIONS
from devbench_edgetpu.check.parameters import fits
from tests.edgetpu.graphs import chain, checks, constant, operation, tensor

ROOT = Path(__file__).parents[2]


def _resize(before: int, after: int, depth: int = 8) -> Operation:
    sizes = [(1, size, size, depth) for size in (before, after)]
    return operation(0, "RESIZE_BILINEAR", [tensor(0, shape=sizes[0])], [tensor(1, shape=sizes[1])])


def _convolution(weights: str = "int8", **options: int) -> Operation:
    return operation(
        0, "CONV_2D", [tensor(0), constant(9, weights), constant(10, "int32", (4,))], [tensor(1)], **options
    )


@pytest.mark.parametrize(
    ("judged", "fate", "evidence"),
    [
        (_convolution(), Fate.MAPPED, Evidence.SEEN_MAPPED),
        (_convolution(dilation_w=2), Fate.LEFT, Evidence.DOCUMENTED),
        (_convolution("float16"), Fate.LEFT, Evidence.DOCUMENTED),
        (chain("RELU").operations[0], Fate.MAPPED, Evidence.DOCUMENTED),
        (chain("HARD_SWISH").operations[0], Fate.LEFT, Evidence.DOCUMENTED),
        (chain("ARG_MAX").operations[0], Fate.LEFT, Evidence.SEEN_LEFT),
        (chain("RSQRT").operations[0], Fate.UNKNOWN, Evidence.MEMORY),
        (chain("TILE").operations[0], Fate.UNKNOWN, Evidence.SEEN_MAPPED),
        (_resize(12, 24), Fate.MAPPED, Evidence.SEEN_MAPPED),
        (_resize(1, 33), Fate.UNKNOWN, Evidence.SEEN_LEFT),
        (_resize(256, 512, 32), Fate.UNKNOWN, Evidence.REPORTED),
    ],
)
def test_an_operation_is_judged_with_its_evidence(judged: Operation, fate: Fate, evidence: Evidence) -> None:
    found = judge(judged)
    assert (found.fate, found.evidence) == (fate, evidence), found.because


def test_a_split_into_one_part_splits_nothing() -> None:
    axis = constant(5, "int32", (), data=bytes(4))
    whole, parts = ([tensor(6)], [tensor(6), tensor(7)])
    assert judge(operation(0, "SPLIT", [axis, tensor(0)], whole)).fate is Fate.MAPPED
    assert judge(operation(0, "SPLIT", [axis, tensor(0)], parts)).fate is Fate.UNKNOWN


def test_what_follows_an_operation_on_the_cpu_stays_there() -> None:
    found = predict(chain("RELU", "HARD_SWISH", "RELU", "RELU"))
    assert found.on_cpu == range(3, 4)
    assert predict(chain("RELU", "HARD_SWISH", "RELU"), multiple_parts=True).on_cpu == range(1, 2)


def test_what_is_not_known_makes_a_range() -> None:
    found = predict(chain("RELU", "RSQRT", "RELU", "ARG_MAX"))
    assert found.on_cpu == range(1, 4), "the two in the middle may go either way"


def test_conversions_at_the_beginning_are_no_end_and_others_may_be() -> None:
    floats = [tensor(0, "float32"), tensor(1), tensor(2)]
    assert predict(chain("QUANTIZE", "RELU", tensors=floats)).on_cpu == range(1, 2)
    assert predict(chain("HARD_SWISH", "RELU", "RELU")).on_cpu == range(1, 4), "the real one has not been seen"


def test_only_known_operations_have_limits_with_sources() -> None:
    for name, kind in OPERATIONS.items():
        for limit in kind.limits:
            assert limit.source, name
            assert limit.evidence is not Evidence.MEMORY or limit.fate is Fate.UNKNOWN, "memory decides nothing"
        assert kind.evidence is not Evidence.MEMORY or kind.fate is Fate.UNKNOWN, name


def test_whether_parameters_fit_is_a_range_too() -> None:
    mib = 2**20
    assert [fits(kept) for kept in ((mib, 5 * mib), (5 * mib, 7 * mib), (8 * mib, 9 * mib))] == [True, None, False]


# --- reasons that an owner can act on ---------------------------------------------------------------------------------


def _hint(graph: Graph, name: str) -> str:
    return checks(graph)[name].hint


def test_float16_weights_are_not_a_graph_to_freeze() -> None:
    weights, wide = constant(8, "float16"), tensor(9, "float32", (4, 1, 1, 4))
    convolution = operation(1, "CONV_2D", [tensor(0, "float32"), wide, constant(10, "float32", (4,))], [tensor(1)])
    graph = Graph(
        operations=(operation(0, "DEQUANTIZE", [weights], [wide]), convolution),
        inputs=(tensor(0, "float32"),),
        outputs=(tensor(1),),
    )
    assert "float16, which is for GPUs" in _hint(graph, "constant parameters")
    assert "float16, which is for GPUs" in _hint(graph, "8-bit throughout")
    assert "by operation 0, DEQUANTIZE" in checks(graph)["constant parameters"].text


def test_integer_outputs_and_float_ends_are_not_to_be_quantized() -> None:
    indices = chain("RELU", "ARG_MAX", tensors=[tensor(0), tensor(1), tensor(2, "int64")])
    assert "int64 are indices and sizes, not quantized values (made by ARG_MAX 1)" in _hint(indices, "8-bit throughout")
    ends = chain(
        "QUANTIZE", "RELU", "DEQUANTIZE", tensors=[tensor(k, "float32" if k in {0, 3} else "int8") for k in range(4)]
    )
    assert "Inside, all is int8" in _hint(ends, "8-bit throughout")
    assert checks(ends)["runs on an Edge TPU"].text == "in part: 1 of 3 operations; 2 stay on the CPU"


def test_weights_that_alone_are_quantized_are_called_that() -> None:
    convolution = operation(0, "CONV_2D", [tensor(0, "float32"), constant(9)], [tensor(1, "float32")])
    graph = Graph(operations=(convolution,), inputs=(tensor(0, "float32"),), outputs=(tensor(1, "float32"),))
    assert "Only the weights are int8" in _hint(graph, "8-bit throughout")


def test_an_island_of_float_is_named() -> None:
    kinds = ["int8", "int8", "float32", "float32", "int8"]
    graph = chain("RELU", "DEQUANTIZE", "SIN", "QUANTIZE", tensors=[tensor(k, kind) for k, kind in enumerate(kinds)])
    assert "The converter left these in float: SIN 1." in _hint(graph, "8-bit throughout")


def test_a_detector_is_as_it_should_be() -> None:
    kinds = ["int8", "int8", "float32"]
    graph = chain("RELU", "TFLite_Detection_PostProcess", tensors=[tensor(k, kind) for k, kind in enumerate(kinds)])
    assert "in Google's own detectors too" in _hint(graph, "8-bit throughout")
    assert "in Google's own detectors too" in _hint(graph, "operations")
    assert checks(graph)["readable by the compiler"].good is True


def test_a_sampling_layer_is_named() -> None:
    shape = constant(9, "int32", (2,))
    random = operation(0, "RANDOM_STANDARD_NORMAL", [shape], [tensor(1, "float32")])
    graph = Graph(operations=(random,), inputs=(tensor(0),), outputs=(tensor(1, "float32"),))
    for name in ("operations", "readable by the compiler"):
        assert "variational autoencoder" in _hint(graph, name), name
    flex = operation(0, "FlexRandomStandardNormal", [shape], [tensor(1, "float32")])
    flex_graph = Graph(operations=(flex,), inputs=(tensor(0),), outputs=(tensor(1, "float32"),))
    assert "z_mean" in _hint(flex_graph, "readable by the compiler")
    scaled = operation(1, "CONV_2D", [tensor(0), tensor(1)], [tensor(2)])
    computed = Graph(operations=(random, scaled), inputs=(tensor(0),), outputs=(tensor(2),))
    assert "variational autoencoder" in _hint(computed, "constant parameters")


def test_a_free_batch_is_not_a_size_that_depends_on_data() -> None:
    batch = checks(chain("RELU", tensors=[tensor(k, free=(0,)) for k in range(2)]))
    assert batch["fixed sizes"].good is None
    assert batch["runs on an Edge TPU"].text == "yes, if the compiler takes the file (fixed sizes)"
    found = checks(chain("RELU", "WHERE", tensors=[tensor(0), tensor(1), tensor(2, "int64", (1, 4), free=(0,))]))
    assert found["fixed sizes"].text == "operation 1, WHERE ‘t2’ puts out as many values as its input makes it"
    assert "mask" in found["fixed sizes"].hint
    free = checks(chain("RELU", tensors=[tensor(k, shape=(1, -1, 8, 4), free=(1,)) for k in range(2)]))
    assert free["fixed sizes"].good is False
    assert free["runs on an Edge TPU"].text == "no: the compiler will refuse the file (fixed sizes)"


def test_traps_that_raise_no_error() -> None:
    weights = constant(9, shape=(10, 4), scales=10)
    dense = operation(0, "FULLY_CONNECTED", [tensor(0, shape=(1, 4), scale=1e-6), weights], [tensor(1, shape=(1, 10))])
    graph = Graph(operations=(dense,), inputs=(tensor(0, shape=(1, 4), scale=1e-6),), outputs=dense.outputs)
    found = checks(graph)
    assert "has 10 scales, one for each output" in found["dense layers"].text
    assert found["input range"].good is None
    outside = operation(0, "CONV_2D", [tensor(0), constant(9, outside=True)], [tensor(1)])
    graph = Graph(operations=(outside,), inputs=(tensor(0),), outputs=(tensor(1),))
    assert "outside the FlatBuffer" in checks(graph)["weights in the file"].text
    large = chain("RELU", tensors=[tensor(k, shape=(1, 4000, 4000, 3)) for k in range(2)])
    assert "large activation tensors" in checks(large)["large tensors"].hint


def test_quantize_needs_the_runtime_that_real_files_ask_for() -> None:
    assert checks(chain("QUANTIZE"))["runtime"].text.startswith("version 12 or newer, for QUANTIZE")


# --- the real compiler is the judge -----------------------------------------------------------------------------------


def test_the_real_compiler_did_what_is_predicted(google_models: Path) -> None:
    """Every public pair at hand, and each operation of the list of what became of more of them."""
    listed = Path(os.environ.get("DEVBENCH_TEST_OPERATIONS", google_models.parent / "facts" / "edgetpu-mapped-ops.csv"))
    more = ["--operations", str(listed)] if listed.exists() else []
    script = ROOT / "benchmarks" / "edgetpu_check.py"
    done = subprocess.run(
        [sys.executable, script, google_models, *more], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "12 pairs, 12 inside; one number instead of a range for 11" in done.stdout
    assert not more or "492 distinct operations, 0 judged wrongly" in done.stdout
