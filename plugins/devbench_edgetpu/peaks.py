"""What an Edge TPU and its link cannot exceed, and which weights have to travel with every inference."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from devbench import Peak, Streamed, read_graph
from devbench_edgetpu.check.mapping import predict
from devbench_edgetpu.check.parameters import LEAST_MEMORY, MOST_MEMORY, constant_bytes, kept_bytes
from devbench_edgetpu.compiled import is_compiled, read_compiled

_CHIP = (
    "Coral's datasheets (coral.ai/docs/accelerator-module/datasheet): 4 TOPS for int8, at its highest clock, 500 MHz"
)
_PEAK_PER_S = 4e12
_HIGHEST_CLOCK_MHZ = 500
_CLOCKS_MHZ = {
    "Low": 63,
    "Medium": 125,
    "High": 250,
    "Max": 500,
}  # google-coral/libedgetpu, beagle_top_level_handler.cc
_SUPERSPEED_MBPS = 5000
_USB_3 = Peak(
    wall="link",
    of="USB 3",
    per_s=500e6,
    typical_per_s=450e6,
    keeps_bytes=MOST_MEMORY,
    source="USB 3 at 5 Gbit/s, of which 8b/10b coding leaves 500 MB/s; published figures reach 440 MB/s",
)
_USB_2 = Peak(
    wall="link",
    of="USB 2",
    per_s=53.248e6,
    typical_per_s=35e6,
    keeps_bytes=MOST_MEMORY,
    source="USB 2.0 specification: 13 bulk packets of 512 bytes in each of 8000 microframes; published figures reach"
    " 33 MB/s",
)
_PCIE = Peak(
    wall="link",
    of="PCIe",
    per_s=500e6,
    typical_per_s=400e6,
    keeps_bytes=MOST_MEMORY,
    source="PCIe Gen2 x1 (Coral's datasheets): 5 GT/s, of which 8b/10b coding leaves 500 MB/s; published figures reach"
    " 380 MB/s",
)


def stick_peaks(facts: Mapping[str, str]) -> Iterator[Peak]:
    """Of the USB Accelerator: both kinds of port where it is not known which."""
    mhz = _clock_mhz(facts, throttled=facts.get("delegate_build") == "std")
    for link in _links(facts.get("link", "")):
        yield link
        yield _compute(mhz, link.of)


def chip_peaks(facts: Mapping[str, str]) -> Iterator[Peak]:
    """Of a chip on PCIe."""
    yield _PCIE
    yield _compute(_clock_mhz(facts, throttled=False), _PCIE.of)


def streamed(path: Path) -> Streamed:
    """Of a compiled file what it says; of any other what the chip's memory cannot hold, as far as that is known."""
    if is_compiled(path):
        sent = read_compiled(path).streamed_bytes
        return Streamed(least_bytes=sent, most_bytes=sent)
    prediction = predict(read_graph(path))
    return Streamed(
        least_bytes=max(0, constant_bytes(prediction.least) - MOST_MEMORY),
        most_bytes=max(0, kept_bytes(prediction)[1] - LEAST_MEMORY),
    )


def _links(text: str) -> tuple[Peak, ...]:
    """`USB 3.0` of published tables, `USB 480 Mbit/s` of the worker."""
    speed = re.search(r"USB (\d{2,6})(?: Mbit/s)?$", text)
    if speed:
        return (_USB_3,) if int(speed[1]) >= _SUPERSPEED_MBPS else (_USB_2,)
    if re.search(r"USB 3", text):
        return (_USB_3,)
    return (_USB_2,) if re.search(r"USB [12]", text) else (_USB_3, _USB_2)


def _clock_mhz(facts: Mapping[str, str], *, throttled: bool) -> int:
    """The highest clock that library and options allow: libedgetpu1-std halves that of a stick."""
    asked = re.search(r"Performance=(Low|Medium|High|Max)", facts.get("delegate_options", ""))
    mhz = _CLOCKS_MHZ[asked[1]] if asked else _HIGHEST_CLOCK_MHZ
    return min(mhz, _CLOCKS_MHZ["High"]) if throttled else mhz


def _compute(mhz: int, of: str) -> Peak:
    slower = "" if mhz == _HIGHEST_CLOCK_MHZ else f"; here at {mhz} MHz"
    return Peak(
        wall="compute", of=of, per_s=_PEAK_PER_S * mhz / _HIGHEST_CLOCK_MHZ, precision="int8", source=_CHIP + slower
    )
