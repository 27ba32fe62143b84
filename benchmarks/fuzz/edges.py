"""What comes in from others at the edges: a state file, answers of a Jetson and of a web server, and text to be shown.

    uv run python -m benchmarks.fuzz.edges [--seed 0] [--count 3000]

`silent`: a file was changed or a program made that devbench would never have, a wrong download was kept, or a character
reached a terminal that it would obey. `told`: such characters were spelled out.
"""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import socket
import tempfile
import threading
import unicodedata
from collections.abc import Iterator
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.fuzz.apart import Tally, main, trials_apart
from benchmarks.fuzz.mutate import INTERESTING_BYTES, hostile_values, mutated_bytes, mutated_json, mutated_text
from devbench.cli.terminal import PrintableConsole
from devbench.domain.columns import NAMES
from devbench.domain.model import Variant
from devbench.errors import DevbenchError, ModelError
from devbench.models.artifact import prepare_artifact
from devbench.models.cache import ModelCache
from devbench.models.fetch import WebFetcher
from devbench.report.markdown import markdown
from devbench.report.table import CellLine, Table, TableCell
from devbench.report.terminal import print_tables
from devbench.settings.guardian import Undo
from devbench.settings.state import ChangeMade, FileBefore, State
from devbench.settings.tuning import recover
from devbench.store.results_file import write_results
from devbench_jetson import board
from devbench_jetson.answers import checked
from devbench_jetson.settings import undo_of

_CPUS = "sys/devices/system/cpu"
_FILES = ("cpu0/cpufreq/scaling_governor", "cpu0/cpufreq/scaling_min_freq", "cpufreq/ondemand/up_threshold")
_OTHERS = ("canary", f"{_CPUS}/cpu0/online", f"{_CPUS}/cpu0/cpufreq/scaling_max_freq", f"{_CPUS}/microcode/reload")
_PROGRAMS = re.compile(r"(sudo -n )?(nvpmodel -m [0-9]{1,3}|sh -c test -e .* jetson_clocks --restore .*)")
_PLACES = ("../canary", "../../../../canary", "cpu0/online", "cpu0/cpufreq/scaling_max_freq", "/etc/hostname")


def kinds(seed: int, count: int) -> Iterator[Tally]:
    """Each edge, so many times."""
    with tempfile.TemporaryDirectory() as name:
        here = Path(name)
        yield trials_apart("state file", lambda random: _state_file(random, here), seed, count)
        yield trials_apart("answers of a Jetson", _board_answer, seed, count)
        yield trials_apart("download", lambda random: _download(random, here / "cache"), seed, count)
        yield trials_apart("text to be shown", _text, seed, count)


def _state_file(random: Random, here: Path) -> str:
    root, file = here / "root", here / "left" / "tuned.json"
    before = _tree(root)
    made = ChangeMade(
        device="jetson",
        place="local",
        host="",
        setting=random.choice(("nvpmodel", "jetson_clocks")),
        was={"mode": "1", "sudo": ""},
        text="power mode 1 → 0",
        lasting=True,
    )
    written = asdict(State.of([*(FileBefore(file=name, before="before") for name in _FILES), made]))
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(_forged(random, written))
    file.chmod(0o600)
    programs: list[str] = []
    check = recover(root, file, lambda one: _undo(one, programs), lambda _text: None)
    after = {path: path.read_text() for path in root.rglob("*") if path.is_file()}
    allowed = {root / _CPUS / name for name in _FILES}
    if {path for path in before | after if before.get(path) != after.get(path)} - allowed:
        return "silent"
    if not all(map(_PROGRAMS.fullmatch, programs)):
        return "silent"
    return "refused" if check else "read"


def _forged(random: Random, written: dict[str, Any]) -> bytes:
    match random.randrange(3):
        case 0:
            return json.dumps(mutated_json(random, written)).encode()
        case 1:
            return mutated_bytes(random, json.dumps(written).encode())
        case _:
            more = {"file": random.choice(_PLACES), "before": random.choice(("owned", "a\nb", "$(reboot)"))}
            return json.dumps(written | {"settings": [*written["settings"], more]}).encode()


def _tree(root: Path) -> dict[Path, str]:
    """A machine as it is before each trial: its files, and what they say."""
    shutil.rmtree(root, ignore_errors=True)
    for name in (*(f"{_CPUS}/{name}" for name in _FILES), *_OTHERS):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("now")
    return {path: path.read_text() for path in root.rglob("*") if path.is_file()}


def _undo(made: ChangeMade, programs: list[str]) -> Undo:
    """What `devbench doctor` makes of a change, but for running it."""
    try:
        command = undo_of(made.setting, made.was)
    except Exception as error:  # as doctor does for every plugin
        raise DevbenchError("no such change") from error
    programs.append(" ".join(command))
    return Undo(command=["true"], host="", by_hand="")


def _board_answer(random: Random) -> str:
    what = random.choice(list(board.ANSWERS))
    whole = json.loads(json.dumps(board.ANSWERS[what]("/")))
    if what == "settings":
        whole |= {"power_mode": ["1", "5W"], "power_modes": {"0": "MAXN", "1": "5W"}}
    text = json.dumps(mutated_json(random, whole))
    text = random.choice((text, mutated_text(random, text)))
    try:
        answer = checked(what, text)
    except ValueError:
        return "refused"
    if what == "settings" and answer["power_mode"]:
        command = undo_of("nvpmodel", {"mode": answer["power_mode"][0][:3], "sudo": ""})
        return "read" if _PROGRAMS.fullmatch(" ".join(command)) else "silent"
    return "same" if answer == whole else "read"


_ACTIVE = re.compile(r"(?<!\\)\]\(|<(?!br>)")  # a link, a tag
_SHAPED = ("ARABIC", "SYRIAC", "KAITHI", "EGYPTIAN", "SHORTHAND", "MUSICAL")
_FORMULA = ("=", "+", "-", "@")
_MODEL = bytes(range(256)) * 8
_HEADS = (
    b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nContent-Type: text/plain\r\n\r\n%s" % (len(_MODEL), _MODEL),
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(_MODEL), _MODEL),
    b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nnot found",
)


def _download(random: Random, cache: Path) -> str:
    head = random.choice(_HEADS)
    cut = head.index(b"\r\n\r\n") if random.random() < 0.7 else len(head)
    answer = mutated_bytes(random, head[:cut]) + head[cut:]
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)
        threading.Thread(target=_answer, args=(server, answer), daemon=True).start()
        source = f"http://127.0.0.1:{server.getsockname()[1]}/net.fake"
        variant = Variant(precision="", format="fake", source=source, sha256=sha256(_MODEL).hexdigest())
        try:
            path = prepare_artifact("net", variant, ModelCache(cache), _fetch).path
            return "same" if path.read_bytes() == _MODEL else "silent"
        except ModelError:
            return "silent" if any(path.suffix != ".lock" for path in cache.iterdir()) else "refused"
        finally:
            shutil.rmtree(cache, ignore_errors=True)


def _fetch(source: str, into: Path) -> Path:
    path = WebFetcher().devbench_fetch_model(source, into)
    assert path
    return path


def _answer(server: socket.socket, answer: bytes) -> None:
    """To the first request and each that a redirect leads to; then the server is gone."""
    try:
        while True:
            connection, _ = server.accept()
            with connection:
                connection.recv(1 << 16)
                connection.sendall(answer)
    except OSError:
        return


def _text(random: Random) -> str:
    text = mutated_text(random, "mobilenet_v1 — 12.04 ms ± 8.8 % [x](y) | a")
    for _ in range(random.randint(1, 4)):
        where = random.randrange(len(text) + 1)
        text = text[:where] + _put_in(random) + text[where:]
    table = Table(title=text, header=(text,), rows=((TableCell(lines=(CellLine(text=text),)),),), notes=(text,))
    drawn = io.StringIO()
    print_tables([table], PrintableConsole(file=drawn, force_terminal=True, color_system=None, width=120))
    rows = write_results([{**dict.fromkeys(NAMES, ""), "model": text}])
    (cells,) = csv.DictReader(io.StringIO(rows, newline=""))
    marked = markdown([table])
    if (
        any(map(_is_unfit, drawn.getvalue() + marked + rows))
        or _ACTIVE.search(marked)
        or cells["model"][:1] in _FORMULA
    ):
        return "silent"
    return "told" if any(map(_is_unfit, text)) else "same"


def _put_in(random: Random) -> str:
    match random.randrange(4):
        case 0:
            return chr(random.choice((random.randrange(0x250), random.randrange(0x2000, 0x2070))))
        case 1:
            return chr(random.randrange(0x110000))
        case 2:
            return random.choice(INTERESTING_BYTES).decode("latin-1")
        case _:
            return str(random.choice(hostile_values()))[:200]


def _is_unfit(letter: str) -> bool:
    """By Unicode's own categories; joiners, and signs with a shape that stand around others, are fit."""
    if letter in "\n\t\u200c\u200d" or unicodedata.category(letter) not in ("Cc", "Cf", "Cs", "Zl", "Zp"):
        return False
    return unicodedata.name(letter, "").split(" ")[0] not in _SHAPED


if __name__ == "__main__":
    main(__doc__, kinds)
