"""Does the cache stay whole when processes that fill and clean it are killed?

    uv run python benchmarks/fuzz/cache_kills.py --trials 100

Each trial starts two processes that add, use and remove models in one cache over its limit, and kills both at a
random moment. Then every model must be whole, the one that an unfinished run needs must be there, and no lock be left.
Prints a row of a Markdown table; exit status 1 if anything was lost.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

from devbench.domain.model import Variant
from devbench.models.cache import ModelCache, keep_within_limit
from devbench.models.inventory import entries, remove

NAMES = tuple("abcdef")
SIZE = 200_000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    logging.disable()
    os.environ["DEVBENCH_CACHE_LIMIT"] = str(3 * SIZE)
    with tempfile.TemporaryDirectory() as folder:
        bad = [trial(Path(folder), random.Random(f"{given.seed} {number}")) for number in range(given.trials)]
    sums = [sum(one[k] for one in bad) for k in range(4)]
    print("| fault | trials | torn models | needed ones lost | locks left | tracebacks |\n|---|--:|--:|--:|--:|--:|")
    cells = ["two processes that fill and clean the cache are killed", str(given.trials), *map(str, sums)]
    print(f"| {' | '.join(cells)} |")
    return int(any(sums))


def trial(folder: Path, rng: random.Random) -> tuple[int, int, int, int]:
    """How many models are torn, needed ones lost, locks left, and whether a process failed before it was killed."""
    cache, run = ModelCache(folder / "models"), folder / "run"
    run.mkdir(exist_ok=True)
    (run / "run.json").write_text('{"finished_utc": ""}')
    cache.keep(get(cache, "needed"), run)
    children = [start(folder, rng.random()) for _ in range(2)]
    time.sleep(rng.uniform(0, 0.3))
    failed = False
    for child in children:
        os.kill(child, signal.SIGKILL)
        failed |= os.waitpid(child, 0)[1] != signal.SIGKILL
    found = entries(folder / "models")
    torn = [one for one in found if one.kind == "model" and not cache.find(one.name, variant(one.name))]
    lost = "needed" not in {one.name for one in found}
    begin = time.monotonic()
    for name in NAMES:
        get(cache, name)
    return len(torn), int(lost), int(time.monotonic() - begin > 10), int(failed)


def start(folder: Path, seed: float) -> int:
    """A process that works on the cache until it is killed."""
    child = os.fork()
    if not child:
        try:
            work(folder / "models", random.Random(seed))
        except BaseException:  # noqa: BLE001 - whatever it is, it counts
            traceback.print_exc()
        finally:
            os._exit(1)
    return child


def work(models: Path, rng: random.Random) -> None:
    cache = ModelCache(models)
    while True:
        get(cache, rng.choice((*NAMES, "needed")))
        for one in entries(models):
            with contextlib.suppress(FileNotFoundError):  # the other process has just removed it
                os.utime(one.paths[0] / "artifact.json", (1, 1))  # not used for longest
        keep_within_limit(models)
        remove(rng.choice(entries(models)))


def get(cache: ModelCache, name: str) -> Path:
    def fetch(source: str, into: Path) -> Path:
        with (into / "file").open("wb") as file:
            for _ in range(10):
                file.write(source.encode() * (SIZE // 10 // len(source)))
        return into / "file"

    return cache.get(name, variant(name), fetch)


def variant(name: str) -> Variant:
    return Variant(precision="", format="", source=f"test:{name}")


if __name__ == "__main__":
    sys.exit(main())
