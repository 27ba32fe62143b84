"""What was compared while a file was made, in words for the ledger, and what to do where it is not good enough."""

from __future__ import annotations

from devbench.pipeline.process import Halves, Same

MOST_APART = 0.2  # the median of tensors; benchmarks and docs/models.md say what was seen
_FEW = 2


def same_told(same: Same) -> str:
    """`as the source's for 4 inputs, within 3e-07`."""
    if same.note:
        return same.note
    within = "exactly" if same.difference == 0 else f"within {same.difference:.1g}"
    return f"as the source's for {same.inputs} made-up input{'' if same.inputs == 1 else 's'}, {within}"


def halves_told(halves: Halves) -> str:
    """`ranges differ by 2 % (median of 65 tensors), at most 17 % (conv_3)`."""
    return (
        f"ranges differ by {_share(halves.median)} (median of {halves.tensors} tensors), at most"
        f" {_share(halves.worst)} ({halves.worst_tensor.split(';')[0]})"
    )


def calibration_note(halves: Halves | None, pictures: int) -> str:
    """What a user must know of the calibration, and what to do; "" if it is good enough."""
    if pictures < _FEW:
        return (
            "It was calibrated with one picture: nothing tells whether its ranges fit others. Take 100 of all classes:"
            " `calibrate: {count: 100}`."
        )
    if halves is None or halves.median <= MOST_APART:
        return ""
    return (
        f"Two halves of the {pictures} calibration pictures give ranges that differ by {_share(halves.median)} (median"
        f" of {halves.tensors} tensors): other pictures would give another file. Take more of them, of all classes:"
        f" `calibrate: {{count: {2 * pictures}}}`."
    )


def _share(part: float) -> str:
    return f"{part:.0%}".replace("%", " %")
