"""The grammar of principals and tenants."""

from __future__ import annotations

import re
from collections.abc import Iterable

from policy_gateway.errors import InvalidCall
from policy_gateway.model.principal import PrincipalId, TenantId

_PRINCIPAL = re.compile(r"(user|team|app|ai):[a-z0-9._-]{1,64}")
_TENANT = re.compile(r"[a-z][a-z0-9-]{0,39}")
_WORD = re.compile(r"[a-z][a-z0-9_.-]{0,63}")


def principal_id(text: str) -> PrincipalId:
    """Return *text* as a principal's id; InvalidCall when it is none."""
    if not _PRINCIPAL.fullmatch(text):
        raise InvalidCall("a principal is user:, team:, app: or ai: and 1 to 64 of a-z, 0-9, dot, dash and underscore")
    return PrincipalId(text)


def tenant_id(text: str) -> TenantId:
    """Return *text* as a tenant's id; InvalidCall when it is none."""
    if not _TENANT.fullmatch(text):
        raise InvalidCall("a tenant is small letters, digits and dashes, at most 40, and begins with a letter")
    return TenantId(text)


def membership(text: str) -> str:
    """Return *text* as a team (``team:berlin``) or role (``agent``); InvalidCall when it is neither."""
    if text.startswith("team:"):
        return principal_id(text)
    return word(text)


def word(text: str) -> str:
    """Return *text* as a purpose's, scope's, role's or attribute's name; InvalidCall when it is none."""
    if not _WORD.fullmatch(text):
        raise InvalidCall("a name is small letters, digits, dot, dash and underscore, and begins with a letter")
    return text


def words(texts: Iterable[str]) -> frozenset[str]:
    """Return *texts* as names."""
    return frozenset(map(word, texts))
