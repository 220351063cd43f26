from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import pytest
from tests.rehearsal.conftest import SUPERVISOR

from policy_gateway.recording import Recorder
from policy_gateway.records import Request, Response
from policy_gateway.rehearsing import Outcome
from policy_gateway.testing.asgi import AsgiTransport
from policy_gateway.testing.canaries import traces

if TYPE_CHECKING:
    from tests.rehearsal.conftest import Play

    from policy_gateway.recording import Sketch

pytestmark = pytest.mark.anyio

UPSTREAM = "https://example.my.salesforce.com"
NAME, MAIL, TOKEN, IBAN = (
    "Rumpelstilzchen",
    "jane.canary@example.com",
    "00DxCANARYTOKEN00000000",
    "DE02120300000000202051",
)
CANARIES = (NAME, MAIL, TOKEN, IBAN)
DATA = "/services/data/v59.0"
SOQL = f"SELECT Id, IBAN__c FROM Contact WHERE Name = '{NAME}' AND Email = '{MAIL}' AND IBAN__c LIKE '{IBAN}%'"
AGENT = {"user-agent": f"probe/1.0 ({MAIL})", "authorization": f"Bearer {TOKEN}", "cookie": f"sid={TOKEN}"}
JSON = {**AGENT, "content-type": "application/json"}
FORM = {**AGENT, "content-type": "application/x-www-form-urlencoded"}
CSV = {**AGENT, "content-type": "text/csv"}
XML = {**AGENT, "content-type": "text/xml"}
SOAP = (
    f"<e:Envelope><e:Body><login><username>{MAIL}</username><password>{TOKEN}</password></login></e:Body></e:Envelope>"
)
SEARCH = {"query": NAME, "filterGroups": [{"filters": [{"propertyName": "iban", "operator": "EQ", "value": IBAN}]}]}
FILLED = {"Name": NAME, "Email": MAIL, "IBAN__c": IBAN, "method": NAME, "object": NAME, "url": f"/{NAME}?q={MAIL}"}
PARTS = [{"method": "PATCH", "url": f"{DATA}/sobjects/Contact/Email/{MAIL}", "body": FILLED, "referenceId": NAME}]


def request(
    method: str, path: str, query: str = "", headers: dict[str, str] | None = None, body: object = ""
) -> Request:
    """Return a request that is full of values."""
    raw = body if isinstance(body, str) else json.dumps(body)
    pairs = [tuple(part.split("=", 1)) for part in query.split("&")] if query else []
    return Request(method, path, [(name, value) for name, value in pairs], headers or AGENT, raw.encode())


FULL_OF_VALUES = (
    request("GET", f"{DATA}/query", f"q={SOQL}"),
    request("GET", f"{DATA}/search", f"q=FIND {{{NAME}}} IN ALL FIELDS RETURNING Contact(Id)"),
    request("GET", f"{DATA}/query", f"q=SELECT Id FROM Contact WHERE Name = 'O'{NAME}'"),
    request("GET", f"{DATA}/sobjects/Contact/Email/{quote(MAIL, safe='')}"),
    request("GET", f"{DATA}/sobjects/Contact/{NAME}"),
    request("GET", f"/crm/v3/objects/contacts/{quote(MAIL, safe='')}", f"idProperty=email&x={NAME}&properties={MAIL}"),
    request("GET", f"/id/{NAME}/{NAME}", f"oauth_token={TOKEN}"),
    request("GET", f"/oauth/v1/access-tokens/{TOKEN}"),
    request("GET", f"/{NAME}/{quote(MAIL, safe='')}", f"x={IBAN}&{MAIL}=1"),
    request("POST", f"{DATA}/sobjects/Contact", headers=JSON, body=FILLED),
    request("POST", f"{DATA}/composite", headers=JSON, body={"compositeRequest": PARTS}),
    request("PATCH", f"{DATA}/composite/sobjects", headers=JSON, body={"records": [{"id": IBAN, **FILLED}]}),
    request("POST", f"{DATA}/jobs/query", headers=JSON, body={"operation": "query", "query": SOQL}),
    request("PUT", f"{DATA}/jobs/ingest/750xx0000000001AAA/batches", headers=CSV, body=f"Name,Email\n{NAME},{MAIL}\n"),
    request("POST", "/services/async/59.0/job/750/batch", headers=CSV, body=SOQL),
    request("POST", "/services/Soap/u/59.0", headers=XML, body=SOAP),
    request("POST", "/services/oauth2/token", headers=FORM, body=urlencode({"grant_type": "password", "code": MAIL})),
    request("POST", "/services/oauth2/token", headers=FORM, body=urlencode({"grant_type": NAME + MAIL, MAIL: TOKEN})),
    request("POST", "/crm/v3/objects/contacts/search", headers=JSON, body=SEARCH),
    request("POST", "/crm/v3/objects/contacts", headers=JSON, body={"properties": {"state": NAME, "email": MAIL}}),
    request("POST", "/crm/v3/objects/contacts/batch/read", headers=JSON, body={"inputs": [{"id": MAIL}]}),
    request("POST", "/communication-preferences/v3/subscribe", headers=JSON, body={"emailAddress": MAIL}),
    request("POST", "/oauth/v2/private-apps/get/access-token-info", headers=JSON, body={"tokenKey": TOKEN}),
    request("POST", "/anything", headers=JSON, body={MAIL: {NAME + " " + IBAN: 1}}),
    request("POST", "/anything", headers={**AGENT, "content-type": "text/plain"}, body=f"{NAME} {MAIL}"),
)


class Upstream:
    """A CRM that repeats what it is asked, and remembers it."""

    def __init__(self) -> None:
        self.asked: list[Request] = []

    async def send(self, asked: Request) -> Response:
        """Answer."""
        self.asked.append(asked)
        told = json.dumps({"instance_url": UPSTREAM, "said": asked.body.decode(), "secret": NAME}).encode()
        return Response(200, {"content-type": "application/json", "set-cookie": f"sid={TOKEN}"}, told)


class Recording:
    """A recorder in this process, what it has written, and its CRM."""

    def __init__(self) -> None:
        self.upstream = Upstream()
        self.lines: list[str] = []
        self.client = AsgiTransport(Recorder(UPSTREAM, self.upstream, self._keep), host="recorder.test")

    def _keep(self, sketch: Sketch) -> None:
        self.lines.append(sketch.line())


@pytest.fixture
def recording() -> Recording:
    """Return a recorder that runs."""
    return Recording()


class TestForwarding:
    async def test_as_it_came(self, recording: Recording) -> None:
        """Method, path, query, credentials and body get to the CRM as the client sent them."""
        body = {"LastName": NAME}
        await recording.client.send(request("POST", f"{DATA}/sobjects/Contact", "x=a b", JSON, body))
        [asked] = recording.upstream.asked

        assert ("POST", f"{DATA}/sobjects/Contact") == (asked.method, asked.path)
        assert [("x", "a b")] == list(asked.query)
        assert f"Bearer {TOKEN}" == asked.headers["authorization"]
        assert body == json.loads(asked.body)

    async def test_answered(self, recording: Recording) -> None:
        """The client gets the CRM's answer; where that names the CRM as the place to go on, it names the recorder."""
        response = await recording.client.send(request("GET", f"{DATA}/limits"))
        told = json.loads(response.body)

        assert (200, "http://recorder.test", NAME) == (response.status, told["instance_url"], told["secret"])

    @pytest.mark.parametrize("where", ["header", "query", "body"])
    async def test_own_keys_stay(self, recording: Recording, where: str) -> None:
        """A key of the gateway's own is never passed on to a CRM, wherever a client has put it."""
        key = f"pgw_{'A' * 57}"
        headers = {**AGENT, "authorization": f"Bearer {key}"} if where == "header" else AGENT
        query, body = (f"oauth_token={key}" if where == "query" else ""), (key if where == "body" else "")
        response = await recording.client.send(request("POST", f"{DATA}/limits", query, headers, body))

        assert (403, [], []) == (response.status, recording.upstream.asked, recording.lines)

    async def test_unreachable(self, recording: Recording) -> None:
        """A CRM that does not answer is told as a bad gateway, and by nothing of ours."""
        recorder = AsgiTransport(Recorder(UPSTREAM, AsgiTransport(_crashed), recording._keep))
        response = await recorder.send(request("GET", f"{DATA}/limits"))

        assert (502, b"") == (response.status, response.body)


class TestKept:
    @pytest.mark.parametrize("asked", FULL_OF_VALUES, ids=lambda asked: f"{asked.method} {asked.path[:40]}")
    async def test_no_values(self, recording: Recording, asked: Request) -> None:
        """No value, token, name or address of a request or its answer is in the recording, in any form."""
        await recording.client.send(asked)
        [line] = recording.lines

        assert [] == traces(CANARIES, line.encode())
        assert {"method", "path", "query", "headers", "body", "status"} == set(json.loads(line))

    async def test_shape(self, recording: Recording) -> None:
        """What is kept is a request again: names and statements, with made-up values."""
        await recording.client.send(request("GET", f"{DATA}/query", f"q={SOQL}"))
        told = json.loads(recording.lines[0])

        assert {
            "method": "GET",
            "path": f"{DATA}/query",
            "query": "q="
            + quote("SELECT Id, IBAN__c FROM Contact WHERE Name = '?' AND Email = '?' AND IBAN__c LIKE '?'", safe=","),
            "headers": {"User-Agent": "probe", "Authorization": "bearer"},
            "body": "",
            "status": 200,
        } == told

    async def test_rehearsed(self, recording: Recording, play: Play) -> None:
        """A recording can be rehearsed: made-up values and ids are such as the gateway takes."""
        for asked in (
            request("GET", f"{DATA}/query", f"q=SELECT Id FROM Contact WHERE LastName = '{NAME}' LIMIT 5"),
            request("GET", f"{DATA}/sobjects/Contact/003xx000004TmiQAAS", "fields=Id,Email"),
            request("PATCH", f"{DATA}/sobjects/Contact/003xx000004TmiQAAS", headers=JSON, body={"Email": MAIL}),
            request("DELETE", f"{DATA}/composite/sobjects", "ids=003xx000004TmiQAAS,003xx000004TmiRAAS"),
        ):
            await recording.client.send(asked)
        report = await play("salesforce", [json.loads(line) for line in recording.lines], SUPERVISOR)

        assert [Outcome.FULL] * 4 == [item.verdict.outcome for item in report.items]


async def _crashed(*_: object) -> None:
    raise ConnectionError
