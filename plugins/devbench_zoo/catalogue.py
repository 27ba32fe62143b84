"""The models of the zoo as devbench lists them, with the numbers that our own counting gives."""

from __future__ import annotations

from devbench import Calibration, Making, Model, Preparation, Variant
from devbench_zoo.recipe import INPUT_SIDES_PX
from devbench_zoo.source import Network, Pictures

_CALIBRATION_PICTURES = 100
# 12 G multiply-accumulates a picture, in one thread: each of them takes a second and more.
_CALIBRATION_PICTURES_LARGE = 8
_LARGE_SIDE_PX = 299

# Counted by recipe/count.py: parameters as Keras counts them (moving statistics of the normalization too),
# and multiply-accumulates of convolutions and dense layers. A test compares.
_PARAMETERS_AND_MACS = {
    "mobilenet_v1": (4_253_864, 568_740_352),
    "mobilenet_v2": (3_538_984, 300_774_272),
    "inception_v1": (6_632_184, 1_498_376_192),
    "inception_v4": (42_711_400, 12_253_974_624),
}
_REFERENCES = {
    "mobilenet_v1": "Howard et al. 2017, table 4: 4.2 M parameters, 569 M multiply-adds"
    " (https://arxiv.org/abs/1704.04861)",
    "mobilenet_v2": "Sandler et al. 2018, table 4: 3.4 M parameters, 300 M multiply-adds"
    " (torchvision and Keras count 3.50 M trainable ones)"
    " (https://arxiv.org/abs/1801.04381)",
    "inception_v1": "Szegedy et al. 2014: 1.5 G multiply-adds (https://arxiv.org/abs/1409.4842);"
    " torchvision's googlenet, the same variant: 6.62 M trainable parameters"
    " (https://pytorch.org/vision/stable/models/generated/torchvision.models.googlenet.html)",
    "inception_v4": "Szegedy et al. 2016 (https://arxiv.org/abs/1602.07261) gives the architecture alone;"
    " Open Model Zoo's googlenet-v4-tf: 42.65 M parameters, 12.29 G multiply-adds"
    " (https://docs.openvino.ai/2021.1/omz_models_public_googlenet_v4_tf_googlenet_v4_tf.html)",
}
_WITH_IMAGENET_WEIGHTS = ("mobilenet_v1", "mobilenet_v2")
# Google's files, for the CPU and compiled for the Edge TPU, with their git blob ids in google-coral/test_data.
_PUBLISHED_AT = "https://github.com/google-coral/test_data/raw/104342d2d3480b3e66203073dac24f4e2dbb4c41"
_PUBLISHED = {
    "mobilenet_v1": (
        "mobilenet_v1_1.0_224_quant",
        "ed3753826e390f0ddec8c36a8125d0dc97fd43ef",
        "9b78e04db00702d2995b65a05b872e981e0041a9",
    ),
    "mobilenet_v2": (
        "mobilenet_v2_1.0_224_quant",
        "03533c32dacc1456ff3fe951ebdd5b967ce9e6a0",
        "06db28d38a42505b1ef4f19b5273173e9a43504c",
    ),
    "inception_v1": (
        "inception_v1_224_quant",
        "088ffa53d18e2b435e3e8fd1361d2ab46d974b05",
        "d7ff7b1790e8cad63d5a63b4d145a369c6210c62",
    ),
    "inception_v4": (
        "inception_v4_299_quant",
        "3908260a7c2c31765179df04fe9030da86dfbfd7",
        "10b244f18e8271ae14cd17b572e5f5c455ad8961",
    ),
}


def models() -> tuple[Model, ...]:
    """All models, each with its variants: random weights first, since those need no network."""
    return tuple(_model(name, side_px) for name, side_px in INPUT_SIDES_PX.items())


def _model(name: str, side_px: int) -> Model:
    parameters, macs = _PARAMETERS_AND_MACS[name]
    all_weights = ("random", "imagenet") if name in _WITH_IMAGENET_WEIGHTS else ("random",)
    return Model(
        name=name,
        variants=(
            *(variant for weights in all_weights for variant in _made(name, side_px, weights)),
            _published(name),
        ),
        input_shape=(1, side_px, side_px, 3),
        parameters=parameters,
        macs=macs,
        reference=_REFERENCES[name],
    )


def _published(name: str) -> Variant:
    """Google's quantized file, and the one that Google compiled from it."""
    file, blob, compiled_blob = _PUBLISHED[name]

    def at(suffix: str, git_blob: str, compiled: Variant | None = None) -> Variant:
        return Variant(
            precision="int8",
            format="tflite",
            source=f"{_PUBLISHED_AT}/{file}{suffix}.tflite",
            weights="published",
            git_blob=git_blob,
            compiled=compiled,
        )

    return at("", blob, at("_edgetpu", compiled_blob))


def _made(name: str, side_px: int, weights: str) -> tuple[Variant, Variant]:
    """In float32 and in int8, of one Keras file."""
    count = _CALIBRATION_PICTURES_LARGE if side_px >= _LARGE_SIDE_PX else _CALIBRATION_PICTURES
    pictures = Calibration(images=Pictures(side_px=side_px, count=count).source, count=count)

    def variant(precision: str, calibration: Calibration | None) -> Variant:
        making = Making(precision=precision, preparation=Preparation(), calibration=calibration)
        source = Network(network=name, weights=weights).source
        return Variant(precision=precision, format="keras", source=source, weights=weights, making=making)

    return variant("float32", None), variant("int8", pictures)
