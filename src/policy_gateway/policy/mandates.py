"""Reading ``tenants/<tenant>.yaml``: for whom data is processed, for which purposes, and when the office is open."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Mapping

from policy_gateway.policy.bundle import Hours, Mandate, Place
from policy_gateway.policy.findings import Findings, meant
from policy_gateway.policy.forms import Form
from policy_gateway.policy.purposes import period
from policy_gateway.policy.tree import Node

_KEYS = ("controller", "purposes", "timezone", "office_hours", "retention")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d|24:00")


def read_mandate(tenant: str, node: Node, leaves: Mapping[str, bool], findings: Findings) -> Mandate:
    """Return the mandate of *tenant*; *leaves* says of each known purpose whether it is a leaf."""
    form = Form(node, findings)
    form.only(_KEYS, needed=("controller", "purposes"))
    zone = form.text("timezone", check=_zone, kind="time zone such as `Europe/Berlin`")
    retention = form.texts("retention")
    for wanted in retention.values():
        if not period(wanted):
            findings.say(form.place("retention"), "value", f"`{wanted}` is not a period such as `P3Y`")
    purposes = _purposes(form, leaves, findings)
    place = Place(form.spot.path, form.spot.line)
    return Mandate(tenant, form.texts("controller"), purposes, zone, _hours(form, findings), retention, place)


def _purposes(form: Form, leaves: Mapping[str, bool], findings: Findings) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for item in form.listed("purposes"):
        if item.value not in leaves:
            message = f"`{item.value}` is not a known purpose"
            findings.say(item.spot, "unknown-purpose", message, meant(item.value, leaves))
        elif not leaves[item.value]:
            message = f"`{item.value}` is a broad purpose; a mandate names the ones that are called"
            findings.say(item.spot, "broad-purpose", message)
        elif item.value in found:
            findings.say(item.spot, "duplicate", f"`{item.value}` is listed twice")
        found[item.value] = None
    return tuple(found)


def _zone(name: str) -> bool:
    try:
        return bool(zoneinfo.ZoneInfo(name).key)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False


def _hours(form: Form, findings: Findings) -> Hours | None:
    if "office_hours" not in form:
        return None
    hours = form.form("office_hours")
    hours.only(("days", "opens", "closes"), needed=("days", "opens", "closes"))
    days = hours.listed("days")
    for day in days:
        if day.value not in _DAYS:
            findings.say(day.spot, "value", f"`{day.value}` is not a day", f"write one of {', '.join(_DAYS)}")
    opens, closes = (hours.text(key, check=_time, kind="time such as `08:00`") for key in ("opens", "closes"))
    if opens and closes and opens >= closes:
        findings.say(hours.place("opens"), "value", f"`{opens}` is not before `{closes}`")
    return Hours(tuple(sorted({_DAYS.index(day.value) for day in days if day.value in _DAYS})), opens, closes)


def _time(text: str) -> bool:
    return _TIME.fullmatch(text) is not None
