"""From an int8 file to a compiled one: rules, compiler, and a look into what came out. Compiled files are cached."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from devbench import Artifact, ModelError, NotHereError, cached_model
from devbench_edgetpu.check.graph import read_graph
from devbench_edgetpu.check.mapping import foreign
from devbench_edgetpu.compiled import CUSTOM_OPERATION, is_compiled, read_compiled
from devbench_edgetpu.compiler import compile_model, compiler_problem, compiler_version, facts_of_log

_WITHOUT_COMPILER = (
    "Install Coral's edgetpu_compiler, or compile elsewhere and name the result as the model's `compiled:` file. For"
    " models of the catalogue, `weights: published` takes Google's own compiled files (docs/edgetpu.md)."
)


def prepared(artifact: Artifact) -> Artifact:
    """The artifact compiled for the Edge TPU, with what compiler and file say of it; as it is if it is compiled.

    A `NotHereError` where there is no compiler; a `ModelError` where it cannot be compiled.
    """
    if is_compiled(artifact.path):
        return _described(artifact, artifact.path)
    _check_rules(artifact.path)
    if problem := compiler_problem():
        raise NotHereError(f"{artifact.path.name} is not compiled for the Edge TPU, and {problem}", _WITHOUT_COMPILER)
    source = f"edgetpu_compiler:{artifact.sha256}?version={compiler_version()}"

    def make(_: str, into: Path) -> Path:
        return compile_model(artifact.path, into)

    compiled = cached_model(f"{artifact.path.stem}-edgetpu", source, make)
    if not is_compiled(compiled):
        raise ModelError(
            f"{artifact.path.name}: the compiler put nothing of it on the Edge TPU: no {CUSTOM_OPERATION}",
            f"`devbench check {artifact.path}` has every rule.",
        )
    return _described(artifact, compiled)


def _check_rules(path: Path) -> None:
    """A file without a single operation for an Edge TPU is refused; about any other the compiler knows better."""
    reasons = [(operation, foreign(operation)) for operation in read_graph(path).operations]
    if reasons and all(reason for _, reason in reasons):
        operation, reason = reasons[0]
        raise ModelError(
            f"{path.name}: nothing of it can run on an Edge TPU; {operation} {reason}",
            f"`devbench check {path}` has every rule.",
        )


def _described(artifact: Artifact, compiled: Path) -> Artifact:
    data = compiled.read_bytes()
    facts = {**artifact.facts, **read_compiled(compiled).facts, **facts_of_log(compiled.parent)}
    if compiled != artifact.path:
        facts["compiled_from_sha256"] = artifact.sha256
    return replace(artifact, path=compiled, sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data), facts=facts)
