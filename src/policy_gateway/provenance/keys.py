"""Keys of values: what stands for a value where the value itself must not be kept, and the tokens that show them."""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Callable
from unicodedata import normalize

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from phonenumbers import NumberParseException, PhoneNumberFormat, format_number, parse

from policy_gateway.errors import InvalidCall
from policy_gateway.model.field import FieldType, Value
from policy_gateway.provenance.store import Reference

_INTERNATIONAL = re.compile(r"\+[1-9]\d{6,14}")
_SEPARATORS = str.maketrans("", "", " \u00a0-./()")

TenantKey = Callable[[str], bytes]
"""Returns the 32-byte key of a tenant, for this one use."""


def canonical(value: Value, kind: FieldType, region: str = "DE") -> str:
    """Return *value* in the one form that all its spellings share; *region* is where national phone numbers belong."""
    if isinstance(value, tuple):
        return "\x1f".join(sorted(canonical(item, kind, region) for item in value))
    if not isinstance(value, str):
        return str(value).lower()
    text = normalize("NFC", value).strip()
    if kind is FieldType.EMAIL:
        return text.lower()
    if kind is FieldType.PHONE:
        return _phone(text, region)
    return text


class ValueKeys:
    """Keyed hashes of values, of another key for each tenant: without it nobody can test a guess."""

    def __init__(self, key: TenantKey, region: str = "DE") -> None:
        self._key = key
        self._region = region
        self._keys: dict[str, bytes] = {}

    def of(self, tenant: str) -> Callable[[Value, FieldType], bytes]:
        """Return the function that keys a tenant's values (32 bytes)."""
        key = self._keys.get(tenant)
        if key is None:
            key = self._keys[tenant] = self._key(tenant)
        region = self._region

        def keyed(value: Value, kind: FieldType) -> bytes:
            return hmac.digest(key, canonical(value, kind, region).encode(errors="surrogatepass"), "sha256")

        return keyed


class ValueTokens:
    """Shows which value an envelope is about, so that an edit can name it, and nothing else.

    A token is bound to its place: two records that hold the same value have tokens that cannot be compared.
    """

    def __init__(self, key: TenantKey) -> None:
        self._key = key
        self._ciphers: dict[str, AESSIV] = {}

    def seal(self, value_key: bytes, place: Reference) -> str:
        """Return the token of a value at *place*."""
        return urlsafe_b64encode(self._cipher(place.tenant).encrypt(value_key, _bound(place))).decode()

    def open(self, token: str, place: Reference) -> bytes:
        """Return the value key; InvalidCall for a token that is not of this place."""
        try:
            sealed = urlsafe_b64decode(token.encode("ascii"))
            if urlsafe_b64encode(sealed).decode() == token:
                return self._cipher(place.tenant).decrypt(sealed, _bound(place))
        except (Error, ValueError, InvalidTag):
            pass
        raise InvalidCall("the value's token is not valid here: read the provenance again", pointer="/value")

    def _cipher(self, tenant: str) -> AESSIV:
        cipher = self._ciphers.get(tenant)
        if cipher is None:
            cipher = self._ciphers[tenant] = AESSIV(self._key(tenant))
        return cipher


def _bound(place: Reference) -> list[bytes]:
    return [part.encode() for part in (place.tenant, place.connection, place.resource, place.record, place.path)]


def _phone(text: str, region: str) -> str:
    compact = text.translate(_SEPARATORS)
    if _INTERNATIONAL.fullmatch(compact):
        return compact  # written internationally, as most are: no need for the slow way
    try:
        return format_number(parse(text, region), PhoneNumberFormat.E164)
    except NumberParseException:
        return compact
