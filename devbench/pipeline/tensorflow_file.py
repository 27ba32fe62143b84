"""Reads what TensorFlow's graphs say of themselves: SavedModels and frozen graphs. TensorFlow is not needed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from devbench.domain.model import TensorSpec
from devbench.errors import ModelError
from devbench.files import read_regular
from devbench.pipeline.protobuf import Message, message
from devbench.pipeline.source import FROZEN_GRAPH, SAVED_MODEL, Obstacle, Source

GRAPH_FILE = "saved_model.pb"
_MOST_BYTES = 1 << 31  # what a protobuf may have
_TYPES = {
    1: "float32", 2: "float64", 3: "int32", 4: "uint8", 5: "int16", 6: "int8", 7: "string", 9: "int64", 10: "bool",
    14: "bfloat16", 17: "uint16", 19: "float16", 22: "uint32", 23: "uint64",
}  # fmt: skip
_VARIABLES = ("Variable", "VariableV2", "VarHandleOp")
_NO_OUTPUTS = ("NoOp", "Assert", "Const", "Placeholder")
_SERVING = "serving_default"
_MOST_ENDS = 1000


def read_saved_model(folder: Path) -> Source:
    """The SavedModel in `folder`; a `ModelError` if it is damaged or has no signature to call."""
    path = folder / GRAPH_FILE
    saved = message(read_regular(path, _MOST_BYTES))
    try:
        graphs = list(saved.all(2)) or [message(b"")]
        serving = next((one for one in graphs if "serve" in one.first(1).texts(4)), graphs[0])
        version = serving.first(1).text(5)
        signatures = dict(serving.entries(5))
    except ValueError as error:
        raise _damaged(path, error) from error
    usable = {name: one for name, one in signatures.items() if name != "__saved_model_init_op"}
    name = _SERVING if _SERVING in usable else next(iter(usable), "")
    obstacles = []
    if not name:
        hint = "Save it with one: tf.saved_model.save(model, folder, signatures=...), or model.export(folder) of Keras."
        obstacles.append(Obstacle(text="it has no signature that could be called", hint=hint, fatal=True))
    files = tuple(sorted(one for one in folder.rglob("*") if one.is_file()))
    if not any(one.parent.name == "variables" for one in files) and _has_variables(serving):
        text = "its folder `variables` is missing, which holds the weights"
        obstacles.append(Obstacle(text=text, hint="Copy the whole folder.", fatal=True))
    signature = usable.get(name, message(b""))
    return Source(
        path=folder,
        format=SAVED_MODEL,
        files=files,
        inputs=tuple(_infos(signature, 1)),
        outputs=tuple(_infos(signature, 2)),
        about={"written by": f"TensorFlow {version}" if version else "", "signature": name},
        obstacles=tuple(obstacles),
    )


def _has_variables(graph: Message) -> bool:
    return any(node.text(2) in _VARIABLES for node in graph.first(2).all(1))


def _infos(signature: Message, number: int) -> Iterator[TensorSpec]:
    for name, info in sorted(signature.entries(number)):
        yield TensorSpec(name=name, dtype=_TYPES.get(info.integer(2), "unknown"), shape=_shape(info.first(3)))


def _shape(shape: Message) -> tuple[int, ...]:
    return tuple(one.integer(1) for one in shape.all(2))


def is_graph(data: bytes) -> bool:
    """Whether `data` begins as a GraphDef does: with a node that has a name and an operation."""
    try:
        number, first = next(iter(message(data)))
        node = Message(first) if number == 1 and isinstance(first, memoryview) else message(b"")
        return bool(node.text(1)) and node.text(2).replace(">", "").isidentifier()
    except (ValueError, StopIteration):
        return False


def read_frozen_graph(path: Path, data: bytes) -> Source:
    """The graph in `data`; its ends are the placeholders, and the nodes that nobody reads."""
    try:
        nodes = [(one.text(1), one.text(2), one.texts(3), one) for one in message(data).all(1)]
    except ValueError as error:
        raise _damaged(path, error) from error
    read = {name.removeprefix("^").split(":")[0] for _, _, inputs, _ in nodes for name in inputs}
    inputs = [_placeholder(name, node) for name, operation, _, node in nodes if operation == "Placeholder"]
    outputs = [name for name, operation, _, _ in nodes if name not in read and operation not in _NO_OUTPUTS]
    obstacles = []
    if variables := [name for name, operation, _, _ in nodes if operation in _VARIABLES]:
        obstacles.append(
            Obstacle(
                text=f"the graph is not frozen: {len(variables)} variables ('{variables[0]}', say) have no values",
                hint="Freeze it (tf.compat.v1.graph_util.convert_variables_to_constants), or give the SavedModel.",
                fatal=True,
            )
        )
    return Source(
        path=path,
        format=FROZEN_GRAPH,
        files=(path,),
        inputs=tuple(inputs[:_MOST_ENDS]),
        outputs=tuple(TensorSpec(name=name, dtype="unknown", shape=()) for name in outputs[:_MOST_ENDS]),
        about={"nodes": str(len(nodes))},
        obstacles=tuple(obstacles),
    )


def _placeholder(name: str, node: Message) -> TensorSpec:
    attributes = dict(node.entries(5))
    kind = attributes.get("dtype", message(b"")).integer(6)
    return TensorSpec(
        name=name,
        dtype=_TYPES.get(kind, "unknown"),
        shape=_shape(attributes["shape"].first(7)) if "shape" in attributes else (),
    )


def _damaged(path: Path, error: ValueError) -> ModelError:
    return ModelError(f"{path}: the file is damaged or cut short ({error})", "Get it again, or save it again.")
