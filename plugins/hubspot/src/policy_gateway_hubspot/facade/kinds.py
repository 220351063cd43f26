"""HubSpot's object types, as its clients know them: names, and what comes unasked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from policy_gateway.errors import ConnectionNotFound

OBJECT_ID: Final = "hs_object_id"
CREATED: Final = "createdate"

_WORD: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Kind:
    """An object type: what its records show when nobody says what to show, and which property tells the last change."""

    name: str
    type_id: str
    singular: str
    shown: tuple[str, ...] = ()
    changed: str = "hs_lastmodifieddate"

    @property
    def always(self) -> tuple[str, ...]:
        """Return the properties that come with every answer, asked for or not."""
        return (CREATED, OBJECT_ID, self.changed)


CONTACTS: Final = Kind("contacts", "0-1", "contact", ("firstname", "lastname", "email"), "lastmodifieddate")
COMPANIES: Final = Kind("companies", "0-2", "company", ("name", "domain"))

KINDS: Final = (
    CONTACTS,
    COMPANIES,
    Kind("deals", "0-3", "deal", ("dealname", "amount", "closedate", "pipeline", "dealstage")),
    Kind("tickets", "0-5", "ticket", ("subject", "content", "hs_pipeline", "hs_pipeline_stage")),
    Kind("leads", "0-136", "lead", ("hs_lead_name",)),
)

_BY_WORD: Final = MappingProxyType(
    {word: kind for kind in KINDS for word in (kind.name, kind.singular, kind.type_id)},
)


def kind_of(word: str) -> Kind:
    """Return the object type that *word* means; ConnectionNotFound for what can be the name of none.

    Whether a connection has records of it is not known here: a type that nobody has heard of is one, too.
    """
    if _WORD.fullmatch(word) is None:
        raise ConnectionNotFound
    name = word.lower()
    return _BY_WORD.get(name) or Kind(name, name, name)
