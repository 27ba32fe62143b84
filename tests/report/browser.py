"""A real headless Chromium, driven through its debugging pipe: nothing to install but Chromium itself."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Self

import pytest

_OPTIONS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --hide-scrollbars --remote-debugging-pipe"
)


class Browser:
    """One page. `requests` are the addresses it asked for; `problems` what it logged and every script error."""

    def __init__(self, profile: Path) -> None:
        program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        if program is None:
            pytest.skip("there is no Chromium on this machine")
        self._command = [program, *_OPTIONS.split(), f"--user-data-dir={profile}", "about:blank"]
        self._number = 0
        self._session = ""
        self._events: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        self._process = subprocess.Popen(
            self._command,
            preexec_fn=lambda: _as_3_and_4(theirs_in, theirs_out),  # noqa: PLW1509 - no other thread is running
            close_fds=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._out = os.fdopen(ours_out, "wb", buffering=0)
        self._in = os.fdopen(ours_in, "rb")
        target = next(one for one in self.ask("Target.getTargets")["targetInfos"] if one["type"] == "page")
        attached = self.ask("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for part in ("Page", "Network", "Runtime", "Log"):
            self.ask(f"{part}.enable")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._out.close()
        self._in.close()

    @property
    def requests(self) -> list[str]:
        """Addresses asked for since the page was opened."""
        return [one["params"]["request"]["url"] for one in self._of("Network.requestWillBeSent")]

    @property
    def problems(self) -> list[str]:
        """Script errors and what the browser complained of, such as a breach of the page's security policy."""
        return [json.dumps(one["params"]) for one in self._of("Runtime.exceptionThrown") + self._of("Log.entryAdded")]

    def open(self, page: Path, *, width: int = 1280, height: int = 900, **media: str) -> None:
        """Show the file at `page`. media: such as prefers_color_scheme="dark"."""
        self._events.clear()
        self.ask(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        features = [{"name": name.replace("_", "-"), "value": value} for name, value in media.items()]
        self.ask("Emulation.setEmulatedMedia", media="", features=features)
        self.ask("Page.navigate", url=page.as_uri())
        self._wait_for("Page.loadEventFired")

    def run(self, script: str) -> Any:
        """What the expression `script` gives in the page."""
        answer = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def click(self, selector: str) -> None:
        """A click of the mouse in the middle of the element."""
        self.run(
            f"document.querySelector({json.dumps(selector)}).scrollIntoView({{block: 'center', inline: 'center'}})"
        )
        box = self.run(
            f"(({{x, y, width, height}}) => [x + width / 2, y + height / 2])"
            f"(document.querySelector({json.dumps(selector)}).getBoundingClientRect())"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.ask("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left", clickCount=1)

    def press(self, key: str) -> None:
        """A key, such as Tab or Enter."""
        code = {"Tab": 9, "Enter": 13}[key]
        text = {"text": "\r"} if key == "Enter" else {}
        self.ask("Input.dispatchKeyEvent", type="keyDown", key=key, code=key, windowsVirtualKeyCode=code, **text)
        self.ask("Input.dispatchKeyEvent", type="keyUp", key=key, code=key, windowsVirtualKeyCode=code)

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the DevTools protocol and its answer."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._out.write(json.dumps(message).encode() + b"\0")
        while True:
            heard = self._hear()
            if heard.get("id") == self._number:
                assert "error" not in heard, heard
                return heard["result"]

    def _wait_for(self, event: str) -> None:
        while not self._of(event):
            self._hear()

    def _of(self, event: str) -> list[dict[str, Any]]:
        return [one for one in self._events if one.get("method") == event]

    def _hear(self) -> dict[str, Any]:
        heard = bytearray()
        while (byte := self._in.read(1)) != b"\0":
            assert byte, "Chromium ended"
            heard += byte
        message: dict[str, Any] = json.loads(heard)
        if "method" in message:
            self._events.append(message)
        return message


def _as_3_and_4(to_read: int, to_write: int) -> None:
    """In the child: the two ends where Chromium looks for them, by a way that cannot overwrite one with the other."""
    read, write = (os.dup(os.dup(os.dup(os.dup(end)))) for end in (to_read, to_write))
    os.dup2(read, 3)
    os.dup2(write, 4)
