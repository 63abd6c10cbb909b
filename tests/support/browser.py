"""A headless Chromium over its DevTools protocol: as much of it as the tests of the page need."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import subprocess
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from websockets.sync.client import connect

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--hide-scrollbars",
    "--mute-audio",
    "--autoplay-policy=no-user-gesture-required",
    "--remote-debugging-port=0",
)
SECONDS = 90.0
"""that anything may take on a busy machine"""


class Browser:
    """One process; ``page`` opens tabs in it."""

    def __init__(self, program: Path, environment: dict[str, str], flags: tuple[str, ...] = ()) -> None:
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        command = [str(program), *FLAGS, *flags, f"--user-data-dir={self._folder.name}", "about:blank"]
        self._process = subprocess.Popen(
            command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, env={**os.environ, **environment}
        )
        self.address = self._find_address()
        threading.Thread(target=self._drain, daemon=True).start()

    def page(self, width: int = 800, height: int = 600, touch: bool = False, scheme: str = "dark") -> Page:
        """A new tab of so many pixels."""
        page = Page(self.address)
        page.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=touch)
        page.call("Emulation.setTouchEmulationEnabled", enabled=touch)
        page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        return page

    def close(self) -> None:
        """End the process."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._folder.cleanup()

    def _find_address(self) -> str:
        assert self._process.stderr is not None
        said = b""
        for line in self._process.stderr:
            said += line
            if match := re.search(rb"ws://\S+", line):
                return match[0].decode()
        raise RuntimeError(f"Chromium did not start: {said.decode(errors='replace')[-2000:]}")

    def _drain(self) -> None:
        assert self._process.stderr is not None
        for _ in self._process.stderr:
            pass


class Page:
    """One tab."""

    def __init__(self, address: str) -> None:
        self._open = ExitStack()
        self._connection = self._open.enter_context(connect(address, max_size=None, open_timeout=SECONDS))
        self._number = 0
        self._session: str | None = None
        self.messages: list[str] = []
        """what the page wrote to its console as an error, and what it threw"""
        self.requests: list[str] = []
        """addresses that it asked for"""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._target = target
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the protocol and its result."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        self._connection.send(json.dumps(message))
        end = time.monotonic() + SECONDS
        while True:
            answer = json.loads(self._connection.recv(timeout=max(end - time.monotonic(), 0.01)))
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return dict(answer["result"])
            self._notice(answer)

    def open(self, address: str, wait: bool = True) -> None:
        """Go to ``address``, and wait until the page says how it went."""
        self.call("Page.navigate", url=address)
        if wait:
            self.wait("['ready', 'error'].includes(document.documentElement?.dataset.state)")

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression, promises awaited."""
        result = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"].get("exception", {}).get("description", str(result)))
        return result["result"].get("value")

    def wait(self, condition: str, seconds: float = SECONDS) -> Any:
        """The first value of ``condition`` that counts as true."""
        end = time.monotonic() + seconds
        while True:
            if value := self.run(condition):
                return value
            if time.monotonic() > end:
                state = self.run("JSON.stringify(document.documentElement.dataset)")
                raise TimeoutError(f"never: {condition}; the page: {state}; {self.messages}")
            time.sleep(0.05)

    def press(self, text: str) -> None:
        """Press the button of that text."""
        self.run(f"[...document.querySelectorAll('button')].find(b => b.textContent === {json.dumps(text)}).click()")

    def settled(self, above: int = 0) -> np.ndarray:
        """The picture below its first ``above`` rows, once it is drawn in full and nothing moves any more."""
        before = self.screenshot()[above:]
        for _ in range(60):
            self.run("new Promise(resolve => setTimeout(resolve, 250))")
            # The page of a room draws coarsely while much moves, and says so.
            self.wait("(document.documentElement.dataset.picture ?? 'whole') === 'whole'")
            now = self.screenshot()[above:]
            if np.array_equal(before, now):
                return now
            before = now
        raise AssertionError("the picture does not come to rest")

    def state(self) -> tuple[str, str]:
        """``data-state`` and ``data-message``."""
        state, message = self.run("[document.documentElement.dataset.state, document.documentElement.dataset.message]")
        return state, message or ""

    def screenshot(self, width: int | None = None, height: int | None = None) -> np.ndarray:
        """uint8 (H, W, 4) of the page from its upper left corner, without a background of the browser's own.

        Of a picture of that size, to compare it, the line is taken away that says that it has no watermark.
        """
        if width is not None:
            self.run("document.querySelector('.unmarked')?.remove()")
        self.call("Emulation.setDefaultBackgroundColorOverride", color={"r": 0, "g": 0, "b": 0, "a": 0})
        clip = {} if width is None else {"clip": {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}}
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=bool(clip), **clip)["data"]
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGBA"))

    def close(self) -> None:
        """Close the tab."""
        session, self._session = self._session, None
        if session is not None:
            self.call("Target.closeTarget", targetId=self._target)
        self._open.close()

    def _notice(self, event: dict[str, Any]) -> None:
        method, parameters = event.get("method"), event.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.messages.append(str(parameters["exceptionDetails"].get("exception", {}).get("description")))
        elif method == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            self.messages.append(parameters["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])
