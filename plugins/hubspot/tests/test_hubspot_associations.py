from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from policy_gateway_hubspot.sandbox import Sandbox

if TYPE_CHECKING:
    from plugins.hubspot.tests.conftest import Ask


@pytest.mark.anyio
class TestAssociations:
    async def test_labels(self, ask: Ask) -> None:
        """Each direction has its own ids, and a pair that cannot be associated has none."""
        ids = {}
        for pair in ("contacts/companies", "0-2/0-1", "contacts/leads"):
            _, told = await ask(f"GET /crm/v4/associations/{pair}/labels")
            ids[pair] = {each["typeId"]: each["label"] for each in told["results"]}

        assert {1: "Primary", 279: None, 41: "Decision maker"} == ids["contacts/companies"]
        assert {2: "Primary", 280: None, 42: "Decision maker"} == ids["0-2/0-1"]
        assert {} == ids["contacts/leads"]

    async def test_both_ways(self, ask: Ask) -> None:
        """What is associated from one side is seen from the other, with the other side's type."""
        spec = [{"associationCategory": "USER_DEFINED", "associationTypeId": 42}]
        made, told = await ask("PUT /crm/v4/objects/companies/5002/associations/contacts/102", spec)
        _, seen = await ask("GET /crm/v4/objects/contacts/102/associations/companies")

        assert (201, ["Decision maker"]) == (made, told["labels"])
        assert [("5002", {1, 41, 279})] == [
            (each["toObjectId"], {kind["typeId"] for kind in each["associationTypes"]}) for each in seen["results"]
        ]

    async def test_primary(self, ask: Ask) -> None:
        """A contact has one primary company: the first, until another is made it."""
        spec = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}]
        await ask("PUT /crm/v4/objects/contacts/101/associations/companies/5002", spec)
        _, seen = await ask("GET /crm/v4/objects/contacts/101/associations/companies")
        _, contact = await ask("GET /crm/v3/objects/contacts/101?properties=associatedcompanyid")

        assert {"5001": {279}, "5002": {1, 279}} == {
            each["toObjectId"]: {kind["typeId"] for kind in each["associationTypes"]} for each in seen["results"]
        }
        assert "5002" == contact["properties"]["associatedcompanyid"]

    async def test_batches(self, ask: Ask) -> None:
        """Associations are made, read and taken away many at a time."""
        pair = {"from": {"id": "102"}, "to": {"id": "5002"}}
        root = "/crm/v4/associations/contacts/companies/batch"
        made, _ = await ask(f"POST {root}/associate/default", {"inputs": [pair]})
        read, told = await ask(f"POST {root}/read", {"inputs": [{"id": "102"}, {"id": "103"}]})
        gone, _ = await ask(f"POST {root}/archive", {"inputs": [{"from": {"id": "102"}, "to": [pair["to"]]}]})
        empty, _ = await ask(f"POST {root}/read", {"inputs": [{"id": "102"}]})

        assert (200, 207, 204, 207) == (made, read, gone, empty)
        assert [("102", "5002")] == [(each["from"]["id"], each["to"][0]["toObjectId"]) for each in told["results"]]
        assert [["103"]] == [each["context"]["fromObjectId"] for each in told["errors"]]

    async def test_unlabeled(self, ask: Ask) -> None:
        """A label is taken off without the association."""
        spec = [{"associationCategory": "USER_DEFINED", "associationTypeId": 41}]
        pair = {"from": {"id": "101"}, "to": {"id": "5001"}, "types": spec}
        root = "/crm/v4/associations/contacts/companies/batch"
        types = []
        for path in ("create", "labels/archive"):
            await ask(f"POST {root}/{path}", {"inputs": [pair]})
            _, seen = await ask("GET /crm/v4/objects/contacts/101/associations/companies")
            types.append({kind["typeId"] for kind in seen["results"][0]["associationTypes"]})

        assert [{1, 41, 279}, {1, 279}] == types

    async def test_archived(self, ask: Ask) -> None:
        """A record that is archived is associated with nothing any more."""
        await ask("DELETE /crm/v3/objects/companies/5001")
        _, told = await ask("GET /crm/v4/objects/contacts/101/associations/companies")

        assert [] == told["results"]

    @pytest.mark.parametrize(
        ("path", "spec"),
        [
            ("contacts/102/associations/companies/5002", [{"associationTypeId": 1}]),
            (
                "contacts/102/associations/companies/5002",
                [{"associationCategory": "USER_DEFINED", "associationTypeId": 1}],
            ),
            (
                "contacts/102/associations/companies/5002",
                [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 280}],
            ),
            (
                "contacts/102/associations/contacts/103",
                [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}],
            ),
            ("contacts/102/associations/companies/5002", []),
        ],
    )
    async def test_refused(self, ask: Ask, path: str, spec: object) -> None:
        """An association type that is made up, of another pair or of another category is a 400."""
        status, told = await ask(f"PUT /crm/v4/objects/{path}", spec)

        assert (400, "VALIDATION_ERROR") == (status, told["category"])


@pytest.mark.anyio
class TestBatches:
    async def test_associated_at_birth(self, ask: Ask) -> None:
        """A batch creates records with their associations."""
        types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}]
        new = {"properties": {"email": "ada@example.com"}, "associations": [{"to": {"id": "5002"}, "types": types}]}
        status, told = await ask("POST /crm/v3/objects/contacts/batch/create", {"inputs": [new]})
        path = f"/crm/v3/objects/contact/{told['results'][0]['id']}?associations=companies"
        _, seen = await ask(f"GET {path}")

        assert (201, ["5002"]) == (status, [each["id"] for each in seen["associations"]["companies"]["results"]])

    @pytest.mark.parametrize(
        ("path", "inputs", "status"),
        [
            ("read", [{"id": "Berlin"}], 400),
            ("update", [{"id": "101", "properties": {"city": "x"}}] * 2, 400),
            ("upsert", [{"id": "a@example.com", "idProperty": "email", "properties": {}}] * 2, 400),
            ("upsert", [{"id": "Berlin", "idProperty": "city", "properties": {}}], 400),
            ("create", [{"properties": {"email": "ada@example.com"}}] * 2, 409),
        ],
        ids=["not unique", "updated twice", "upserted twice", "upserted by what is not unique", "born twice"],
    )
    async def test_refused(self, ask: Ask, sandbox: Sandbox, path: str, inputs: list[object], status: int) -> None:
        """Batches that name a record twice, or not by what is unique, change nothing."""
        body = {"inputs": inputs, "idProperty": "city" if path == "read" else None}
        got, _ = await ask(f"POST /crm/v3/objects/contacts/batch/{path}", body)

        assert status == got
        assert 1000 == len(sandbox.world.items["contacts"].live)
