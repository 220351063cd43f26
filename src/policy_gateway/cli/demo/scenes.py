"""What the demo offers to try: contacts that it finds by asking the gateway, and requests about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from policy_gateway.app import App
from policy_gateway.cli.demo.crms import HUBSPOT
from policy_gateway.cli.demo.people import Player
from policy_gateway.cli.demo.tryton import TRYTON
from policy_gateway.errors import GatewayError
from policy_gateway.model.disclosure import ReleasedRecord
from policy_gateway.query import Call, Query

_ASKED: Final = 100
_CONSENT: Final = "marketing:phone"
_ANYBODY: Final = ("102", "106")


@dataclass(frozen=True, slots=True)
class Found:
    """Ids of contacts to look at: *unasked* have not agreed to be called for marketing, *agreed* have."""

    unasked: str
    agreed: str
    party: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    """One request: *who* asks for what, for which *purpose*; *remark* is the text that says what to look for."""

    who: Player
    purpose: str
    connection: str
    record: str
    remark: str

    def curl(self, site: str) -> str:
        """Return the request as a line to copy."""
        headers = f"-H 'Authorization: Bearer {self.who.token}' -H 'X-Purpose: {self.purpose}'"
        return f"curl -s {headers} '{site}/v1/{self.connection}/contacts/{self.record}?include=gdpr'"


async def found(app: App, players: Mapping[str, Player], *, tryton: bool) -> Found:
    """Return contacts that show the difference, as Anna sees them for the purpose ``service``.

    Somebody may have edited the rules so that she sees none: then these are just contacts that there are.
    """
    anna = players["Anna"]
    own = [record for record in await _contacts(app, anna, HUBSPOT) if _complete(record)]
    unasked = next((record.id for record in own if _CONSENT not in _consents(record)), _ANYBODY[0])
    agreed = next((record.id for record in own if _CONSENT in _consents(record)), _ANYBODY[1])
    party = ""
    if tryton:
        parties = await _contacts(app, anna, TRYTON)
        party = next((record.id for record in parties if record.fields.get("phone")), "1")
    return Found(unasked, agreed, party)


def scenes(players: Mapping[str, Player], seen: Found) -> Iterator[Scene]:
    """Yield four requests whose answers differ."""
    anna, mara, ben = players["Anna"], players["Mara"], players["Ben"]
    yield Scene(anna, "service", HUBSPOT, seen.unasked, "demo.anna")
    if seen.party:
        yield Scene(anna, "service", TRYTON, seen.party, "demo.anna-tryton")
    else:
        yield Scene(anna, "complaint", HUBSPOT, seen.unasked, "demo.anna-complaint")
    yield Scene(mara, "marketing", HUBSPOT, seen.unasked, "demo.mara")
    yield Scene(ben, "service", HUBSPOT, seen.unasked, "demo.ben")


async def _contacts(app: App, player: Player, connection: str) -> tuple[ReleasedRecord, ...]:
    call = Call(connection, Query("contact", limit=_ASKED), "service")
    try:
        return (await app.gateway.handle(call, player.credential)).released.records
    except GatewayError:
        return ()


def _complete(record: ReleasedRecord) -> bool:
    """Tell whether there is something to show of *record*: numbers, an owner's team, and any consent at all."""
    wanted: tuple[tuple[str, Callable[[object], bool]], ...] = (
        ("phone", bool),
        ("email", bool),
        ("consents", bool),
        ("team", lambda team: team == "berlin"),
    )
    return all(test(record.fields.get(path)) for path, test in wanted)


def _consents(record: ReleasedRecord) -> tuple[str, ...]:
    consents = record.fields.get("consents")
    return tuple(consents) if isinstance(consents, tuple) else ()
