# ruff: noqa: S101 -- a conformance check is a test: expected == actual
"""The catalogue describes the CRM in the vocabulary of the gateway."""

from __future__ import annotations

import re

import pytest

from policy_gateway.model.field import ID_PATH, FieldType, IdentifierKind
from policy_gateway.testing.conformance.rig import Rig

_WORD = re.compile(r"[a-z][a-z0-9_]*")
_NATIVE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")


@pytest.mark.anyio
class CatalogueConformance:
    """What an adapter says that it offers."""

    @pytest.fixture
    def anyio_backend(self) -> str:
        """Run on asyncio, as the gateway does."""
        return "asyncio"

    async def test_names_adapter_and_resources(self, rig: Rig) -> None:
        """A catalogue names its adapter, and each resource by its own name and an own plural."""
        catalogue = await rig.adapter.catalogue()

        assert rig.adapter_name == catalogue.adapter
        assert rig.resource in catalogue.resources
        assert list(catalogue.resources) == [resource.name for resource in catalogue.resources.values()]
        plurals = [resource.plural for resource in catalogue.resources.values()]
        assert sorted(set(plurals)) == sorted(plurals)

    async def test_every_field_has_a_path_and_a_type(self, rig: Rig) -> None:
        """Mapped paths are plain words, native ones start with the adapter's name; each field says its type."""
        for resource in (await rig.adapter.catalogue()).resources.values():
            for path, field in resource.fields.items():
                assert path == field.path
                assert isinstance(field.type, FieldType)
                assert field.native
                prefix, dot, native = path.partition(".")
                assert _NATIVE_NAME.fullmatch(native) if dot else _WORD.fullmatch(path), path
                assert prefix == (rig.adapter_name if dot else path)

    async def test_one_native_field_has_one_path(self, rig: Rig) -> None:
        """No native field can be reached under two paths: a rule on the one would not hold for the other."""
        for resource in (await rig.adapter.catalogue()).resources.values():
            mapped = {name for field in resource.fields.values() if "." not in field.path for name in [field.native]}
            assert not [
                field.path for field in resource.fields.values() if "." in field.path and field.native in mapped
            ]

    async def test_every_resource_has_an_id(self, rig: Rig) -> None:
        """The id is a field like any other, and not writable; known ids match the resource's pattern."""
        for resource in (await rig.adapter.catalogue()).resources.values():
            assert not resource.fields[ID_PATH].writable
        resource = await rig.described()
        assert all(re.fullmatch(resource.id_pattern, record_id) for record_id in (*rig.ids, rig.missing))

    async def test_parts_of_compounds_exist(self, rig: Rig) -> None:
        """What a compound field contains are fields of the same resource, and never itself."""
        for resource in (await rig.adapter.catalogue()).resources.values():
            for path, field in resource.fields.items():
                assert path not in field.contains
                assert set(field.contains) <= set(resource.fields)

    async def test_contacts_can_be_looked_up(self, rig: Rig) -> None:
        """The fields that find a data subject are searchable and of the type of the identifier."""
        types = {IdentifierKind.PHONE: FieldType.PHONE, IdentifierKind.EMAIL: FieldType.EMAIL}
        fields = [field for field in (await rig.described()).fields.values() if field.identifier]

        assert set(types) == {field.identifier for field in fields}
        assert all(field.searchable and field.type is types[field.identifier] for field in fields if field.identifier)
