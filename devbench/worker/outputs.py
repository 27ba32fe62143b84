"""What came out of the model, packed for the host."""

import base64
import hashlib

LARGEST_SENT_BYTES = 1 << 20


def packed(pairs):
    """One dict for each (spec, array): the spec, the hash of its bytes, and these bytes unless they are many."""
    return [_packed(spec, array) for spec, array in pairs]


def _packed(spec, array):
    if array.dtype.byteorder == ">":
        array = array.byteswap()
    data = array.tobytes()
    small = len(data) <= LARGEST_SENT_BYTES
    return dict(
        spec,
        dtype=str(array.dtype),
        shape=list(array.shape),
        sha256=hashlib.sha256(data).hexdigest(),
        data=base64.b64encode(data).decode("ascii") if small else "",
    )
