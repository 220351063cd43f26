"""What the gateway's names of resources are in the vendor's words, as far as every org has them."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

_OBJECTS: Final = MappingProxyType({"company": "Account"})
_REFERENCES: Final = MappingProxyType({"company": "AccountId", "owner": "OwnerId"})


def object_of(resource: str) -> str:
    """Return the object that the gateway calls *resource*: ``contact_point_type_consent`` is in capitals there."""
    return _OBJECTS.get(resource) or "".join(part.capitalize() for part in resource.split("_"))


def reference_of(path: str) -> str | None:
    """Return the field that the gateway calls *path*, of those by which records hang on others; None: not told."""
    native = path.rpartition(".")[2] if "." in path else _REFERENCES.get(path)
    return native or None
