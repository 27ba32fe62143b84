"""What `devbench doctor` says of a Jetson."""

from __future__ import annotations

from collections.abc import Iterator

from devbench import Check
from devbench_jetson import board


def board_checks(root: str) -> Iterator[Check]:
    """The board and its software, power mode, clocks, throttling and fan."""
    found = board.identity(root)
    jetpack = f"JetPack {found['jetpack']}, " if "jetpack" in found else ""
    text = f"{found.get('board', 'a Jetson')}, {jetpack}L4T {found.get('l4t', 'unknown')}"
    yield Check(name="jetson board", good=True, text=text)
    yield _mode()
    yield _clocks(root)
    yield _throttling(root)
    yield _fan(root)


def _mode() -> Check:
    now, modes = board.power_mode(), board.power_modes()
    if now is None:
        return Check(name="jetson power mode", good=None, text="nvpmodel does not say")
    text = f"{now[0]} ({now[1]})"
    if now[1].startswith("MAXN") or now[1] == "MODE_MAXN":
        return Check(name="jetson power mode", good=True, text=text)
    best = next((number for number, name in modes.items() if "MAXN" in name), None)
    if best is None:
        return Check(name="jetson power mode", good=True, text=text, hint="Say so when you publish the results.")
    hint = f"For all that the board can do: sudo nvpmodel -m {best}, or `settle: {{nvpmodel: {best}}}` in lab.yaml."
    return Check(name="jetson power mode", good=False, text=f"{text}; there is {modes[best]}", hint=hint)


def _clocks(root: str) -> Check:
    pinned = board.clocks_pinned(root)
    if pinned is None:
        return Check(name="jetson clocks", good=None, text="cannot be read")
    if pinned:
        return Check(name="jetson clocks", good=True, text="pinned: each may have one value only")
    hint = "Type: sudo jetson_clocks; or `settle: {jetson_clocks: true}` in lab.yaml, which is undone afterwards."
    return Check(name="jetson clocks", good=False, text="move with the load", hint=hint)


def _throttling(root: str) -> Check:
    hot = board.cooling(root)
    if hot:
        hint = "Let it cool down, and check its fan; `settle: {cool_c: 45}` in lab.yaml waits before each round."
        return Check(name="jetson throttling", good=False, text=f"slowed down by heat: {', '.join(hot)}", hint=hint)
    events = board.overcurrent_events(root)
    if events:
        hint = "The power mode takes more than the board may have, or the supply is weak: look again after a run."
        return Check(name="jetson throttling", good=True, text=f"{events} for too much current since boot", hint=hint)
    return Check(name="jetson throttling", good=True, text="none")


def _fan(root: str) -> Check:
    speed = board.fan(root)
    if not speed:
        return Check(name="jetson fan", good=None, text="none found")
    hottest = max(board.temperatures_c(root).values(), default=0.0)
    hint = "Without a fan, long runs may slow down: see the temperatures of the first and the last round."
    text = f"driven at {speed}, the hottest sensor is at {hottest:.1f} °C"
    return Check(name="jetson fan", good=True, text=text, hint=hint if speed.startswith("0 ") else "")
