"""Makes devbench/models/networks.csv: what decides how long the networks take of which others published figures.

    uv run python benchmarks/networks.py            # all, about twenty minutes
    uv run python benchmarks/networks.py vgg16      # those whose name has this in it; the other rows stay

Each network is built with the structure of its paper or of Keras, converted to a float32 .tflite file, and read by
`devbench.models.features`, as any user's file is. No weights are loaded: they decide nothing here. A constant counts as
one parameter: weights and biases, with the normalization folded into them where a converter does that.
"""

from __future__ import annotations

import csv
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devbench.models.features import KINDS, NetworkFeatures, read_features

TABLE = Path(__file__).parents[1] / "devbench/models/networks.csv"
COLUMNS = (
    "model",
    "input_px",
    "aliases",
    *(f"macs_{kind}" for kind in KINDS),
    *(f"parameters_{kind}" for kind in (*KINDS, "other")),
    *(f"activations_{kind}" for kind in (*KINDS, "other")),
    "inputs",
    "outputs",
    "operations",
    "source",
)
KERAS = "Keras, keras.applications"
ZOO = "devbench's own recipe (plugins/devbench_zoo/recipe)"
WIDE = 4  # bytes of a float32


@dataclass(frozen=True)
class Network:
    """A network to build. px: side of its input; depth: channels. aliases: what published tables call it as well."""

    name: str
    px: int
    build: Callable[[int], Any]
    source: str
    aliases: tuple[str, ...] = ()


def applications(name: str, **more: Any) -> Callable[[int], Any]:
    def build(px: int) -> Any:
        import keras

        return getattr(keras.applications, name)(input_shape=(px, px, 3), weights=None, **more)

    return build


def ours(name: str) -> Callable[[int], Any]:
    def build(_: int) -> Any:
        from devbench_zoo.recipe.networks import fresh_network

        return fresh_network(name, 0)

    return build


def squeezenet(px: int) -> Any:
    """Iandola et al. 2016 (https://arxiv.org/abs/1602.07360), version 1.0."""
    import keras
    from keras import layers

    def fire(x: Any, squeeze: int, expand: int) -> Any:
        x = layers.Conv2D(squeeze, 1, activation="relu")(x)
        return layers.Concatenate()(
            [
                layers.Conv2D(expand, 1, activation="relu")(x),
                layers.Conv2D(expand, 3, padding="same", activation="relu")(x),
            ]
        )

    image = keras.Input((px, px, 3))
    x = layers.MaxPool2D(3, 2)(layers.Conv2D(96, 7, 2, activation="relu")(image))
    for squeeze, expand in ((16, 64), (16, 64), (32, 128)):
        x = fire(x, squeeze, expand)
    x = layers.MaxPool2D(3, 2)(x)
    for squeeze, expand in ((32, 128), (48, 192), (48, 192), (64, 256)):
        x = fire(x, squeeze, expand)
    x = fire(layers.MaxPool2D(3, 2)(x), 64, 256)
    return keras.Model(image, layers.GlobalAveragePooling2D()(layers.Conv2D(1000, 1, activation="relu")(x)))


def unet(px: int) -> Any:
    """The network of TensorFlow's image segmentation tutorial, which has MobileNet v2 for its encoder."""
    import keras
    from keras import layers

    base = keras.applications.MobileNetV2(input_shape=(px, px, 3), include_top=False, weights=None)
    names = [f"block_{number}_expand_relu" for number in (1, 3, 6, 13)]
    *skips, x = [base.get_layer(name).output for name in (*names, "block_16_project")]
    for width, skip in zip((512, 256, 128, 64), reversed(skips), strict=True):
        x = layers.Conv2DTranspose(width, 3, 2, padding="same", use_bias=False)(x)
        x = layers.Concatenate()([layers.ReLU()(layers.BatchNormalization()(x)), skip])
    return keras.Model(base.input, layers.Conv2DTranspose(3, 3, 2, padding="same")(x))


def efficientnet_edgetpu(deeper: float) -> Callable[[int], Any]:
    """Gupta and Akin 2020 (https://arxiv.org/abs/2003.02838), from the blocks of TensorFlow's tpu repository."""
    blocks = ((1, 3, 1, 4, 24, True), (2, 3, 2, 8, 32, True), (4, 3, 2, 8, 48, True))
    blocks += ((5, 5, 2, 8, 96, False), (4, 5, 1, 8, 144, False), (2, 5, 2, 8, 192, False))

    def build(px: int) -> Any:
        import math

        import keras
        from keras import layers

        def conv(x: Any, width: int, kernel: int, stride: int = 1, relu: bool = True) -> Any:
            x = layers.Conv2D(width, kernel, stride, padding="same", use_bias=False)(x)
            x = layers.BatchNormalization()(x)
            return layers.ReLU()(x) if relu else x

        image = keras.Input((px, px, 3))
        x = conv(image, 32, 3, 2)
        for repeats, kernel, stride, expand, width, fused in blocks:
            for number in range(math.ceil(repeats * deeper)):
                before, step = x, stride if number == 0 else 1
                x = conv(x, x.shape[-1] * expand, kernel if fused else 1, step if fused else 1)
                if not fused:
                    x = layers.DepthwiseConv2D(kernel, step, padding="same", use_bias=False)(x)
                    x = layers.ReLU()(layers.BatchNormalization()(x))
                x = conv(x, width, 1, relu=False)
                x = layers.Add()([before, x]) if number else x
        x = layers.GlobalAveragePooling2D()(conv(x, 1280, 1))
        return keras.Model(image, layers.Dense(1000)(x))

    return build


def ssd(version: int, classes: int = 91) -> Callable[[int], Any]:
    """SSD as the configurations of TensorFlow's object detection models have it; without the NMS.

    classes: the background is one. Heads are 1×1 convolutions, as in the quantized configurations: Google's quantized
    files are too small for the 3×3 ones of the float network.
    """

    def build(px: int) -> Any:
        import keras
        from keras import layers

        def conv(x: Any, width: int, kernel: int, stride: int = 1) -> Any:
            x = layers.Conv2D(width, kernel, stride, padding="same", use_bias=False)(x)
            return layers.ReLU(6)(layers.BatchNormalization()(x))

        make = keras.applications.MobileNet if version == 1 else keras.applications.MobileNetV2
        base = make(input_shape=(px, px, 3), include_top=False, weights=None)
        middle = "conv_pw_11_relu" if version == 1 else "block_13_expand_relu"
        found = [base.get_layer(middle).output, base.output]
        for squeeze, width in ((256, 512), (128, 256), (128, 256), (64, 128)):
            found.append(conv(conv(found[-1], squeeze, 1), width, 3, 2))
        heads = []
        for number, one in enumerate(found):
            boxes = 6 if number else 3
            heads += [layers.Conv2D(boxes * per_box, 1)(one) for per_box in (4, classes)]
        return keras.Model(base.input, [layers.Flatten()(one) for one in heads])

    return build


PAPER = "built here after the paper"
SSD = "built here after the public configuration; without the detection's postprocessing"
NETWORKS = (
    Network("mobilenet_v1", 224, ours("mobilenet_v1"), KERAS),
    Network("mobilenet_v1_0.5", 160, applications("MobileNet", alpha=0.5), KERAS),
    Network("mobilenet_v1_0.25", 128, applications("MobileNet", alpha=0.25), KERAS),
    Network("mobilenet_v2", 224, ours("mobilenet_v2"), KERAS),
    Network("mobilenet_v2", 300, applications("MobileNetV2"), KERAS),
    Network("inception_v1", 224, ours("inception_v1"), ZOO),
    Network("inception_v4", 299, ours("inception_v4"), ZOO),
    Network("inception_v3", 299, applications("InceptionV3"), KERAS),
    Network("inception_resnet_v2", 299, applications("InceptionResNetV2"), KERAS),
    Network("resnet_v1_50", 224, applications("ResNet50"), KERAS, ("resnet_50",)),
    Network("resnet_v1_50", 299, applications("ResNet50"), KERAS),
    Network("resnet_v1_101", 224, applications("ResNet101"), KERAS),
    Network("resnet_v1_152", 224, applications("ResNet152"), KERAS),
    Network("resnet_v2_50", 299, applications("ResNet50V2"), KERAS),
    Network("resnet_v2_101", 299, applications("ResNet101V2"), KERAS),
    Network("resnet_v2_152", 299, applications("ResNet152V2"), KERAS),
    Network("densenet_121", 224, applications("DenseNet121"), KERAS, ("densenet",)),
    Network("vgg16", 224, applications("VGG16"), KERAS),
    Network("vgg19", 224, applications("VGG19"), KERAS),
    Network("squeezenet_1.0", 224, squeezenet, PAPER, ("squeezenet",)),
    Network("unet_mobilenet_v2", 128, unet, "built here after TensorFlow's image segmentation tutorial"),
    Network("efficientnet_edgetpu_s", 224, efficientnet_edgetpu(1.0), PAPER),
    Network("efficientnet_edgetpu_m", 240, efficientnet_edgetpu(1.1), PAPER),
    Network("ssd_mobilenet_v1", 300, ssd(1), SSD, ("ssd_mobilenet_v1_coco", "mobilenet_ssd_v1_coco_quant_postprocess")),
    Network("ssd_mobilenet_v2", 300, ssd(2), SSD, ("mobilenet_ssd_v2_coco_quant_postprocess",)),
    Network("ssd_mobilenet_v2_face", 320, ssd(2, 2), SSD, ("mobilenet_ssd_v2_face_quant_postprocess",)),
    Network("ssd_mobilenet_v1", 224, ssd(1), SSD),
    Network("ssd_mobilenet_v2", 224, ssd(2), SSD),
)


def features(network: Network) -> NetworkFeatures:
    """Build it, convert it, read it."""
    import keras
    import tensorflow as tf

    keras.backend.clear_session()
    made = network.build(network.px)
    image = keras.Input(batch_shape=(1, network.px, network.px, 3))
    converter = tf.lite.TFLiteConverter.from_keras_model(keras.Model(image, made(image)))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "network.tflite")
        file.write_bytes(converter.convert())
        return read_features(file)


def row(network: Network, found: NetworkFeatures) -> dict[str, object]:
    if not found.complete:
        raise ValueError(f"{network.name}: not counted: {dict(found.uncounted)}")
    cells: dict[str, object] = {
        "model": network.name,
        "input_px": f"{network.px}x{network.px}",
        "aliases": " ".join(network.aliases),
        "inputs": found.input_bytes // WIDE,
        "outputs": found.output_bytes // WIDE,
        "operations": found.operations,
        "source": network.source,
    }
    for kind in (*KINDS, "other"):
        cells[f"parameters_{kind}"] = found.weight_bytes.get(kind, 0) // WIDE
        cells[f"activations_{kind}"] = found.activation_bytes.get(kind, 0) // WIDE
    return {**cells, **{f"macs_{kind}": found.macs.get(kind, 0) for kind in KINDS}}


def main(wanted: str = "") -> None:
    for network in NETWORKS:
        if wanted in network.name:
            made = row(network, features(network))
            write({**read(), (network.name, str(made["input_px"])): made})
            macs = sum(int(str(made[f"macs_{kind}"])) for kind in KINDS)
            parameters = sum(int(str(made[f"parameters_{kind}"])) for kind in (*KINDS, "other"))
            print(f"{network.name} {network.px}: {macs:,} MACs, {parameters:,} parameters", flush=True)


def read() -> dict[tuple[str, str], dict[str, object]]:
    if not TABLE.exists():
        return {}
    with TABLE.open(newline="") as file:
        return {(one["model"], one["input_px"]): dict(one) for one in csv.DictReader(file)}


def write(rows: dict[tuple[str, str], dict[str, object]]) -> None:
    known = [(one.name, f"{one.px}x{one.px}") for one in NETWORKS]
    with TABLE.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows[key] for key in known if key in rows)


if __name__ == "__main__":
    main(*sys.argv[1:2])
