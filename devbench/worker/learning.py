"""Learns the last layer where the network runs: pictures come in batches, embeddings stay, times and classes go back.

First pictures to learn from, with their classes, up to an empty batch; then pictures to recognize, up to another one.
"""

from . import last_layer
from .answering import batches_with, reals
from .clock import now_ns

TYPE_CHECKING = False  # importing `typing` takes time on every start
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Tuple

    from .channel import Channel

    Message = Dict[str, Any]


def learn(engine: "Any", request: "Message", channel: "Channel", tell: "Callable[[str], None]") -> None:
    """Learn with each method from 1, 2, ... pictures of each class, and say what each then makes of others."""
    import numpy as np

    from .session import Inputs

    tell("load")
    begin_ns = now_ns()
    engine.load(request["artifact"], request["options"])
    load_ns = now_ns() - begin_ns
    inputs = Inputs(engine, request["inputs"])
    tell("learn")
    rows: "List[Any]" = []
    labels: "List[int]" = []
    for message, arrays in batches_with(channel, inputs):
        extract_ns, learn_ns = [], []
        for label, array in zip(message["labels"], arrays):
            start_ns = now_ns()
            row = reals(engine, inputs, array, request["outputs"]).astype(np.float32)
            middle_ns = now_ns()
            last_layer.normalized(row)
            learn_ns.append(now_ns() - middle_ns)
            extract_ns.append(middle_ns - start_ns)
            rows.append(row)
            labels.append(label)
        channel.send("extracted", extract_ns=extract_ns, learn_ns=learn_ns)
    embeddings, classes = np.stack(rows), np.array(labels)
    heads, told = _heads(embeddings, classes, request["learn"])
    channel.send("learned", heads=told, dimensions=int(embeddings.shape[1]), load_ns=load_ns)
    tell("recognize")
    for _, arrays in batches_with(channel, inputs):
        seen = np.stack([reals(engine, inputs, array, request["outputs"]) for array in arrays]).astype(np.float32)
        near = last_layer.normalized(seen)
        found = [last_layer.recognized(head, near if name == "imprinting" else seen) for name, head in heads]
        channel.send("recognized", classes=[[int(one) for one in each] for each in found])
    channel.send("answered", facts=engine.facts())


def _heads(embeddings: "Any", labels: "Any", asked: "Message") -> "Tuple[List[Tuple[str, Any]], List[Message]]":
    """What each method learns from so many pictures of each class, and what that took.

    usable_ns: of imprinting, from the embeddings of the last class to its first answer, when the others are known.
    """
    heads, told = [], []
    count = asked["classes"]
    few = first_of_each(labels, count, 1)
    _usable_ns(embeddings[few], labels[few], count)  # the first call of a function in numpy is a slow one
    last_layer.regressed(embeddings[few], labels[few], count, dict(asked["regression"], iterations=1), 0)
    for each in asked["steps"]:
        few = first_of_each(labels, count, each)
        mine, whose = embeddings[few], labels[few]
        start_ns = now_ns()
        head = last_layer.imprinted(mine, whose, count)
        took_ns = now_ns() - start_ns
        heads.append(("imprinting", head))
        usable_ns = _usable_ns(mine, whose, count)
        told.append({"method": "imprinting", "each": each, "learn_ns": took_ns, "usable_ns": usable_ns})
        start_ns = now_ns()
        head = last_layer.regressed(mine, whose, count, asked["regression"], asked["seed"])
        took_ns = now_ns() - start_ns
        heads.append(("regression", head))
        told.append({"method": "regression", "each": each, "learn_ns": took_ns, "usable_ns": took_ns})
    return heads, told


def _usable_ns(embeddings: "Any", labels: "Any", count: int) -> int:
    known = labels < count - 1
    before = last_layer.imprinted(embeddings[known], labels[known], count - 1)
    new = embeddings[~known]
    start_ns = now_ns()
    after = last_layer.with_class(before, new)
    last_layer.recognized(after, last_layer.normalized(new[:1]))
    return now_ns() - start_ns


def first_of_each(labels: "Any", count: int, each: int) -> "Any":
    """Positions of the first `each` pictures of every class."""
    import numpy as np

    return np.concatenate([np.flatnonzero(labels == label)[:each] for label in range(count)])
