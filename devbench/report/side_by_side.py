"""What measuring two cases in turns has shown, in words."""

from __future__ import annotations

from devbench.report.numbers import count_of, factor_and_ends, inverse, percent
from devbench.run.side_by_side import SideBySide


def sentences_of(found: SideBySide) -> list[str]:
    """The verdict with its interval, and what these pairs could show at all."""
    new, old = found.pair.new, found.pair.old
    if found.shown == "not compared":
        return [f"Not compared: {found.reason}"]
    pairs = f"{count_of(found.pairs, 'pair')} of rounds"
    if found.left_out:
        pairs += f", {found.left_out} more left out as contaminated"
    if found.shown == "undecided: too few pairs":
        return [f"Undecided: too few pairs. {new} against {old}: {pairs}. Raise `--budget`."]
    if found.ratio is None or found.resolution is None:
        said = [f"Undecided: contaminated. {new} against {old}: {pairs}. Make the machine quieter: `devbench doctor`."]
        if found.undisturbed:
            value = " ".join(factor_and_ends(found.undisturbed, 3))
            said.append(f"The fastest percent of all pairs says {value}, time of new over old. That is not a verdict.")
        return said
    decided = found.undisturbed if found.by_fastest and found.undisturbed else found.ratio
    ratio = decided if decided.estimate >= 1 else inverse(decided)
    value, bounds = factor_and_ends(ratio, 3)
    way = "slower" if decided.estimate >= 1 else "faster"
    differs = f"{new} is {value} {way} than {old} {bounds}"
    within = f"{new} and {old} differ by less than the threshold {bounds}"
    shown = {
        "slower": differs,
        "faster": differs,
        "within the threshold": within if decided.holds(1.0) else f"{differs}, which is less than the threshold",
    }.get(found.shown, f"No difference shown between {new} and {old} {bounds}")
    pairs += ", by the fastest percent of each (undisturbed)" if found.by_fastest else ""
    return [f"{shown}; {pairs}.", f"Differences under {percent(found.resolution)} cannot be shown by these."]
