"""Conditions about a record or one of its values: whose it is, what the person agreed to, how long it may be kept.

An attribute that the CRM has no value for is not known, and what is not known counts against disclosure. Filters that
ask for records known *not* to fulfil a condition leave out those without a value for the same reason.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

from policy_gateway.builtins.condition import Arguments, BuiltIn, flag, texts
from policy_gateway.model.facts import Reading, Scope
from policy_gateway.query import And, Compare, In, Not, Op, Where


def _own_record(arguments: Arguments, reading: Reading) -> bool | None:  # noqa: ARG001 -- a Test
    return _belongs(reading, "record.owner", "principal.owner_ids")


def _own_team(arguments: Arguments, reading: Reading) -> bool | None:  # noqa: ARG001 -- a Test
    return _belongs(reading, "record.team", "principal.teams")


def _own_region(arguments: Arguments, reading: Reading) -> bool | None:  # noqa: ARG001 -- a Test
    return _belongs(reading, "record.region", "principal.regions")


def _own_campaign(arguments: Arguments, reading: Reading) -> bool | None:
    """Without arguments: one of the principal's campaigns; else one of those named."""
    if not arguments:
        return _belongs(reading, "record.campaign", "principal.campaigns")
    campaign = reading.get("record.campaign")
    return campaign in arguments if isinstance(campaign, str) and campaign else None


def _belongs(reading: Reading, attribute: str, own: str) -> bool | None:
    value, mine = reading.get(attribute), texts(reading.get(own))
    if not isinstance(value, str) or not value or mine is None:
        return None
    # Compared as CRMs do that were asked for these records: to most of them `Berlin` and `berlin` are the same.
    return value.casefold() in {one.casefold() for one in mine}


def _mine(path: str, own: str) -> Callable[[Arguments, Reading, bool], Where | None]:
    def filtered(arguments: Arguments, reading: Reading, holds: bool) -> Where | None:  # noqa: ARG001, FBT001 -- a Filter
        mine = texts(reading.get(own))
        if mine is None:
            return None
        among = In(path, tuple(sorted(mine)))
        return among if holds else And((Compare(path, Op.IS_NULL, value=False), Not(among)))

    return filtered


def _flagged(path: str) -> Callable[[Arguments, Reading, bool], Where | None]:
    def filtered(arguments: Arguments, reading: Reading, holds: bool) -> Where | None:  # noqa: ARG001, FBT001 -- a Filter
        return Compare(path, Op.EQ, holds)

    return filtered


def _consent(arguments: Arguments, reading: Reading) -> bool | None:
    """Without a channel: consent for any channel."""
    given = texts(reading.get("record.consents"))
    if given is None:
        return None
    if len(arguments) > 1:
        return ":".join(arguments[:2]) in given
    return any(item.partition(":")[0] == arguments[0] for item in given)


def _attribute(key: str) -> Callable[[Arguments, Reading], bool | None]:
    def check(arguments: Arguments, reading: Reading) -> bool | None:  # noqa: ARG001 -- a Test
        return flag(reading.get(key))

    return check


def _is_kind(kind: str) -> Callable[[Arguments, Reading], bool | None]:
    def check(arguments: Arguments, reading: Reading) -> bool | None:  # noqa: ARG001 -- a Test
        value = reading.get("record.customer_kind")
        known = isinstance(value, str) and value in {"consumer", "business"}
        return value == kind if known else None

    return check


def _of_kind(kind: str, other: str) -> Callable[[Arguments, Reading, bool], Where | None]:
    def filtered(arguments: Arguments, reading: Reading, holds: bool) -> Where | None:  # noqa: ARG001, FBT001 -- a Filter
        return Compare("customer_kind", Op.EQ, kind if holds else other)

    return filtered


def _residency(arguments: Arguments, reading: Reading) -> bool | None:
    country = reading.get("record.country")
    if not isinstance(country, str) or not country.strip():
        return None
    return country.strip().upper() in {argument.upper() for argument in arguments}


def _expired(arguments: Arguments, reading: Reading) -> bool | None:  # noqa: ARG001 -- a Test
    """Tell whether the date is past; an empty one means kept without end, and a day counts until it ends, in UTC."""
    until, now = reading.get("value.keep_until"), reading.get("call.now")
    if until == "":
        return False
    if not isinstance(until, str) or not isinstance(now, datetime) or now.tzinfo is None:
        return None
    end = _end(until)
    return None if end is None else end <= now


def _end(text: str) -> datetime | None:
    try:
        if len(text) == len("2026-12-31"):
            return datetime.combine(date.fromisoformat(text) + timedelta(days=1), time(), UTC)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _documented(arguments: Arguments, reading: Reading) -> bool | None:  # noqa: ARG001 -- a Test
    return flag(reading.get("value.documented"))


_R = Scope.RECORD
RECORD_CONDITIONS = (
    BuiltIn(
        "own_record",
        _R,
        frozenset({"record.owner", "principal.owner_ids"}),
        _own_record,
        filter=_mine("owner", "principal.owner_ids"),
    ),
    BuiltIn(
        "own_team",
        _R,
        frozenset({"record.team", "principal.teams"}),
        _own_team,
        filter=_mine("team", "principal.teams"),
    ),
    BuiltIn(
        "own_region",
        _R,
        frozenset({"record.region", "principal.regions"}),
        _own_region,
        filter=_mine("region", "principal.regions"),
    ),
    BuiltIn(
        "campaign", _R, frozenset({"record.campaign", "principal.campaigns"}), _own_campaign, ("word?",), repeats=True
    ),
    BuiltIn("consent", _R, frozenset({"record.consents"}), _consent, ("purpose", "channel?")),
    BuiltIn(
        "do_not_call",
        _R,
        frozenset({"record.do_not_call"}),
        _attribute("record.do_not_call"),
        filter=_flagged("do_not_call"),
    ),
    BuiltIn("vip", _R, frozenset({"record.vip"}), _attribute("record.vip"), filter=_flagged("vip")),
    BuiltIn(
        "consumer",
        _R,
        frozenset({"record.customer_kind"}),
        _is_kind("consumer"),
        filter=_of_kind("consumer", "business"),
    ),
    BuiltIn(
        "business",
        _R,
        frozenset({"record.customer_kind"}),
        _is_kind("business"),
        filter=_of_kind("business", "consumer"),
    ),
    BuiltIn("residency", _R, frozenset({"record.country"}), _residency, ("word",), repeats=True),
    BuiltIn("restricted", _R, frozenset({"fact.restricted"}), _attribute("fact.restricted")),
    BuiltIn("erasure_pending", _R, frozenset({"fact.erasure_pending"}), _attribute("fact.erasure_pending")),
    BuiltIn("expired", Scope.VALUE, frozenset({"value.keep_until", "call.now"}), _expired),
    BuiltIn("documented", Scope.VALUE, frozenset({"value.documented"}), _documented),
)
