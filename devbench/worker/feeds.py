"""What goes into the model: the host's arrays, or seeded random data of the right type and range."""

TYPE_CHECKING = False  # importing `typing` takes time on every start
if TYPE_CHECKING:
    from typing import Any, Dict, List, Tuple

    Spec = Dict[str, Any]

PATCHES = 8  # along each side


def arrays(inputs: "List[Spec]", files: "List[str]", seed: int) -> "List[Any]":
    """One numpy array for each of `inputs` (dicts with name, dtype and shape).

    A float input that `stands_for` an integer type gets the reals of what that one would have got.
    """
    if not inputs:
        return []
    import numpy as np  # only engines with inputs need it

    if files:
        return [_checked(np.load(path, allow_pickle=False), spec) for path, spec in zip(files, inputs)]
    random = np.random.RandomState(seed)  # its stream is the same in every version of numpy
    return [_made_up(random, np.dtype(_known(spec)), spec) for spec in inputs]


def patches(inputs: "List[Spec]", seed: int) -> "List[Any]":
    """A second input: seeded random data too, but in patches, as in a picture of a few coloured squares.

    Networks average noise away, and give almost the same answer to any two inputs of it; to patches they give another.
    """
    import numpy as np

    random = np.random.RandomState((seed + 1) % 2**32)
    found = []
    for spec in inputs:
        few = [min(size, PATCHES) for size in spec["shape"]]
        values = _made_up(random, np.dtype(_known(spec)), dict(spec, shape=few))
        where = [np.arange(size) * count // size for size, count in zip(spec["shape"], few)]
        found.append(np.array(values[np.ix_(*where)], order="C"))
    return found


def _checked(array: "Any", spec: "Spec") -> "Any":
    if str(array.dtype) != spec["dtype"] or list(array.shape) != list(spec["shape"]):
        raise ValueError(
            "input '{}' takes {} {}, and was given {} {}".format(
                spec["name"], spec["dtype"], list(spec["shape"]), array.dtype, list(array.shape)
            )
        )
    return array


def _known(spec: "Spec") -> str:
    kinds = ("float16", "float32", "float64", "bool", "complex64", "complex128")
    integers = tuple(sign + "int" + bits for sign in ("", "u") for bits in ("8", "16", "32", "64"))
    if spec["dtype"] not in kinds + integers:
        raise ValueError("input '{}' has type {}, which cannot be made up".format(spec["name"], spec["dtype"]))
    return str(spec["dtype"])


def _made_up(random: "Any", dtype: "Any", spec: "Spec") -> "Any":
    if not spec.get("stands_for"):
        return _random(random, dtype, tuple(spec["shape"]))
    import numpy as np

    integers = _random(random, np.dtype(spec["stands_for"]), tuple(spec["shape"]))
    return ((integers.astype("float64") - spec["zero_point"]) * spec["scale"]).astype(dtype)


def _random(random: "Any", dtype: "Any", shape: "Tuple[int, ...]") -> "Any":
    if dtype.itemsize == 1 and dtype.kind in "iu":  # a quantized tensor: any value is a valid one
        low = -128 if dtype.kind == "i" else 0
        return random.randint(low, low + 256, size=shape).astype(dtype)
    if dtype.kind in "iub":  # an index, a length, a switch: 0 and 1 are in everybody's range
        return random.randint(0, 2, size=shape).astype(dtype)
    return random.uniform(-1, 1, size=shape).astype(dtype)
