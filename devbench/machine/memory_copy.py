"""How fast this machine's memory moves bytes, and how many its caches keep."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from devbench.linux_files import cpu_folders, text_of

_TRIES = 20
_MOST_BYTES = 256 << 20
_CACHES = 4  # times as large as the caches, so that they do not answer
_UNITS = {"K": 1 << 10, "M": 1 << 20}


def copied_bytes_per_s(threads: int, cache_bytes: int) -> float:
    """Bytes read and written each second, by the fastest of some copies of a large block. Takes about a second."""
    import numpy as np

    size = min(max(_CACHES * cache_bytes, 64 << 20), _MOST_BYTES) // threads
    pairs = [(np.ones(size, dtype=np.uint8), np.zeros(size, dtype=np.uint8)) for _ in range(threads)]
    with ThreadPoolExecutor(threads) as pool:
        best_s = min(_seconds(pool, pairs) for _ in range(_TRIES))
    return 2 * size * threads / best_s


def _seconds(pool: ThreadPoolExecutor, pairs: Sequence[tuple[Any, Any]]) -> float:
    import numpy as np

    begin = time.perf_counter()
    list(pool.map(lambda pair: np.copyto(pair[1], pair[0]), pairs))
    return time.perf_counter() - begin


def cache_bytes(root: Path = Path("/")) -> int | None:
    """All caches of the last level together; None where the kernel does not tell."""
    found: dict[tuple[int, str], int] = {}
    for folder in cpu_folders(root).values():
        for index in sorted((folder / "cache").glob("index[0-9]*")):
            level, size = text_of(index / "level"), text_of(index / "size") or ""
            if level and level.isdecimal() and size[:-1].isdecimal() and size[-1:] in _UNITS:
                shared = text_of(index / "shared_cpu_list") or str(folder)
                found[int(level), shared] = int(size[:-1]) * _UNITS[size[-1]]
    last = max((level for level, _ in found), default=None)
    return sum(size for (level, _), size in found.items() if level == last) if last else None
