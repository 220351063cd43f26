from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.clients.conftest import Node, Place

SERVER = "node_modules/@hubspot/mcp-server/dist/index.js"
PROTOCOL = "2025-06-18"
CONTACTS = {"objectType": "contacts"}
PAIR = {"fromObjectType": "contacts", "toObjectType": "companies"}
LABELED = [{"associationCategory": "USER_DEFINED", "associationTypeId": 41}]
SHOES = {
    "name": "shoe_size",
    "label": "Shoe size",
    "groupName": "contact_custom",
    "type": "number",
    "fieldType": "number",
}
HIDDEN = {"iban", "credit_score"}
ONLY_DIRECT = pytest.mark.parametrize("way", ["direct"], indirect=True)


def filtered(name: str) -> dict[str, str]:
    """Return a filter of whoever has anything in a property."""
    return {"propertyName": name, "operator": "HAS_PROPERTY", "value": ""}


class McpServer:
    """HubSpot's MCP server, spoken to as an assistant does: JSON-RPC, a line a message, over its standard streams."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._last = 0

    def begin(self) -> str:
        """Shake hands and return the server's name."""
        client = {"name": "test", "version": "0"}
        told = self.ask("initialize", protocolVersion=PROTOCOL, capabilities={}, clientInfo=client)
        self._say({"method": "notifications/initialized"})
        return str(told["serverInfo"]["name"])

    def ask(self, method: str, /, **params: object) -> Any:  # noqa: ANN401 -- JSON
        """Send a request and return its result."""
        self._last += 1
        self._say({"id": self._last, "method": method, "params": params})
        assert self._process.stdout is not None
        answer = json.loads(self._process.stdout.readline())
        assert self._last == answer["id"]
        return answer["result"]

    def tool(self, name: str, /, **arguments: object) -> Any:  # noqa: ANN401 -- JSON
        """Call a tool that must succeed and return the JSON that it shows, of several pieces the last."""
        return self.shown(name, **arguments)[-1]

    def shown(self, name: str, /, **arguments: object) -> list[Any]:
        """Call a tool that must succeed and return every piece of JSON that it shows."""
        told = self.ask("tools/call", name=f"hubspot-{name}", arguments=arguments)
        texts = [each["text"] for each in told["content"]]
        assert not told.get("isError"), texts
        return [json.loads(text[text.index("{") :]) for text in texts if "{" in text]

    def refusal(self, name: str, /, **arguments: object) -> str:
        """Call a tool that must fail and return what it says."""
        told = self.ask("tools/call", name=f"hubspot-{name}", arguments=arguments)
        assert told["isError"], told
        return str(told["content"][0]["text"])

    def _say(self, message: Mapping[str, object]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self._process.stdin.flush()


@pytest.fixture(scope="class")
def server(node: Node, to_hubspot: Place, clients: Path) -> Iterator[McpServer]:
    """Start the server, pointed to the place by the variable that it has for it."""
    pointed = {"BASE_URL_OVERRIDE": to_hubspot.url, "PRIVATE_APP_ACCESS_TOKEN": to_hubspot.token}
    with subprocess.Popen(
        [node.program, str(clients / SERVER)],
        env={**node.environment(to_hubspot), **pointed},
        cwd=node.home,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        server = McpServer(process)
        assert "hubspot-mcp-server" == server.begin()
        yield server
        with suppress(ProcessLookupError):
            process.kill()


class TestReading:
    def test_tools(self, server: McpServer) -> None:
        """The server tells its tools."""
        names = {each["name"] for each in server.ask("tools/list")["tools"]}

        assert {"hubspot-list-objects", "hubspot-search-objects", "hubspot-batch-read-objects"} <= names

    def test_user(self, server: McpServer, way: str) -> None:
        """The token, its owner (at the gateway: whose key it is) and the account are told."""
        token, owner, account = server.shown("get-user-details")

        assert "crm.objects.contacts.read" in token["scopes"]
        assert ("Anna" if way == "direct" else "judge", "EUR") == (owner["firstName"], account["companyCurrency"])

    def test_list(self, server: McpServer) -> None:
        """Contacts are listed a page at a time; a page of the gateway goes on with the question that it answers."""
        first = server.tool("list-objects", **CONTACTS, limit=2, properties=["email"])
        after = first["paging"]["next"]["after"]
        second = server.tool("list-objects", **CONTACTS, limit=2, properties=["email"], after=after)

        assert ["101", "102", "103", "104"] == [each["id"] for page in (first, second) for each in page["results"]]

    @pytest.mark.parametrize("term", [{}, {"query": "petersen"}])
    def test_search(self, server: McpServer, term: Mapping[str, str]) -> None:
        """Contacts are found by filters, in an order, and by a word."""
        told = server.tool(
            "search-objects",
            **CONTACTS,
            **term,
            limit=3,
            properties=["lastname", "createdate"],
            filterGroups=[{"filters": [{"propertyName": "lastname", "operator": "EQ", "value": "Petersen"}]}],
            sorts=[{"propertyName": "createdate", "direction": "DESCENDING"}],
        )
        dates = [each["properties"]["createdate"] for each in told["results"]]

        assert {"Petersen"} == {each["properties"]["lastname"] for each in told["results"]}
        assert sorted(dates, reverse=True) == dates

    def test_read(self, server: McpServer) -> None:
        """Records are read by their ids."""
        told = server.tool("batch-read-objects", **CONTACTS, inputs=[{"id": "101"}], properties=["email"])

        assert ["101"] == [each["id"] for each in told["results"]]

    def test_described(self, server: McpServer, way: str) -> None:
        """Properties, schemas and association types are told; a firm's own types are HubSpot's alone."""
        names = {each["name"] for each in server.tool("list-properties", **CONTACTS)["results"]}
        schemas = server.tool("get-schemas")

        assert {"email", "iban"} <= names
        assert "checkbox" == server.tool("get-property", **CONTACTS, propertyName="marketing_consents")["fieldType"]
        assert [] == schemas["results"]
        assert ({1, 279, 41} if way == "direct" else {1, 279}) == {
            each["typeId"] for each in server.tool("get-association-definitions", **PAIR)["results"]
        }

    def test_associations(self, server: McpServer) -> None:
        """A contact's companies are listed."""
        told = server.tool("list-associations", **CONTACTS, objectId="101", toObjectType="companies")

        assert ["5001"] == [each["toObjectId"] for each in told["results"]]


class TestWriting:
    def test_written(self, server: McpServer) -> None:
        """Contacts are created with associations and changed."""
        types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}]
        born = server.tool(
            "batch-create-objects",
            **CONTACTS,
            inputs=[
                {
                    "properties": {"email": "ada.mcp@example.com"},
                    "associations": [{"types": types, "to": {"id": "5002"}}],
                    "objectWriteTraceId": "1",
                }
            ],
        )
        [contact] = [each["id"] for each in born["results"]]
        changed = server.tool(
            "batch-update-objects", **CONTACTS, inputs=[{"id": contact, "properties": {"firstname": "Ada"}}]
        )
        linked = server.tool("list-associations", **CONTACTS, objectId=contact, toObjectType="companies")

        assert ["Ada"] == [each["properties"]["firstname"] for each in changed["results"]]
        assert ["5002"] == [each["toObjectId"] for each in linked["results"]]

    @ONLY_DIRECT
    def test_labeled(self, server: McpServer) -> None:
        """Associations are made with a label."""
        told = server.tool(
            "batch-create-associations",
            **PAIR,
            types=LABELED,
            inputs=[{"from": {"id": "101"}, "to": {"id": "5003"}}],
        )

        assert [["Decision maker"]] == [each["labels"] for each in told["results"]]

    @ONLY_DIRECT
    def test_properties(self, server: McpServer) -> None:
        """A property is created and renamed."""
        born = server.tool("create-property", **CONTACTS, **SHOES)
        renamed = server.tool("update-property", **CONTACTS, propertyName="shoe_size", label="Size of shoes")

        assert ("Shoe size", "Size of shoes") == (born["label"], renamed["label"])


class TestRefusals:
    def test_unknown_property(self, server: McpServer) -> None:
        """A filter on a property that is not there is the vendor's 400."""
        unknown = [{"filters": [filtered("no_such")]}]

        assert "VALIDATION_ERROR" in server.refusal("search-objects", **CONTACTS, filterGroups=unknown)

    @pytest.mark.parametrize(
        ("tool", "arguments"),
        [
            ("get-engagement", {"engagementId": 1}),
            ("list-workflows", {"limit": 5}),
            ("get-workflow", {"flowId": "1"}),
        ],
    )
    def test_not_modeled(self, server: McpServer, way: str, tool: str, arguments: Mapping[str, object]) -> None:
        """Engagements and workflows are the vendor's 404, behind the gateway what nobody has the scope for."""
        assert ("404" if way == "direct" else "MISSING_SCOPES") in server.refusal(tool, **arguments)

    @pytest.mark.parametrize("way", ["gateway"], indirect=True)
    def test_elsewhere(self, server: McpServer) -> None:
        """Through the gateway nobody changes what a portal is made of, nor labels."""
        labeled = {**PAIR, "types": LABELED, "inputs": [{"from": {"id": "101"}, "to": {"id": "5003"}}]}

        assert "MISSING_SCOPES" in server.refusal("batch-create-associations", **labeled)
        assert "MISSING_SCOPES" in server.refusal("create-property", **CONTACTS, **SHOES)


@pytest.mark.parametrize("way", ["agent"], indirect=True)
class TestAgent:
    def test_hidden(self, server: McpServer) -> None:
        """What an agent may not see is null at most where it is asked for, and in no list of properties."""
        names = {each["name"] for each in server.tool("list-properties", **CONTACTS)["results"]}
        told = server.tool("batch-read-objects", **CONTACTS, inputs=[{"id": "101"}], properties=["email", *HIDDEN])

        assert (True, set()) == ("email" in names, names & HIDDEN)
        assert [True] == ["@" in each["properties"]["email"] for each in told["results"]]
        assert [{None}] == [{each["properties"].get(name) for name in HIDDEN} for each in told["results"]]
        assert [False] == ["credit_score" in each["properties"] for each in told["results"]]

    def test_refused(self, server: McpServer) -> None:
        """A search by a hidden property is refused as one by a property that is not there; changes are, too."""
        refusals = [
            server.refusal("search-objects", **CONTACTS, filterGroups=[{"filters": [filtered(name)]}])
            for name in ("iban", "no_such")
        ]
        changed = server.refusal(
            "batch-update-objects", **CONTACTS, inputs=[{"id": "101", "properties": {"lastname": "Y"}}]
        )

        assert [
            f"{name} is not a valid property name" in told
            for name, told in zip(("iban", "no_such"), refusals, strict=True)
        ]
        assert "VALIDATION_ERROR" in changed
