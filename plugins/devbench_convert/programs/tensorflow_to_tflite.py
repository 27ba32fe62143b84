"""Keras 3, SavedModel and frozen graph to a float .tflite with fixed sizes: a free batch is 1."""

from __future__ import annotations

import os
import re
from typing import Any

FREE = (None, -1)


def convert(order: Any) -> Any:
    """Convert `order["source"]`, which is in `order["format"]`."""
    os.environ.pop("TF_USE_LEGACY_KERAS", None)
    with order.keras_alone():
        import tensorflow as tf

    tf.config.experimental.enable_op_determinism()
    # The number of threads decides in which order sums are made: one more core, and the bytes differ.
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    makers = {"keras": _of_keras, "keras-h5": _of_keras, "saved-model": _of_saved_model, "frozen-graph": _of_graph}
    converter, answers, names = makers[order["format"]](tf, order)
    try:
        made = converter.convert()
    except Exception as error:
        raise ValueError(explained(str(error))) from error
    with open(order["out"], "wb") as file:
        file.write(made)
    order.compare(answers, names)
    return {"tensorflow": tf.__version__}


def explained(text: Any) -> Any:
    """The reason in what the converter says: it prints pages."""
    found = re.search(r"(?:Custom|Flex|Select TF|TF Select) ops?:? ([A-Za-z0-9_, .]+)", text)
    if found:
        return "TensorFlow Lite has no operation for " + found.group(1).strip(" ,.")
    if "2GB" in text.replace(" ", "") or "larger than 2" in text:
        return "it is larger than 2 GB, which is the most that a .tflite file can hold"
    return " ".join(text.split())[:500]


def fixed(shape: Any, name: Any, ends: Any, count: Any) -> Any:
    """The shape without free sizes: that of `ends` if it names the input, else with a batch of 1."""
    if name in ends or (count == 1 and len(ends) == 1):
        return list(ends.get(name) or next(iter(ends.values())))
    if shape is None or any(size in FREE for size in list(shape)[1:]):
        known = "unknown" if shape is None else "x".join("?" if size in FREE else str(size) for size in shape)
        raise ValueError(
            f"the sizes of its input '{name}' are free ({known}): say them in the suite, "
            f"`ends: {{inputs: {{{name}: [1, height, width, channels]}}}}`"
        )
    return [1 if size in FREE else int(size) for size in shape]


def plain(name: Any) -> Any:
    """A name that a signature may have."""
    return re.sub("[^A-Za-z0-9_]", "_", name)


def _of_keras(tf: Any, order: Any) -> Any:
    import keras

    keras.config.set_floatx("float32")
    keras.config.set_image_data_format("channels_last")
    try:
        model = keras.models.load_model(order["source"], compile=False, safe_mode=True)
    except Exception as error:
        raise ValueError("Keras cannot load it: " + " ".join(str(error).split())[:500]) from error
    if not getattr(model, "inputs", None):
        raise ValueError("Keras does not know its inputs: call the network once before you save it")
    specs = [
        tf.TensorSpec(fixed(one.shape, one.name, order["inputs"], len(model.inputs)), one.dtype, name=plain(one.name))
        for one in model.inputs
    ]

    def call(*values: Any) -> Any:
        found = model(list(values) if len(values) > 1 else values[0], training=False)
        return (
            found if isinstance(found, dict) else {f"output_{k}": one for k, one in enumerate(tf.nest.flatten(found))}
        )

    return _fixed_module(tf, order, call, specs)


def _of_saved_model(tf: Any, order: Any) -> Any:
    loaded = tf.saved_model.load(order["source"])
    name = "serving_default" if "serving_default" in loaded.signatures else next(iter(loaded.signatures), None)
    if name is None:
        raise ValueError("it has no signature that could be called")
    function = loaded.signatures[name]
    specs = function.structured_input_signature[1]
    names = sorted(specs)
    fixed_specs = [
        tf.TensorSpec(
            fixed(
                specs[one].shape.as_list() if specs[one].shape.rank is not None else None,
                one,
                order["inputs"],
                len(names),
            ),
            specs[one].dtype,
            name=one,
        )
        for one in names
    ]
    wanted = order["outputs"]
    if wrong := sorted(set(wanted) - set(function.structured_outputs)):
        raise ValueError("it has no output {}: there are {}".format(wrong[0], ", ".join(function.structured_outputs)))

    def call(*values: Any) -> Any:
        found = function(**dict(zip(names, values)))
        return {one: found[one] for one in (wanted or found)}

    return _fixed_module(tf, order, call, fixed_specs)


def _of_graph(tf: Any, order: Any) -> Any:
    graph = tf.compat.v1.GraphDef()
    with open(order["source"], "rb") as file:
        graph.ParseFromString(file.read())
    known = {node.name for node in graph.node}
    given = {one["name"]: one["shape"] for one in order["source_inputs"]}
    inputs = list(order["inputs"]) or list(given)
    outputs = [one.split(":")[0] for one in (order["outputs"] or order["source_outputs"])]
    for one in (*inputs, *outputs):
        if one not in known:
            raise ValueError(f"the graph has no node '{one}'")
    wrapped = tf.compat.v1.wrap_function(lambda: tf.import_graph_def(graph, name=""), [])
    pruned = wrapped.prune([f"{one}:0" for one in inputs], [f"{one}:0" for one in outputs])
    specs = [
        tf.TensorSpec(
            fixed(given.get(one) or None, one, order["inputs"], len(inputs)),
            wrapped.graph.get_tensor_by_name(one + ":0").dtype,
            name=plain(one),
        )
        for one in inputs
    ]

    def call(*values: Any) -> Any:
        found = pruned(*values)
        return dict(zip(outputs, found if isinstance(found, (list, tuple)) else [found]))

    return _fixed_module(tf, order, call, specs)


def _fixed_module(tf: Any, order: Any, call: Any, specs: Any) -> Any:
    """A module with fixed sizes around `call`, saved anew: the way that fixes them all through the graph.

    The converter of it, what gives its answers, and the names of its inputs.
    """
    module = tf.Module()
    module.call = tf.function(call, input_signature=specs)
    traced = module.call.get_concrete_function()
    module.used = traced.graph.variables  # with the objects that own them, saving takes several times as long
    folder = os.path.join(order["scratch"], "fixed")
    try:
        tf.saved_model.save(module, folder, signatures=traced)
    except AssertionError as error:  # a resource other than a variable
        raise ValueError("it uses a table, which TensorFlow Lite has no operation for") from error

    def answers(arrays: Any) -> Any:
        return [one.numpy() for one in tf.nest.flatten(module.call(*[tf.constant(one) for one in arrays]))]

    return tf.lite.TFLiteConverter.from_saved_model(folder), answers, [one.name for one in specs]
