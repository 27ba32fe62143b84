"""A plugin whose code runs in this process: the bundled ones in devbench's own, anybody else's in one of its own."""

from __future__ import annotations

import inspect
import itertools
import logging
from collections.abc import Callable, Generator, Iterable, Iterator
from difflib import get_close_matches
from importlib import metadata
from types import NoneType
from typing import Any, TypeGuard, TypeVar

import pluggy

from devbench import hookspecs
from devbench.domain.extend import Converter, Device, Runtime
from devbench.domain.model import Artifact, Model, Prepared
from devbench.plugin.brought import (
    Brought,
    ConverterData,
    DeviceData,
    RuntimeData,
    converter_data,
    device_data,
    lacking,
    misspelt,
    runtime_data,
)
from devbench.plugin.methods import ABANDON, BEGIN, DEVICE_METHODS, FINISH, MOST_ITEMS, PREPARE, RUN_ROUND, Method
from devbench.plugin.plugin import Owner, Plugin, reason
from devbench.plugin.wire import encoded

REGISTRATIONS = ("devbench_runtimes", "devbench_devices", "devbench_models", "devbench_converters")
_PREFIX = "devbench_"
HOOK_NAMES = [name for name in vars(hookspecs) if name.startswith(_PREFIX)]
_Wrapper = Generator[None, Any, Any]
_Data = TypeVar("_Data", DeviceData, RuntimeData, ConverterData)
_log = logging.getLogger("devbench.plugins")


class LocalPlugin(Plugin):
    """It is given as an entry point, which is still to be loaded, or as what one stands for: a module or an object.

    looked_into: whether the types of its attributes are checked somewhere else, or known to be right.
    """

    def __init__(self, owner: Owner, source: object, *, looked_into: bool = True) -> None:
        super().__init__(owner)
        self._looked_into = looked_into
        self._source = source
        self._devices: dict[str, type[Device]] = {}
        self._runtimes: dict[str, type[Runtime]] = {}
        self._hooks: dict[str, pluggy.HookImpl] = {}
        self._open: dict[int, _Wrapper] = {}
        self._numbers = itertools.count(1)

    def load(self) -> Brought:
        """Import it, and take what it brings."""
        found = self.brought
        try:
            source = self._source
            plugin = source.load() if _is_entry_point(source) else source
            self._hooks = _hooks_of(plugin, self.owner.plugin)
            for name, meant in _unmarked(plugin):
                if name == meant:
                    found.problems.append(f"{name}() is not marked as a hook: write @hookimpl above it")
                else:
                    found.notes.append(f"{name}() is not a hook: is it `{meant}`, with @hookimpl above it?")
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin may raise anything
            found.problems.append(reason(error))
            return found
        for name in REGISTRATIONS:
            if name in self._hooks:
                self._register(name, self._hooks[name])
        round_hook = self._hooks.get(RUN_ROUND.name)
        found.wraps = bool(round_hook and round_hook.wrapper)
        found.hooks = [name for name, hook in self._hooks.items() if not hook.wrapper and name not in REGISTRATIONS]
        return found

    def _register(self, name: str, hook: pluggy.HookImpl) -> None:
        try:
            items = _items(hook.function())
        except (Exception, SystemExit) as error:  # noqa: BLE001
            self.brought.problems.append(f"{name}(): {reason(error)}")
            return
        for item in items:
            try:
                self._take(name, item)
            except (Exception, SystemExit) as error:  # noqa: BLE001
                self.brought.problems.append(f"{name}(): {reason(error)}")

    def _take(self, hook: str, item: Any) -> None:
        if hook == "devbench_devices":
            _check_class(item, Device, ("kind",))
            self.brought.notes += misspelt(item, Device)
            self.brought.devices.append(self._checked(DeviceData, device_data(item)))
            self._devices.setdefault(item.kind, item)
        elif hook == "devbench_runtimes":
            _check_class(item, Runtime, ("name", "formats", "engine"))
            self.brought.notes += misspelt(item, Runtime)
            self.brought.runtimes.append(self._checked(RuntimeData, runtime_data(item)))
            self._runtimes.setdefault(item.name, item)
        elif hook == "devbench_converters":
            _check_class(item, Converter, ("name", "takes", "gives", "program"))
            self.brought.notes += misspelt(item, Converter)
            self.brought.converters.append(self._checked(ConverterData, converter_data(item)))
        else:
            if not isinstance(item, Model):
                raise TypeError(f"{_shown(item)} is not a devbench.Model")
            self.brought.models.append(item)

    def _checked(self, kind: type[_Data], data: _Data) -> _Data:
        if not self._looked_into:
            from devbench.plugin.schema import decoded

            decoded(kind, encoded(data))
        return data

    def perform(self, method: Method, target: str, arguments: tuple[Any, ...], limit_s: float) -> Any:  # noqa: ARG002
        """The answer; nothing limits the time of code that runs in one's own process."""
        if method is BEGIN:
            return self._begin(*arguments)
        if method is FINISH:
            return self._finish(*arguments)
        if method is ABANDON:
            return self._abandon(*arguments)
        if target:
            shelf: dict[str, Any] = self._devices if method in DEVICE_METHODS else self._runtimes
            value = getattr(shelf[target](), method.name)(*arguments)
            if method is PREPARE and isinstance(value, Artifact):
                _log.warning(
                    "%s: %s.prepare() gives an Artifact: give a Prepared (docs/plugins.md)", self.owner, target
                )
                value = Prepared.like(value, facts=value.facts)
            return answer(method, value)
        return answer(method, _call(method.name, self._hooks[method.name], arguments))

    def _begin(self, case: Any, place: Any) -> int:
        """Run the wrapper up to its `yield`; the number to go on with."""
        wrapper = _call(RUN_ROUND.name, self._hooks[RUN_ROUND.name], (case, place))
        number = next(self._numbers)
        try:
            next(wrapper)
        except StopIteration:
            raise TypeError("it ended before it yielded") from None
        self._open[number] = wrapper
        return number

    def _finish(self, number: int, done: Any) -> Any:
        """Give the round to the wrapper; what it makes of the round's facts."""
        wrapper = self._open.pop(number)
        try:
            wrapper.send(done)
        except StopIteration as end:
            if not isinstance(end.value, type(done)):
                raise TypeError(f"it returned {_shown(end.value)}, which is not a Round") from None
            return end.value.about
        wrapper.close()
        raise TypeError("it yielded twice")

    def _abandon(self, number: int, error: BaseException) -> None:
        """Let the wrapper know that there is no round."""
        wrapper = self._open.pop(number)
        try:
            wrapper.throw(error)
        except StopIteration:
            return
        except BaseException as other:
            if other is not error:
                raise
        else:
            wrapper.close()


class CorePlugin(LocalPlugin):
    """The core's own answers to hooks: what they raise is for the user, or a bug of ours that shows its traceback."""

    def ask(self, method: Method, *arguments: Any, target: str = "", limit_s: float = 0) -> Any:
        """The answer, as it comes."""
        return self.perform(method, target, arguments, limit_s)


def answer(method: Method, value: Any) -> Any:
    """The value, if it is what the method gives; a list is read to its end, up to a limit."""
    if not method.gives:
        return None
    kinds = method.types()
    if method.many and not (value is None and NoneType in kinds):
        value = _items(value)
        kinds = tuple(kind for kind in kinds if kind is not NoneType)
    for one in value if isinstance(value, list) else [value]:
        if not isinstance(one, kinds) or (isinstance(one, bool) and bool not in kinds):
            raise TypeError(f"it gave {_shown(one)}, not {' or '.join(method.gives)}")
    return value


def _items(value: object) -> list[Any]:
    if not isinstance(value, Iterable) or isinstance(value, str | bytes):
        raise TypeError(f"it must return a list, not {_shown(value)}")
    items = list(itertools.islice(value, MOST_ITEMS + 1))
    if len(items) > MOST_ITEMS:
        raise ValueError(f"it gave more than {MOST_ITEMS} items")
    return items


def _shown(value: object) -> str:
    kind = value.__name__ if inspect.isclass(value) else type(value).__name__
    return "None" if value is None else f"{'the class' if inspect.isclass(value) else 'a value of type'} {kind}"


def _is_entry_point(source: object) -> TypeGuard[metadata.EntryPoint]:
    """Also one of the backport `importlib_metadata`, which takes the place of Python's own once anything imports it."""
    return all(hasattr(source, name) for name in ("name", "group", "value", "load"))


def _hooks_of(plugin: object, plugin_name: str) -> dict[str, pluggy.HookImpl]:
    """The hooks that `plugin` implements, all of them known and with arguments that they have."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(plugin, plugin_name)
    for caller in manager.get_hookcallers(plugin) or ():
        if caller.name not in HOOK_NAMES and not all(hook.optionalhook for hook in caller.get_hookimpls()):
            meant = _meant(caller.name)
            raise TypeError(f"unknown hook '{caller.name}'" + (f"; did you mean '{meant}'?" if meant else ""))
    found = {}
    for name in HOOK_NAMES:
        for hook in getattr(manager.hook, name).get_hookimpls():
            if hook.hookwrapper or (hook.wrapper and name != RUN_ROUND.name):
                raise TypeError(f"{name} cannot be wrapped: only {RUN_ROUND.name} can, with wrapper=True")
            found[name] = hook
    return found


def _unmarked(plugin: object) -> Iterator[tuple[str, str]]:
    """Functions that look like a hook and that nobody calls, as they are not marked as one; and the hook."""
    members = {**vars(type(plugin)), **getattr(plugin, "__dict__", {})}
    for name, one in members.items():
        if name.startswith(_PREFIX) and inspect.isroutine(one) and not hasattr(one, f"{hookspecs.PROJECT}_impl"):
            meant = name if name in HOOK_NAMES else _meant(name)
            if meant:
                yield name, meant


def _meant(name: str) -> str:
    """The hook that has nearly this name, or ""."""
    endings = [one.removeprefix(_PREFIX) for one in HOOK_NAMES]
    found = get_close_matches(name.removeprefix(_PREFIX), endings, n=1)
    return _PREFIX + found[0] if found else ""


def _call(name: str, hook: pluggy.HookImpl, arguments: tuple[Any, ...]) -> Any:
    """Call it with those of the arguments that it wants."""
    spec: Callable[..., Any] = getattr(hookspecs, name)
    given = dict(zip(inspect.signature(spec).parameters, arguments, strict=True))
    return hook.function(*(given[name] for name in hook.argnames))


def _check_class(item: Any, base: type, attributes: tuple[str, ...]) -> None:
    if not (inspect.isclass(item) and issubclass(item, base)):
        raise TypeError(f"{_shown(item)} is not a subclass of devbench.{base.__name__}")
    missing = [name for name in attributes if not hasattr(item, name)]
    if missing:
        raise TypeError(f"{item.__name__} lacks {lacking(item, base, missing)}")
    if inspect.isabstract(item):
        undefined = sorted(getattr(item, "__abstractmethods__", ()))
        raise TypeError(f"{item.__name__} does not define {lacking(item, base, undefined)}")
