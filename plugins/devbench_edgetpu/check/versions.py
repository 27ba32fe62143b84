"""Which operations, in which versions, the last compiler can read at all: a newer one makes it refuse the whole file.

The compiler carries a TensorFlow Lite of its own. Public reports show four cases of what 16.0, the last, refuses. It is
of the summer of 2021, when TensorFlow was at 2.5 and 2.6: that it refuses all that came later, by TensorFlow's table of
runtime versions, is a guess, and called so.
"""

from __future__ import annotations

from collections.abc import Mapping

from devbench import Operation

COMPILER, NEWEST_RUNTIME = "16.0", 14
TENSORFLOW = "2.6"
# The one custom operation of which public logs show that the compiler reads it (and leaves it to the CPU).
_READABLE_CUSTOM = "TFLite_Detection_PostProcess"

# The lowest version that a public report shows to be refused, and the report.
_REFUSED: Mapping[str, tuple[int, str]] = {
    "CONV_2D": (6, "google-coral/edgetpu#631"),
    "EXP": (2, "google-coral/libedgetpu#71"),
    "QUANTIZE": (3, "google-coral/edgetpu#879"),
    "TRANSPOSE_CONV": (4, "google-coral/edgetpu#845"),
}

_NEWEST = {
    1: """ADD_N ASSIGN_VARIABLE BROADCAST_ARGS CALL_ONCE CAST CEIL COMPLEX_ABS CONV_3D CONV_3D_TRANSPOSE COS CUMSUM
        DENSIFY ELU EMBEDDING_LOOKUP_SPARSE EXP EXPAND_DIMS FLOOR FLOOR_MOD HARD_SWISH HASHTABLE HASHTABLE_FIND
        HASHTABLE_IMPORT HASHTABLE_LOOKUP HASHTABLE_SIZE IF IMAG L2_POOL_2D LOCAL_RESPONSE_NORMALIZATION LOG LOGICAL_AND
        LOGICAL_NOT LOGICAL_OR LSH_PROJECTION MATRIX_DIAG MATRIX_SET_DIAG NEG NON_MAX_SUPPRESSION_V4
        NON_MAX_SUPPRESSION_V5 ONE_HOT POW PRELU RANGE RANK READ_VARIABLE REAL REDUCE_ALL REDUCE_ANY RELU_N1_TO_1
        RESHAPE REVERSE_SEQUENCE RFFT2D ROUND SCATTER_ND SEGMENT_SUM SELECT_V2 SHAPE SIN SKIP_GRAM SQRT SQUARE UNIQUE
        VAR_HANDLE WHERE WHILE ZEROS_LIKE""",
    2: """ARG_MAX ARG_MIN DEPTH_TO_SPACE DIV FAKE_QUANT FLOOR_DIV GREATER GREATER_EQUAL L2_NORMALIZATION LEAKY_RELU LESS
        LESS_EQUAL LOG_SOFTMAX MIRROR_PAD QUANTIZE REDUCE_PROD RSQRT SELECT SPACE_TO_DEPTH SPLIT_V SQUARED_DIFFERENCE
        SQUEEZE SUM TILE TOPK_V2""",
    3: """AVERAGE_POOL_2D BATCH_TO_SPACE_ND BIDIRECTIONAL_SEQUENCE_LSTM BIDIRECTIONAL_SEQUENCE_RNN BROADCAST_TO
        CONCATENATION EMBEDDING_LOOKUP EQUAL FILL GATHER_ND LOGISTIC MAX_POOL_2D MEAN NOT_EQUAL PACK REDUCE_MAX
        REDUCE_MIN RELU RELU6 REVERSE_V2 RNN SOFTMAX SPACE_TO_BATCH_ND SPARSE_TO_DENSE TANH TRANSPOSE_CONV
        UNIDIRECTIONAL_SEQUENCE_LSTM UNIDIRECTIONAL_SEQUENCE_RNN""",
    4: """ABS ADD BATCH_MATMUL DEQUANTIZE LSTM MAXIMUM MINIMUM PAD PADV2 RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR SPLIT
        SVDF UNPACK""",
    5: "CONV_2D GATHER MUL SLICE SUB TRANSPOSE",
    6: "DEPTHWISE_CONV_2D STRIDED_SLICE",
    9: "FULLY_CONNECTED",
}
_VERSIONS: Mapping[str, int] = {name: version for version, names in _NEWEST.items() for name in names.split()}


def refusal(operation: Operation) -> str:
    """Why the compiler refuses a file with the operation, by a report that shows it; "" if none does."""
    if operation.custom:
        return "" if operation.name == _READABLE_CUSTOM else "is a custom operation, which the compiler does not have"
    lowest, report = _REFUSED.get(operation.name, (0, ""))
    if not lowest or operation.version < lowest:
        return ""
    return f"is of version {operation.version}, and compiler {COMPILER} refuses {lowest} and newer ({report})"


def doubt(operation: Operation) -> str:
    """Why the compiler may refuse a file with the operation, by its age alone; "" if it should not."""
    if operation.custom or operation.version <= _VERSIONS.get(operation.name, 0):
        return ""
    newer = f"is of version {operation.version}, newer than TensorFlow {TENSORFLOW}"
    return f"{newer}: compiler {COMPILER}, of 2021, may refuse the file (judged by its age alone)"
