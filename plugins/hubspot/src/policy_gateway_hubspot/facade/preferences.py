"""Communication preferences: which mails somebody wants is what the contact's consents say, as far as they may be seen.

A kind of mail is a purpose of consent by the channel ``email``. Whoever is not found, or may not be seen, gets the same
answer as somebody who has not chosen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from policy_gateway.errors import FieldRefused, GatewayError, RecordNotFound
from policy_gateway.model.disclosure import Disclosure, ReleasedRecord
from policy_gateway.model.field import ID_PATH, Field, Value
from policy_gateway.query import Change, ChangeKind, Compare, Op, Query
from policy_gateway.wire import Json, Reply
from policy_gateway_hubspot.facade.kinds import CONTACTS, OBJECT_ID
from policy_gateway_hubspot.facade.portal import hub_of
from policy_gateway_hubspot.facade.refusals import Invalid, ScopeMissing, clipped
from policy_gateway_hubspot.facade.request import text_in, texts_in
from policy_gateway_hubspot.facade.telling import EPOCH
from policy_gateway_hubspot.facade.values import CONSENTS
from policy_gateway_hubspot.facade.visit import Visit

EMAIL: Final = "email"
OPTED_OUT: Final = "hs_email_optout"
CHANNEL: Final = "EMAIL"
MOST_INPUTS: Final = 100
READ: Final = "communication_preferences.read"
WRITE: Final = "communication_preferences.read_write"

SUBSCRIBED: Final = "SUBSCRIBED"
UNSUBSCRIBED: Final = "UNSUBSCRIBED"
UNDECIDED: Final = "NOT_SPECIFIED"

_ADDRESS: Final = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}\.[^@\s.]{1,63}")
_BASES: Final = frozenset(
    {
        *("CONSENT_WITH_NOTICE", "NON_GDPR", "PERFORMANCE_OF_CONTRACT", "PROCESS_AND_STORE"),
        *("LEGITIMATE_INTEREST_CLIENT", "LEGITIMATE_INTEREST_OTHER", "LEGITIMATE_INTEREST_PQL"),
    }
)


@dataclass(frozen=True, slots=True)
class Subscription:
    """One kind of mail; *consent* is the item of a contact's consents that means it."""

    consent: str

    @property
    def id(self) -> str:
        """Return the id by which clients call it: always the same for the same consent."""
        return str(hub_of(self.consent))

    @property
    def name(self) -> str:
        """Return what it is called."""
        return self.consent.partition(":")[0].replace("_", " ").capitalize()

    def described(self) -> dict[str, Json]:
        """Return the definition; it is the same in every dialect."""
        return {
            "id": self.id,
            "name": self.name,
            "description": self.name,
            "purpose": self.name,
            "communicationMethod": "Email",
            "isActive": True,
            "isDefault": False,
            "isInternal": False,
            "businessUnitId": 0,
            "createdAt": EPOCH,
            "updatedAt": EPOCH,
        }


@dataclass(frozen=True, slots=True)
class Chosen:
    """What somebody at *email* has consented to; *silent* tells whether they want no mail at all."""

    email: str
    consents: frozenset[str] = frozenset()
    silent: bool = False

    def status(self, subscription: Subscription) -> str:
        """Return the status of one kind of mail."""
        if self.silent:
            return UNSUBSCRIBED
        return SUBSCRIBED if subscription.consent in self.consents else UNDECIDED


async def list_definitions(visit: Visit) -> Reply:
    """Answer ``GET …/definitions``."""
    found: list[Json] = [each.described() for each in await _subscriptions(visit)]
    return visit.reply(
        {"subscriptionDefinitions": found} if visit.request.dialect == "v3" else _completed(visit, found)
    )


async def old_statuses(visit: Visit) -> Reply:
    """Answer ``GET …/v3/status/email/{email}``."""
    [chosen] = await _chosen(visit, [_address(visit.request.variables["email"])])
    statuses: list[Json] = [_old(chosen, each) for each in await _subscriptions(visit)]
    return visit.reply({"recipient": chosen.email, "subscriptionStatuses": statuses})


async def subscribe(visit: Visit) -> Reply:
    """Answer ``POST …/v3/subscribe``: with a legal basis."""
    return await _old_change(visit, SUBSCRIBED)


async def unsubscribe(visit: Visit) -> Reply:
    """Answer ``POST …/v3/unsubscribe``."""
    return await _old_change(visit, UNSUBSCRIBED)


async def statuses(visit: Visit) -> Reply:
    """Answer ``GET …/statuses/{email}?channel=EMAIL``."""
    _check_channel(visit.request.one("channel"))
    [chosen] = await _chosen(visit, [_address(visit.request.variables["email"])])
    return visit.reply(_completed(visit, [_new(chosen, each) for each in await _subscriptions(visit)]))


async def set_status(visit: Visit) -> Reply:
    """Answer ``POST …/statuses/{email}``."""
    email, body = _address(visit.request.variables["email"]), await visit.request.json()
    _check_channel(body.get("channel"))
    state = text_in(body, "statusState")
    if state not in {SUBSCRIBED, UNSUBSCRIBED, UNDECIDED}:
        raise Invalid("Invalid input JSON: statusState is not one of the known ones")
    subscription = await _subscription(visit, text_in(body, "subscriptionId"))
    _check_basis(body, needed=state == SUBSCRIBED)
    before, after = await _change(visit, email, {subscription.consent: state == SUBSCRIBED})
    reason = "REQUESTED_CHANGE_OCCURRED" if before != after else "NO_STATUS_CHANGE"
    return visit.reply(_completed(visit, [{**_new(after, subscription, state), "setStatusSuccessReason": reason}]))


async def batch_read(visit: Visit) -> Reply:
    """Answer ``POST …/statuses/batch/read?channel=EMAIL``."""
    _check_channel(visit.request.one("channel"))
    emails = [_address(each) for each in texts_in(await visit.request.json(), "inputs")]
    if not 0 < len(emails) <= MOST_INPUTS:
        raise Invalid(f"inputs: between 1 and {MOST_INPUTS}")
    subscriptions = await _subscriptions(visit)
    results: list[Json] = [
        {"subscriberIdString": each.email, "statuses": [_new(each, one) for one in subscriptions]}
        for each in await _chosen(visit, emails)
    ]
    return visit.reply(_completed(visit, results))


async def unsubscribe_all(visit: Visit) -> Reply:
    """Answer ``POST …/statuses/{email}/unsubscribe-all?channel=EMAIL``: all consents to mail are withdrawn."""
    _check_channel(visit.request.one("channel"))
    email, subscriptions = _address(visit.request.variables["email"]), await _subscriptions(visit)
    _, after = await _change(visit, email, {each.consent: False for each in subscriptions})
    told: list[Json] = [_new(after, each, UNSUBSCRIBED) for each in subscriptions]
    return visit.reply(_completed(visit, told if visit.request.flag("verbose") else []))


async def _old_change(visit: Visit, state: str) -> Reply:
    body = await visit.request.json()
    email = _address(text_in(body, "emailAddress"))
    subscription = await _subscription(visit, text_in(body, "subscriptionId"))
    _check_basis(body, needed=state == SUBSCRIBED)
    _, after = await _change(visit, email, {subscription.consent: state == SUBSCRIBED})
    return visit.reply(_old(after, subscription))


async def _consents(visit: Visit) -> Field:
    field = (await visit.known(CONTACTS)).at(CONSENTS)
    if field is None:
        raise ScopeMissing(READ)
    return field


async def _subscriptions(visit: Visit) -> list[Subscription]:
    """Return the kinds of mail: what the consents that the caller may know of can hold."""
    field = await _consents(visit)
    return [Subscription(choice) for choice in field.choices if choice.endswith(f":{EMAIL}")]


async def _subscription(visit: Visit, key: str) -> Subscription:
    found = next((each for each in await _subscriptions(visit) if each.id == key), None)
    if found is None:
        raise Invalid(f"Subscription {clipped(key)} does not exist in this portal")
    return found


async def _chosen(visit: Visit, emails: Sequence[str]) -> list[Chosen]:
    """Return what those at *emails* have chosen: each is searched, decided and journalled on its own."""
    field = await _consents(visit)
    select = (OBJECT_ID, field.native, OPTED_OUT)
    queries = [Query(CONTACTS.name, select, Compare(EMAIL, Op.EQ, each), limit=2) for each in emails]
    answers = await visit.ask_all(queries, lenient=True)
    return [_said(email, field, answer) for email, answer in zip(emails, map(_records, answers), strict=True)]


def _records(answer: Disclosure | GatewayError) -> Sequence[ReleasedRecord]:
    if isinstance(answer, GatewayError):
        raise answer
    return answer.released.records


def _said(email: str, field: Field, records: Sequence[ReleasedRecord]) -> Chosen:
    """Return what the one of *records* says; with several, or none, nobody has chosen."""
    if len(records) != 1:
        return Chosen(email)
    [record] = records
    consents = () if field.native in record.masked else _several(record.fields.get(field.native))
    return Chosen(email, frozenset(consents), silent=record.fields.get(OPTED_OUT) is True)


def _several(value: Value) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


async def _change(visit: Visit, email: str, wanted: Mapping[str, bool]) -> tuple[Chosen, Chosen]:
    """Give or withdraw consents, unless somebody changes them meanwhile; return what held before and after."""
    try:
        found = await visit.ask(Query(CONTACTS.name, (OBJECT_ID,), Compare(EMAIL, Op.EQ, email), limit=2))
        if len(found.released.records) != 1:
            raise RecordNotFound
        target = found.released.records[0].id
        disclosure = await visit.ask_plainly(Query(CONTACTS.singular, (ID_PATH, CONSENTS), target=target))
        seen = disclosure.released.records[0]
        if CONSENTS not in seen.fields or CONSENTS in seen.masked:
            raise ScopeMissing(WRITE)
        before = Chosen(email, frozenset(_several(seen.fields[CONSENTS])))
        given = {consent for consent, holds in wanted.items() if holds}
        after = Chosen(email, (before.consents - wanted.keys()) | given)
        values: dict[str, Value] = {CONSENTS: tuple(sorted(after.consents)) or None}
        change = Change(ChangeKind.UPDATE, CONTACTS.singular, target, values, precondition=seen.tag, quiet=True)
        await visit.ask_plainly(change)
    except FieldRefused:
        raise ScopeMissing(WRITE) from None
    return before, after


def _old(chosen: Chosen, subscription: Subscription) -> dict[str, Json]:
    return {
        "id": subscription.id,
        "name": subscription.name,
        "description": subscription.name,
        "status": SUBSCRIBED if chosen.status(subscription) == SUBSCRIBED else "NOT_SUBSCRIBED",
        "sourceOfStatus": "PORTAL_WIDE_STATUS" if chosen.silent else "SUBSCRIPTION_STATUS",
        "brandId": None,
        "preferenceGroupName": None,
        "legalBasis": None,
        "legalBasisExplanation": None,
    }


def _new(chosen: Chosen, subscription: Subscription, state: str = "") -> dict[str, Json]:
    return {
        "channel": CHANNEL,
        "subscriberIdString": chosen.email,
        "subscriptionId": int(subscription.id),
        "subscriptionName": subscription.name,
        "businessUnitId": 0,
        "status": state or chosen.status(subscription),
        "source": "PortalWideStatus" if chosen.silent else "SubscriptionStatus",
        "timestamp": EPOCH,
    }


def _completed(visit: Visit, results: Sequence[Json]) -> dict[str, Json]:
    return {"status": "COMPLETE", "results": list(results), "startedAt": visit.now, "completedAt": visit.now}


def _address(text: str) -> str:
    if _ADDRESS.fullmatch(text) is None:
        raise Invalid("Invalid request: the e-mail address is not valid")
    return text.lower()


def _check_channel(value: Json) -> None:
    if value != CHANNEL:
        raise Invalid(f"Invalid request: channel must be {CHANNEL}")


def _check_basis(body: Mapping[str, Json], *, needed: bool) -> None:
    basis = body.get("legalBasis")
    if needed and not basis:
        raise Invalid("A legal basis is required to subscribe somebody in this portal")
    if basis and basis not in _BASES:
        raise Invalid("Invalid input JSON: legalBasis is not one of the known ones")
