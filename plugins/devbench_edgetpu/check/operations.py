"""The table of operations that the Edge TPU compiler maps, their limits, and what each statement rests on.

Names and limits follow Coral's table in copies that others keep of it: one of runtime 14, whole down to
ResizeNearestNeighbor, and an older one that is whole. What real files show stands in seen.csv; issues are those of
github.com/google-coral/edgetpu. docs/edgetpu-operations.md is printed from this table.
"""

from __future__ import annotations

from collections.abc import Mapping

from devbench_edgetpu.check import limits as of
from devbench_edgetpu.check.evidence import CORAL, CORAL_OLDER, Evidence, Fate, Kind, Limit

_D, _SEEN, _R, _M = Evidence.DOCUMENTED, Evidence.SEEN_LEFT, Evidence.REPORTED, Evidence.MEMORY

_CONSTANT = Limit(
    rule="constant weights and bias", broken=of.constant_parameters, evidence=_D, source="Coral's model requirements"
)
_ACTIVATION = Limit(rule="no fused activation", broken=of.no_activation, evidence=_D, source=CORAL)
_DILATION = Limit(rule="the same dilation in x and y", broken=of.even_dilation, evidence=_D, source=CORAL)
_NOT_IN_BATCH = Limit(rule="not over the batch", broken=of.not_in_batch, evidence=_D, source=CORAL)
_RESIZE = Kind(
    limits=(
        Limit(
            rule=f"an edge grows {of.GROWTH_SURE} times at most",
            broken=of.small_growth,
            evidence=_SEEN,
            source="1×1 to 33×33 in one file; 2 times was mapped",
            fate=Fate.UNKNOWN,
        ),
        Limit(
            rule=f"{of.RESIZE_SURE:,} elements at most",
            broken=of.small_resize,
            evidence=_R,
            source="issues 31, 187 and 597: smaller ones were mapped, larger ones left",
            fate=Fate.UNKNOWN,
        ),
    )
)


def _remembered(since: int, *limits: Limit, source: str = "Coral's table") -> Kind:
    return Kind(evidence=_M, source=source, since=since, limits=limits, fate=Fate.UNKNOWN)


OPERATIONS: Mapping[str, Kind] = {
    "ADD": Kind(),
    "AVERAGE_POOL_2D": Kind(limits=(_ACTIVATION,)),
    "CONCATENATION": Kind(
        limits=(
            _ACTIVATION,
            Limit(
                rule="a constant input is all zeros, and the other input the only one",
                broken=of.zeros_alone,
                evidence=_D,
                source=CORAL,
            ),
        )
    ),
    "CONV_2D": Kind(limits=(_DILATION, _CONSTANT)),
    "DEPTHWISE_CONV_2D": Kind(limits=(_DILATION, _CONSTANT)),
    "EXPAND_DIMS": Kind(since=13),
    "FULLY_CONNECTED": Kind(
        limits=(
            Limit(rule="weights in the default format", broken=of.default_format, evidence=_D, source=CORAL),
            Limit(rule="an output of one dimension", broken=of.flat_output, evidence=_D, source=CORAL),
            Limit(
                rule="without keep_num_dims",
                broken=of.dimensions_dropped,
                evidence=_R,
                source="a log of compiler 14",
                fate=Fate.UNKNOWN,
            ),
            _CONSTANT,
        )
    ),
    "L2_NORMALIZATION": Kind(),
    "LOGISTIC": Kind(
        limits=(
            Limit(
                rule=f"{of.LOGISTIC_SURE:,} elements at most",
                broken=of.small_logistic,
                evidence=_R,
                source="issue 490: left behind a large detection head",
                fate=Fate.UNKNOWN,
            ),
        )
    ),
    # Coral's table says runtime 14; a file of Google's that has one asks for 12.
    "UNIDIRECTIONAL_SEQUENCE_LSTM": Kind(since=12),
    "MAXIMUM": Kind(),
    "MAX_POOL_2D": Kind(limits=(_ACTIVATION,)),
    "MEAN": Kind(
        limits=(
            _NOT_IN_BATCH,
            Limit(
                rule="over the depth only if that is a multiple of 4",
                broken=of.depth_of_four,
                evidence=_D,
                source=CORAL,
            ),
            Limit(
                rule=f"of {of.MEAN_SURE:,} values at most",
                broken=of.small_mean,
                evidence=_R,
                source="issue 461: 64×128 was mapped, 256×128 left",
                fate=Fate.UNKNOWN,
            ),
        )
    ),
    "MINIMUM": Kind(),
    "MUL": Kind(),
    "PACK": Kind(
        since=13,
        limits=(Limit(rule="not along the batch", broken=of.not_packed_in_batch, evidence=_D, source=CORAL),),
    ),
    "PAD": Kind(limits=(Limit(rule="not in the batch", broken=of.not_padded_in_batch, evidence=_D, source=CORAL),)),
    "PRELU": Kind(
        since=13, limits=(Limit(rule="alpha of one dimension", broken=of.flat_alpha, evidence=_D, source=CORAL),)
    ),
    # Coral's table says runtime 13; eight of eight of Google's files that have one ask for 12.
    "QUANTIZE": Kind(since=12),
    "REDUCE_MAX": Kind(since=14, limits=(_NOT_IN_BATCH,)),
    "REDUCE_MIN": Kind(since=14, limits=(_NOT_IN_BATCH,)),
    "RELU": Kind(),
    "RELU6": Kind(),
    "RELU_N1_TO_1": Kind(),
    "RESHAPE": Kind(
        limits=(
            Limit(
                rule=f"{of.RESHAPE_SURE:,} elements at most",
                broken=of.small_reshape,
                evidence=_R,
                source=f"{CORAL} (“certain reshapes ... for large tensor sizes”); issue 512: left from 48×48×255 on",
                fate=Fate.UNKNOWN,
            ),
        )
    ),
    "RESIZE_BILINEAR": _RESIZE,
    "RESIZE_NEAREST_NEIGHBOR": _RESIZE,
    "RSQRT": _remembered(14),
    "SLICE": Kind(source=CORAL_OLDER),
    "SOFTMAX": Kind(
        source=CORAL_OLDER,
        limits=(
            Limit(rule="over one dimension", broken=of.softmax_of_a_line, evidence=_D, source=CORAL_OLDER),
            Limit(rule="16,000 elements at most", broken=of.short_softmax, evidence=_D, source=CORAL_OLDER),
        ),
    ),
    "SPACE_TO_DEPTH": Kind(source=CORAL_OLDER),
    "SPLIT": Kind(
        source=CORAL_OLDER,
        limits=(
            Limit(
                rule="not in the batch, unless into one part",
                broken=of.not_split_in_batch,
                evidence=_M,
                source="one part was seen mapped",
                fate=Fate.UNKNOWN,
            ),
        ),
    ),
    "SQUARED_DIFFERENCE": _remembered(14),
    "SQUEEZE": Kind(
        source=CORAL_OLDER,
        limits=(
            Limit(
                rule="of leading 1s only",
                broken=of.leading_ones,
                evidence=_D,
                source=f"{CORAL_OLDER}; the compiler may have learned it since",
                fate=Fate.UNKNOWN,
            ),
        ),
    ),
    "STRIDED_SLICE": Kind(
        source=CORAL_OLDER,
        limits=(
            Limit(rule="no ellipsis, no new axis", broken=of.no_new_axis, evidence=_D, source=CORAL_OLDER),
            Limit(rule="strides of 1", broken=of.strides_of_one, evidence=_D, source=CORAL_OLDER),
        ),
    ),
    "SUB": Kind(source=CORAL_OLDER),
    "SUM": _remembered(13, _NOT_IN_BATCH),
    "TANH": Kind(source=CORAL_OLDER),
    "TILE": Kind(evidence=Evidence.SEEN_MAPPED, source="once, in one file; not in Coral's table", fate=Fate.UNKNOWN),
    "TRANSPOSE": _remembered(14, source="issue 433: left by compiler 16; limits not known"),
    "TRANSPOSE_CONV": Kind(
        since=13,
        source="Coral's table, as issue 684 quotes it",
        limits=(
            Limit(
                rule="not a kernel of 2×2 with strides of 2",
                broken=of.not_two_by_two,
                evidence=_R,
                source="issues 509, 684 and 686: some were left",
                fate=Fate.UNKNOWN,
            ),
            _CONSTANT,
        ),
    ),
}
