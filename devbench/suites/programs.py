"""Programs and files that lab.yaml names: a relative path starts at its folder, `~` is the user's home."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError


def _one_line(value: Any) -> Any:
    """A list of words as the command that they are."""
    return shlex.join(value) if isinstance(value, list) and all(isinstance(word, str) for word in value) else value


def _command(value: str) -> str:
    try:
        words = shlex.split(value)
    except ValueError as error:
        raise PydanticCustomError(
            "bad_name", "'{text}' is not a command: {why}", {"text": value, "why": str(error).lower()}
        ) from error
    if not words or not words[0]:
        raise PydanticCustomError("bad_name", "a command must name a program")
    return value


Command = Annotated[str, BeforeValidator(_one_line, json_schema_input_type=str | list[str]), AfterValidator(_command)]
TextPath = Annotated[str, Field(min_length=1)]


def path_at(base: Path, name: str) -> Path:
    """The file of this name, in a lab file in the folder `base`."""
    return base / os.path.expanduser(name)  # noqa: PTH111 - Path.expanduser raises if the user does not exist


def program_at(base: Path, name: str) -> str:
    """A bare name is looked up on PATH; anything with a slash is a path."""
    return str(path_at(base, name)) if "/" in name else name


def words_at(base: Path, command: str) -> tuple[str, ...]:
    """The words of a command, which begin with its program."""
    program, *words = shlex.split(command)
    return (program_at(base, program), *words)
