"""One plugin, wherever its code runs: its name for messages, and a safe way to ask it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from devbench.errors import DevbenchError, PluginError
from devbench.plugin.brought import Brought
from devbench.plugin.methods import Method
from devbench.printable import shortened


@dataclass(frozen=True, kw_only=True)
class Owner:
    """Who wrote it: the plugin, and the distribution that it came with."""

    plugin: str
    distribution: str

    def __str__(self) -> str:
        return f"plugin '{self.plugin}' ({self.distribution})"


class Plugin(ABC):
    """troubles: what went wrong and was passed over; each is said once, at the end of a command."""

    def __init__(self, owner: Owner) -> None:
        self.owner = owner
        self.brought = Brought()
        self.troubles: list[str] = []

    @abstractmethod
    def load(self) -> Brought:
        """Load it; what it brings, and what is wrong with it. Raises nothing."""

    @abstractmethod
    def perform(self, method: Method, target: str, arguments: tuple[Any, ...], limit_s: float) -> Any:
        """The answer, of the method's type. May raise whatever the plugin raises."""

    def close(self) -> None:  # noqa: B027 - most have nothing to end
        """It is not asked any more."""

    def ask(self, method: Method, *arguments: Any, target: str = "", limit_s: float = 0) -> Any:
        """The answer to `method` of the device or runtime `target`, or of the plugin itself.

        A `DevbenchError` is the plugin's own word for the user; whatever else goes wrong is a `PluginError`.
        """
        try:
            return self.perform(method, target, arguments, limit_s or method.limit_s)
        except DevbenchError:
            raise
        except (Exception, SystemExit) as error:  # others' code may raise anything
            raise self.failed(f"{called(method, target)}: {reason(error)}") from error

    def failed(self, text: str, log_tail: str = "") -> PluginError:
        """An error that names the plugin."""
        return PluginError(
            f"{self.owner}: {text}", "Update or uninstall it: see `devbench plugins`.", log_tail=log_tail
        )

    def named(self, error: DevbenchError) -> str:
        """The error's message, which names the plugin in any case."""
        return error.message if isinstance(error, PluginError) else f"{self.owner}: {error.message}"

    def pass_over(self, error: DevbenchError) -> None:
        """Note an error that stops nothing."""
        if (text := self.named(error)) not in self.troubles:
            self.troubles.append(text)


def called(method: Method, target: str) -> str:
    """How messages call the method."""
    return method.title or (f"{target}.{method.name}()" if target else f"{method.name}()")


def reason(error: BaseException) -> str:
    """The error in one line."""
    try:
        text = " ".join(str(error).split())
    except Exception:  # noqa: BLE001 - others' errors may fail at that, too
        text = "(its text cannot be read)"
    return shortened(f"{type(error).__name__}: {text}".removesuffix(": "))
