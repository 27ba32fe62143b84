"""Why an Edge TPU may be slower than a published table: the usual causes, as far as the facts of a result show them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_SUPERSPEED_MBPS = 5000


def remarks_on(facts: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each cause that the facts show."""
    speed = re.search(r"USB (\d+)", facts.get("link", ""))
    if speed and int(speed[1]) < _SUPERSPEED_MBPS:
        yield f"the stick ran on USB at {speed[1]} Mbit/s; published figures of a desktop are for USB 3 (5000 Mbit/s)"
    if speed and facts.get("delegate_build") == "std":
        yield "the library is libedgetpu1-std, which halves the clock of a stick (250 MHz); -max gives 500 MHz"
    if wanted := re.search(r"Performance=(Low|Medium|High)", facts.get("delegate_options", "")):
        yield f"the clock was asked to be {wanted[1]}, not Max"
    on_cpu = facts.get("cpu_operations", "0")
    if not on_cpu.startswith("0"):
        reasons = facts.get("compiler_reasons", "")
        yield f"operations left on the CPU: {on_cpu}" + (f"; the compiler says {reasons}" if reasons else "")
    cached, streamed = (int(_number(facts, f"{name}_parameter_bytes") or 0) for name in ("cached", "streamed"))
    from devbench_edgetpu.check.compiled_rules import streaming

    if why := streaming(cached, streamed):
        yield why
    yield from _heat(facts)
    governor = facts.get("governor", "")
    if governor not in ("", "performance", "unknown"):
        yield f"the host's governor is '{governor}'; the published reference ran at 'performance'"


def _heat(facts: Mapping[str, str]) -> Iterator[str]:
    now_c, trip_c = _number(facts, "edgetpu_temperature_c"), _number(facts, "edgetpu_trip0_c")
    if now_c and trip_c and now_c >= trip_c:
        yield f"the chip was at {now_c:.1f} °C, and halves its clock from {trip_c:.1f} °C on"


def _number(facts: Mapping[str, str], name: str) -> float | None:
    """A fact that is a number; what a board says need not be one."""
    text = facts.get(name, "")
    return float(text) if re.fullmatch(r"-?\d{1,15}(\.\d{1,15})?", text) else None
