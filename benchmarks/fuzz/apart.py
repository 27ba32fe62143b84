"""Trials in child processes, each numbered and seeded, so that one that ends its process or hangs is counted and named.

A trial gives back one word for what became of its input: `same`, `refused`, `told`, `silent` (read, with other content
than was written, and nothing said) or `read` (where nobody can know). What it raises is a traceback.
"""

from __future__ import annotations

import argparse
import os
import resource
import select
import signal
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

Trial = Callable[[Random], str]
HANG_S = 20.0  # without one trial ending; a busy machine takes a second for some
_MOST_BYTES = 8 << 30  # of addresses: what takes more of them is a traceback
WORDS = ("same", "refused", "told", "read", "silent")
BAD = ("silent", "traceback", "hang", "abort")


@dataclass
class Tally:
    """What became of the trials on one kind of input. findings: a line for each that must not be."""

    name: str
    counts: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)

    def row(self) -> str:
        """A line of a Markdown table."""
        cells = [self.name, f"{self.counts.total():,}", *(f"{self.counts[word]:,}" for word in (*WORDS, *BAD[1:]))]
        return f"| {' | '.join(cells)} |"


HEAD = (
    f"| input | trials | {' | '.join((*WORDS, *(f'{word}s' for word in BAD[1:])))} |\n"
    f"|---|{'--:|' * (len(WORDS) + len(BAD))}"
)


def trials_apart(name: str, trial: Trial, seed: int, count: int) -> Tally:
    """Run `trial` so many times; trial n of a seed always has the same randomness."""
    tally, number = Tally(name), 0
    while number < count:
        number = _some(tally, trial, seed, range(number, count))
    return tally


def _some(tally: Tally, trial: Trial, seed: int, numbers: Sequence[int]) -> int:
    """Trials in one child process, up to the first that ends it; the number of the next one."""
    here, there = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(here)
        _in_child(trial, seed, numbers, there)
    os.close(there)
    following, ended = numbers[0], ""
    for line in _lines(here):
        if line is None:
            os.kill(child, signal.SIGKILL)
            ended = "hang"
            break
        word, _, text = line.partition(" ")
        following += 1
        tally.counts[word] += 1
        if word in BAD:
            tally.findings.append(f"{tally.name} {following - 1}: {word}: {text}")
    os.close(here)
    _, status = os.waitpid(child, 0)
    if ended or status:
        word = ended or "abort"
        tally.counts[word] += 1
        tally.findings.append(f"{tally.name} {following}: {word}: wait status {status}")
        following += 1
    return following


def _in_child(trial: Trial, seed: int, numbers: Sequence[int], report: int) -> None:
    """Run the trials, write a line for each, and end the process."""
    warnings.simplefilter("error")
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))
    for number in numbers:
        text = ""
        try:
            word = trial(Random(f"{seed} {number}"))
        except BaseException as error:  # noqa: BLE001 - what is looked for
            place = traceback.extract_tb(error.__traceback__)[-1]
            word = "traceback"
            text = f"{type(error).__name__}: {str(error)[:200]!r} ({place.filename}:{place.lineno})"
        os.write(report, f"{word} {text}\n".encode())
    os._exit(0)


def _lines(descriptor: int) -> Iterator[str | None]:
    """Each line that comes; None where none comes for too long."""
    rest = b""
    while select.select([descriptor], [], [], HANG_S)[0]:
        if not (data := os.read(descriptor, 1 << 16)):
            return
        *whole, rest = (rest + data).split(b"\n")
        yield from (line.decode() for line in whole)
    yield None


def main(description: str | None, kinds: Callable[[int, int], Iterator[Tally]]) -> None:
    """The command line of such a fuzzer: prints its table, and ends with 1 if there is a finding."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=3000, help="trials of each kind")
    arguments = parser.parse_args()
    print(HEAD)
    findings = []
    for tally in kinds(arguments.seed, arguments.count):
        print(tally.row(), flush=True)
        findings += tally.findings
    print("\n".join(["", *findings]) if findings else "")
    raise SystemExit(1 if findings else 0)
