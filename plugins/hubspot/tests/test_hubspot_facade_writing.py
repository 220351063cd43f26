from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from plugins.hubspot.tests.conftest import Hub

    from policy_gateway.testing.entrances import Reply

pytestmark = pytest.mark.anyio

CONTACTS = "/crm/v3/objects/contacts"
ONE = f"{CONTACTS}/101"


async def patched(hub: Hub, persona: str, properties: object, target: str = ONE) -> Reply:
    """Return the answer to an update."""
    return await hub.client(persona).send("PATCH", target, {"properties": properties})


class TestOneRecord:
    async def test_update(self, hub: Hub) -> None:
        """An agent corrects an address; HubSpot gets just that."""
        reply = await patched(hub, "anna", {"email": "new@example.com"})

        assert (200, "new@example.com") == (reply.status, reply.json["properties"]["email"])
        assert "new@example.com" == hub.sandbox.world.items["contacts"].live["101"].properties["email"]
        assert 1 == sum(line.startswith("PATCH") for line in hub.upstream)

    async def test_asked_no_more_than_twice(self, hub: Hub) -> None:
        """A change is decided on what is read, and answered with what HubSpot answers; nothing is looked at again."""
        updated = await patched(hub, "selma", {"firstname": "G"})
        created = await hub.post("selma", CONTACTS, {"properties": {"firstname": "Ada", "email": "ada@example.com"}})
        client = hub.client("selma")
        deleted = await client.ask("DELETE", f"{CONTACTS}/102", client.lines)

        assert (200, 201, 204) == (updated.status, created.status, deleted.status)
        assert ["G", "Ada"] == [each.json["properties"]["firstname"] for each in (updated, created)]
        assert [f"GET {ONE}", f"PATCH {ONE}", f"POST {CONTACTS}", f"GET {CONTACTS}/102", f"DELETE {CONTACTS}/102"] == (
            hub.upstream
        )

    async def test_told_as_read(self, hub: Hub) -> None:
        """The answer to a change has what a read of the same properties has, times and masks included."""
        for persona, properties in (("anna", {"email": "new@example.com"}), ("selma", {"firstname": "G", "city": ""})):
            told = await patched(hub, persona, properties)
            read = await hub.get(persona, f"{ONE}?properties={','.join(properties)}")

            assert (200, read.json) == (told.status, told.json)

    async def test_reads_no_more_than_it_tells(self, hub: Hub) -> None:
        """Before a change nothing is read but what decides, and what the answer shows."""
        await patched(hub, "selma", {"firstname": "G"})

        assert not {"lastname", "email", "iban", "phone"} & hub.asked - {"firstname"}

    async def test_typed(self, hub: Hub) -> None:
        """Values are written as their types are, whatever JSON they come as; an empty one clears."""
        reply = await patched(
            hub,
            "judge",
            {"vip": True, "credit_score": 512, "date_of_birth": "1990-02-03", "marketing_consents": "", "iban": None},
        )
        kept = hub.sandbox.world.items["contacts"].live["101"].properties

        assert 200 == reply.status
        assert ("true", "512", "1990-02-03") == (kept["vip"], kept["credit_score"], kept["date_of_birth"])
        assert not {"marketing_consents", "iban"} & kept.keys()

    async def test_by_property(self, hub: Hub) -> None:
        """A record is changed by another key, too, which is searched first."""
        reply = await patched(
            hub, "selma", {"firstname": "G"}, f"{CONTACTS}/guenther.petersen.1%40example.org?idProperty=email"
        )

        assert (200, "101") == (reply.status, reply.json["id"])

    async def test_create_and_archive(self, hub: Hub) -> None:
        """A supervisor creates a contact with its company, and archives it."""
        new = {
            "properties": {"email": "ada@example.com", "firstname": "Ada", "lastname": ""},
            "associations": [
                {"to": {"id": "5001"}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}]}
            ],
        }
        created = await hub.post("selma", CONTACTS, new)
        key = created.json["id"]
        archived = await hub.client("selma").ask("DELETE", f"{CONTACTS}/{key}", hub.client("selma").lines)

        assert (201, 204) == (created.status, archived.status)
        assert "5001" == hub.sandbox.world.items["contacts"].archived[key].properties["associatedcompanyid"]
        assert 404 == (await hub.get("selma", f"{CONTACTS}/{key}")).status

    async def test_erase(self, hub: Hub) -> None:
        """Only who may erase does, which takes a ticket here; nobody else's attempt reaches HubSpot."""
        target, body = f"{CONTACTS}/gdpr-delete", {"objectId": "105"}
        refused = [await hub.post(persona, target, body) for persona in ("anna", "selma", "dora", "ben")]
        assert [] == hub.upstream
        done = await hub.client("dora", ("x-ticket", "T-17")).send("POST", target, body)
        contacts = hub.sandbox.world.items["contacts"]

        assert [(403, "MISSING_SCOPES")] * 4 == [(each.status, each.json["category"]) for each in refused]
        assert (204, False) == (done.status, "105" in {*contacts.live, *contacts.archived})


class TestRefused:
    @pytest.mark.attack("C01")
    @pytest.mark.parametrize("persona", ["ben", "anna"])
    async def test_unknown(self, hub: Hub, persona: str) -> None:
        """Writing a hidden property is refused as writing one that does not exist, and nothing is written."""
        hidden, nothing = [
            await patched(hub, persona, {name: "x", "email": "a@example.com"}) for name in ("hs_email_domain", "nope")
        ]

        assert (400, "PROPERTY_DOESNT_EXIST") == (hidden.status, hidden.json["errors"][0]["code"])
        assert (
            hidden.json["errors"][0]["message"].replace("hs_email_domain", "nope")
            == nothing.json["errors"][0]["message"]
        )
        assert [] == hub.upstream

    @pytest.mark.attack("C03")
    @pytest.mark.parametrize(
        "name", ["firstname", "marketing_consents", "hubspot_owner_id", "hs_object_id", "createdate"]
    )
    async def test_read_only(self, hub: Hub, name: str) -> None:
        """A property that may be known of and not be written is read only, whatever its value would be."""
        replies = [await patched(hub, "anna", {name: value}) for value in ("x", "", 7)]

        assert {(400, "READ_ONLY_VALUE", (name,))} == {
            (each.status, each.json["errors"][0]["code"], tuple(each.json["errors"][0]["context"]["propertyName"]))
            for each in replies
        }
        assert [] == hub.upstream

    @pytest.mark.attack("B39")
    async def test_unseen(self, hub: Hub) -> None:
        """A record that is not there is not found; who may not write is told so before anybody looks."""
        assert 404 == (await patched(hub, "anna", {"email": "a@example.com"}, f"{CONTACTS}/1")).status
        hub.sandbox.requests.clear()
        there, nowhere = [
            await hub.client("anna").ask("DELETE", f"{CONTACTS}/{key}", hub.client("anna").lines)
            for key in ("101", "1")
        ]

        assert (403, "MISSING_SCOPES") == (there.status, there.json["category"])
        assert {**there.json, "correlationId": ""} == {**nowhere.json, "correlationId": ""}
        assert [] == hub.upstream

    @pytest.mark.parametrize(
        "properties",
        [
            {"credit_score": "many"},
            {"vip": "perhaps"},
            {"date_of_birth": "1.2.1990"},
            {"email": ["x"]},
            {"email": {}},
            "x",
            None,
        ],
    )
    async def test_values(self, hub: Hub, properties: object) -> None:
        """A value of another type is refused before HubSpot sees it."""
        reply = await patched(hub, "judge", properties)

        assert (400, "VALIDATION_ERROR") == (reply.status, reply.json["category"])
        assert [] == hub.upstream

    async def test_vendor_refuses(self, hub: Hub) -> None:
        """What HubSpot itself refuses is refused in its shape, without its words, which name other records."""
        doubled = await hub.post("selma", CONTACTS, {"properties": {"email": "vera.hofmann.2@example.com"}})
        wrong = await hub.post("selma", CONTACTS, {"properties": {"email": "no address"}})

        assert (409, "CONFLICT") == (doubled.status, doubled.json["category"])
        assert b"102" not in doubled.body.replace(doubled.json["correlationId"].encode(), b"")
        assert (400, "VALIDATION_ERROR") == (wrong.status, wrong.json["category"])

    @pytest.mark.parametrize(
        "link",
        [
            {"to": {"id": "5001"}, "types": [{"associationCategory": "USER_DEFINED", "associationTypeId": 41}]},
            {"to": {"id": "5001"}, "types": []},
            {"to": {"id": "x"}, "types": [{"associationTypeId": 279}]},
            {"to": {}},
        ],
    )
    async def test_links(self, hub: Hub, link: object) -> None:
        """A record is not created without the links that were asked for."""
        reply = await hub.post("selma", CONTACTS, {"properties": {"email": "ada@example.com"}, "associations": [link]})

        assert reply.status in {400, 403, 404}
        assert [] == hub.upstream


class TestBatches:
    @pytest.mark.attack("B37")
    async def test_read(self, hub: Hub) -> None:
        """Each record of a batch is decided and journalled on its own, in order; what is missing is told in a 207."""
        body = {"inputs": [{"id": key} for key in ("103", "1", "101", "x")], "properties": ["email", "iban", "nope"]}
        await hub.whole.mark("acme")
        reply = await hub.post("anna", f"{CONTACTS}/batch/read", body)

        assert (207, ["103", "101"]) == (reply.status, [each["id"] for each in reply.json["results"]])
        assert [["1", "x"]] == [each["context"]["ids"] for each in reply.json["errors"]]
        assert all("nope" not in each["properties"] for each in reply.json["results"])
        assert 3 == len(await hub.whole.entries())

    async def test_read_by_property(self, hub: Hub) -> None:
        """A batch is read by another key; nobody finds out by one that may not be searched."""
        inputs = [{"id": "guenther.petersen.1@example.org"}, {"id": "nobody@example.org"}]
        found = await hub.post("anna", f"{CONTACTS}/batch/read", {"inputs": inputs, "idProperty": "email"})
        hub.sandbox.requests.clear()
        refused = await hub.post("anna", f"{CONTACTS}/batch/read", {"inputs": [{"id": "DE1"}], "idProperty": "iban"})

        assert (207, ["101"]) == (found.status, [each["id"] for each in found.json["results"]])
        assert (400, []) == (refused.status, hub.upstream)

    async def test_update(self, hub: Hub) -> None:
        """Of several changes those are made that may be; the others are told one by one."""
        inputs = [
            {"id": "102", "properties": {"lastname": "Y"}},
            {"id": "103", "properties": {"lastname": "Z", "vip": "true"}},
            {"id": "1", "properties": {"lastname": "Z"}},
        ]
        reply = await hub.post("selma", f"{CONTACTS}/batch/update", {"inputs": inputs})

        assert (207, ["102"]) == (reply.status, [each["id"] for each in reply.json["results"]])
        assert [("OBJECT_NOT_FOUND", ["1"]), ("VALIDATION_ERROR", ["103"])] == [
            (each["category"], each["context"]["ids"]) for each in reply.json["errors"]
        ]
        assert "Z" != hub.sandbox.world.items["contacts"].live["103"].properties["lastname"]

    async def test_nothing_done(self, hub: Hub) -> None:
        """When nothing of a batch may be done, that is the answer."""
        inputs = [{"id": key, "properties": {"firstname": "x"}} for key in ("101", "102")]
        reply = await hub.post("anna", f"{CONTACTS}/batch/update", {"inputs": inputs})

        assert (400, "READ_ONLY_VALUE") == (reply.status, reply.json["errors"][0]["code"])
        assert [] == hub.upstream

    async def test_upsert(self, hub: Hub) -> None:
        """What is found is changed, what is not is created, each under its own rules."""
        inputs = [
            {"id": "vera.hofmann.2@example.com", "idProperty": "email", "properties": {"phone": "+493023125999"}},
            {"id": "new@example.com", "idProperty": "email", "properties": {"phone": "+493023125998"}},
        ]
        agent = await hub.post("anna", f"{CONTACTS}/batch/upsert", {"inputs": inputs})
        supervisor = await hub.post("selma", f"{CONTACTS}/batch/upsert", {"inputs": inputs})

        assert (207, [("102", False)]) == (agent.status, [(each["id"], each["new"]) for each in agent.json["results"]])
        assert (200, [False, True]) == (supervisor.status, [each["new"] for each in supervisor.json["results"]])

    async def test_archive(self, hub: Hub) -> None:
        """Archiving a batch says nothing when all is done, and refuses who may not."""
        body = {"inputs": [{"id": "110"}, {"id": "111"}]}

        assert 403 == (await hub.post("anna", f"{CONTACTS}/batch/archive", body)).status
        assert 204 == (await hub.post("selma", f"{CONTACTS}/batch/archive", body)).status
        assert not {"110", "111"} & hub.sandbox.world.items["contacts"].live.keys()

    @pytest.mark.parametrize("inputs", [[], [{"id": "101"}] * 101, "x", [{"id": 1.5}], [{}], [["101"]]])
    @pytest.mark.parametrize("verb", ["read", "update", "archive"])
    async def test_malformed(self, hub: Hub, verb: str, inputs: object) -> None:
        """A batch has between one and a hundred inputs, each with its id."""
        reply = await hub.post("selma", f"{CONTACTS}/batch/{verb}", {"inputs": inputs})

        assert (400, "VALIDATION_ERROR") == (reply.status, reply.json["category"])
        assert [] == hub.upstream
