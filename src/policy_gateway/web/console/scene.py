"""What the console shows and with whose eyes: the demo's people, contacts and rule file."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from policy_gateway.model.principal import Credential
from policy_gateway.policy import Policies
from policy_gateway.ports import Gate


@dataclass(frozen=True, slots=True)
class Persona:
    """One of the people whose view is shown.

    *name* is what the column is called (``Anna``), *labels* say by language (``de``, ``en``) who that is (``Agent bei
    ACME``). *names* are what rules may call this person by, as in :class:`~policy_gateway.model.principal.Principal`:
    ``frozenset({"user:anna", "agent", "team:berlin"})``. Every value is asked for with *credential*, never otherwise;
    *purposes* are those that it is granted.
    """

    name: str
    labels: Mapping[str, str]
    tenant: str
    names: frozenset[str]
    credential: Credential
    purposes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact that the page offers to look at; *labels* may say by language what is special about it, no value."""

    connection: str
    id: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pages:
    """Everything that the console works with.

    *auditor* is the credential that the last entries are read with (purpose ``audit``). *rule_file* is the file to
    edit, relative to the folder of *policies*: ``tenants/acme.csv``. The first of *contacts* is shown when the address
    names none; any other contact of their connections can be asked for by its id.
    """

    gate: Gate
    policies: Policies
    personas: Sequence[Persona]
    auditor: Credential
    contacts: Sequence[Contact]
    rule_file: str
    randomness: Callable[[int], bytes] = field(default=os.urandom)
