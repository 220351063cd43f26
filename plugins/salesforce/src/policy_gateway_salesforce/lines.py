"""The line to one org: requests to one version of its REST API, by whoever the connection has logged in as."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import quote

import orjson

from policy_gateway.errors import UpstreamInvalid
from policy_gateway.records import Request, Response, Transport
from policy_gateway_salesforce.answers import content, expired
from policy_gateway_salesforce.logins import Login

LONGEST_URL: Final = 8000
"""Beyond so many characters a query does not travel in the address, but in a body."""

_BATCH: Final = "Sforce-Query-Options"
_REFERENCE: Final = "q"
_ERROR: Final = 400


class Line:
    """Asks one org, and logs in again, once, when the session has ended."""

    def __init__(self, transport: Transport, login: Login, version: str) -> None:
        self._transport = transport
        self._login = login
        self._root = f"/services/data/v{version}"

    async def get(
        self, path: str, query: Sequence[tuple[str, str]] = (), headers: Mapping[str, str] | None = None
    ) -> Response:
        """Get *path*, which begins after the version."""
        return await self._sent("GET", path, query, headers or {})

    async def send(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Response:
        """Send *body* as JSON, if there is one."""
        if body is None:
            return await self._sent(method, path)
        return await self._sent(method, path, body=orjson.dumps(body))

    async def query(self, soql: str, batch: int = 0) -> Response:
        """Ask a query; *batch* is how many records the vendor should give at once, 0: as many as it likes."""
        headers = {_BATCH: f"batchSize={batch}"} if batch else {}
        if len(text := quote(soql, safe="")) <= LONGEST_URL:
            return await self.get("/query", (("q", soql),), headers)
        url = f"{self._root}/query?q={text}"
        inner = {"method": "GET", "url": url, "referenceId": _REFERENCE, "httpHeaders": headers}
        return _unwrapped(await self.send("POST", "/composite", {"compositeRequest": [inner]}))

    async def more(self, locator: str, batch: int = 0) -> Response:
        """Ask for the records from *locator* on."""
        return await self.get(f"/query/{locator}", headers={_BATCH: f"batchSize={batch}"} if batch else {})

    async def aclose(self) -> None:
        """Let go of what is under way."""
        await self._login.aclose()

    async def _sent(
        self,
        method: str,
        path: str,
        query: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Response:
        token = await self._login.token()
        own = {**(headers or {}), "accept": "application/json"}
        if body:
            own["content-type"] = "application/json"
        response = await self._once(Request(method, self._root + path, query, own, body), token)
        if expired(response) and self._login.renewable:
            # Whoever is not logged in has changed nothing, so that a write can be sent again as well.
            token = await self._login.after(token)
            response = await self._once(Request(method, self._root + path, query, own, body), token)
        return response

    async def _once(self, request: Request, token: str) -> Response:
        headers = {**request.headers, "authorization": f"Bearer {token}"}
        return await self._transport.send(Request(request.method, request.path, request.query, headers, request.body))


def _unwrapped(response: Response) -> Response:
    """Return the answer within the answer of a composite."""
    if response.status >= _ERROR:
        return response
    match content(response):
        case {"compositeResponse": [{"body": body, "httpStatusCode": int(status), "referenceId": "q"}]}:
            return Response(status, response.headers, orjson.dumps(body))
        case _:
            raise UpstreamInvalid
