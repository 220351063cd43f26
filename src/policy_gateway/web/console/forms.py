"""The one form of the console, believed only when it comes from the console's own page."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import Request

from policy_gateway.errors import InvalidCall
from policy_gateway.policy import Draft
from policy_gateway.web.exchange import Exchange
from policy_gateway.web.refusals import Forged

LARGEST: Final = 512 * 1024
"""Of the body, in bytes; what browsers make of commas and line ends trebles a rule file."""

SECONDS: Final = 10.0
_MEDIA_TYPES: Final = frozenset({"application/x-www-form-urlencoded"})
_CHOSEN: Final = ("connection", "contact", "purpose", "lang")
_FIELDS: Final = frozenset({*_CHOSEN, "token", "tag", "text"})


@dataclass(frozen=True, slots=True)
class Form:
    """What was sent: the file's new text, and the page's address as a query string."""

    draft: Draft
    address: bytes


async def read_form(request: Request, token: str) -> Form:
    """Return the form. Forged when it is not from our page; InvalidCall, or a refusal of its body, if broken."""
    exchange = Exchange(request.scope, request.receive, "")
    exchange.check_framing()
    if not same_origin(request.headers):
        raise Forged
    exchange.require_media_type(_MEDIA_TYPES)
    given = _fields(await exchange.body(LARGEST, SECONDS))
    if not hmac.compare_digest(given.get("token", "").encode(), token.encode()):
        raise Forged
    chosen: dict[str, str] = {name: given[name] for name in _CHOSEN if name in given}
    return Form(Draft(given.get("text", "").replace("\r\n", "\n"), given.get("tag", "")), urlencode(chosen).encode())


def same_origin(headers: Mapping[str, str]) -> bool:
    """Tell whether a browser says that the request comes from a page of this very host; it always says so of a form."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None and site != "same-origin":
        return False
    if origin is not None:
        return urlsplit(origin).netloc == headers.get("host", "") != ""
    return site is not None


def _fields(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=len(_FIELDS),
        )
    except ValueError:
        raise InvalidCall("this is not well-formed") from None
    given = dict(pairs)
    if len(given) != len(pairs) or given.keys() - _FIELDS:
        raise InvalidCall("this is not well-formed")
    return given
