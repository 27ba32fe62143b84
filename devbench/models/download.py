"""Downloads one file from a server that may break off, lie, stall or lead elsewhere: whole, or with a `ModelError`."""

from __future__ import annotations

import http.client
import re
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from email.message import Message
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit
from urllib.request import Request

from devbench.errors import ModelError

_SILENCE_LIMIT_S = 60.0
_LIMIT_S = 3600.0  # in which 0.6 MB/s bring the largest file
_LARGEST_BYTES = 2 << 30  # neither a .tflite nor an .onnx file can be larger: their formats end there
_CHUNK_BYTES = 1 << 16
_HINT = "Is the address right, and the network up? A file can also be given by its path."


def download(source: str, path: Path) -> None:
    """Put the file at the http or https address `source` at `path`, where there is none yet."""
    deadline_s = time.monotonic() + _LIMIT_S
    # In a thread, as a server can also be slow where Python knows no deadline: a byte now and then of its headers.
    _within(_LIMIT_S, lambda: _download(source, path, deadline_s), _too_slow(source))


class _Redirects(urllib.request.HTTPRedirectHandler):
    """To http and https only, and never from https to http: who stands in between could answer anything."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage, newurl: str
    ) -> Request | None:
        """The request to follow with, or a `ModelError`."""
        before, after = urlsplit(req.full_url).scheme, urlsplit(newurl).scheme
        if after not in ("http", "https") or (before, after) == ("https", "http"):
            raise ModelError(
                f"{req.full_url}: leads on to {newurl[:200]}, which is not followed",
                "Name the last address itself: https, or http with the file's `sha256`.",
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)

    def http_error_302(self, req: Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage) -> Any:
        """Follow, and close the answer that cannot be followed."""
        try:
            return super().http_error_302(req, fp, code, msg, headers)
        except BaseException:
            fp.close()
            raise

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


def _download(source: str, path: Path, deadline_s: float) -> None:
    try:
        with _opener().open(source, timeout=_SILENCE_LIMIT_S) as answer, path.open("xb") as file:
            announced = _announced(answer.headers, source)
            size = 0
            while chunk := answer.read1(_CHUNK_BYTES):
                size += len(chunk)
                _refuse_too_large(size, source)
                if time.monotonic() > deadline_s:
                    raise _too_slow(source)
                file.write(chunk)
    except urllib.error.HTTPError as error:
        error.close()
        raise ModelError(f"{source}: cannot be downloaded: {error.code} {str(error.reason)[:200]}", _HINT) from error
    except TimeoutError as error:
        raise ModelError(f"{source}: the server said nothing for {_SILENCE_LIMIT_S:g} s", _HINT) from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise ModelError(f"{source}: cannot be downloaded: {_reason(error)}", _HINT) from error
    if announced is not None and size != announced:
        raise ModelError(f"{source}: the download was cut short ({size} of {announced} bytes)", "Try again.")


def _opener() -> urllib.request.OpenerDirector:
    """Without what urllib opens besides: files, ftp and data."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.UnknownHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _Redirects(),
    ):
        opener.add_handler(handler)
    return opener


def _announced(headers: Message, source: str) -> int | None:
    """How many bytes the server says will come; None where it does not say."""
    given = set(headers.get_all("Content-Length") or [])
    if "chunked" in headers.get("Transfer-Encoding", "").lower() or not given:
        return None
    text = given.pop()
    if given or not re.fullmatch("[0-9]{1,18}", text):
        raise ModelError(f"{source}: the server gives no size: Content-Length: {text[:80]}", "Try another address.")
    _refuse_too_large(int(text), source)
    return int(text)


def _refuse_too_large(size_bytes: int, source: str) -> None:
    if size_bytes > _LARGEST_BYTES:
        raise ModelError(
            f"{source}: is larger than {_LARGEST_BYTES >> 20} MiB, so it cannot be a model", "Is the address right?"
        )


def _within(limit_s: float, work: Callable[[], None], too_slow: ModelError) -> None:
    """Do `work`, or raise `too_slow`; what it raises is raised here."""
    raised: list[BaseException | None] = []

    def run() -> None:
        try:
            work()
            raised.append(None)
        except BaseException as error:  # noqa: BLE001 - raised again, in the thread that waits
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(limit_s)
    if not raised:
        raise too_slow
    if raised[0]:
        raise raised[0]


def _too_slow(source: str) -> ModelError:
    return ModelError(f"{source}: the download took longer than {_LIMIT_S:g} s", _HINT)


def _reason(error: Exception) -> str:
    cause = getattr(error, "reason", None) or error
    return str(getattr(cause, "strerror", None) or cause or type(error).__name__)[:200]
