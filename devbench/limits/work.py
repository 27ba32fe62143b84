"""What one inference of a figure takes: from what its run keeps of the file, else from what is known by its name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from devbench.domain.figure import Figure, image_size
from devbench.domain.limits import Streamed, Work
from devbench.domain.run import CaseRecord
from devbench.models.features import NetworkFeatures
from devbench.models.networks import KnownNetwork, known_network, width_of

_NOT_STATED = "the precision is not stated: the fastest arithmetic and int8 weights"


def work_of_features(
    features: NetworkFeatures, source: str, streamed: Streamed | None = None, precision: str = ""
) -> Work:
    """The work of a network. precision: what it is computed in, where that is another than the file's."""
    before, after = width_of(features.precision), width_of(precision)
    wider = after / before if before and after and precision != features.precision else 1.0
    return Work(
        macs=features.total_macs if features.total_macs or features.complete else None,
        weight_bytes=int(features.total_weight_bytes * wider),
        input_bytes=features.input_bytes,
        output_bytes=features.output_bytes,
        activation_bytes=int(features.total_activation_bytes * wider),
        precision=precision or features.precision,
        streamed=streamed,
        complete=features.complete,
        source=source,
    )


def work_of_figure(figure: Figure) -> tuple[Work | None, str]:
    """The work of a figure, and why nobody knows it where it is None."""
    case = figure.case
    own = _of_facts(case) if case else None
    if own is not None and own.macs is not None:
        return own, ""
    named = _by_name(figure)
    if own is None:
        return named, "" if named else _why_not(figure)
    if named is None:
        return own, ""
    # A compiled file says what is sent, the name what is computed.
    assumed = (*named.assumed, f"the operations are those of {figure['model']} as it is published")
    return (
        replace(
            named,
            streamed=own.streamed,
            input_bytes=own.input_bytes,
            output_bytes=own.output_bytes,
            assumed=assumed,
        ),
        "",
    )


def _of_facts(case: CaseRecord) -> Work | None:
    facts = case.artifact.facts if case.artifact else {}
    streamed = _streamed(facts)
    counted = whole(facts.get("macs", "")) is not None
    if not counted and streamed is None:
        return None
    complete = not facts.get("uncounted_operations")
    precision = case.precision
    before, after = width_of(facts.get("counted_in", "")), width_of(precision)
    weights = _number(facts, "weight_bytes") if counted else None
    if weights is not None and before and after:
        weights = weights * after // before
    macs = _number(facts, "macs")
    return Work(
        macs=macs if macs or (counted and complete) else None,
        weight_bytes=weights if streamed is None else None,
        precision=precision,
        streamed=streamed,
        complete=complete,
        input_bytes=_number(facts, "input_bytes"),
        output_bytes=_number(facts, "output_bytes"),
        activation_bytes=_number(facts, "activation_bytes"),
        source="its model file",
    )


def _number(facts: Mapping[str, str], name: str) -> int:
    """A count; 0 where there is none, or what a file says is not one."""
    return whole(facts.get(name, "")) or 0


def whole(text: str) -> int | None:
    """The number that `text` is, as far as anybody could have meant it."""
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None


def _streamed(facts: Mapping[str, str]) -> Streamed | None:
    found = whole(facts.get("streamed_parameter_bytes", ""))
    return None if found is None else Streamed(least_bytes=found, most_bytes=found)


def _by_name(figure: Figure) -> Work | None:
    """Of the network's name; of several names with a plus, one after the other."""
    precision = figure["precision"]
    assumed: tuple[str, ...] = () if precision else (_NOT_STATED,)
    width, height = image_size(figure["input_shape"]) or (0, 0)
    size = f"{width}x{height}" if width else ""
    names = figure["model"].split("+")
    found = [known_network(name, size, precision or "int8") for name in names]
    if any(one is None for one in found):
        return None
    networks = [one for one in found if one is not None]
    if not size:
        sizes = " and ".join(one.input_size for one in networks)
        assumed += (f"the input size is not stated: {sizes}",)
    return replace(_sum(networks, precision), assumed=assumed)


def _sum(networks: list[KnownNetwork], precision: str) -> Work:
    works = [work_of_features(one.features, one.source) for one in networks]
    return Work(
        macs=sum(one.macs or 0 for one in works),
        weight_bytes=sum(one.weight_bytes or 0 for one in works),
        input_bytes=sum(one.input_bytes for one in works),
        output_bytes=sum(one.output_bytes for one in works),
        activation_bytes=sum(one.activation_bytes for one in works),
        precision=precision,
        source="; ".join(dict.fromkeys(one.source for one in works)),
    )


def _why_not(figure: Figure) -> str:
    size = f" at {figure.input_size}" if figure.input_size else ""
    if figure.ours:
        return "What its file computes was not kept: it is not a .tflite file, or the run is of an older devbench."
    return f"What {figure['model']}{size} computes is not known here: name a model file of it instead."
