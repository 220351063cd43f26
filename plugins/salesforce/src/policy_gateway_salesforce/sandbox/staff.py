"""Who works in the sandbox's org, and what every seeded record has: an id, an owner, times."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final, TypeAlias

from policy_gateway_salesforce.sandbox.ids import numbered
from policy_gateway_salesforce.sandbox.wire import Json

Rows: TypeAlias = Iterator[dict[str, Json]]

FIRST: Final = 101
OWNERS: Final = range(2, 7)
STAFF: Final = (
    ("Iris", "Integration", "", "integration"),
    ("Lars", "Limited", "", "limited"),
    ("Anna", "Agent", "berlin", "anna"),
    ("Selma", "Supervisor", "berlin", "selma"),
    ("Mara", "Marketer", "hamburg", "mara"),
    ("Henrik", "Hansen", "hamburg", "henrik"),
    ("Petra", "Pohl", "hamburg", "petra"),
)

_START: Final = datetime(2021, 1, 4, 8, tzinfo=UTC)
_NEVER_DELETED: Final = frozenset({"005", "00G"})
_CREATED_WITHIN: Final = 5 * 365 * 86400
_CHANGED_WITHIN: Final = 200 * 86400
_UMLAUTS: Final = MappingProxyType(
    str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})
)


def organization(number: int) -> str:
    """Return the id of the org with this seed."""
    return numbered("00D", FIRST + number)


def user_id(index: int) -> str:
    """Return the id of a member of the staff."""
    return numbered("005", FIRST + index)


def username(index: int) -> str:
    """Return the name that a member of the staff logs in with."""
    return f"{STAFF[index][3]}@contact-center.example.com"


def owner(index: int) -> int:
    """Return whose record the one with this index is."""
    return OWNERS[index % len(OWNERS)]


def chance_of(what: str, seed: int) -> random.Random:
    """Return the chance that makes *what* the same each time."""
    return random.Random(f"{what}-{seed}")  # noqa: S311 -- synthetic data, not a secret


def stamped(prefix: str, index: int, values: dict[str, Json], chance: random.Random | None = None) -> dict[str, Json]:
    """Return a record with its id and what every record has; what has no value is left out."""
    created = _START + timedelta(seconds=chance.randint(0, _CREATED_WITHIN)) if chance else _START
    changed = created + timedelta(seconds=chance.randint(0, _CHANGED_WITHIN)) if chance else created
    written, by = _written(changed), values.get("OwnerId") or user_id(0)
    row: dict[str, Json] = {
        "Id": numbered(prefix, FIRST + index),
        "IsDeleted": False,
        "CreatedDate": _written(created),
        "CreatedById": by,
        "LastModifiedDate": written,
        "LastModifiedById": by,
        "SystemModstamp": written,
    }
    if prefix in _NEVER_DELETED:
        del row["IsDeleted"]
    row.update((name, value) for name, value in values.items() if value is not None and value != "")
    return row


def ascii_of(word: str) -> str:
    """Return *word* as it stands in an address: lower case, no accents."""
    plain = unicodedata.normalize("NFKD", word.translate(_UMLAUTS)).encode("ascii", "ignore").decode()
    return "".join(letter for letter in plain.lower() if letter.isalnum())


def _written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
