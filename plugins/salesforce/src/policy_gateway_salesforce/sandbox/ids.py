"""Record ids: 15 characters in which case matters, and the 18 that say the same with a checksum of the case."""

from __future__ import annotations

from typing import Final

_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECK: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_POD: Final = "Ws"
SHORT: Final = 15
LONG: Final = 18


def long_id(short: str) -> str:
    """Return the 18 characters of an id of 15: each of the last three tells which of five characters are capitals."""
    checks = (
        _CHECK[sum(1 << place for place, letter in enumerate(short[start : start + 5]) if "A" <= letter <= "Z")]
        for start in (0, 5, 10)
    )
    return short + "".join(checks)


def numbered(prefix: str, number: int) -> str:
    """Return the id of the record with this *number*; ids sort as the numbers do."""
    digits = ""
    while number:
        number, digit = divmod(number, 62)
        digits = _DIGITS[digit] + digits
    return long_id(f"{prefix}{_POD}{digits:0>10}")


def canonical(identifier: str) -> str | None:
    """Return the 18 characters of an id given as 15 or 18, None when it is no id or its checksum is wrong."""
    if len(identifier) not in {SHORT, LONG} or not identifier.isascii() or not identifier.isalnum():
        return None
    whole = long_id(identifier[:SHORT])
    return whole if len(identifier) == SHORT or identifier == whole else None
