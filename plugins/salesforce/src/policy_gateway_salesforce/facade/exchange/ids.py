"""Ids as the vendor shapes them: 15 characters in which case matters, and three more that say the case."""

from __future__ import annotations

from hashlib import sha256
from types import MappingProxyType
from typing import Final

_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECK: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_SHORT: Final = 15
_LONG: Final = 18

ORG: Final = "00D"
USER: Final = "005"
JOB: Final = "750"
BATCH: Final = "751"
RESULT: Final = "752"

PREFIXES: Final = MappingProxyType(
    {
        "Account": "001",
        "Case": "500",
        "Contact": "003",
        "ContactPointTypeConsent": "0ZX",
        "Individual": "0PK",
        "Lead": "00Q",
        "Opportunity": "006",
        "Task": "00T",
        "User": USER,
    }
)
"""How the ids of an object begin, for objects that every org has."""


def long_id(short: str) -> str:
    """Return the 18 characters of an id of 15: each of the last three tells which of five letters are capitals."""
    checks = (
        _CHECK[sum(1 << place for place, letter in enumerate(short[start : start + 5]) if "A" <= letter <= "Z")]
        for start in (0, 5, 10)
    )
    return short + "".join(checks)


def canonical(given: str) -> str | None:
    """Return the 18 characters of an id given as 15 or 18; None when it is no id, or its checksum is wrong.

    The checksum says the case, so an id whose case somebody's spreadsheet has lost is still that id.
    """
    if len(given) not in {_SHORT, _LONG} or not given.isascii() or not given.isalnum():
        return None
    return long_id(given) if len(given) == _SHORT else _restored(given)


def _restored(given: str) -> str | None:
    restored = []
    for place, check in enumerate(given[_SHORT:].upper()):
        part = given[place * 5 : place * 5 + 5]
        bits = _CHECK.find(check)
        restored += [char.upper() if bits >> at & 1 else char.lower() for at, char in enumerate(part)]
    whole = long_id("".join(restored))
    return whole if whole[_SHORT:] == given[_SHORT:].upper() else None


def made(prefix: str, *seed: str) -> str:
    """Return the id of what is named *seed*: always the same one, and one that no org gives away."""
    return numbered(prefix, int.from_bytes(sha256("\0".join(seed).encode()).digest()[:8]))


def numbered(prefix: str, number: int) -> str:
    """Return the id with this *number*."""
    digits = ""
    for _ in range(_SHORT - len(prefix) - 2):
        number, digit = divmod(number, len(_DIGITS))
        digits += _DIGITS[digit]
    return long_id(f"{prefix}gw{digits}")
