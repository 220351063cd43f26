"""The envelope of a value: its parts, what each may hold, and until when the value may be kept."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final, TypeAlias

from policy_gateway.errors import InvalidCall

Part: TypeAlias = str | tuple[str, ...]

LEGAL_BASES: Final = frozenset(
    {"consent", "contract", "legal_obligation", "vital_interests", "public_interest", "legitimate_interests"}
)
"""The grounds of Art. 6(1) GDPR."""

SPECIAL_BASES: Final = frozenset("abcdefghij")
"""The letters of Art. 9(2) GDPR."""

_PERIOD = re.compile(r"P(?=.)(?:(\d{1,3})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,5})D)?")
_WORD = re.compile(r"[a-z][a-z0-9_.-]{0,63}")
_PERSON = re.compile(r"(?:user|ai):", re.IGNORECASE)
_LONGEST = 200
_MOST_ITEMS = 50
_MONTHS = 12


def _text(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST or not value.isprintable():
        raise InvalidCall("this part is a text of 1 to 200 printable characters")
    return value.strip()


def _collector(value: object) -> str:
    text = _text(value)
    if _PERSON.match(text):
        raise InvalidCall("staff are named by pseudonym, team or role, not by their id")
    return text


def _moment(value: object) -> str:
    text = _text(value)
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise InvalidCall("this part is a date or time in ISO 8601") from None
    return text


def _day(value: object) -> str:
    text = _text(value)
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise InvalidCall("this part is a date in ISO 8601") from None


def _period(value: object) -> str:
    text = _text(value)
    if not _PERIOD.fullmatch(text):
        raise InvalidCall("this part is a period in ISO 8601, like P3Y or P6M")
    return text


def _basis(value: object) -> str:
    if value not in LEGAL_BASES:
        raise InvalidCall(f"the legal basis is one of {', '.join(sorted(LEGAL_BASES))}")
    return str(value)


def _special_basis(value: object) -> str:
    if value not in SPECIAL_BASES:
        raise InvalidCall("the basis for a special category is a letter of Art. 9(2): a to j")
    return str(value)


def _word(value: object) -> str:
    if not isinstance(value, str) or not _WORD.fullmatch(value):
        raise InvalidCall("a purpose is its name in the policy")
    return value


def _several(item: Callable[[object], str]) -> Callable[[object], tuple[str, ...]]:
    def checked(value: object) -> tuple[str, ...]:
        if not isinstance(value, list | tuple) or not 0 < len(value) <= _MOST_ITEMS:
            raise InvalidCall("this part is a list of 1 to 50 items")
        return tuple(dict.fromkeys(item(one) for one in value))

    return checked


PARTS: Final[Mapping[str, Callable[[object], Part]]] = {
    "collected_by": _collector,
    "collected_at": _moment,
    "collection_point": _text,
    "collection_method": _text,
    "purposes": _several(_word),
    "legal_basis": _basis,
    "special_category_basis": _special_basis,
    "consent": _text,
    "storage_duration": _period,
    "keep_until": _day,
    "source": _text,
    "notice_version": _text,
    "recipients": _several(_text),
}
"""What each part may hold: a check that returns the part as it is kept, or raises InvalidCall."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is known of a value; parts that are not known are absent."""

    parts: Mapping[str, Part] = field(default_factory=dict)

    @classmethod
    def of(cls, parts: Mapping[str, object]) -> Envelope:
        """Return the envelope of *parts*; InvalidCall, with the part as its pointer, for one that cannot be."""
        return cls().changed(parts)

    def changed(self, parts: Mapping[str, object]) -> Envelope:
        """Return this envelope with *parts* replaced; None takes a part away (RFC 7396)."""
        merged = dict(self.parts)
        for name, value in parts.items():
            if name not in PARTS:
                raise InvalidCall("the envelope has no such part", pointer=f"/{_escaped(name)}")
            if value is None:
                merged.pop(name, None)
                continue
            try:
                merged[name] = PARTS[name](value)
            except InvalidCall as wrong:
                raise InvalidCall(wrong.detail, pointer=f"/{name}") from None
        if merged.get("legal_basis") == "consent" and "consent" not in merged:
            raise InvalidCall("the basis consent needs the consent that was given", pointer="/consent")
        return Envelope({name: merged[name] for name in PARTS if name in merged})

    def keep_until(self) -> str:
        """Return until when the value may be kept: a date, or empty when no end is known.

        A date that was set explicitly comes before the one that follows from collection and storage duration.
        """
        explicit = self.parts.get("keep_until")
        if isinstance(explicit, str):
            return explicit
        collected, duration = self.parts.get("collected_at"), self.parts.get("storage_duration")
        if not isinstance(collected, str) or not isinstance(duration, str):
            return ""
        return after(datetime.fromisoformat(collected).date(), duration).isoformat()


def after(start: date, period: str) -> date:
    """Return the day that is *period* after *start*; the last day that there is, when that is beyond the calendar."""
    found = _PERIOD.fullmatch(period)
    if found is None:
        raise InvalidCall("this is no period in ISO 8601")
    years, months, weeks, days = (int(number or 0) for number in found.groups())
    year, month = divmod(start.year * _MONTHS + start.month - 1 + years * _MONTHS + months, _MONTHS)
    try:
        last = monthrange(year, month + 1)[1]
        return date(year, month + 1, min(start.day, last)) + timedelta(weeks=weeks, days=days)
    except (ValueError, OverflowError):
        return date.max


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
