"""Devices and runtimes as the rest of devbench knows them: what they are, as data, and what may be asked of them.

Nothing else calls the methods that plugin writers write. What a failure of each costs is decided here: never more than
the device or runtime itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from devbench.domain.case import Option
from devbench.domain.change import Change, ChangeAt
from devbench.domain.check import Check
from devbench.domain.limits import Peak, Streamed
from devbench.domain.model import PRECISION, Artifact, Prepared
from devbench.domain.option import shown
from devbench.domain.place import Absent, Place
from devbench.errors import DevbenchError, PluginError, RoundError
from devbench.files import sha256_of
from devbench.plugin.brought import FORMAT, ConverterData, DeviceData, RuntimeData
from devbench.plugin.methods import (
    CAUTION,
    CHANGES,
    CHECK,
    CHECKS,
    DISCOVER,
    EXPLAIN,
    FORMATS_AT,
    LOOK,
    PEAKS,
    PREPARE,
    RECOVER,
    REMARKS,
    SETTLE,
    STREAMED,
    UNDO,
    UNFIT,
    WRONG_OPTION,
    Method,
)
from devbench.plugin.plugin import Plugin, called
from devbench.printable import shortened

_LONGEST_NAME = 100


@dataclass(frozen=True, kw_only=True)
class KnownDevice(DeviceData):
    """A kind of device, whoever brought it."""

    plugin: Plugin = field(repr=False)

    def discover(self) -> list[Place | Absent]:
        """The places of this kind on this machine, or why there are none."""
        try:
            found = self.places()
        except DevbenchError as error:
            return [Absent(device=self.kind, reason=self.plugin.named(error), hint=error.hint)]
        return found or [Absent(device=self.kind, reason="its plugin found no place here and gave no reason")]

    def places(self) -> list[Place | Absent]:
        """The same; raises a DevbenchError if the plugin fails."""
        found: list[Place | Absent] = self._ask(DISCOVER)
        self._check_places(found)
        return found

    def look(self, place: Place) -> Place | Absent:
        """The place that lab.yaml names, with what is known of it, or why it cannot be used."""
        if LOOK.name not in self.written:
            return place
        try:
            found: Place | Absent = self._ask(LOOK, place)
        except DevbenchError as error:
            return Absent(device=self.kind, place=place.name, reason=self.plugin.named(error), hint=error.hint)
        if isinstance(found, Absent):
            return replace(found, device=self.kind, place=place.name)
        return replace(place, options=found.options, facts=found.facts)  # the rest is lab.yaml's to say

    def changes(self, place: Place) -> list[ChangeAt]:
        """What is to be changed at `place` while it is measured, and undone after. Raises a DevbenchError."""
        changes: list[Change] = self._ask(CHANGES, place) if CHANGES.name in self.written else []
        return [ChangeAt(place=place, change=one, undo=self.undo(one.setting, one.was)) for one in changes]

    def undo(self, setting: str, was: Mapping[str, str]) -> tuple[str, ...]:
        """The program that undoes a change of `setting`. Raises a DevbenchError."""
        command = tuple(self._ask(UNDO, setting, dict(was)))
        if not command:
            raise self.plugin.failed(f"{called(UNDO, self.kind)} gave no program for '{shortened(setting)}'")
        return command

    def settle(self, place: Place) -> None:
        """Wait until `place` is fit to measure. Raises a RoundError."""
        if SETTLE.name in self.written:
            with_round_error(SETTLE.name, lambda: self._ask(SETTLE, place, limit_s=self.settle_limit_s))

    def recover(self, place: Place) -> bool:
        """Bring `place` back after a failed round; whether it may work again."""
        try:
            return RECOVER.name in self.written and bool(self._ask(RECOVER, place))
        except DevbenchError as error:
            self.plugin.pass_over(error)
            return False

    def checks(self) -> list[Check]:
        """What `devbench doctor` should know of devices of this kind."""
        try:
            return list(self._ask(CHECKS) if CHECKS.name in self.written else [])
        except DevbenchError as error:
            return [Check(name=self.kind, good=False, text=self.plugin.named(error), hint=error.hint)]

    def remarks(self, facts: Mapping[str, str]) -> list[str]:
        """What a reader of a result must know."""
        try:
            return list(self._ask(REMARKS, dict(facts)) if REMARKS.name in self.written else [])
        except DevbenchError as error:
            return [f"What its device has to say is not known: {self.plugin.named(error)}."]

    def peaks(self, facts: Mapping[str, str]) -> list[Peak]:
        """What it cannot exceed; nothing where its plugin does not know, or fails."""
        try:
            return list(self._ask(PEAKS, dict(facts)) if PEAKS.name in self.written else [])
        except DevbenchError as error:
            self.plugin.pass_over(error)
            return []

    def _ask(self, method: Method, *arguments: Any, limit_s: float = 0) -> Any:
        return self.plugin.ask(method, *arguments, target=self.kind, limit_s=limit_s)

    def _check_places(self, found: list[Place | Absent]) -> None:
        what = called(DISCOVER, self.kind)
        names = [one.name for one in found if isinstance(one, Place)]
        for one in found:
            if one.device != self.kind:
                raise self.plugin.failed(f"{what} gave a place of '{shortened(one.device)}'")
        for name in names:
            if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable() or name != "".join(name.split()):
                raise self.plugin.failed(f"{what} gave a place whose name is not one word: {shortened(repr(name))}")
            if names.count(name) > 1:
                raise self.plugin.failed(f"{what} gave two places called '{name}'")


@dataclass(frozen=True, kw_only=True)
class KnownRuntime(RuntimeData):
    """A runtime, whoever brought it."""

    plugin: Plugin = field(repr=False)

    def prepare(self, artifact: Artifact, place: Place, options: Mapping[str, Option]) -> Artifact:
        """The artifact in the form that it loads at `place`. Raises a DevbenchError."""
        if PREPARE.name not in self.written:
            return artifact
        found: Prepared = self._ask(PREPARE, artifact, place, dict(options), limit_s=self.prepare_limit_s)
        if not PRECISION.fullmatch(found.precision):
            raise self.plugin.failed(
                f"{called(PREPARE, self.name)} gave no precision: {shortened(repr(found.precision))}"
            )
        same_file = found.path == artifact.path
        return replace(
            artifact,
            path=found.path,
            sha256=artifact.sha256 if same_file else self._sha256(found.path),
            size_bytes=artifact.size_bytes if same_file else found.path.stat().st_size,
            format=found.format,
            precision=found.precision,
            quantization=found.quantization,
            inputs=found.inputs,
            outputs=found.outputs,
            facts={**artifact.facts, **found.facts},
        )

    def formats_at(self, place: Place, options: Mapping[str, Option]) -> tuple[str, ...]:
        """What it loads at `place` with these options, best first; its formats where its plugin fails."""
        if FORMATS_AT.name not in self.written:
            return self.formats
        try:
            found: list[str] = self._ask(FORMATS_AT, place, dict(options))
            wrong = [one for one in found if not FORMAT.fullmatch(one)]
            if wrong:
                raise self.plugin.failed(f"{called(FORMATS_AT, self.name)} gave no format: {shortened(repr(wrong[0]))}")
        except DevbenchError as error:
            self.plugin.pass_over(error)
            return self.formats
        return tuple(found) or self.formats

    def wrong_option(self, name: str, value: Option) -> str:
        """Why a suite may not set the option `name`, which it has, to `value`, with both; "" if it may."""
        if why := self.option_specs[name].problem(value):
            return f"'{name}' {why}"
        try:
            why = str(self._ask(WRONG_OPTION, name, value)) if WRONG_OPTION.name in self.written else ""
        except DevbenchError as error:  # its cases may fail at the option; the suite of others does not
            self.plugin.pass_over(error)
            return ""
        return f"'{name}' cannot be {shown(value)}: {why}" if why else ""

    def check(self, path: Path) -> list[Check]:
        """Its rules for the model file at `path`. Raises a DevbenchError."""
        return list(self._ask(CHECK, path.absolute()) if CHECK.name in self.written else [])

    def unfit(self, artifact: Artifact, facts: Mapping[str, str]) -> str:
        """Why `artifact` cannot run there; "" if it can."""
        try:
            return str(self._ask(UNFIT, artifact, dict(facts))) if UNFIT.name in self.written else ""
        except DevbenchError as error:
            return self.plugin.named(error)

    def caution(self, facts: Mapping[str, str]) -> str:
        """What a user should know of what was found there; "" if nothing."""
        try:
            return str(self._ask(CAUTION, dict(facts))) if CAUTION.name in self.written else ""
        except DevbenchError as wrong:
            self.plugin.pass_over(wrong)
            return ""

    def explain(self, error: str) -> str:
        """What to do about a failed round; "" if that is not known."""
        try:
            return str(self._ask(EXPLAIN, error)) if EXPLAIN.name in self.written else ""
        except DevbenchError as wrong:
            self.plugin.pass_over(wrong)
            return ""

    def streamed(self, path: Path) -> Streamed | None:
        """The weights of a model file that travel with every inference; None where its plugin does not know them."""
        try:
            found: Streamed | None = self._ask(STREAMED, path.absolute()) if STREAMED.name in self.written else None
        except DevbenchError as error:
            self.plugin.pass_over(error)
            return None
        return found

    def _ask(self, method: Method, *arguments: Any, limit_s: float = 0) -> Any:
        return self.plugin.ask(method, *arguments, target=self.name, limit_s=limit_s)

    def _sha256(self, path: Path) -> str:
        what = called(PREPARE, self.name)
        try:
            if not path.is_file():
                raise self.plugin.failed(f"{what} gave a file that is not there: {shortened(str(path))}")
            return sha256_of(path)
        except (OSError, ValueError) as error:
            raise self.plugin.failed(f"{what} gave a file that cannot be read: {error}") from error


@dataclass(frozen=True, kw_only=True)
class KnownConverter(ConverterData):
    """A converter, whoever brought it. python: the interpreter that lab.yaml names for it; "" for devbench's own."""

    plugin: Plugin = field(repr=False, compare=False)
    python: str = ""


def with_round_error(phase: str, work: Callable[[], Any]) -> Any:
    """What `work` gives; a plugin's failure counts as that of the round."""
    try:
        return work()
    except RoundError:
        raise
    except DevbenchError as error:
        log_tail = error.log_tail if isinstance(error, PluginError) else ""
        raise RoundError(error.message, error.hint, phase=phase, log_tail=log_tail) from error
