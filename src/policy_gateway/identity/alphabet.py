"""Numbers in letters and digits alone: what survives every header, form, shell and clipboard."""

from __future__ import annotations

from typing import Final

DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

_VALUES: Final = bytes.maketrans(DIGITS.encode(), bytes(range(len(DIGITS))))


def digits(number: int, width: int = 0) -> str:
    """Return *number* (not below zero) in base 62, at least *width* digits; *width* bounds it when it is given."""
    found: list[str] = []
    while number or not found:
        number, digit = divmod(number, len(DIGITS))
        found.append(DIGITS[digit])
        if len(found) == width:
            break
    return "".join(reversed(found)).rjust(width, DIGITS[0])


def number(text: str) -> int:
    """Return the number that *text*, letters and digits alone, is in base 62."""
    found = 0
    for value in text.encode("ascii").translate(_VALUES):
        found = found * len(DIGITS) + value
    return found
