"""A build that fails says why, and leaves nothing behind: no process, no half a file."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

import devbench_zoo
from devbench import ModelError
from devbench_zoo import fetch

Sources = Callable[..., str]


@pytest.fixture
def fake_tensorflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a `tensorflow` of the given code before the real one, for the builder's process."""

    def put(code: str) -> None:
        folder = tmp_path / "fake"
        folder.mkdir()
        (folder / "tensorflow.py").write_text(code)
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]))

    return put


@pytest.fixture
def at_progress() -> Iterator[Callable[[Callable[[], object]], None]]:
    """Calls something when the builder reports progress for the first time."""
    log = logging.getLogger("devbench.models")
    added: list[logging.Handler] = []

    def call(action: Callable[[], object]) -> None:
        class Handler(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:  # noqa: ARG002 - what logging calls
                action()

        added.append(Handler())
        log.addHandler(added[0])
        log.setLevel(logging.INFO)

    yield call
    log.removeHandler(added[0])
    log.setLevel(logging.NOTSET)


@pytest.fixture
def into(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "into"
    folder.mkdir()
    yield folder
    assert not list(folder.iterdir())
    assert not builders()


def builders() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "devbench_zoo.build" in child.cmdline()]


def test_another_scheme_is_left_to_others(into: Path) -> None:
    assert devbench_zoo.devbench_fetch_model("https://example.org/mobilenet_v1.tflite", into) is None


@pytest.mark.parametrize("change", ["", "inception_v9", "precision=int4", "weights=mine", "seed=-1", "seed=x"])
def test_a_source_that_names_nothing(change: str, into: Path, sources: Sources) -> None:
    source = sources("mobilenet_v1", "int8")
    key = change.partition("=")[0]
    parts = source.removeprefix("zoo:mobilenet_v1?").split("&")
    query = "&".join(change if part.startswith(f"{key}=") else part for part in parts)
    wrong = f"zoo:mobilenet_v1?{query}" if "=" in change else f"zoo:{change}?{query}"
    with pytest.raises(ModelError, match="names no model of the zoo"):
        devbench_zoo.devbench_fetch_model(wrong, into)


def test_a_source_of_other_versions_is_not_built_with_these(into: Path, sources: Sources) -> None:
    source = sources("mobilenet_v1", "int8").replace("keras=", "keras=0.")
    with pytest.raises(ModelError, match="this would be another file") as caught:
        devbench_zoo.devbench_fetch_model(source, into)
    assert "Install the versions" in caught.value.hint


def test_without_tensorflow(into: Path, sources: Sources, fake_tensorflow: Callable[[str], None]) -> None:
    fake_tensorflow("raise ModuleNotFoundError(\"No module named 'tensorflow'\")")
    with pytest.raises(ModelError, match="No module named 'tensorflow'") as caught:
        devbench_zoo.devbench_fetch_model(sources("mobilenet_v1", "int8"), into)
    assert "`uv sync --extra models`" in caught.value.hint


def test_a_crash_shows_what_was_printed_even_on_stdout(
    into: Path, sources: Sources, fake_tensorflow: Callable[[str], None]
) -> None:
    fake_tensorflow("import os; os.write(1, b'native chatter'); os._exit(7)")
    with pytest.raises(ModelError, match=r"exit status 7 and without a result.*loading TensorFlow") as caught:
        devbench_zoo.devbench_fetch_model(sources("mobilenet_v1", "int8"), into)
    assert caught.value.message.endswith("native chatter")


def test_killed_while_building(
    into: Path, sources: Sources, at_progress: Callable[[Callable[[], object]], None]
) -> None:
    at_progress(lambda: [builder.kill() for builder in builders()])
    with pytest.raises(ModelError, match="was killed by SIGKILL") as caught:
        devbench_zoo.devbench_fetch_model(sources("inception_v4", "int8"), into)
    assert "memory" in caught.value.hint


def test_an_interrupt_stops_the_builder(
    into: Path, sources: Sources, at_progress: Callable[[Callable[[], object]], None]
) -> None:
    def interrupt() -> None:
        assert len(builders()) == 1
        raise KeyboardInterrupt

    at_progress(interrupt)
    with pytest.raises(KeyboardInterrupt):
        devbench_zoo.devbench_fetch_model(sources("inception_v4", "int8"), into)


@pytest.mark.parametrize("printed", ["hello", "[1]", '"text"'])
def test_rubbish(printed: str, into: Path, sources: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "_command", lambda *_: [sys.executable, "-c", f"print({printed!r})"])
    with pytest.raises(ModelError, match="the builder's answer is not valid"):
        devbench_zoo.devbench_fetch_model(sources("mobilenet_v1", "int8"), into)


@pytest.mark.timeout(400)
def test_imagenet_weights_that_cannot_be_had_are_never_replaced(
    into: Path, sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))  # where no earlier download lies
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ModelError, match="imagenet weights cannot be had") as caught:
        devbench_zoo.devbench_fetch_model(sources("mobilenet_v1", "float32", "imagenet"), into)
    assert "weights: random" in caught.value.hint


# A builder that is done once two of them have been seen at work.
MEETS_ANOTHER = """
import os, sys, time
seen, out = sys.argv[1:]
open(os.path.join(seen, str(os.getpid())), "w").close()
while len(os.listdir(seen)) < 2:
    time.sleep(0.01)
open(out, "w").close()
print('{"done": {}}')
"""


@pytest.fixture
def two_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Builders that need another one beside them; the folder in which each leaves its process id."""
    seen = tmp_path / "seen"
    seen.mkdir()
    monkeypatch.setattr(fetch, "_room_for_two", lambda: True)
    monkeypatch.setattr(
        fetch, "_command", lambda _, path: [sys.executable, "-I", "-S", "-c", MEETS_ANOTHER, str(seen), str(path)]
    )
    return seen


def test_what_is_wanted_later_is_built_beside_what_is_wanted_now(
    tmp_path: Path, sources: Sources, two_at_once: Path
) -> None:
    wanted = [sources(name, "int8") for name in ("mobilenet_v1", "mobilenet_v2", "inception_v4")]
    devbench_zoo.devbench_models_wanted(["https://example.org/a.tflite", *wanted])
    for number, source in enumerate(wanted):
        folder = tmp_path / f"into-{number}"
        folder.mkdir()
        path = devbench_zoo.devbench_fetch_model(source, folder)
        assert path is not None
        assert list(folder.iterdir()) == [path]
    assert len(list(two_at_once.iterdir())) == 3, "each was built once"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["into-0", "into-1", "into-2", "seen"]
    assert not builders()


def test_an_interrupt_stops_what_is_built_in_the_background_too(
    into: Path,
    tmp_path: Path,
    sources: Sources,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[psutil.Process] = []

    def interrupted(*_: object) -> object:
        started.extend(psutil.Process().children())
        raise KeyboardInterrupt

    monkeypatch.setattr(fetch, "_room_for_two", lambda: True)
    monkeypatch.setattr(fetch, "_command", lambda *_: [sys.executable, "-I", "-S", "-c", "input()"])
    monkeypatch.setattr(fetch, "_listen", interrupted)
    wanted = [sources(name, "int8") for name in ("mobilenet_v1", "mobilenet_v2")]
    devbench_zoo.devbench_models_wanted(wanted)
    with pytest.raises(KeyboardInterrupt):
        devbench_zoo.devbench_fetch_model(wanted[0], into)
    assert len(started) == 2
    assert not any(one.is_running() for one in started)
    assert [one.name for one in tmp_path.iterdir()] == ["into"]
