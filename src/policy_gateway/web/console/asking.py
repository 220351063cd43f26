"""Asking the gate with each persona's own credential: the only way in which a record gets onto the page."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from policy_gateway.errors import AuditUnavailable, GatewayError
from policy_gateway.model.disclosure import Disclosure
from policy_gateway.model.field import RecordId
from policy_gateway.query import Call, Query
from policy_gateway.web.console.address import Address
from policy_gateway.web.console.scene import Pages, Persona

RESOURCE: Final = "contact"
ENTRIES: Final = 20
_GDPR: Final = frozenset({"gdpr"})


@dataclass(frozen=True, slots=True)
class View:
    """What one *persona* got: a disclosure, or the error that says why not."""

    persona: Persona
    answer: Disclosure | GatewayError


async def views(pages: Pages, address: Address) -> Sequence[View]:
    """Return what each persona gets of the contact that *address* names.

    AuditUnavailable when one access cannot be recorded: then nobody is shown anything.
    """
    query = Query(RESOURCE, target=RecordId(address.contact))
    call = Call(address.connection, query, address.purpose, include=_GDPR)
    return await asyncio.gather(*(_view(pages, persona, call) for persona in pages.personas))


async def _view(pages: Pages, persona: Persona, call: Call) -> View:
    try:
        return View(persona, await pages.gate.handle(call, persona.credential))
    except AuditUnavailable:
        raise
    except GatewayError as error:
        return View(persona, error)


async def entries(pages: Pages) -> Disclosure | GatewayError:
    """Return the auditor's last audit entries, the newest first, or why not."""
    call = Call("gateway", Query("entry", limit=ENTRIES), "audit")
    try:
        return await pages.gate.handle(call, pages.auditor)
    except GatewayError as error:
        return error
