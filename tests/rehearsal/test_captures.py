from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING

import pytest
from tests.rehearsal.conftest import asked, har_of

from policy_gateway.errors import ConfigurationError
from policy_gateway.rehearsing import captured_catalogue, read
from policy_gateway_hubspot.adapter import HubSpotKind
from policy_gateway_salesforce.adapter import SalesforceKind

if TYPE_CHECKING:
    from pathlib import Path

    from tests.rehearsal.conftest import Crm

pytestmark = pytest.mark.anyio

CONTACT = "/services/data/v59.0/sobjects/Contact/describe"


def entry(**more: object) -> dict[str, object]:
    """Return one entry of a HAR file."""
    request = {"method": "GET", "url": "https://crm.test/crm/v3/owners?limit=1", "headers": [], **more}
    return {"request": request, "response": {"status": 200, "content": {"text": "{}"}}}


class TestHar:
    def test_request(self, tmp_path: Path) -> None:
        """Method, path, query, headers and body are those of the request; the answer stands beside it."""
        posted = {"mimeType": "application/json", "text": '{"limit": 5}'}
        headers = [{"name": "User-Agent", "value": "probe/1.0"}]
        file = tmp_path / "traffic.har"
        file.write_text(json.dumps({"log": {"entries": [entry(method="POST", headers=headers, postData=posted)]}}))
        [found] = read([file])

        assert ("POST", "/crm/v3/owners", "limit=1") == (found.said.method, found.said.path, found.said.query)
        assert {"user-agent": "probe/1.0", "content-type": "application/json"} == found.said.headers
        assert (b'{"limit": 5}', 200, b"{}") == (found.said.body, found.status, found.answer)

    def test_forms_and_encoded_answers(self, tmp_path: Path) -> None:
        """A form may be given as parameters, an answer in base64; some browsers write a mark at the beginning."""
        posted = {"mimeType": "application/x-www-form-urlencoded", "params": [{"name": "grant_type", "value": "a b"}]}
        one = entry(method="POST", postData=posted)
        one["response"] = {"status": 200, "content": {"text": b64encode(b"[1]").decode(), "encoding": "base64"}}
        file = tmp_path / "traffic.har"
        file.write_bytes(b"\xef\xbb\xbf" + json.dumps({"log": {"entries": [one]}}, indent=1).encode())
        [found] = read([file])

        assert (b"grant_type=a+b", b"[1]") == (found.said.body, found.answer)

    @pytest.mark.parametrize(
        "text", ['{"log": {"entries": 7}}', '{"log": [', '{"log": {}}', '{\n "log": {"entries": [{]}}']
    )
    def test_broken(self, tmp_path: Path, text: str) -> None:
        """What is no HAR file is refused by its name."""
        file = tmp_path / "traffic.har"
        file.write_text(text)
        with pytest.raises(ConfigurationError, match=r"traffic\.har"):
            read([file])


class TestLog:
    def test_line(self, tmp_path: Path) -> None:
        """One line is one request; the body may be JSON itself, the query may stand behind the path."""
        file = tmp_path / "access.jsonl"
        lines = [
            asked("POST", "/crm/v3/objects/contacts", body={"properties": {}}),
            asked("GET", "/crm/v3/owners?limit=1"),
        ]
        file.write_text("\n".join(json.dumps(line) for line in lines) + "\n\n")
        created, listed = read([file])

        assert b'{"properties": {}}' == created.said.body
        assert ("/crm/v3/owners", "limit=1") == (listed.said.path, listed.said.query)

    @pytest.mark.parametrize("line", ["nonsense", "[]", '{"method": "GET"}', '{"method": "GET", "path": "no-slash"}'])
    def test_broken(self, tmp_path: Path, line: str) -> None:
        """A line that is no request is refused by its place; what stands there is not repeated."""
        file = tmp_path / "access.jsonl"
        file.write_text(json.dumps(asked("GET", "/crm/v3/owners")) + f"\n{line}\n")
        with pytest.raises(ConfigurationError, match=r"access\.jsonl:2: this is no request"):
            read([file])

    def test_no_text(self, tmp_path: Path) -> None:
        """A file that is no text is refused."""
        file = tmp_path / "access.log.gz"
        file.write_bytes(b"\x1f\x8b\xff")
        with pytest.raises(ConfigurationError, match="no text"):
            read([file])


class TestDescribed:
    async def test_salesforce(self, tmp_path: Path, salesforce: Crm) -> None:
        """Captured descriptions are understood by the real adapter, whatever version of the API they were asked of."""
        file = await har_of(tmp_path, salesforce, CONTACT)
        catalogue = await captured_catalogue(SalesforceKind(), {}, read([file]))

        assert ["contact"] == list(catalogue.resources)
        assert {"iban", "email", "salesforce.Title"} <= set(catalogue.resources["contact"].fields)

    async def test_hubspot(self, tmp_path: Path, hubspot: Crm) -> None:
        """The same holds for properties in either of HubSpot's dialects."""
        paths = ("/crm/v3/properties/contacts", "/crm/v3/properties/companies")
        catalogue = await captured_catalogue(HubSpotKind(), {}, read([await har_of(tmp_path, hubspot, *paths)]))

        assert {"contact", "company", "owner"} <= set(catalogue.resources)

    async def test_nothing_described(self, tmp_path: Path, hubspot: Crm) -> None:
        """Without them it is said which are missing."""
        file = await har_of(tmp_path, hubspot, "/crm/v3/properties/contacts")
        with pytest.raises(ConfigurationError, match="/crm/v3/properties/companies"):
            await captured_catalogue(HubSpotKind(), {}, read([file]))
