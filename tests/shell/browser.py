"""A real browser at the service: people with a screen and a keyboard each, and what no page of ours may do.

Whatever page a person looks at goes through axe-core; errors of the console, answers that are faults, and requests
to another host are noted from the first page to the last.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pyotp
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, ConsoleMessage, Download, Page, Request, Response, sync_playwright

from printjobs.reference.timetable import JAPAN
from tests.handin import Desk, environment
from tests.shell.services import HOST, Server, private_directory, start_server
from tests.tools import tool

WIDTH, HEIGHT = 1200, 900
PATIENCE_MS = 60_000
SCREENS = Path(__file__).parents[2] / "docs" / "screens"
MOST_BYTES = 120_000  # of a picture in docs/screens
_SIZES = ((2400, 48), (2400, 16), (1600, 16), (1200, 16))  # px of its height and colours, the first that fits
_OPENS = datetime(2026, 3, 2, 10, tzinfo=JAPAN)  # a Monday: hand-ins come, and the mailing date is weeks ahead
_RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],  # of the others one node each: half the time
}
_SWITCHES = (
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", f"--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE {HOST}",
)  # fmt: skip

# Read by every process of the service: the run's days are those of its data, whenever the tests run.
_SITE = """
from datetime import UTC, datetime, timedelta
from printjobs.pipeline import Context
Context.now = staticmethod(lambda: datetime.now(UTC) - timedelta(seconds={behind}))
"""


@contextmanager
def serving(desk: Desk) -> Iterator[str]:
    """``printjobs serve`` as a process of its own, in the spring that the sample is for; its address.

    What it logged is shown with a test that failed.
    """
    with private_directory() as directory:
        server = _start(desk, directory)
        try:
            yield server.url
        finally:
            sys.stdout.write((directory / "log").read_text(encoding="utf-8", errors="replace"))
            server.stop()


def _start(desk: Desk, directory: Path) -> Server:
    behind = (datetime.now(UTC) - _OPENS).total_seconds()
    (directory / "sitecustomize.py").write_text(_SITE.format(behind=behind))
    program = "from printjobs.cli import main; main()"

    def command(port: int) -> list[str | Path]:
        return [sys.executable, "-c", program, "serve", "--port", str(port)]

    def ready(port: int, _pid: int) -> bool:
        try:
            return httpx.get(f"http://{HOST}:{port}/health").is_success
        except httpx.TransportError:
            return False

    given = {"env": environment(desk.home) | desk.settings | {"PYTHONPATH": str(directory)}}
    return start_server(directory, f"http://{HOST}:{{port}}", command, lambda _port: b"", ready, given)


@contextmanager
def chromium() -> Iterator[Browser]:
    """The distribution's Chromium, that can reach no other host."""
    switches = [*_SWITCHES, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=tool("chromium"), args=switches)
        yield browser
        browser.close()


class House(NamedTuple):
    """Where people work. ``screens``: the folder that takes pictures of their pages, None when none are wanted."""

    desk: Desk
    address: str
    browser: Browser
    faults: list[str]
    screens: Path | None

    def person(self, name: str, shown: str, role: str, party: str = "") -> Person:
        """A new account, and who sits down before a browser of their own with it."""
        told = self.desk("user", "add", name, "--role", role, "--shown", shown, "--party", party, "--json")
        assert told.code == 0, told.err
        return Person(self, told.json)


class Person:
    """Somebody at a browser."""

    def __init__(self, house: House, account: dict[str, Any]) -> None:
        self._house = house
        self.name: str = account["name"]
        self.password: str = account["password"]
        self._link: str = account["otpauth"]
        context = house.browser.new_context(
            base_url=house.address, viewport={"width": WIDTH, "height": HEIGHT}, locale="ja-JP", accept_downloads=True
        )
        context.set_default_timeout(PATIENCE_MS)
        self.page: Page = context.new_page()
        self.page.on("console", self._heard)
        # Asked for early: the first listener turns it on, a moment late.
        self.page.on("filechooser", lambda _chooser: None)
        self.page.on("pageerror", lambda error: self._fault(f"script: {error}"))
        context.on("request", self._asked)
        context.on("response", self._answered)

    # What they do.

    def code(self) -> str:
        """What the authenticator app shows now; each is good for one time."""
        secret = re.search(r"secret=(\w+)", self._link)
        assert secret
        return pyotp.TOTP(secret[1]).now()

    def enter(self) -> Person:
        self.open("/login")
        self.page.get_by_label("利用者の名前").fill(self.name)
        self.page.get_by_label("パスワード").fill(self.password)
        self.page.get_by_label("確認コード").fill(self.code())
        self.press("入る")
        assert self.page.url == f"{self._house.address}/"
        return self

    def open(self, path: str) -> str:
        self.page.goto(path)
        return self.said()

    def press(self, button: str) -> str:
        """Press a button and see what the next page says."""
        with self.page.expect_navigation():
            self.page.locator("main").get_by_role("button", name=button).click()
        return self.said()

    def follow(self, link: str | re.Pattern[str]) -> str:
        with self.page.expect_navigation():
            self.page.get_by_role("link", name=link, exact=True).first.click()
        return self.said()

    def take(self, link: str) -> bytes:
        """What a link gives to keep."""
        with self.page.expect_download() as waiting:
            self.page.get_by_role("link", name=link).click()
        download: Download = waiting.value
        return Path(download.path()).read_bytes()

    def said(self) -> str:
        """The words of the page, without the frame that all pages share."""
        return self.page.locator("main").inner_text()

    # By keyboard alone.

    def tab_to(self, name: str) -> None:
        """Tab until what is so named has the focus, which everything on the way there shows."""
        for _ in range(80):
            self.page.keyboard.press("Tab")
            has = self.page.evaluate(_FOCUS)
            if not has["shown"]:
                self._fault(f"the focus on {has['name']!r} cannot be seen")
            if has["name"].startswith(name):
                return
        raise AssertionError(f"Tab does not lead to {name!r}")

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)

    def enter_key(self) -> str:
        """Press the enter key, and see what the next page says."""
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        return self.said()

    # What is looked at.

    def look(self, screen: str = "") -> None:
        """Look at the page as axe-core does, and as one who has only so wide a screen; keep its picture by a name."""
        for violation in Axe().run(self.page, options=_RULES).response["violations"]:
            places = [node["html"] for node in violation["nodes"]][:3]
            self._fault(f"{violation['id']}: {violation['help']}: {places}")
        if self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            self._fault("the page is wider than the screen")
        if screen and self._house.screens:
            keep(self.page.screenshot(full_page=True), self._house.screens / f"{screen}.png")

    def _fault(self, what: str) -> None:
        self._house.faults.append(f"{self.name} {self.page.url.removeprefix(self._house.address)}: {what}")

    def _heard(self, message: ConsoleMessage) -> None:
        # That a page is refused is told there as well, and seen by whoever waits for its words.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self._fault(message.text)

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((f"{self._house.address}/", "data:", "blob:")):
            self._fault(f"a request to {request.url}")

    def _answered(self, response: Response) -> None:
        if response.status >= 500 or (response.status >= 400 and not response.request.is_navigation_request()):
            self._fault(f"{response.status} for {response.url}")


# The name of what has the focus as a screen reader says it, and whether eyes can see where it is.
_FOCUS = """() => {
    const at = document.activeElement;
    const style = getComputedStyle(at), box = at.getBoundingClientRect();
    const label = at.labels && at.labels[0];
    return {
        name: (at.getAttribute("aria-label") || (label && label.innerText) || at.innerText || "").trim(),
        shown: at === document.body || (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2
            && box.right > 0 && box.bottom > 0 && box.width > 0),
    };
}"""


def keep(png: bytes, path: Path) -> None:
    """A picture of a page for the documentation: few colours, as pages have, and no more of it than one reads."""
    with Image.open(BytesIO(png)) as picture:
        whole = picture.convert("RGB")
    for tallest, colours in _SIZES:
        page = whole.crop((0, 0, whole.width, min(whole.height, tallest)))
        page.quantize(colours, dither=Image.Dither.NONE).save(path, optimize=True)
        if path.stat().st_size <= MOST_BYTES:
            return
    raise AssertionError(f"{path.name} is larger than {MOST_BYTES:,} bytes")
