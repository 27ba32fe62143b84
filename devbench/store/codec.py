"""run.json and the files of outputs as text and back. What comes in is checked here, value by value."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import from_json

from devbench.domain.measure import PROFILES
from devbench.domain.outcome import Measured, OutputTensor
from devbench.domain.run import SCHEMA, CaseRecord, Run
from devbench.errors import RecordError, RunFolderError
from devbench.store.older import brought_up_to_date
from devbench.store.seals import SEAL, broken_seals, seal_of, seal_of_run
from devbench.worker.outputs import SAMPLED_VALUES

_UNSEALED = 1  # the schema without checksums
_CHANGED = "was changed after devbench wrote it"


@cache  # made when they are needed: a question to a history reads no run
def _runs() -> TypeAdapter[Run]:
    return TypeAdapter(Run)


@cache
def _cases() -> TypeAdapter[CaseRecord]:
    return TypeAdapter(CaseRecord)


@cache
def _outputs() -> TypeAdapter[tuple[OutputTensor, ...]]:
    return TypeAdapter(
        tuple[OutputTensor, ...],
        config=ConfigDict(ser_json_bytes="base64", val_json_bytes="base64", allow_inf_nan=False),
    )


class RunEncoder:
    """Encodes a run again and again: each time only the cases that have changed, and reads these back at once."""

    def __init__(self) -> None:
        self._cases: dict[str, tuple[CaseRecord, bytes, str]] = {}

    def encode(self, run: Run) -> bytes:
        """`run` as indented JSON with its seals. A `RecordError` names a case that could not be read again."""
        if problem := _contradiction(run):
            raise RecordError(f"the record of the run cannot be kept: {problem}")
        cases = [self._case(case) for case in run.cases]
        head = _dumped(_runs(), replace(run, cases=()))
        seal = seal_of_run({**from_json(head), "cases": [{SEAL: one} for _, one in cases]})
        listed = b",\n    ".join(text for text, _ in cases)
        whole = b'"cases": [\n    ' + listed + b"\n  ]" if cases else b'"cases": []'
        return _with_seal(head.replace(b'"cases": []', whole, 1), seal) + b"\n"

    def _case(self, case: CaseRecord) -> tuple[bytes, str]:
        known = self._cases.get(case.id)
        if known is None or known[0] is not case:
            try:
                text = _dumped(_cases(), case)
            except RecordError as error:
                raise RecordError(f"{case.id}: {error.message}", error.hint, case_id=case.id) from error
            seal = seal_of(from_json(text))
            indented = _with_seal(text, seal).replace(b"\n", b"\n    ")  # no text in it has a line end of its own
            known = self._cases[case.id] = case, indented, seal
        return known[1:]


def encode_run(run: Run) -> bytes:
    """`run` as indented JSON, as run.json holds it."""
    if run.schema == _UNSEALED:
        return _runs().dump_json(run, indent=2, exclude={"doubts", "files"}) + b"\n"
    return RunEncoder().encode(run)


def decode_run(data: bytes, path: Path) -> Run:
    """The run in `data`, with what its seals say against it; `path` is what errors call it."""
    try:
        document = from_json(data, allow_inf_nan=False)
        schema = document["schema"]
        if type(schema) is not int or not _UNSEALED <= schema <= SCHEMA:
            raise RunFolderError(
                f"{path}: has schema {str(schema)[:20]}, and this devbench reads {_UNSEALED} and {SCHEMA}",
                "Use the devbench that made it, or a newer one.",
            )
        run = _runs().validate_json(data, strict=True)
    except ValidationError as error:
        raise RunFolderError(f"{path}: not a run.json of devbench: {_first(error)}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise RunFolderError(f"{path}: not a run.json of devbench", "Is the file whole?") from error
    if problem := _contradiction(run):
        raise RunFolderError(f"{path}: not a run.json of devbench: {problem}")
    if schema == _UNSEALED and SEAL not in document:
        return brought_up_to_date(run)
    return replace(brought_up_to_date(run), doubts=tuple(f"{path}: {one} {_CHANGED}" for one in broken_seals(document)))


def encode_outputs(outputs: tuple[OutputTensor, ...]) -> bytes:
    """`outputs` as JSON, their bytes in base64. A `RecordError` if they could not be read again."""
    try:
        data = _outputs().dump_json(outputs, warnings=False) + b"\n"
        decode_outputs(data, Path("outputs"))
    except (ValueError, RunFolderError) as error:
        raise RecordError(f"its outputs cannot be kept: {error}") from error
    return data


def decode_outputs(data: bytes, path: Path) -> tuple[OutputTensor, ...]:
    """The outputs in `data`; `path` is what errors call it."""
    try:
        outputs = _outputs().validate_json(data)
    except ValidationError as error:
        raise RunFolderError(f"{path}: not a file of outputs: {_first(error)}") from error
    for output in outputs:
        if not {len(output.data), len(output.second_data)} <= _sizes_bytes(output):
            raise RunFolderError(f"{path}: not a file of outputs: '{output.name}' does not have the size of its shape")
    return outputs


def _sizes_bytes(output: OutputTensor) -> set[int]:
    """What its data may take: nothing, all its values, or the sample of them."""
    try:
        dtype = np.dtype(output.dtype)
    except (TypeError, ValueError):
        return {0}
    return {0, *(n * dtype.itemsize for n in (prod(output.shape), SAMPLED_VALUES) if dtype.kind in "biufc")}


def _dumped(adapter: TypeAdapter[Any], value: Any) -> bytes:
    """The value as JSON that was read back: what can be written and not read would make the whole file unreadable."""
    try:
        text = adapter.dump_json(value, indent=2, exclude={"doubts"}, warnings=False)
        adapter.validate_json(text, strict=True)
    except ValidationError as error:
        raise RecordError(f"its record cannot be kept: {_first(error)}") from error
    except ValueError as error:
        raise RecordError(f"its record cannot be kept: {error}") from error
    return text


def _with_seal(text: bytes, seal: str) -> bytes:
    return text[: -len(b"\n}")] + f',\n  "{SEAL}": "{seal}"\n}}'.encode()


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"


def _contradiction(run: Run) -> str:
    """What in the run cannot be, though each value by itself can; "" if nothing."""
    ids = {case.id for case in run.cases}
    if "/" in run.id:
        return f"id: '{run.id}' is not the name of a folder"
    if len(ids) != len(run.cases):
        return "two cases have the same id"
    if unknown := set(run.order) - ids:
        return f"order: there is no case '{min(unknown)}'"
    for case in run.cases:
        if case.measure and case.measure.profile not in PROFILES:
            return f"{case.id}: there is no profile '{case.measure.profile}'"
        if max(Counter(about.index for about in case.rounds).values(), default=1) > 1:
            return f"{case.id}: two rounds have the same index"
        if isinstance(case.outcome, Measured) and not case.counting:
            return f"{case.id}: is measured, and no round counts"
    return ""
