"""From an int8 file to a compiled one: rules, compiler, and a look into what came out. Compiled files are cached."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from devbench import Artifact, ModelError, NotHereError, Option, Prepared, cached_model, read_graph, read_tflite
from devbench_edgetpu.check.mapping import foreign
from devbench_edgetpu.compiled import CUSTOM_OPERATION, is_compiled, read_compiled
from devbench_edgetpu.compiler import Settings, compile_model, compiler_problem, compiler_version, settings_of
from devbench_edgetpu.compiler_log import log_beside

_WITHOUT_COMPILER = (
    "Install Coral's edgetpu_compiler, or compile elsewhere and name the result as the model's `compiled:` file. For"
    " models of the catalogue, `weights: published` takes Google's own compiled files (docs/edgetpu.md)."
)


def prepared(artifact: Artifact, options: Mapping[str, Option]) -> Prepared:
    """The artifact compiled for the Edge TPU, with what compiler and file say of it; as it is if it is compiled.

    A `NotHereError` where there is no compiler; a `ModelError` where it cannot be compiled.
    """
    settings = settings_of(options, artifact.path)
    if is_compiled(artifact.path):
        if settings != Settings():
            raise ModelError(
                f"{artifact.path.name} is compiled already: the options {', '.join(_asked(options))} would do nothing",
                "Name the file that it was compiled from as the model's `source:`, without `compiled:`.",
            )
        return _described(artifact, artifact.path, {})
    _check_rules(artifact.path)
    if problem := compiler_problem():
        raise NotHereError(
            f"{artifact.path.name} is not compiled for the Edge TPU, and {problem}", _without_compiler(artifact.path)
        )
    version = compiler_version()
    together = [hashlib.sha256(path.read_bytes()).hexdigest() for path in settings.together if path.is_file()]
    asked = f"&flags={''.join(settings.flags)}&together={','.join(together)}" if settings.flags or together else ""
    source = f"edgetpu_compiler:{artifact.sha256}?version={version}{asked}"

    def make(_: str, into: Path) -> Path:
        return compile_model(artifact.path, settings, version, into)

    compiled = cached_model(f"{artifact.path.stem}-edgetpu", source, make)
    if not is_compiled(compiled):
        raise ModelError(
            f"{artifact.path.name}: the compiler put nothing of it on the Edge TPU: no {CUSTOM_OPERATION}",
            f"`devbench check {artifact.path}` has every rule.",
        )
    return _described(artifact, compiled, _facts_of(settings))


def _asked(options: Mapping[str, Option]) -> list[str]:
    return [name for name, value in options.items() if name.startswith("compiler_") and value not in ("", False)]


def _facts_of(settings: Settings) -> dict[str, str]:
    facts = {"compiler_flags": " ".join(settings.flags)} if settings.flags else {}
    if settings.together:
        facts["compiled_together_with"] = ", ".join(path.name for path in settings.together)
    return facts


def _without_compiler(path: Path) -> str:
    other = path.with_name(f"{path.stem}_edgetpu.tflite")
    if other.is_file():
        return f"{other.name} is beside it: if it is the same network, name it as the model's `compiled:` file."
    return _WITHOUT_COMPILER


def _check_rules(path: Path) -> None:
    """A file without a single operation for an Edge TPU is refused; about any other the compiler knows better."""
    reasons = [(operation, foreign(operation)) for operation in read_graph(path).operations]
    if reasons and all(reason for _, reason in reasons):
        operation, reason = reasons[0]
        raise ModelError(
            f"{path.name}: nothing of it can run on an Edge TPU; {operation} {reason}",
            f"`devbench check {path}` has every rule.",
        )


def _described(artifact: Artifact, compiled: Path, asked: Mapping[str, str]) -> Prepared:
    log = log_beside(compiled)
    facts = {**read_compiled(compiled).facts, **(log.facts if log else {}), **asked}
    if compiled != artifact.path:
        facts["compiled_from_sha256"] = artifact.sha256
        left = read_tflite(compiled)  # what the interpreter itself still reads, not what the chip has
        facts |= {"per_channel_dense": str(left.per_channel_dense), "outside_weights": str(left.outside)}
    return Prepared.like(artifact, path=compiled, facts=facts)
