"""A real Chromium for the tests, spoken to over a pipe: it opens pages, types keys, tells what has become."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

CHROMIUM = shutil.which("chromium")
_NAMED = {
    "Enter": ("\r", 13),
    "Escape": ("", 27),
    "ArrowDown": ("", 40),
    "ArrowUp": ("", 38),
    "Tab": ("\t", 9),
}


class Browser:
    """One page of a headless browser."""

    def __init__(self, to: IO[bytes], back: IO[bytes]) -> None:
        self._to, self._back = to, back
        self._last, self._rest, self._session = 0, b"", ""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.ask("Page.enable")

    def ask(self, method: str, **params: object) -> dict[str, Any]:
        """Has the browser do something, and gives what it answers."""
        self._last += 1
        told: dict[str, object] = {"id": self._last, "method": method, "params": params}
        if self._session:
            told["sessionId"] = self._session
        self._to.write(json.dumps(told).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._last:
                assert "error" not in answer, answer
                return dict(answer["result"])

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            read = self._back.read(1 << 16)
            assert read, "the browser is gone"
            self._rest += read
        one, _, self._rest = self._rest.partition(b"\0")
        return dict(json.loads(one))

    def run(self, script: str) -> Any:
        """Runs a script in the page and gives its value."""
        done = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    def open(self, url: str) -> None:
        """Opens a page and waits until it is whole."""
        self.ask("Page.navigate", url=url)
        self.until(f"location.href.startsWith({json.dumps(url)})")

    def until(self, script: str, seconds: float = 240) -> None:
        """Waits until the page is whole, and a script in it says yes."""
        end = time.monotonic() + seconds
        while True:
            try:
                if self.run(f"document.readyState === 'complete' && !!({script})"):
                    return
            except AssertionError:
                # Between two pages there is none to ask.
                pass
            assert time.monotonic() < end, script
            time.sleep(0.05)

    def key(self, key: str) -> None:
        """Types one key: a letter, or "Enter" and the like."""
        text, code = _NAMED.get(key, (key, 0))
        told = {"key": key, "windowsVirtualKeyCode": code}
        self.ask("Input.dispatchKeyEvent", type="keyDown", **told, **({"text": text} if text else {}))
        self.ask("Input.dispatchKeyEvent", type="keyUp", **told)

    def size(self, width: int, height: int, scale: int = 1) -> None:
        """Sets the size of the window, in the units of the page, and of how many dots each is."""
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=scale, mobile=width < 600,
        )  # fmt: skip

    def shot(self, file: Path, *, whole: bool = False) -> None:
        """Takes a picture of the window, or of the whole page."""
        data = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        file.write_bytes(b64decode(data))

    def close(self) -> None:
        """Ends the browser."""
        self._session = ""
        self.ask("Browser.close")


@contextmanager
def a_browser(profile: Path) -> Iterator[Browser]:
    """Starts a browser that speaks with nobody but this machine, and ends it."""
    assert CHROMIUM
    to_read, to_write = os.pipe()
    back_read, back_write = os.pipe()

    def as_three_and_four() -> None:
        # The two may lie on each other's places.
        spare_in, spare_out = os.dup(to_read), os.dup(back_write)
        os.dup2(spare_in, 3)
        os.dup2(spare_out, 4)

    process = subprocess.Popen(
        [
            *(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"),
            *("--disable-component-update", "--disable-sync", "--no-first-run", "--disable-dev-shm-usage"),
            "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
            *("--remote-debugging-pipe", f"--user-data-dir={profile}"),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        close_fds=False,
        preexec_fn=as_three_and_four,
    )
    os.close(to_read)
    os.close(back_write)
    try:
        with os.fdopen(to_write, "wb", 0) as to, os.fdopen(back_read, "rb", 0) as back:
            browser = Browser(to, back)
            yield browser
            browser.close()
            process.wait(240)
    finally:
        process.kill()
        process.wait()
