"""A new plugin's distribution from templates: files in which @name@ and the like are replaced.

They are called `.template`, and `dot-github` for `.github`, so that no tool takes them for what they will be."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator, Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath

from devbench import __version__
from devbench.errors import DevbenchError

KINDS: Mapping[str, str] = {
    "device": "A kind of device",
    "runtime": "A runtime",
    "model-source": "A source of models",
    "converter": "A converter of networks",
    "power-meter": "A power meter",
}
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST = 40
_WORD = re.compile(r"\w+")
_PART = re.compile(r"@([a-zA-Z]+)@")


def write_plugin(name: str, kind: str, folder: Path) -> list[Path]:
    """Write the distribution of the plugin `name` into `folder`, which must not be there; the files, sorted.

    A `DevbenchError` says what is wrong with the name or the folder.
    """
    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        raise DevbenchError(
            f"'{name}' is not a name of a plugin: small letters and digits, with a hyphen between words",
            "For instance: devbench new-plugin my-board",
        )
    values = values_of(name, kind)
    try:
        folder.mkdir(parents=True)
        written = []
        for part in ("common", kind):
            for relative, text in _templates(part):
                path = folder / _filled(str(relative), values).removesuffix(".template").replace("dot-", ".")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(_filled(text, values), encoding="utf-8")
                written.append(path)
    except FileExistsError as error:
        hint = "Name another folder with --into, or remove it."
        raise DevbenchError(f"{folder}: is there already", hint) from error
    except OSError as error:
        raise DevbenchError(f"{error.filename or folder}: cannot be written: {error.strerror}") from error
    return sorted(written)


def values_of(name: str, kind: str) -> Mapping[str, str]:
    """What stands for @name@, @package@ and the others."""
    major, minor = __version__.split(".")[:2]
    return {
        "name": name,
        "package": "devbench_" + name.replace("-", "_"),
        "class": _class_of(name, kind),
        "UPPER": name.replace("-", "_").upper(),
        "what": f"{KINDS[kind]} ({name})",
        "devbench": f"{major}.{minor}",
        "next": f"{major}.{int(minor) + 1}",
        "extra": " ai-edge-litert" if kind == "runtime" else "",
    }


def _class_of(name: str, kind: str) -> str:
    """A class may neither be called as a keyword (`None`), nor as what its own file imports (`Device`)."""
    called = "".join(word.capitalize() for word in name.split("-"))
    taken = {word for _, text in _templates(kind) for word in _WORD.findall(text)}
    return called + "Plugin" if keyword.iskeyword(called) or called in taken else called


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _PART.sub(lambda found: values.get(found[1], found[0]), text)


def _templates(part: str) -> Iterator[tuple[PurePosixPath, str]]:
    yield from _files(resources.files(__package__) / "templates" / part, PurePosixPath())


def _files(folder: Traversable, above: PurePosixPath) -> Iterator[tuple[PurePosixPath, str]]:
    for one in folder.iterdir():
        if one.is_dir():
            if one.name != "__pycache__":
                yield from _files(one, above / one.name)
        else:
            yield above / one.name, one.read_text("utf-8")
