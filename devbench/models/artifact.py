"""From a variant to an artifact: the file found or fetched, checked against its checksums, and read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from devbench.domain.model import Artifact, Variant
from devbench.errors import ModelError
from devbench.files import git_blob_of, open_regular, sha256_of
from devbench.models.arithmetic import arithmetic_of
from devbench.models.cache import Fetch, ModelCache
from devbench.models.features import features_of
from devbench.models.graph import Graph, read_graph
from devbench.models.guards import guards_of
from devbench.models.readers import DENSE, OUTSIDE
from devbench.models.tflite_file import TfliteFile, read_tflite

_LARGEST_BYTES = 1 << 32  # what nobody can have meant; it would be hashed for minutes


def is_file_source(source: str) -> bool:
    """Whether `source` is a path rather than an address with a scheme."""
    try:
        return not urlsplit(source).scheme
    except ValueError:  # http://[ is not a path either
        return False


def prepare_artifact(model: str, variant: Variant, cache: ModelCache, fetch: Fetch) -> Artifact:
    """The artifact of `variant`; a `ModelError` says why it is not available or not what it should be."""

    def checked(path: Path) -> None:  # before it is cached: a wrong download must not stay
        described(path, variant)

    return described(source_file(model, variant, cache, fetch, checked), variant)


def source_file(
    model: str, variant: Variant, cache: ModelCache, fetch: Fetch, check: Callable[[Path], object] = lambda _: None
) -> Path:
    """The file that `variant.source` names, as its checksums say; a `ModelError` if it is not available.

    check: raises a `ModelError` if what was fetched is of no use: then it is not kept.
    """

    def fetch_checked(source: str, into: Path) -> Path:
        path = fetch(source, into)
        try:
            _check_pins(path, sha256_of(path), variant)
            check(path)
        except ModelError as error:  # the path is gone in a moment
            raise ModelError(error.message.replace(str(path), source), error.hint) from error
        return path

    _refuse_unpinned_http(variant)
    path = _local_file(variant) if is_file_source(variant.source) else cache.get(model, variant, fetch_checked)
    try:
        _check_pins(path, sha256_of(path) if variant.sha256 else "", variant)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}") from error
    return path


def _refuse_unpinned_http(variant: Variant) -> None:
    if variant.source.lower().startswith("http:") and not (variant.sha256 or variant.git_blob):
        raise ModelError(
            f"{variant.source}: is not downloaded: over http, anybody on the way could change the file",
            "Use https, or add the file's `sha256` to the suite, or download it yourself and name its path.",
        )


def _local_file(variant: Variant) -> Path:
    path = Path(variant.source)
    try:
        with open_regular(path, _LARGEST_BYTES):
            return path
    except OSError as error:
        raise ModelError(
            f"{path}: cannot be read: {error.strerror}", "Relative paths in a suite start at the suite's own folder."
        ) from error


def _check_pins(path: Path, sha256: str, variant: Variant) -> None:
    if variant.sha256 and sha256 != variant.sha256:
        raise ModelError(
            f"{path}: its sha256 is {sha256}, and the suite says {variant.sha256}",
            "Get the file again, or correct the suite if the file is right.",
        )
    if variant.git_blob and (found := git_blob_of(path)) != variant.git_blob:
        raise ModelError(
            f"{path}: its git blob id is {found}, and {variant.git_blob} was expected",
            "Get the file again, or correct the suite if the file is right.",
        )


def described(path: Path, variant: Variant) -> Artifact:
    """The file at `path` as an artifact of `variant`, with what stands in it; a `ModelError` if it is not that."""
    try:
        sha256, size_bytes = sha256_of(path), path.stat().st_size
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}") from error
    if variant.format != "tflite":
        return Artifact(
            path=path, sha256=sha256, size_bytes=size_bytes, format=variant.format,
            precision=variant.precision, source=variant.source, weights=variant.weights,
        )  # fmt: skip
    content = read_tflite(path)
    if variant.precision and content.precision != variant.precision:
        raise ModelError(
            f"{path}: the file computes in {_words(path, content)}, and {variant.precision} was asked for",
            "Correct `precision` in the suite, or convert the model.",
        )
    return Artifact(
        path=path,
        sha256=sha256,
        size_bytes=size_bytes,
        format="tflite",
        precision=content.precision,
        source=variant.source,
        weights=variant.weights,
        quantization=content.quantization,
        inputs=content.inputs,
        outputs=content.outputs,
        facts={
            "operations": str(sum(content.operations.values())),
            "dynamic_tensors": str(len(content.dynamic)),
            **{name: str(count) for name, count in _of_readers(content).items() if count},
            **_graph_facts(path, content),
        },
    )


def _of_readers(content: TfliteFile) -> dict[str, int]:
    """What older interpreters misread."""
    return {DENSE: content.per_channel_dense, OUTSIDE: content.outside}


def _words(path: Path, content: TfliteFile) -> str:
    try:
        return arithmetic_of(read_graph(path)) or content.precision
    except ModelError:
        return content.precision


def _graph_facts(path: Path, content: TfliteFile) -> dict[str, str]:
    """What its graph tells, as text; nothing where that cannot be read, which stops no measurement.

    A `ModelError` if its answers mean nothing wherever it runs.
    """
    try:
        graph = read_graph(path)
    except ModelError:
        return {}
    for one in guards_of(graph):
        if one.fatal:
            raise ModelError(f"{path}: {one.text}", one.hint)
    return {"arithmetic": arithmetic_of(graph), **_work_facts(graph, content)}


def _work_facts(graph: Graph, content: TfliteFile) -> dict[str, str]:
    """What decides how long it takes."""
    try:
        found = features_of(graph, content.precision)
    except (IndexError, ValueError, TypeError, AttributeError, KeyError):
        return {}
    facts = {
        "macs": str(found.total_macs),
        "weight_bytes": str(found.total_weight_bytes),
        "activation_bytes": str(found.total_activation_bytes),
        "input_bytes": str(found.input_bytes),
        "output_bytes": str(found.output_bytes),
        "counted_in": found.precision,
    }
    uncounted = ", ".join(f"{name} {count}" for name, count in found.uncounted.items())
    return {**facts, "uncounted_operations": uncounted} if uncounted else facts
