"""The disclosure levels between nothing and everything: redact, token, year, last4, partial.

What a mask shows has a constant width, never shows a short value whole, and fits the kind of field: where no honest
image exists (a masked number is no number) it shows nothing.
"""

from __future__ import annotations

import hmac
import re
from base64 import b32encode
from collections.abc import Sequence

from policy_gateway.hookspecs import hookimpl
from policy_gateway.model.field import FieldType, Value
from policy_gateway.ports import Mask

DOTS = "•••"
REDACTED = f"[{DOTS}]"
_TEXTUAL = frozenset({FieldType.TEXT, FieldType.NAME, FieldType.EMAIL, FieldType.PHONE, FieldType.REFERENCE})
_TOKEN = re.compile(r"tok_[A-Z2-7]{16}")
_YEAR = re.compile(r"[0-9]{4}")
_SHORTEST_FOR_LAST4 = 8
_SHORTEST_FOR_PARTIAL = 4
_SHORTEST_LOCAL_PART = 3


def _dotted(value: Value) -> bool:
    return isinstance(value, str) and DOTS in value


class Redact:
    """Shows that there is a value."""

    name = "redact"
    rank = 10

    def show(self, value: Value, kind: FieldType, key: bytes) -> Value | None:
        """Return the same mark for every text."""
        return REDACTED if isinstance(value, str) and kind in _TEXTUAL else None

    def recognizes(self, value: Value, kind: FieldType) -> bool:
        """Tell whether *value* carries the mark."""
        return _dotted(value)


class Token:
    """Shows whether two values of one tenant are the same, and nothing else.

    Keyed per tenant, because an unkeyed hash of a phone number is a lookup table of ten billion lines away from it.
    """

    name = "token"
    rank = 20

    def show(self, value: Value, kind: FieldType, key: bytes) -> Value | None:
        """Return ``tok_`` and 16 characters (80 bits) of a keyed hash of *value*."""
        if not isinstance(value, str) or kind not in _TEXTUAL:
            return None
        digest = hmac.digest(key, f"token|{kind}|{value}".encode(errors="surrogatepass"), "sha256")
        return f"tok_{b32encode(digest[:10]).decode()}"

    def recognizes(self, value: Value, kind: FieldType) -> bool:
        """Tell whether *value* has a token's shape."""
        return isinstance(value, str) and _TOKEN.fullmatch(value) is not None


class Year:
    """Shows the year of a date."""

    name = "year"
    rank = 30

    def show(self, value: Value, kind: FieldType, key: bytes) -> Value | None:
        """Return the four digits of the year; nothing for what is no date."""
        dated = kind in {FieldType.DATE, FieldType.DATETIME} and isinstance(value, str)
        return value[:4] if dated and isinstance(value, str) and _YEAR.fullmatch(value[:4]) else None

    def recognizes(self, value: Value, kind: FieldType) -> bool:
        """Tell whether a date is only a year."""
        return kind in {FieldType.DATE, FieldType.DATETIME} and isinstance(value, str) and len(value) == len("2026")


class Last4:
    """Shows the last four characters of a long number."""

    name = "last4"
    rank = 40

    def show(self, value: Value, kind: FieldType, key: bytes) -> Value | None:
        """Return dots and four characters; only dots for a value of fewer than eight letters and digits."""
        if not isinstance(value, str) or kind not in _TEXTUAL:
            return None
        kept = [character for character in value if character.isalnum()]
        return f"{DOTS} {''.join(kept[-4:])}" if len(kept) >= _SHORTEST_FOR_LAST4 else f"{DOTS} {DOTS}"

    def recognizes(self, value: Value, kind: FieldType) -> bool:
        """Tell whether *value* carries dots."""
        return _dotted(value)


class Partial:
    """Shows enough of a name, address or number to recognize it, not enough to use it."""

    name = "partial"
    rank = 50

    def show(self, value: Value, kind: FieldType, key: bytes) -> Value | None:
        """Return a shortened *value*, by the *kind* of field."""
        if not isinstance(value, str) or kind not in _TEXTUAL:
            return None
        match kind:
            case FieldType.EMAIL:
                return _partial_email(value)
            case FieldType.PHONE:
                return _partial_phone(value)
            case FieldType.NAME:
                return " ".join(_initial(word) for word in value.split(maxsplit=2)[:2]) or DOTS
            case _:
                return _initial(value)

    def recognizes(self, value: Value, kind: FieldType) -> bool:
        """Tell whether *value* carries dots."""
        return _dotted(value)


def _initial(text: str) -> str:
    return f"{text[0]}{DOTS}" if len(text) >= _SHORTEST_FOR_PARTIAL else DOTS


def _partial_email(value: str) -> str:
    local, at, domain = value.rpartition("@")
    if not at:
        return DOTS
    _, _, top = domain.rpartition(".")
    first = local[0] if len(local) >= _SHORTEST_LOCAL_PART else ""
    # Of the domain only its last label: a firm's or a family's own domain names the person.
    return f"{first}{DOTS}@{DOTS}.{top}"


def _partial_phone(value: str) -> str:
    digits = [character for character in value if character.isdigit()]
    if len(digits) < _SHORTEST_FOR_LAST4:
        return DOTS
    country = f"+{''.join(digits[:2])} " if value.startswith("+") else ""
    return f"{country}{DOTS} {''.join(digits[-2:])}"


class Masks:
    """The built-in masks as a plugin."""

    @hookimpl
    def register_masks(self) -> Sequence[Mask]:
        """Return the five built-in levels."""
        return (Redact(), Token(), Year(), Last4(), Partial())
