"""What came out of the model, packed for the host."""

import base64
import hashlib

TYPE_CHECKING = False  # importing `typing` takes time on every start
if TYPE_CHECKING:
    from typing import Any, Dict, Iterable, List, Tuple

MOST_KEPT_VALUES = 1 << 16
SAMPLED_VALUES = 4096  # of an output that has more
_GOLDEN = 0x9E3779B97F4A7C15  # 2**64 over the golden ratio: its multiples spread evenly over any length


def packed(pairs: "Iterable[Tuple[Dict[str, Any], Any]]") -> "List[Dict[str, Any]]":
    """One dict for each (spec, array): the spec, the hash of its values, and these, or a sample of them.

    Equal numbers have equal hashes: -0.0 counts as 0.0, and every NaN is the same.
    """
    return [_packed(spec, array) for spec, array in pairs]


def _packed(spec: "Dict[str, Any]", array: "Any") -> "Dict[str, Any]":
    array = array.astype(array.dtype.newbyteorder("<"), copy=False)
    numbers = array.dtype.kind in "biufc"  # else it may hold addresses, which differ every time
    if array.dtype.kind in "fc":
        array = _canonical(array)
    data = array.tobytes() if numbers else repr(array.tolist()).encode("utf-8", "replace")
    kept = data if numbers else b""
    if numbers and array.size > MOST_KEPT_VALUES:
        kept = array.reshape(-1)[_positions(array.size)].tobytes()
    return dict(
        spec,
        dtype=array.dtype.name,
        shape=list(array.shape),
        sha256=hashlib.sha256(data).hexdigest(),
        data=base64.b64encode(kept).decode("ascii"),
    )


def _canonical(array: "Any") -> "Any":
    """Equal numbers as equal bytes: there are two zeros, and many values that are not a number."""
    import numpy as np

    flat = array.flatten()
    parts = flat.view(flat.real.dtype)  # a complex number is two
    parts[parts == 0] = 0
    parts[np.isnan(parts)] = np.nan
    return flat.reshape(array.shape)


def _positions(size: int) -> "List[int]":
    """The same places in every output of this size, on every device."""
    return [(k * _GOLDEN % 2**64) * size >> 64 for k in range(SAMPLED_VALUES)]
