"""The models of the zoo as devbench lists them, with the numbers that our own counting gives."""

from __future__ import annotations

from devbench import Model, Variant
from devbench_zoo.recipe import INPUT_SIDES_PX, PRECISIONS
from devbench_zoo.source import Order

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


def models() -> tuple[Model, ...]:
    """All models, each with its variants: random weights first, since those need no network."""
    return tuple(_model(name, side_px) for name, side_px in INPUT_SIDES_PX.items())


def _model(name: str, side_px: int) -> Model:
    parameters, macs = _PARAMETERS_AND_MACS[name]
    all_weights = ("random", "imagenet") if name in _WITH_IMAGENET_WEIGHTS else ("random",)
    return Model(
        name=name,
        variants=tuple(_variant(name, precision, weights) for weights in all_weights for precision in PRECISIONS),
        input_shape=(1, side_px, side_px, 3),
        parameters=parameters,
        macs=macs,
        reference=_REFERENCES[name],
    )


def _variant(name: str, precision: str, weights: str) -> Variant:
    order = Order(network=name, precision=precision, weights=weights)
    return Variant(precision=precision, format="tflite", source=order.source, weights=weights)
