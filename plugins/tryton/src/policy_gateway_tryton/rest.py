"""Tryton's REST API in terms of requests and responses; pure. Personal data never stand in a URL: those are logged."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence

import orjson

from policy_gateway.errors import (
    GatewayError,
    RateLimited,
    RecordNotFound,
    UpstreamInvalid,
    UpstreamRefused,
    UpstreamUnavailable,
)
from policy_gateway.records import Request, Response
from policy_gateway_tryton.values import Json

OK = 200
NO_CONTENT = 204
_UNAVAILABLE = frozenset({502, 503, 504})
_REFUSED = frozenset({400, 401, 403, 409, 423})
_LONGEST_WAIT = 3600
_USUAL_WAIT = 30


class Rest:
    """Writes requests to one *database* with one user's *key*."""

    def __init__(self, database: str, key: str) -> None:
        self._prefix = f"/{database}/rest/model/"
        self._headers: Mapping[str, str] = {"authorization": f"Bearer {key}", "accept": "application/json"}

    def get(self, model: str, number: int, names: Iterable[str]) -> Request:
        """Return the request for the fields *names* of one record."""
        return self._request("GET", f"{model}/{number}", _fields(names))

    def page(self, model: str, names: Iterable[str], domain: Sequence[Json], limit: int) -> Request:
        """Return the request for the fields *names* of records by *domain*, which must hold no personal data."""
        query = [*_fields(names), ("d", _base64(domain)), ("o", _base64([["id", "ASC"]])), ("s", str(limit))]
        return self._request("GET", model, query)

    def search(self, model: str, domain: Sequence[Json], order: Sequence[Json], offset: int, limit: int) -> Request:
        """Return the request for the ids of records by *domain*."""
        body = {"domain": domain, "offset": offset, "limit": limit, "order": order}
        return self._request("POST", f"{model}/search", body=body)

    def fields(self, model: str) -> Request:
        """Return the request for the description of all fields."""
        return self._request("POST", f"{model}/fields_get", body={"fields_names": []})

    def create(self, model: str, row: Mapping[str, Json]) -> Request:
        """Return the request that creates a record and tells its id."""
        return self._request("POST", model, _fields(()), body=row)

    def update(self, model: str, number: int, row: Mapping[str, Json]) -> Request:
        """Return the request that changes a record and tells its id."""
        return self._request("PUT", f"{model}/{number}", _fields(()), body=row)

    def delete(self, model: str, number: int) -> Request:
        """Return the request that deletes a record."""
        return self._request("DELETE", f"{model}/{number}")

    def _request(
        self,
        method: str,
        place: str,
        query: Sequence[tuple[str, str]] = (),
        *,
        body: Mapping[str, object] | None = None,
    ) -> Request:
        headers = self._headers if body is None else {**self._headers, "content-type": "application/json"}
        return Request(method, self._prefix + place, query, headers, b"" if body is None else orjson.dumps(body))


def _fields(names: Iterable[str]) -> list[tuple[str, str]]:
    return [("f", name) for name in dict.fromkeys(("id", *names))]


def _base64(document: Sequence[Json]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(document)).decode("ascii")


def answer(response: Response) -> Json:
    """Return the JSON that Tryton answered, None for no content; its errors become ours, without its words."""
    if response.status == NO_CONTENT:
        return None
    if response.status != OK:
        raise _failure(response)
    try:
        document: Json = orjson.loads(response.body)
    except orjson.JSONDecodeError:
        raise UpstreamInvalid from None
    return document


def _failure(response: Response) -> GatewayError:
    match response.status:
        case 404:
            return RecordNotFound()
        case 429:
            return RateLimited(retry_after=_wait(response.headers.get("retry-after", "")))
        case status if status in _REFUSED:
            return UpstreamRefused()
        case status if status in _UNAVAILABLE:
            return UpstreamUnavailable()
        case _:  # an unknown field is a 500 with a page, so a 500 is no sign of overload
            return UpstreamInvalid()


def _wait(header: str) -> int:
    """Return the seconds of a ``Retry-After``, within reason."""
    text = header.strip()
    if not (text.isascii() and text.isdecimal()):
        return _USUAL_WAIT
    return min(max(int(text[:9]), 1), _LONGEST_WAIT)
