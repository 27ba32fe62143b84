"""The small classes a plugin writes for the host; the device-side counterpart of two of them is the engine file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from devbench.domain.case import Option
from devbench.domain.change import Change
from devbench.domain.check import Check
from devbench.domain.install import Install
from devbench.domain.limits import Peak, Streamed
from devbench.domain.model import Artifact, Prepared
from devbench.domain.option import OptionSpec
from devbench.domain.place import Absent, Place, Traits


class Device(ABC):
    """A kind of machine that runs models.

    kind: its name in suites, such as `coral-usb`.
    runtimes: names of the runtimes that can drive it, best first; others may join (`Runtime.devices`).
    place_options: the options of a place that lab.yaml names, as far as it does not say them itself.
    settings: what `settle:` of a place in lab.yaml may ask for.
    traits: what other plugins may go by, as they do not know the kind.
    settle_limit_s: how long `settle` may take.
    """

    kind: ClassVar[str]
    runtimes: ClassVar[tuple[str, ...]] = ()
    place_options: ClassVar[Mapping[str, str]] = {}
    settings: ClassVar[tuple[str, ...]] = ()
    traits: ClassVar[Traits] = Traits()
    settle_limit_s: ClassVar[float] = 600

    @abstractmethod
    def discover(self) -> Iterable[Place | Absent]:
        """The places of this kind on this machine, or the reason why there are none. Takes milliseconds.

        Each place has a name of its own: one word, no longer than 100 characters.
        """

    def look(self, place: Place) -> Place | Absent:
        """A place that lab.yaml names, with what is known of it, or why it cannot be used.

        Of a place behind ssh it is asked once something has answered there.
        """
        return place

    def changes(self, place: Place) -> Iterable[Change]:  # noqa: ARG002 - for devices with settings
        """What is to be changed there before the first round, as `place.settle` asks; undone after the last one."""
        return ()

    def undo(self, setting: str, was: Mapping[str, str]) -> tuple[str, ...]:  # noqa: ARG002 - for devices with settings
        """The program that undoes a `Change` of `setting`, run where the place is.

        It must do no harm where nothing was changed yet. After a crash, `was` comes from a file: a ValueError for
        what no change of this device could have been, and never a path or a command that `was` names.
        """
        raise ValueError(setting)

    def settle(self, place: Place) -> None:  # noqa: B027 - most devices have nothing to wait for
        """Wait until the place is as `place.settle` wants it (cool enough, say). Called before each round."""

    def recover(self, place: Place) -> bool:  # noqa: ARG002 - for devices that can
        """Bring a place back after a failed round, by a power cycle for instance; True if it may work again."""
        return False

    def checks(self) -> Iterable[Check]:
        """What `devbench doctor` should know of devices of this kind on this machine; takes a second at most."""
        return ()

    def remarks(self, facts: Mapping[str, str]) -> Iterable[str]:  # noqa: ARG002 - for devices that can
        """What a reader of a result must know, each a sentence: why it may be slower than others publish, say.

        facts: those of the artifact and of the case's first round, as its runtime's engine gave them.
        """
        return ()

    def peaks(self, facts: Mapping[str, str]) -> Iterable[Peak]:  # noqa: ARG002 - for devices whose peaks are published
        """What a device of this kind cannot exceed, from datasheets; not of a CPU, which `doctor --peaks` measures.

        facts: the cells of a results CSV and what the worker saw, as far as they are known: `host`, `link`,
        `delegate_build`... Where they do not tell which of several it is, the peaks of each that it may be.
        """
        return ()


@dataclass(frozen=True, kw_only=True)
class EngineFile:
    """What of a runtime runs on the device.

    path: the file with the class `Engine`: Python 3.6, standard library and numpy only; it travels with the worker.
    parts: further files that travel beside it, for it to import: `from . import name`.
    place_options: which of the place's options the engine is given beside the runtime's own. `processor` is what
        computes there (`Traits.processor`). A place may lack any of them.
    build_limit_s: how long `Engine.build` may take, which is called at the place before the first round of a run, in
        a worker of its own; 0 if the engine builds nothing.
    """

    path: Path
    parts: tuple[Path, ...] = ()
    place_options: tuple[str, ...] = ()
    build_limit_s: float = 0


class Runtime(ABC):
    """What executes a model on a device.

    name: its name in suites and results, such as `litert`.
    devices: kinds of device that it drives, whoever brings them, beside those that name it in `Device.runtimes`. It
        comes after the runtimes that the device itself names: a suite that names no runtime goes on using those.
    formats: the artifact formats it loads, best first, as file names end, without the dot.
    engine: the file that drives it on the device; an `EngineFile` where there is more to say of it.
    options: every option a suite may set, with its default, or an `OptionSpec` where there is more to say. What a suite
        sets must be of the default's type. The option `threads` is how many threads may compute, from 1 to 1024.
    makes: the precisions that it computes in from a file of another: that other one, and the options that ask for it.
    takes_compiled: whether it loads the `compiled` file of a model, where the model has one.
    prepare_limit_s: how long `prepare` may take.
    install: how to have it.
    """

    name: ClassVar[str]
    devices: ClassVar[tuple[str, ...]] = ()
    formats: ClassVar[tuple[str, ...]]
    engine: ClassVar[Path | EngineFile]
    options: ClassVar[Mapping[str, Option | OptionSpec]] = {}
    makes: ClassVar[Mapping[str, tuple[str, Mapping[str, Option]]]] = {}
    takes_compiled: ClassVar[bool] = False
    prepare_limit_s: ClassVar[float] = 1800
    install: ClassVar[Install] = Install()

    def prepare(
        self,
        artifact: Artifact,
        place: Place,  # noqa: ARG002 - most need nothing
        options: Mapping[str, Option],  # noqa: ARG002
    ) -> Prepared:
        """What this runtime loads at `place`: the artifact as it is, or what it is converted to.

        devbench itself looks into .tflite files only. What stands in any other file, only this says: without it, the
        case gets no ratio. A `NotHereError` skips the case, any other `DevbenchError` fails it.
        """
        return Prepared.like(artifact)

    def formats_at(self, place: Place, options: Mapping[str, Option]) -> Iterable[str]:  # noqa: ARG002 - most: the same
        """The formats that it loads at `place` with these options, best first, where that is not simply `formats`.

        They may be formats that a converter gives: what a suite names is then converted to the first that can be made.
        """
        return self.formats

    def wrong_option(self, name: str, value: Option) -> str:  # noqa: ARG002 - most take what their library takes
        """Why a suite may not set the option `name` to `value`; "" if it may. Asked before anything is prepared.

        Only for what an `OptionSpec` cannot say. The message begins with name and value: give the reason alone.
        """
        return ""

    def check(self, path: Path) -> Iterable[Check]:  # noqa: ARG002 - most load whatever their library does
        """Will the model file at `path` run with this runtime? Each rule, kept or broken; nothing if it has none.

        A `ModelError` says why the file is none that this runtime could load.
        """
        return ()

    def unfit(self, artifact: Artifact, facts: Mapping[str, str]) -> str:  # noqa: ARG002 - most take any
        """Why `artifact` cannot run on what the worker has found (`facts`), before it is tried; "" if it can.

        The case is then skipped, with what `explain` has to say of this reason as its hint.
        """
        return ""

    def caution(self, facts: Mapping[str, str]) -> str:  # noqa: ARG002 - for runtimes with versions to be wary of
        """What to know of what the worker has found (`facts`): `devices` and `doctor` tell it; "" if nothing."""
        return ""

    def explain(self, error: str) -> str:  # noqa: ARG002 - for runtimes whose errors do not explain themselves
        """What to do about a failed round, from its error and the end of its log; "" if that is not known."""
        return ""

    def streamed(self, path: Path) -> Streamed | None:  # noqa: ARG002 - for accelerators with a memory of their own
        """The weights of the model file at `path` that travel to the device with every inference; None: not known."""
        return None


class Converter(ABC):
    """Turns a network of one format into one of another. The work is done by `program`, in a process of its own.

    name: its name in messages, in the ledger, and under `converters:` in lab.yaml.
    takes: the formats that it reads, as `devbench inspect --json` calls them. gives: the format that it writes.
    precisions: those that it keeps as they are. A quantizer takes float32 and gives each of these.
    quantizes: whether it is a quantizer: it is given calibration pictures.
    program: a Python file with a function `convert(order)`. It imports nothing of devbench, for it may be run by
        another interpreter: the one that lab.yaml names for the converter.
    parts: further files that the program loads. They are part of what makes a file, as the program is.
    packages: distributions that it imports; their versions are part of what makes a file.
    own_environment: whether these fit into no environment of devbench's, so that lab.yaml must name an interpreter.
    limit_s: how long a conversion may take.
    install: how to have it.
    """

    name: ClassVar[str]
    takes: ClassVar[tuple[str, ...]]
    gives: ClassVar[str]
    precisions: ClassVar[tuple[str, ...]] = ("float32",)
    quantizes: ClassVar[bool] = False
    program: ClassVar[Path]
    parts: ClassVar[tuple[Path, ...]] = ()
    packages: ClassVar[tuple[str, ...]] = ()
    own_environment: ClassVar[bool] = False
    limit_s: ClassVar[float] = 1800
    install: ClassVar[Install] = Install()
