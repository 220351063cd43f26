"""The console of a whole gateway over a policy folder of its own, which tests may edit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from policy_gateway.testing.consoles import HOSTILE, LENA, PLACES, Seen, mounted, restore, seen, showing
from policy_gateway.testing.entrances import HttpClient, Reply
from policy_gateway.testing.gateways import Whole
from policy_gateway.web.console import Pages
from policy_gateway_memory import MemoryCrm, MemoryKind

SHIPPED = Path(__file__).parents[2] / "policies"
ORIGIN = (("host", "localhost"), ("origin", "http://localhost"), ("sec-fetch-site", "same-origin"))
FORM = ("content-type", "application/x-www-form-urlencoded")


@pytest.fixture(scope="session")
async def shown(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Whole, Pages]]:
    """Yield one gateway and its console's pages for all tests of this process."""
    crms = {place: MemoryCrm() for place in PLACES}
    for row in (LENA, HOSTILE):
        crms[PLACES[0]].add("contact", **row)
    async with showing(tmp_path_factory.mktemp("console"), SHIPPED, MemoryKind(crms)) as shown:
        yield shown


@pytest.fixture
def pages(shown: tuple[Whole, Pages]) -> Iterator[Pages]:
    """Yield the pages over the policy as it is shipped."""
    restore(shown[1].policies, SHIPPED)
    yield shown[1]
    restore(shown[1].policies, SHIPPED)


@pytest.fixture
def client(pages: Pages, shown: tuple[Whole, Pages]) -> HttpClient:
    """Return a browser's client of the entrance with the console mounted."""
    return HttpClient(mounted(shown[0], pages).app, (("host", "localhost"),))


Look = Callable[..., Awaitable[Seen]]
Save = Callable[..., Awaitable[Reply]]


@pytest.fixture
def look(client: HttpClient) -> Look:
    """Return what asks for a page by its parameters and reads it."""

    async def looked(**given: str) -> Seen:
        reply = await client.get(f"/console?{urlencode({'lang': 'en', **given})}")
        assert 200 == reply.status
        return seen(reply.body.decode())

    return looked


@pytest.fixture
def save(client: HttpClient, look: Look) -> Save:
    """Return what opens the page, changes the file in its box, and sends the form as a browser does."""

    async def saved(change: Callable[[str], str], *lines: tuple[str, str], **fields: str) -> Reply:
        page = await look(**fields)
        form = {**page.hidden, "text": change(page.draft).replace("\n", "\r\n")}
        return await client.ask("POST", "/console/rules", [*ORIGIN, FORM, *lines], urlencode(form).encode())

    return saved
