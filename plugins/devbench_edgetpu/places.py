"""Which stick or chip a place of lab.yaml means, and why it cannot be used; on this machine or behind ssh."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from devbench import Absent, Place
from devbench_edgetpu import sysfs
from devbench_edgetpu.troubles import advice

_LIMIT_S = 30.0
Found = Mapping[str, Any]


def seen_at(place: Place) -> Mapping[str, Any] | None:
    """What `sysfs.py` sees where the place is; None if it cannot be asked."""
    if place.ssh is None:
        return sysfs.seen(sysfs.tree())
    from devbench import RoundError, run_there

    try:
        _, out, _ = run_there(place, Path(sysfs.__file__), limit_s=_LIMIT_S)
        answer: Mapping[str, Any] = json.loads(out)
    except (RoundError, ValueError):
        return None  # the round will say what is wrong with the connection, and in more words
    return answer


def stick_place(kind: str, stick: Found, place: Place | None = None) -> Place | Absent:
    """A place for the stick, or the one of lab.yaml that means it; why not, if it cannot be used."""
    name = place.name if place else stick["port"]
    if stick["problem"]:
        reason = f"stick in port {stick['port']}: {stick['problem']}"
        return Absent(device=kind, place=name, reason=reason, hint=advice(stick["problem"]))
    facts = {"link": f"USB {stick['speed_mbps'] or '?'} Mbit/s", "usb_id": stick["id"]}
    return _place(kind, place, name, "port", stick["port"], facts)


def chip_place(kind: str, chip: Found, place: Place | None = None) -> Place | Absent:
    """A place for the chip, or the one of lab.yaml that means it; why not, if it cannot be used."""
    name = place.name if place else chip["name"]
    if chip["problem"]:
        reason = f"{chip['name']}: {chip['problem']}"
        return Absent(device=kind, place=name, reason=reason, hint=advice(chip["problem"]))
    return _place(kind, place, name, "node", chip["name"], {"link": "PCIe"})


def _place(kind: str, place: Place | None, name: str, option: str, value: str, facts: Mapping[str, str]) -> Place:
    if place is None:
        return Place(name=name, device=kind, options={option: value}, facts=facts)
    return replace(place, options={**place.options, option: value}, facts={**facts, **place.facts})


def meant_stick(place: Place, sticks: Sequence[Found]) -> Found | Absent:
    """The stick in the place's port; without one, that in the port of the place's name, or the only stick there is."""
    port = place.options.get("port", "")
    ports = ", ".join(stick["port"] for stick in sticks)
    named = next((stick for stick in sticks if stick["port"] == (port or place.name)), None)
    if named:
        return named
    if not sticks:
        reason = f"no USB Accelerator is plugged in {'there' if place.ssh else 'here'}"
    elif port:
        reason = f"nothing is in port {port}; there are USB Accelerators in {ports}"
    elif len(sticks) == 1:
        return sticks[0]
    else:
        reason = f"lab.yaml does not say which of the USB Accelerators in ports {ports} it means"
        hint = f"Say it: `options: {{port: {sticks[0]['port']}}}`."
        return Absent(device=place.device, place=place.name, reason=reason, hint=hint)
    return Absent(device=place.device, place=place.name, reason=reason, hint=advice(f"no Edge TPU: {reason}"))


def meant_chip(place: Place, chips: Sequence[Found]) -> Found | Absent:
    """The chip whose node the place names."""
    node = place.options.get("node", "").rpartition("/")[2]
    named = next((chip for chip in chips if chip["name"] == node), None)
    if named:
        return named
    others = f"; there is {', '.join(chip['name'] for chip in chips)}" if chips else ""
    reason = f"there is no /dev/{node}{others}: is the gasket driver loaded?"
    return Absent(device=place.device, place=place.name, reason=reason, hint=advice(reason))
