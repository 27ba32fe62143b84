"""The answer: how long a network takes on each device with published figures, or why nobody can say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from devbench.predict.likeness import nearest, unlike
from devbench.predict.network import Network
from devbench.predict.shapes import Wall
from devbench.predict.study import LEAST_FOR_80, Study
from devbench.predict.tables import Figure, Table, least_edge_tpu_ms


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What is expected of one table's device.

    expected_ms: None where no number is given; `reason` says why. interval_90, interval_80: lower and upper end in ms,
        the lower one never below what the hardware allows.
    parts_ms: the expected time by where it goes. nearest: the published network most like this one, with its figure.
    networks: how many figures the interval rests on.
    """

    table: Table
    networks: int
    expected_ms: float | None = None
    interval_90: tuple[float, float] | None = None
    interval_80: tuple[float, float] | None = None
    parts_ms: Mapping[Wall, float] = field(default_factory=dict)
    nearest: Figure | None = None
    reason: str = ""

    @property
    def wall(self) -> Wall | None:
        """What most of the time goes to."""
        return max(self.parts_ms, key=lambda wall: self.parts_ms[wall]) if self.parts_ms else None


def predict(
    network: Network, studies: Iterable[Study], against: Callable[[Table], str] = lambda _: ""
) -> list[Prediction]:
    """Of each table, what is expected of the network there.

    Args:
        network: what it asks of a device.
        studies: of the tables.
        against: why no number may be given for a table, as of operations that stay on the host; "" if one may.

    """
    return [predict_one(network, study, against(study.table)) for study in studies]


def predict_one(network: Network, study: Study, against: str = "") -> Prediction:
    """The same of one table. against: a reason why no number is given."""
    table = study.table
    if table.unusable:
        return Prediction(table=table, networks=len(study.figures), reason=table.unusable)
    known = {figure.network: figure for figure in study.figures}
    like = known[nearest(network, known)]
    reason = against or unlike(network, study.networks)
    half_80, half_90 = study.half_width(0.8), study.half_width(0.9)
    if not reason and half_80 is None:
        reason = f"{len(study.given)} networks are too few for an interval: {LEAST_FOR_80} are needed"
    if reason or half_80 is None:
        return Prediction(table=table, networks=len(study.given), nearest=like, reason=reason)
    least = least_edge_tpu_ms(network) if table.edge_tpu else 0.0
    expected = max(study.sum.time_ms(network), least)
    return Prediction(
        table=table,
        networks=len(study.given),
        expected_ms=expected,
        interval_90=(max(expected / half_90, least), expected * half_90) if half_90 else None,
        interval_80=(max(expected / half_80, least), expected * half_80),
        parts_ms=study.sum.parts_ms(network),
        nearest=like,
    )
