"""The console's address: which contact, for which purpose, in which language. Ids stand in it, values never do."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode

from policy_gateway.errors import ConnectionNotFound, GatewayError, InvalidCall
from policy_gateway.web.console.phrases import LANGUAGES
from policy_gateway.web.console.scene import Pages
from policy_gateway.web.parsing import parameters
from policy_gateway.web.problems import language_of

PATH: Final = "/console"
_KNOWN: Final = frozenset({"connection", "contact", "purpose", "lang", "saved"})
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:|-]{0,63}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Address:
    """What one page shows. *saved* tells that a rule file was saved just before."""

    connection: str
    contact: str
    purpose: str
    language: str
    saved: bool = False

    def at(self, *, connection: str = "", contact: str = "", purpose: str = "", language: str = "") -> str:
        """Return the link to the same page with something else chosen."""
        chosen = replace(
            self,
            connection=connection or self.connection,
            contact=contact or self.contact,
            purpose=purpose or self.purpose,
            language=language or self.language,
        )
        return f"{PATH}?{urlencode(chosen.fields())}"

    def fields(self) -> dict[str, str]:
        """Return the parameters by name."""
        return {
            "connection": self.connection,
            "contact": self.contact,
            "purpose": self.purpose,
            "lang": self.language,
        }


def read_address(raw: bytes, accept_language: str, pages: Pages) -> Address:
    """Return what a raw query string asks for; whatever it leaves out is chosen. InvalidCall, ConnectionNotFound."""
    given = {name: value for name, value in parameters(raw).items() if value}
    if given.keys() - _KNOWN:
        raise InvalidCall("this parameter is not known", pointer="/query")
    return address_of(given, accept_language, pages)


def address_of(given: dict[str, str], accept_language: str, pages: Pages) -> Address:
    """Return what *given* parameters ask for."""
    first = pages.contacts[0]
    connection = given.get("connection", first.connection)
    offered = [contact for contact in pages.contacts if contact.connection == connection]
    if not offered:
        raise ConnectionNotFound
    purposes = purposes_of(pages)
    return Address(
        connection=connection,
        contact=_checked("contact", given.get("contact", offered[0].id)),
        purpose=_one_of("purpose", given.get("purpose", purposes[0]), purposes),
        language=_one_of("lang", given.get("lang", language_of(accept_language)), LANGUAGES),
        saved=given.get("saved") == "1",
    )


def language_asked(raw: bytes, accept_language: str) -> str:
    """Return the language that a request wants, whatever else is wrong with it."""
    try:
        asked = parameters(raw).get("lang", "")
    except GatewayError:
        asked = ""
    return asked if asked in LANGUAGES else language_of(accept_language)


def purposes_of(pages: Pages) -> tuple[str, ...]:
    """Return every purpose that some persona holds, each once."""
    return tuple(dict.fromkeys(purpose for persona in pages.personas for purpose in persona.purposes))


def _checked(name: str, value: str) -> str:
    if _ID.fullmatch(value) is None:
        raise InvalidCall("this is not well-formed", pointer=f"/query/{name}")
    return value


def _one_of(name: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise InvalidCall("this is not one of the allowed values", pointer=f"/query/{name}")
    return value
