"""Telephone numbers: what is reached, not how it is written."""

from __future__ import annotations

import phonenumbers


def international(number: str, region: str) -> str | None:
    """Return *number* in E.164, or None when it is none; *region* is where numbers without a country code belong."""
    parsed = _parsed(number, region)
    return None if parsed is None else phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def national(number: str, region: str) -> str | None:
    """Return the digits of *number* without country code and trunk prefix, or None when it is none."""
    parsed = _parsed(number, region)
    return None if parsed is None else phonenumbers.national_significant_number(parsed)


def _parsed(number: str, region: str) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
