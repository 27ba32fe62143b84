"""What would make a network faster, with the time that is expected then: sentences for whoever can change it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from devbench.predict.network import CHIP_BYTES, KEPT_OVER_WEIGHTS, MOST_KEPT_OVER_WEIGHTS, Network
from devbench.predict.prediction import Prediction, predict_one
from devbench.predict.shapes import Wall
from devbench.predict.study import Study

WIDTHS = (0.75, 0.5, 0.35, 0.25)  # as the MobileNets have them
SMALLER_SIDE = 0.75
_NOTICEABLE = 0.01  # of the time


def advice(network: Network, predictions: Sequence[Prediction], studies: Sequence[Study]) -> list[str]:
    """What would help on the devices that have a number, the most telling first."""
    by_key = {study.table.key: study for study in studies}
    given = [(one, by_key[one.table.key]) for one in predictions if one.expected_ms is not None]
    accelerated = [pair for pair in given if pair[0].table.edge_tpu]
    found = list(_on_streaming(network, accelerated[:1]))
    computing = [pair for pair in given if pair[0].wall in (Wall.OPERATIONS, Wall.MEMORY)]
    computing.sort(key=lambda pair: pair[0].expected_ms or 0.0)
    found += _on_size(network, computing[:1])
    return found


def _on_streaming(network: Network, pairs: Sequence[tuple[Prediction, Study]]) -> Iterator[str]:
    for prediction, study in pairs:
        sent, link_ms = network.streamed_bytes, prediction.parts_ms.get(Wall.LINK, 0.0)
        if sent <= 0 or prediction.expected_ms is None or link_ms < _NOTICEABLE * prediction.expected_ms:
            continue
        width = next((one for one in WIDTHS if fits(network.narrower(one))), None)
        start = f"{sent / 1e6:.1f} MB of weights are sent to an Edge TPU with every inference"
        if width is None:
            yield f"{start}; even a width of {WIDTHS[-1]} would not fit its memory: take a smaller network."
        else:
            sure = fits(network.narrower(width), MOST_KEPT_OVER_WEIGHTS)
            then = _then(network.narrower(width), study)
            yield f"{start}; a width of {width} would {'' if sure else 'probably '}fit its memory{then}."


def _on_size(network: Network, pairs: Sequence[tuple[Prediction, Study]]) -> Iterator[str]:
    """Of networks that take images: their height and width are the first two sizes."""
    sides = network.input.split("x")
    if len(sides) != 2 or not all(side.isdigit() for side in sides):  # noqa: PLR2004 - height and width
        return
    size = "×".join(f"{round(int(side) * SMALLER_SIDE)}" for side in sides)
    for _, study in pairs:
        if then := _then(network.smaller(SMALLER_SIDE), study):
            yield f"An input of {size} needs about half of the operations{then}."


def fits(network: Network, kept_over_weights: float = KEPT_OVER_WEIGHTS) -> bool:
    """Whether an Edge TPU's memory holds all weights, if the compiler keeps so many times their sum."""
    return network.weight_bytes * kept_over_weights <= CHIP_BYTES


def _then(changed: Network, study: Study) -> str:
    """The time that is expected after the change; "" where no number is given."""
    found = predict_one(changed, study)
    return "" if found.expected_ms is None else f": about {found.expected_ms:.2g} ms on {study.table.title}"
