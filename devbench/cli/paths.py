"""Paths on the command line, and what cannot be a path."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click


class PathType(click.ParamType):  # type: ignore[type-arg]
    """A path that a file can have. Whether there is one is found out where it is read or written."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The path, or a usage error: empty, not UTF-8, too long, a loop of links."""
        text = os.fspath(value)
        if not text:
            self.fail("a path must not be empty", param, ctx)
        try:
            text.encode()
            os.stat(text)  # noqa: PTH116 - that of pathlib is the same call
        except UnicodeEncodeError:
            self.fail(f"{_short(text)} is not UTF-8 text", param, ctx)
        except ValueError:
            self.fail(f"{_short(text)} holds a NUL character", param, ctx)
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            pass
        except OSError as error:
            self.fail(f"{_short(text)}: {error.strerror}", param, ctx)
        return Path(text).absolute() if ":" in text else Path(text)  # to pyarrow, `a:/b` would be an address


PATH = PathType()


def _short(text: str) -> str:
    quoted = repr(text)
    return quoted if len(quoted) <= 60 else f"{quoted[:57]}...'"  # noqa: PLR2004 - one line
