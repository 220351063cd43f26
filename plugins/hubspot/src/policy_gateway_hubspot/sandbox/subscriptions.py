"""Communication preferences: which mails somebody wants, in the v3 shape and in the newer one.

Who has not chosen yet and carries the consent of the kind of mail is subscribed; whoever is not known to the portal
gets the same answer as somebody who has not chosen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from policy_gateway_hubspot.sandbox import schema
from policy_gateway_hubspot.sandbox.state import Choice, World
from policy_gateway_hubspot.sandbox.wire import Answer, Asked, Json, completed, invalid, strings, text
from policy_gateway_hubspot.sandbox.wire import items as json_items

MAX_INPUTS: Final = 100
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_SUBSCRIBED: Final = "SUBSCRIBED"
_UNSUBSCRIBED: Final = "UNSUBSCRIBED"
_STATES: Final = frozenset({_SUBSCRIBED, _UNSUBSCRIBED, "NOT_SPECIFIED"})
_BASES: Final = frozenset(
    {
        "CONSENT_WITH_NOTICE",
        "LEGITIMATE_INTEREST_CLIENT",
        "LEGITIMATE_INTEREST_OTHER",
        "LEGITIMATE_INTEREST_PQL",
        "NON_GDPR",
        "PERFORMANCE_OF_CONTRACT",
        "PROCESS_AND_STORE",
    }
)
_CHANNEL: Final = "EMAIL"


@dataclass(frozen=True, slots=True)
class Subscription:
    """One kind of mail; *consent* is the option of the contact's consents that means it."""

    id: str
    name: str
    purpose: str
    consent: str = ""
    internal: bool = False

    def described(self) -> dict[str, Json]:
        """Return the definition; it is the same in every dialect."""
        return {
            "id": self.id,
            "name": self.name,
            "description": f"{self.purpose}: {self.name}",
            "purpose": self.purpose,
            "communicationMethod": "Email",
            "isActive": True,
            "isDefault": self.internal,
            "isInternal": self.internal,
            "businessUnitId": 0,
            "createdAt": schema.DEFINED_AT,
            "updatedAt": schema.DEFINED_AT,
        }


SUBSCRIPTIONS: Final = MappingProxyType(
    {
        each.id: each
        for each in (
            Subscription("301", "Marketing Information", "Marketing", "marketing_email"),
            Subscription("302", "Customer Survey", "Research", "survey_email"),
            Subscription("303", "One to One", "Sales", internal=True),
        )
    }
)


def list_definitions(world: World, asked: Asked) -> Answer:
    """Answer ``GET …/definitions``."""
    found: list[Json] = [each.described() for each in SUBSCRIPTIONS.values()]
    return Answer(200, {"subscriptionDefinitions": found} if asked.dialect == "v3" else completed(world.now(), found))


def old_statuses(world: World, asked: Asked) -> Answer:
    """Answer ``GET …/v3/status/email/{email}``."""
    email = _email(asked.segments[3])
    statuses: list[Json] = [_old(world, email, each) for each in SUBSCRIPTIONS.values()]
    return Answer(200, {"recipient": email, "subscriptionStatuses": statuses})


def subscribe(world: World, asked: Asked) -> Answer:
    """Answer ``POST …/v3/subscribe``: with a legal basis, and never for somebody who has opted out."""
    email, subscription, choice = _old_choice(world, asked.json(), _SUBSCRIBED)
    if email in world.silent or _choice(world, email, subscription).status == _UNSUBSCRIBED:
        raise invalid(f"{email} has unsubscribed and cannot be subscribed through the API")
    if not choice.basis:
        raise invalid("A legal basis is required to subscribe somebody in this portal")
    return _keep_old(world, email, subscription, choice)


def unsubscribe(world: World, asked: Asked) -> Answer:
    """Answer ``POST …/v3/unsubscribe``."""
    email, subscription, choice = _old_choice(world, asked.json(), _UNSUBSCRIBED)
    return _keep_old(world, email, subscription, choice)


def statuses(world: World, asked: Asked) -> Answer:
    """Answer ``GET …/statuses/{email}?channel=EMAIL``."""
    _check_channel(asked.one("channel"))
    return Answer(200, completed(world.now(), _statuses(world, _email(asked.segments[2]))))


def set_status(world: World, asked: Asked) -> Answer:
    """Answer ``POST …/statuses/{email}``; somebody who has opted out may be subscribed again here."""
    return Answer(200, completed(world.now(), [_set(world, _email(asked.segments[2]), asked.json())]))


def silence(world: World, asked: Asked) -> Answer:
    """Answer ``GET …/statuses/{email}/unsubscribe-all?channel=EMAIL``."""
    _check_channel(asked.one("channel"))
    return Answer(200, completed(world.now(), [_wide(world, _email(asked.segments[2]))]))


def unsubscribe_all(world: World, asked: Asked) -> Answer:
    """Answer ``POST …/statuses/{email}/unsubscribe-all?channel=EMAIL``; tells what changed when asked to."""
    _check_channel(asked.one("channel"))
    email = _email(asked.segments[2])
    _silence(world, email)
    return Answer(200, completed(world.now(), _statuses(world, email) if asked.flag("verbose") else []))


def batch_read(world: World, asked: Asked) -> Answer:
    """Answer ``POST …/statuses/batch/read?channel=EMAIL``."""
    results: list[Json] = [
        {"subscriberIdString": email, "statuses": _statuses(world, email)} for email in _emails(asked)
    ]
    return Answer(200, completed(world.now(), results))


def batch_write(world: World, asked: Asked) -> Answer:
    """Answer ``POST …/statuses/batch/write``."""
    inputs = json_items(asked.json(), "inputs")
    _check_count(len(inputs))
    emails = [_email(text(each.get("subscriberIdString"), "subscriberIdString")) for each in inputs]
    results: list[Json] = [_set(world, email, each) for email, each in zip(emails, inputs, strict=True)]
    return Answer(200, completed(world.now(), results))


def batch_silence(world: World, asked: Asked) -> Answer:
    """Answer ``POST …/statuses/batch/unsubscribe-all/read?channel=EMAIL``."""
    results: list[Json] = [
        {"subscriberIdString": email, "wideStatuses": [_wide(world, email)]} for email in _emails(asked)
    ]
    return Answer(200, completed(world.now(), results))


def batch_unsubscribe_all(world: World, asked: Asked) -> Answer:
    """Answer ``POST …/statuses/batch/unsubscribe-all?channel=EMAIL``."""
    results: list[Json] = []
    for email in _emails(asked):
        _silence(world, email)
        statuses: dict[str, Json] = {"statuses": _statuses(world, email)} if asked.flag("verbose") else {}
        results.append({"subscriberIdString": email, **statuses})
    return Answer(200, completed(world.now(), results))


def _choice(world: World, email: str, subscription: Subscription) -> Choice:
    """Return what somebody chose, or what their consents say when they did not."""
    if chosen := world.choices.get((email, subscription.id)):
        return chosen
    contacts = world.items["contacts"]
    contact = contacts.get(email, "email")
    consents = contact.properties.get("marketing_consents", "").split(";") if contact else []
    if contact and subscription.consent and subscription.consent in consents:
        return Choice(_SUBSCRIBED, contact.created, "CONSENT_WITH_NOTICE", "Consent given to the contact center")
    return Choice("NOT_SPECIFIED", schema.DEFINED_AT)


def _old(world: World, email: str, subscription: Subscription) -> dict[str, Json]:
    choice = _choice(world, email, subscription)
    wanted = choice.status == _SUBSCRIBED and email not in world.silent
    told: dict[str, Json] = {
        "id": subscription.id,
        "name": subscription.name,
        "description": f"{subscription.purpose}: {subscription.name}",
        "status": _SUBSCRIBED if wanted else "NOT_SUBSCRIBED",
        "sourceOfStatus": "PORTAL_WIDE_STATUS" if email in world.silent else "SUBSCRIPTION_STATUS",
        "brandId": None,
        "preferenceGroupName": None,
        "legalBasis": choice.basis or None,
        "legalBasisExplanation": choice.explanation or None,
    }
    return told


def _old_choice(world: World, body: Mapping[str, Json], status: str) -> tuple[str, Subscription, Choice]:
    email = _email(text(body.get("emailAddress"), "emailAddress"))
    subscription = _known(text(body.get("subscriptionId"), "subscriptionId"))
    basis, explanation = _basis(body)
    if _choice(world, email, subscription).status == status:
        raise invalid(f"{email} is already {status.lower()} for subscription {subscription.id}")
    return email, subscription, Choice(status, world.now(), basis, explanation)


def _keep_old(world: World, email: str, subscription: Subscription, choice: Choice) -> Answer:
    world.choices[email, subscription.id] = choice
    return Answer(200, _old(world, email, subscription))


def _statuses(world: World, email: str) -> list[Json]:
    return [_status(world, email, each) for each in SUBSCRIPTIONS.values()]


def _status(world: World, email: str, subscription: Subscription) -> dict[str, Json]:
    choice = _choice(world, email, subscription)
    silent = world.silent.get(email)
    told: dict[str, Json] = {
        "channel": _CHANNEL,
        "subscriberIdString": email,
        "subscriptionId": int(subscription.id),
        "subscriptionName": subscription.name,
        "businessUnitId": 0,
        "status": _UNSUBSCRIBED if silent else choice.status,
        "source": "PortalWideStatus" if silent else "SubscriptionStatus",
        "timestamp": silent or choice.moment,
    }
    reasons: dict[str, Json] = {"legalBasis": choice.basis, "legalBasisExplanation": choice.explanation}
    return told | {name: reason for name, reason in reasons.items() if reason}


def _set(world: World, email: str, body: Mapping[str, Json]) -> dict[str, Json]:
    _check_channel(body.get("channel"))
    state, number = body.get("statusState"), body.get("subscriptionId")
    if state not in _STATES or not isinstance(state, str):
        raise invalid("Invalid input JSON: statusState is not one of the known ones")
    subscription = _known(str(number))
    basis, explanation = _basis(body)
    if state == _SUBSCRIBED and not basis:
        raise invalid("A legal basis is required to subscribe somebody in this portal")
    before = _status(world, email, subscription)["status"]
    world.choices[email, subscription.id] = Choice(state, world.now(), basis, explanation)
    if state == _SUBSCRIBED:
        world.silent.pop(email, None)
    return {**_status(world, email, subscription), "setStatusSuccessReason": _reason(before, state)}


def _reason(before: Json, after: str) -> str:
    if before == after:
        return "NO_STATUS_CHANGE"
    if (before, after) == (_UNSUBSCRIBED, _SUBSCRIBED):
        return "RESUBSCRIBE_OCCURRED"
    return "REQUESTED_CHANGE_OCCURRED"


def _wide(world: World, email: str) -> dict[str, Json]:
    silent = world.silent.get(email)
    return {
        "channel": _CHANNEL,
        "subscriberIdString": email,
        "wideStatusType": "PORTAL_WIDE",
        "businessUnitId": 0,
        "status": _UNSUBSCRIBED if silent else "NOT_SPECIFIED",
        "timestamp": silent or schema.DEFINED_AT,
    }


def _silence(world: World, email: str) -> None:
    """Send somebody nothing any more; the contact's own read-only property says so, too."""
    world.silent.setdefault(email, world.now())
    contacts = world.items["contacts"]
    if contact := contacts.get(email, "email"):
        contacts.change(contact, {"hs_email_optout": "true"}, world.now())


def _emails(asked: Asked) -> list[str]:
    _check_channel(asked.one("channel"))
    inputs = strings(asked.json(), "inputs")
    _check_count(len(inputs))
    return [_email(each) for each in inputs]


def _check_count(count: int) -> None:
    if not 0 < count <= MAX_INPUTS:
        raise invalid(f"inputs: between 1 and {MAX_INPUTS}")


def _check_channel(value: Json) -> None:
    if value != _CHANNEL:
        raise invalid(f"Invalid request: channel must be {_CHANNEL}")


def _email(value: str) -> str:
    if not _EMAIL.fullmatch(value):
        raise invalid("Invalid request: the e-mail address is not valid")
    return value.lower()


def _known(identifier: str) -> Subscription:
    subscription = SUBSCRIPTIONS.get(identifier)
    if subscription is None:
        raise invalid(f"Subscription {identifier[:20]} does not exist in this portal")
    return subscription


def _basis(body: Mapping[str, Json]) -> tuple[str, str]:
    basis, explanation = body.get("legalBasis") or "", body.get("legalBasisExplanation") or ""
    if not isinstance(basis, str) or (basis and basis not in _BASES):
        raise invalid("Invalid input JSON: legalBasis is not one of the known ones")
    return basis, text(explanation, "legalBasisExplanation")
