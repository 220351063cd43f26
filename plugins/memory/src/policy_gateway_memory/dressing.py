"""The CRM in a dict with another CRM's names: what speaks like that one is tried on it without any network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pydantic import BaseModel

from policy_gateway.model.field import Catalogue, Relation, Resource
from policy_gateway.records import ConnectionConfig, Transport
from policy_gateway_memory import catalogue
from policy_gateway_memory.adapter import MemoryAdapter, MemoryKind, MemoryOptions
from policy_gateway_memory.crm import MemoryCrm


@dataclass(frozen=True, slots=True)
class Clothes:
    """What another CRM calls one resource and its fields (*natives*, by path), and what its ids look like.

    *relationships* are the names by which references are followed, *children* those of what hangs on a record, by ours.
    *searched* are the paths that its full text search looks into.
    """

    native: str
    natives: Mapping[str, str]
    id_pattern: str = r"[0-9]{1,20}"
    aliases: tuple[str, ...] = ()
    relationships: Mapping[str, str] = field(default_factory=dict)
    children: Mapping[str, str] = field(default_factory=dict)
    searched: tuple[str, ...] = ()

    def on(self, resource: Resource) -> Resource:
        """Return *resource* with these names; of fields that they do not name, nothing is changed."""
        fields = {
            path: replace(
                one,
                native=self.natives.get(path, one.native),
                relationship=self.relationships.get(path, ""),
            )
            for path, one in resource.fields.items()
        }
        return replace(
            resource,
            fields=fields,
            id_pattern=self.id_pattern,
            native=self.native,
            aliases=self.aliases,
            label=self.native,
            children=tuple(self._child(relation) for relation in resource.children),
            searched=self.searched,
        )

    def _child(self, relation: Relation) -> Relation:
        return replace(relation, native=self.children.get(relation.name, relation.native))


@dataclass(frozen=True, slots=True)
class Dress:
    """The names of the CRM whose *adapter* that is, by resource."""

    adapter: str
    clothes: Mapping[str, Clothes]

    def on(self, found: Catalogue) -> Catalogue:
        """Return *found* with these names."""
        return Catalogue(self.adapter, {name: self.clothes[name].on(one) for name, one in found.resources.items()})


class DressedKind:
    """Opens connections to the CRMs of *kind*; each has the dress of its name, if there is one in *dresses*."""

    name = catalogue.ADAPTER
    options: type[BaseModel] = MemoryOptions

    def __init__(self, kind: MemoryKind, dresses: Mapping[str, Dress]) -> None:
        self._kind = kind
        self._dresses = dresses

    def connect(self, config: ConnectionConfig, transport: Transport) -> MemoryAdapter:
        """Open the CRM of *config*."""
        del transport
        dress = self._dresses.get(config.name)
        crm = self._kind.crm(config.tenant, config.name)
        options = MemoryOptions.model_validate(dict(config.options))
        return MemoryAdapter(crm, options) if dress is None else DressedAdapter(crm, options, dress)


class DressedAdapter(MemoryAdapter):
    """A connection whose catalogue says another CRM's names; rows keep their own."""

    def __init__(self, crm: MemoryCrm, options: MemoryOptions, dress: Dress) -> None:
        super().__init__(crm, options)
        self._dress = dress

    async def catalogue(self) -> Catalogue:
        """Return the fields by the other CRM's names."""
        return self._dress.on(self._catalogue())

    def _catalogue(self) -> Catalogue:
        found = super()._catalogue()
        clothes = self._dress.clothes
        patterned = {name: replace(one, id_pattern=clothes[name].id_pattern) for name, one in found.resources.items()}
        return replace(found, resources=patterned)
