"""`devbench cache`: what is kept on this machine, and `devbench cache clean`."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from dataclasses import asdict
from math import inf
from pathlib import Path

import click

from devbench.cli.screen import screen_width, show
from devbench.cli.setup import refuse_open_to_others
from devbench.errors import DevbenchError
from devbench.models.cache import cache_folder, cache_limit, parse_size
from devbench.models.inventory import CacheEntry, entries, remove, why_needed
from devbench.report.screen import aligned, wrapped
from devbench.suites.names import nearest

_SECONDS = {"min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_UNITS = ("B", "KiB", "MiB", "GiB")


@click.group(invoke_without_command=True)
@click.option("--verbose", "-v", is_flag=True, help="Print a line for each file or folder, with its origin.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(context: click.Context, verbose: bool, as_json: bool) -> None:
    """Show what is kept on this machine, how large it is and when it was last used."""
    if context.invoked_subcommand:
        return
    found, limit_bytes = entries(_models()), cache_limit()
    if as_json:
        about = {"folder": str(cache_folder()), "limit_bytes": None if limit_bytes == inf else limit_bytes}
        print(json.dumps({**about, "entries": [_plain(entry) for entry in found]}, indent=2))
        return
    width = screen_width()
    limit = "" if limit_bytes == inf else f" of {_size(limit_bytes)}"
    show([*wrapped(f"{cache_folder()}: {_size(_total(found))}{limit}", width), ()])
    if not found:
        return
    if verbose:
        header = ("name", "kind", "size", "last used", "needed", "made from")
        rows = [(*_about([entry]), entry.source) for entry in reversed(found)]
        show(aligned(header, rows, width, right=(2,)))
        return
    by_name: dict[tuple[str, str], list[CacheEntry]] = {}
    for entry in reversed(found):
        by_name.setdefault((entry.kind, entry.name if entry.kind == "model" else ""), []).append(entry)
    show(
        aligned(("name", "kind", "size", "last used", "needed"), list(map(_about, by_name.values())), width, right=(2,))
    )


@command.command()
@click.argument("names", nargs=-1)
@click.option(
    "--older-than",
    "age_s",
    callback=lambda *_: _age_s(_[-1]),
    help="Only what was not used for this long: 30d, 12h, 2w.",
)
@click.option("--to", "size", callback=lambda *_: _bytes(_[-1]), help="Only until this much is left: 2G, 500M.")
@click.option("--all", "everything", is_flag=True, help="Remove all that nothing needs.")
@click.option("--dry-run", is_flag=True, help="Remove nothing; show what would be removed.")
def clean(names: tuple[str, ...], age_s: float | None, size: float | None, everything: bool, dry_run: bool) -> None:
    """Remove the models, workers or engines of these NAMES, or what is old, or what was not used for longest.

    What an unfinished run needs stays. Everything that is removed is made or fetched again when it is wanted.
    """
    if not (names or everything) and age_s is None and size is None:
        raise click.UsageError("say what to remove: NAMES, --older-than AGE, --to SIZE or --all")
    refuse_open_to_others(cache_folder())
    found = entries(_models())
    doomed = _chosen(found, names, age_s)
    left, limit_bytes = _total(found), 0 if size is None else size
    for entry in doomed:
        if left <= limit_bytes:
            break
        if why := _kept(entry, dry_run=dry_run):
            print(f"kept {entry.kind} {entry.name}: {why}")
        else:
            print(f"{'would remove' if dry_run else 'removed'} {entry.kind} {entry.name} ({_size(entry.size_bytes)})")
            left -= entry.size_bytes
    print(f"{_size(_total(found))} before, {_size(left)} {'then' if dry_run else 'now'}")


def _models() -> Path:
    return cache_folder() / "models"


def _chosen(found: Sequence[CacheEntry], names: Sequence[str], age_s: float | None) -> list[CacheEntry]:
    """Those of these names that were not used for so long; what was not used for longest comes first."""
    known = sorted({entry.name for entry in found})
    for name in names:
        if name not in known:
            raise DevbenchError(f"the cache has nothing of the name '{name}'{nearest(name, known)}")
    before_s = inf if age_s is None else time.time() - age_s
    return [entry for entry in found if (not names or entry.name in names) and entry.used_s <= before_s]


def _kept(entry: CacheEntry, *, dry_run: bool) -> str:
    try:
        return why_needed(entry) if dry_run else remove(entry)
    except OSError as error:
        return f"it cannot be removed: {error.strerror or error}"


def _about(alike: Sequence[CacheEntry]) -> tuple[str, ...]:
    """Name, kind, size, last use, and why it is needed: of one entry, or of all that share a name; the newest first."""
    one, count = alike[0], len(alike)
    name = one.name if count == 1 or one.kind == "model" else f"{count} {one.kind}s"
    kind = one.kind if count == 1 or one.kind != "model" else f"{count} files"
    needed = next(filter(None, map(why_needed, alike)), "")
    return name, kind, _size(_total(alike)), _ago(one.used_s), needed


def _plain(entry: CacheEntry) -> dict[str, object]:
    return {**asdict(entry), "paths": [str(path) for path in entry.paths], "needed": why_needed(entry)}


def _total(found: Sequence[CacheEntry]) -> int:
    return sum(entry.size_bytes for entry in found)


def _size(size_bytes: float) -> str:
    """`532 B`, `16.3 MiB`."""
    power = 0
    while size_bytes >= 1024 and power < len(_UNITS) - 1:  # noqa: PLR2004
        size_bytes /= 1024
        power += 1
    return f"{size_bytes:.{1 if power else 0}f} {_UNITS[power]}"


def _ago(used_s: float) -> str:
    seconds = max(time.time() - used_s, 0)
    unit = next((unit for unit in ("d", "h", "min") if seconds >= 2 * _SECONDS[unit]), "min")
    return f"{seconds / _SECONDS[unit]:.0f} {unit} ago"


def _age_s(text: str | None) -> float | None:
    if text is None:
        return None
    found = re.fullmatch(r"(\d{1,6}) ?(min|h|d|w)", text.strip())
    if not found:
        raise click.BadParameter(f"'{text}' is not an age such as 30d, 12h or 2w")
    return int(found[1]) * _SECONDS[found[2]]


def _bytes(text: str | None) -> float | None:
    try:
        return None if text is None else parse_size(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
