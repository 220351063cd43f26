"""Lookup: whose number or address is this, in any CRM of the tenant? A screen pop, or a short list to choose from."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import phonenumbers
from phonenumbers import PhoneNumberFormat

from policy_gateway.errors import (
    ConnectionNotFound,
    Denied,
    FieldRefused,
    GatewayError,
    InvalidCall,
    UpstreamError,
)
from policy_gateway.model.decision import KnownField
from policy_gateway.model.disclosure import Disclosure
from policy_gateway.model.field import ID_PATH
from policy_gateway.query import Action, Describe, In, Or, Query
from policy_gateway.web.answers import Answer, shown
from policy_gateway.web.api.batch import numbered
from policy_gateway.web.api.records import read_object
from policy_gateway.web.asking import LookupBody, understood
from policy_gateway.web.exchange import Exchange
from policy_gateway.web.ports import Inside
from policy_gateway.wire import written

RESOURCE: Final = "contact"
PLURAL: Final = "contacts"
CHOOSER: Final = (ID_PATH, "name", "first_name", "last_name", "company", "city")
"""What a chooser shows, as far as the caller may see it."""

PHONES: Final = ("phone", "mobile")
EMAILS: Final = ("email",)
MOST_HITS: Final = 10
_EMAIL: Final = re.compile(r"[^\s@\x00-\x1f]{1,64}@[^\s@\x00-\x1f]{1,189}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who is looked for: any of *values* in any of *paths*."""

    paths: tuple[str, ...]
    values: tuple[str, ...]


async def lookup(exchange: Exchange, inside: Inside) -> Answer:
    """Answer the contacts that have this number or address, from every connection that the caller may search.

    A connection whose CRM cannot answer is named with its problem's code rather than left out.
    """
    body = understood(LookupBody, await read_object(exchange, inside))
    wanted = _wanted(body, inside.rules.region)
    names = tuple(await inside.directory.connections(exchange.caller))
    searches = (_Search(exchange, inside, name, 2 * index) for index, name in enumerate(names))
    return _answer(names, await asyncio.gather(*(search.hits(wanted) for search in searches), return_exceptions=True))


def spellings(number: str, region: str) -> tuple[str, ...]:
    """Return how CRMs may have written a phone *number*; one without a country code is dialled in *region*."""
    try:
        phone = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        raise InvalidCall("this is no phone number that can be dialled", pointer="/phone") from None
    if not phonenumbers.is_possible_number(phone):
        raise InvalidCall("this is no phone number that can be dialled", pointer="/phone")
    formats = (PhoneNumberFormat.E164, PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.NATIONAL)
    e164, international, national = (phonenumbers.format_number(phone, form) for form in formats)
    digits = re.sub(r"\D", "", national)
    return tuple(dict.fromkeys((e164, international, national, digits, f"00{e164[1:]}", e164[1:])))


def _wanted(body: LookupBody, region: str) -> Wanted:
    if (body.phone is None) == (body.email is None):
        raise InvalidCall("give either phone or email")
    if body.phone is not None:
        return Wanted(PHONES, spellings(body.phone, region))
    address = (body.email or "").strip()
    if _EMAIL.fullmatch(address) is None:
        raise InvalidCall("this is no e-mail address", pointer="/email")
    return Wanted(EMAILS, tuple(dict.fromkeys((address, address.lower()))))


@dataclass(frozen=True, slots=True)
class _Search:
    """The two calls to one connection: *number* and the next tell them apart in the journal."""

    exchange: Exchange
    inside: Inside
    connection: str
    number: int

    async def hits(self, wanted: Wanted) -> Disclosure:
        """Ask for no field that this caller does not know of."""
        known = (await self._ask(Describe(RESOURCE), self.number)).permit.known
        searchable, visible = _possible(known, Action.SEARCH), _possible(known, Action.VIEW)
        either = tuple(In(path, wanted.values) for path in wanted.paths if path in searchable)
        if not either:
            raise FieldRefused
        select = tuple(path for path in CHOOSER if path in visible)
        where = either[0] if len(either) == 1 else Or(either)
        return await self._ask(Query(RESOURCE, select, where=where, limit=MOST_HITS), self.number + 1)

    async def _ask(self, operation: Describe | Query, number: int) -> Disclosure:
        call = numbered(self.exchange.call(operation, connection=self.connection), number)
        return await self.inside.gate.handle(call, self.exchange.caller)


def _possible(known: Iterable[KnownField], action: Action) -> frozenset[str]:
    return frozenset(field.path for field in known if action in field.actions and field.actions[action].rank)


def _answer(connections: Sequence[str], found: Sequence[Disclosure | BaseException]) -> Answer:
    """Put together what connections answered; what is no matter of one connection is raised."""
    hits: list[dict[str, object]] = []
    silent: list[dict[str, str]] = []
    refusals: list[GatewayError] = []
    version = ""
    for connection, outcome in zip(connections, found, strict=True):
        match outcome:
            case Disclosure():
                version = version or outcome.version
                hits.extend({"connection": connection, **_hit(outcome, index)} for index in _hits(outcome))
            case UpstreamError():
                silent.append({"connection": connection, "code": outcome.code})
            case Denied() | FieldRefused() | ConnectionNotFound():
                refusals.append(outcome)
            case _:
                raise outcome
    if refusals and len(refusals) == len(connections):
        raise next((error for error in refusals if not isinstance(error, ConnectionNotFound)), refusals[0])
    return Answer(200, written({"hits": hits, "unavailable": silent}), version=version)


def _hits(disclosure: Disclosure) -> range:
    return range(len(disclosure.released.records))


def _hit(disclosure: Disclosure, index: int) -> dict[str, object]:
    return {"resource": PLURAL, **shown(disclosure.released.records[index], disclosure)}
