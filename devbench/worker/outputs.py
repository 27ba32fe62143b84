"""What came out of the model, packed for the host."""

import base64
import hashlib

TYPE_CHECKING = False  # importing `typing` takes time on every start
if TYPE_CHECKING:
    from typing import Any, Dict, Iterable, List, Tuple

LARGEST_SENT_BYTES = 1 << 20


def packed(pairs: "Iterable[Tuple[Dict[str, Any], Any]]") -> "List[Dict[str, Any]]":
    """One dict for each (spec, array): the spec, the hash of its bytes, and these bytes unless they are many."""
    return [_packed(spec, array) for spec, array in pairs]


def _packed(spec: "Dict[str, Any]", array: "Any") -> "Dict[str, Any]":
    if array.dtype.byteorder == ">":
        array = array.byteswap()
    numbers = array.dtype.kind in "biufc"  # else it may hold addresses, which differ every time
    data = array.tobytes() if numbers else repr(array.tolist()).encode("utf-8", "replace")
    small = numbers and len(data) <= LARGEST_SENT_BYTES
    return dict(
        spec,
        dtype=str(array.dtype),
        shape=list(array.shape),
        sha256=hashlib.sha256(data).hexdigest(),
        data=base64.b64encode(data).decode("ascii") if small else "",
    )
