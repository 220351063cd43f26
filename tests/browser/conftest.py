"""A real browser in front of a real port: the machine's own chromium, which sees nothing but this machine."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright

from policy_gateway.testing.consoles import HOSTILE, LENA, PLACES, mounted, restore, showing
from policy_gateway.testing.gateways import Whole
from policy_gateway.testing.serving import serving
from policy_gateway.web.console import Pages
from policy_gateway_memory import MemoryCrm, MemoryKind

SHIPPED = Path(__file__).parents[2] / "policies"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
LOOPBACK = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Yield a browser; without one these tests fail, since nobody would notice that they never run."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.fail("there is no chromium: run `make test`, or `.ci/debian chromium:chromium`", pytrace=False)
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=found, args=[LOOPBACK])
        yield launched
        await launched.close()


@pytest.fixture(scope="session")
async def shown(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Whole, Pages]]:
    """Yield one gateway and its console's pages for all tests of this process."""
    crms = {place: MemoryCrm() for place in PLACES}
    for row in (LENA, HOSTILE):
        crms[PLACES[0]].add("contact", **row)
    async with showing(tmp_path_factory.mktemp("browser"), SHIPPED, MemoryKind(crms)) as shown:
        yield shown


@pytest.fixture
async def site(shown: tuple[Whole, Pages]) -> AsyncIterator[str]:
    """Yield where the console is served, over the policy as it is shipped."""
    gateway, pages = shown
    restore(pages.policies, SHIPPED)
    async with serving(mounted(gateway, pages)) as port:
        yield f"http://127.0.0.1:{port}/console"


@dataclass(slots=True)
class Opened:
    """A tab: its *page*, and whatever the browser complained of or asked of other hosts."""

    page: Page
    complaints: list[str] = field(default_factory=list)


Open = Callable[..., Awaitable[Opened]]


@pytest.fixture
async def opened(browser: Browser, site: str) -> AsyncIterator[Open]:
    """Yield what opens the console in a window of its own, and closes it."""
    contexts = []

    async def opening(query: str = "lang=en", *, width: int = 1280, language: str = "en", dark: bool = False) -> Opened:
        context = await browser.new_context(
            viewport={"width": width, "height": 900}, locale=language, color_scheme="dark" if dark else "light"
        )
        contexts.append(context)
        tab = Opened(await context.new_page())
        tab.page.on("pageerror", lambda error: tab.complaints.append(f"error: {error}"))
        tab.page.on("console", lambda message: tab.complaints.append(f"{message.type}: {message.text}"))
        tab.page.on("requestfailed", lambda request: tab.complaints.append(f"failed: {request.url}"))
        tab.page.on("request", lambda request: _foreign(request.url, site, tab.complaints))
        await tab.page.goto(f"{site}?{query}")
        return tab

    yield opening
    for context in contexts:
        await context.close()


def _foreign(url: str, site: str, complaints: list[str]) -> None:
    if not url.startswith(site):
        complaints.append(f"asked elsewhere: {url}")
