"""Answers pictures that the host sends one batch after the other: nothing is timed, and none is kept."""

import base64

LARGEST = 1e300

TYPE_CHECKING = False  # importing `typing` takes time on every start
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Iterator, List, Tuple

    from .channel import Channel

    Message = Dict[str, Any]


def answer_pictures(engine: "Any", request: "Message", channel: "Channel", tell: "Callable[[str], None]") -> None:
    """Send the best classes of each picture, batch by batch, until the host sends an empty one."""
    from .session import Inputs

    keep = request["answer"]["keep"]
    tell("load")
    engine.load(request["artifact"], request["options"])
    inputs = Inputs(engine, request["inputs"])
    tell("answer")
    for _, batch in batches_with(channel, inputs):
        classes: "List[List[int]]" = []
        scores: "List[List[float]]" = []
        outputs = 0
        for array in batch:
            values = reals(engine, inputs, array, request["outputs"])
            outputs = int(values.size)
            best = best_first(values)[:keep]
            classes.append([int(one) for one in best])
            scores.append([finite(values[one]) for one in best])
        channel.send("answers", outputs=outputs, classes=classes, scores=scores)
    channel.send("answered", facts=engine.facts())


def batches_with(channel: "Channel", inputs: "Any") -> "Iterator[Tuple[Message, List[Any]]]":
    """Each message with its pictures as arrays; the end is an empty one, or that the host is gone."""
    import numpy as np

    if len(inputs.specs) != 1:
        raise ValueError("pictures are for networks with one input, and this one has {}".format(len(inputs.specs)))
    spec = inputs.specs[0]
    while True:
        message = channel.receive()
        if not message or not message["pictures"]:
            return
        flat = [np.frombuffer(base64.b64decode(one), dtype=np.dtype(spec["dtype"])) for one in message["pictures"]]
        yield message, [one.reshape(spec["shape"]) for one in flat]


def reals(engine: "Any", inputs: "Any", array: "Any", said: "List[Message]") -> "Any":
    """The only output for one picture, flat, as real numbers in float64."""
    inputs.feed([array])
    engine.invoke()
    given = engine.outputs()
    if len(given) != 1:
        raise ValueError("classes are in one output, and this network has {}".format(len(given)))
    spec, values = given[0]
    scale, zero_point = spec.get("scale", 0.0), spec.get("zero_point", 0)
    if said and said[0].get("scale"):
        scale, zero_point = said[0]["scale"], said[0]["zero_point"]
    flat = values.reshape(-1).astype("float64")
    return (flat - zero_point) * scale if scale and values.dtype.kind in "iu" else flat


def best_first(values: "Any") -> "Any":
    """Positions by value, the largest first; of equal ones the lowest position. What is not a number comes last."""
    import numpy as np

    return np.argsort(np.where(np.isnan(values), np.inf, -values), kind="stable")


def finite(value: float) -> float:
    """A number that JSON has."""
    return float(value) if -LARGEST < value < LARGEST else 0.0
