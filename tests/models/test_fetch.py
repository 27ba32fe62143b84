"""Downloads from servers that break off, lie, stall or lead elsewhere: an error with its cause, and nothing is kept."""

from __future__ import annotations

import socketserver
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from hashlib import sha256
from http.client import HTTPMessage
from io import BytesIO
from pathlib import Path

import pytest

from devbench.domain.model import Variant
from devbench.errors import ModelError
from devbench.models import download
from devbench.models.artifact import prepare_artifact
from devbench.models.cache import ModelCache
from devbench.models.download import _Redirects
from devbench.models.fetch import WebFetcher
from tests.tiny_tflite import Operation, Tensor, write_tflite

Answer = Callable[[Callable[[bytes], object]], None]


class Server:
    """Answers every request on loopback as `answer` does, byte for byte."""

    def __init__(self) -> None:
        self.answer: Answer = lambda _send: None
        self.over = threading.Event()
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                while self.rfile.readline() not in (b"\r\n", b""):
                    pass
                try:
                    outer.answer(self.request.sendall)
                except OSError:
                    return  # the client has gone

        class Threads(socketserver.ThreadingTCPServer):
            daemon_threads = True
            block_on_close = False

        self._server = Threads(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=lambda: self._server.serve_forever(0.02), daemon=True).start()

    def says(self, text: str, body: bytes = b"") -> None:
        """Answer with these lines of header, after the status if they do not begin with one."""
        head = text if text.startswith("HTTP/") else f"HTTP/1.1 200 OK\r\n{text}"
        self.answer = lambda send: send(head.encode("latin-1") + b"\r\n\r\n" + body)

    def stop(self) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")
    made = Server()
    yield made
    made.stop()


@pytest.fixture
def model(tmp_path: Path) -> bytes:
    path = tmp_path / "model.tflite"
    tensors = [Tensor("x", "uint8", (1, 2)), Tensor("y", "uint8", (1, 2))]
    write_tflite(path, tensors, [Operation("custom:any", (0,), (1,))], [0], [1])
    return path.read_bytes()


def get(folder: Path, source: str, **pins: str) -> Path:
    """The file at `source`, as a suite has it fetched."""
    variant = Variant(precision="", format="tflite", source=source, **pins)

    def fetched(source: str, into: Path) -> Path:
        path = WebFetcher().devbench_fetch_model(source, into)
        assert path is not None
        return path

    return prepare_artifact("net", variant, ModelCache(folder / "cache"), fetched).path


def why_not(folder: Path, source: str, *, pin: str = "0" * 64) -> str:
    with pytest.raises(ModelError) as caught:
        get(folder, source, sha256=pin)
    kept = [path.name for path in (folder / "cache").rglob("*") if path.is_file() and path.suffix != ".lock"]
    assert kept == [], "nothing of a failed download stays"
    assert caught.value.message.startswith(source), "the address, and no path of a moment"
    return caught.value.message.removeprefix(f"{source}: ")


def test_a_whole_file_is_kept(server: Server, tmp_path: Path, model: bytes) -> None:
    server.says(f"Content-Length: {len(model)}", model)
    path = get(tmp_path, f"{server.address}/some/net.tflite", sha256=sha256(model).hexdigest())
    assert path.read_bytes() == model
    assert path.name == "net.tflite"
    chunked = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (model[:100], model[100:], b""))
    server.says("Transfer-Encoding: chunked\r\nContent-Length: abc", chunked)
    path = get(tmp_path, f"{server.address}/artifact.json", sha256=sha256(model).hexdigest())
    assert (path.name, path.read_bytes()) == ("model", model)


def test_http_without_a_hash_is_not_asked(server: Server, tmp_path: Path, model: bytes) -> None:
    asked = threading.Event()
    server.answer = lambda _send: asked.set()
    with pytest.raises(ModelError, match="over http, anybody on the way could change the file") as caught:
        get(tmp_path, f"{server.address}/net.tflite")
    assert "sha256" in caught.value.hint
    assert not asked.is_set()
    with pytest.raises(ModelError, match="over http"):
        get(tmp_path, "HTTP://127.0.0.1:9/net.tflite")


@pytest.mark.parametrize(
    ("head", "body", "why"),
    [
        ("Content-Length: 100", b"x" * 40, "the download was cut short (40 of 100 bytes)"),
        ("Content-Length: abc", b"x", "the server gives no size: Content-Length: abc"),
        ("Content-Length: -5", b"x", "the server gives no size: Content-Length: -5"),
        ("Content-Length: 5\r\nContent-Length: 6", b"x" * 6, "the server gives no size"),
        ("Content-Length: 99999999999999", b"x", "is larger than 2048 MiB, so it cannot be a model"),
        ("Transfer-Encoding: chunked", b"5\r\nab", "cannot be downloaded: IncompleteRead"),
        ("Transfer-Encoding: chunked", b"zz\r\nab", "cannot be downloaded: IncompleteRead"),
        ("Content-Length: 4", b"html", "not a TensorFlow Lite file"),
        ("Content-Length: 0", b"", "the file is empty"),
        ("HTTP/1.1 404 Not\x1b[31m Found\r\nContent-Length: 0", b"", "cannot be downloaded: 404 Not\x1b[31m Found"),
        ("HTTP/1.1 500 " + "x" * 5000 + "\r\nContent-Length: 0", b"", "cannot be downloaded: 500 xxx"),
        ("HTTP/1.1 rubbish", b"", "cannot be downloaded: "),
        ("rubbish\r\n" * 300, b"", "cannot be downloaded: "),
        ("X: y\r\n" * 200, b"", "cannot be downloaded: got more than 100 headers"),
        ("X: " + "y" * 100_000, b"", "cannot be downloaded: got more than 65536 bytes"),
        ("HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd", b"", "cannot be downloaded: "),
        ("HTTP/1.1 302 Found\r\nLocation: /loop", b"", "cannot be downloaded: "),
        ("HTTP/1.1 302 Found\r\nLocation: http://[", b"", "cannot be downloaded: "),
        ("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/a b\x01", b"", "cannot be downloaded: "),
    ],
)
def test_every_bad_answer_is_an_error_and_nothing_is_kept(
    server: Server, tmp_path: Path, head: str, body: bytes, why: str
) -> None:
    server.says(head, body)
    found = why_not(tmp_path, f"{server.address}/net.tflite", pin=sha256(body).hexdigest())
    assert why in found
    assert len(found) < 500


def test_a_server_that_never_ends_is_ended(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "_LARGEST_BYTES", 1 << 20)

    def for_ever(send: Callable[[bytes], object]) -> None:
        send(b"HTTP/1.1 200 OK\r\n\r\n")
        while not server.over.is_set():
            send(b"x" * (1 << 16))

    server.answer = for_ever
    assert "is larger than 1 MiB" in why_not(tmp_path, f"{server.address}/net.tflite")


def test_a_server_that_falls_silent_is_not_waited_for(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "_SILENCE_LIMIT_S", 0.2)
    server.answer = lambda send: (send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"), server.over.wait(30))[0]
    assert why_not(tmp_path, f"{server.address}/net.tflite") == "the server said nothing for 0.2 s"


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_a_server_that_says_a_byte_now_and_then_is_not_waited_for_either(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, head: bytes
) -> None:
    """In its headers, where no deadline of Python's ends it, and in the file."""
    monkeypatch.setattr(download, "_LIMIT_S", 0.5)

    def drip(send: Callable[[bytes], object]) -> None:
        send(head or b"HTTP/1.1 200 OK\r\nX: ")
        while not server.over.wait(0.05):
            send(b"x")

    server.answer = drip
    begin_s = time.monotonic()
    assert why_not(tmp_path, f"{server.address}/net.tflite") == "the download took longer than 0.5 s"
    assert time.monotonic() - begin_s < 20


@pytest.mark.parametrize(
    ("before", "after", "followed"),
    [
        ("https://a/x", "https://b/y", True),
        ("http://a/x", "https://b/y", True),
        ("http://a/x", "http://b/y", True),
        ("https://a/x", "http://b/y", False),
        ("https://a/x", "HTTP://b/y", False),
        ("https://a/x", "ftp://b/y", False),
        ("https://a/x", "data:,y", False),
    ],
)
def test_where_a_redirect_may_lead(before: str, after: str, followed: bool) -> None:
    request = urllib.request.Request(before)
    if followed:
        again = _Redirects().redirect_request(request, BytesIO(), 302, "Found", HTTPMessage(), after)
        assert again is not None
        assert again.full_url == after
    else:
        with pytest.raises(ModelError, match=f"leads on to {after}, which is not followed"):
            _Redirects().redirect_request(request, BytesIO(), 302, "Found", HTTPMessage(), after)


@pytest.mark.parametrize(
    "source", ["http://[", "https://h/a b", "https://h/ä", "https://h:port/", "https:///x", "https://\x00"]
)
def test_an_address_that_is_none_is_an_error(tmp_path: Path, source: str) -> None:
    why_not(tmp_path, source)
