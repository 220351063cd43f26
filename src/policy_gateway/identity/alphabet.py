"""Numbers in letters and digits alone: what survives every header, form, shell and clipboard."""

from __future__ import annotations

from typing import Final

DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

_VALUES: Final = bytes.maketrans(DIGITS.encode(), bytes(range(len(DIGITS))))


def digits(number: int, width: int) -> str:
    """Return the last *width* digits of *number*, not below zero, in base 62."""
    found = []
    for _ in range(width):
        number, digit = divmod(number, len(DIGITS))
        found.append(DIGITS[digit])
    return "".join(reversed(found))


def number(text: str) -> int:
    """Return the number that *text*, letters and digits alone, is in base 62."""
    found = 0
    for value in text.encode("ascii").translate(_VALUES):
        found = found * len(DIGITS) + value
    return found
