"""A build that fails says why, and leaves nothing behind: no process, no half a file."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

import devbench_zoo
from devbench import ModelError, Variant

Variants = Callable[..., Variant]


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


@pytest.mark.parametrize("change", ["", "inception_v9", "weights=mine", "seed=-1", "seed=x"])
def test_a_source_that_names_nothing(change: str, into: Path, variants: Variants) -> None:
    source = variants("mobilenet_v1", "int8").source
    key = change.partition("=")[0]
    parts = source.removeprefix("zoo:mobilenet_v1?").split("&")
    query = "&".join(change if part.startswith(f"{key}=") else part for part in parts)
    wrong = f"zoo:mobilenet_v1?{query}" if "=" in change else f"zoo:{change}?{query}"
    with pytest.raises(ModelError, match="names no model of the zoo"):
        devbench_zoo.devbench_fetch_model(wrong, into)


def test_a_source_of_other_versions_is_not_built_with_these(into: Path, variants: Variants) -> None:
    source = variants("mobilenet_v1", "int8").source.replace("keras=", "keras=0.")
    with pytest.raises(ModelError, match="this would be another file") as caught:
        devbench_zoo.devbench_fetch_model(source, into)
    assert "Install the versions" in caught.value.hint


def test_without_tensorflow(into: Path, variants: Variants, fake_tensorflow: Callable[[str], None]) -> None:
    fake_tensorflow("raise ModuleNotFoundError(\"No module named 'tensorflow'\")")
    with pytest.raises(ModelError, match="No module named 'tensorflow'") as caught:
        devbench_zoo.devbench_fetch_model(variants("mobilenet_v1", "int8").source, into)
    assert "`uv sync --extra models`" in caught.value.hint


def test_a_crash_shows_what_was_printed_even_on_stdout(
    into: Path, variants: Variants, fake_tensorflow: Callable[[str], None]
) -> None:
    fake_tensorflow("import os; os.write(1, b'native chatter'); os._exit(7)")
    with pytest.raises(ModelError, match=r"exit status 7 and without a result.*loading TensorFlow") as caught:
        devbench_zoo.devbench_fetch_model(variants("mobilenet_v1", "int8").source, into)
    assert caught.value.message.endswith("native chatter")


def test_killed_while_building(
    into: Path, variants: Variants, at_progress: Callable[[Callable[[], object]], None]
) -> None:
    at_progress(lambda: [builder.kill() for builder in builders()])
    with pytest.raises(ModelError, match="was killed by SIGKILL") as caught:
        devbench_zoo.devbench_fetch_model(variants("inception_v4", "int8").source, into)
    assert "memory" in caught.value.hint


def test_an_interrupt_stops_the_builder(
    into: Path, variants: Variants, at_progress: Callable[[Callable[[], object]], None]
) -> None:
    def interrupt() -> None:
        assert len(builders()) == 1
        raise KeyboardInterrupt

    at_progress(interrupt)
    with pytest.raises(KeyboardInterrupt):
        devbench_zoo.devbench_fetch_model(variants("inception_v4", "int8").source, into)


@pytest.mark.timeout(400)
def test_imagenet_weights_that_cannot_be_had_are_never_replaced(
    into: Path, variants: Variants, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))  # where no earlier download lies
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ModelError, match="imagenet weights cannot be had") as caught:
        devbench_zoo.devbench_fetch_model(variants("mobilenet_v1", "float32", "imagenet").source, into)
    assert "weights: random" in caught.value.hint
