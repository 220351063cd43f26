"""From requests to answers: who asks, what answers, and what is said when it is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from policy_gateway.errors import GatewayError, InvalidCall, NotAuthenticated
from policy_gateway.ports import AsgiApp, Gate, Session, Sessions, Shelf
from policy_gateway.wire import (
    Ask,
    BodyTooLarge,
    BodyTooSlow,
    Json,
    MediaTypeRefused,
    MethodRefused,
    PathUnknown,
    Reply,
    parsed,
    served,
)
from policy_gateway_salesforce.facade.bulk.batches import Batches
from policy_gateway_salesforce.facade.bulk.second import Bulk
from policy_gateway_salesforce.facade.bulk.shapes import BulkError, bulk_error_of
from policy_gateway_salesforce.facade.exchange.answers import Answer
from policy_gateway_salesforce.facade.exchange.asked import Asked
from policy_gateway_salesforce.facade.exchange.refusals import (
    Refusal,
    expired,
    invalid,
    nowhere,
    refusal_of,
    wrong_method,
)
from policy_gateway_salesforce.facade.exchange.turn import DIALECT, Manner, Turn, headers_of
from policy_gateway_salesforce.facade.login import soap
from policy_gateway_salesforce.facade.login.logins import Logins, OAuthError, entered
from policy_gateway_salesforce.facade.login.soap import SoapFault
from policy_gateway_salesforce.facade.login.who import identity, org_of, user_of, userinfo
from policy_gateway_salesforce.facade.org import portal
from policy_gateway_salesforce.facade.routes import routes

MOST_PARTS: Final = 60_000
LARGEST: Final = 4_000_000
"""In bytes: 200 records of everything that they can hold."""

_WRITING: Final = frozenset({"POST", "PATCH", "PUT"})
_WHOLE: Final = (("composite",), ("composite", "batch"))
"""What is made of parts, and no part itself."""

_OWN: Final = (PathUnknown, MethodRefused, MediaTypeRefused, BodyTooLarge, BodyTooSlow)
"""What is wrong with a request before the gate is asked."""

_HTML: Final = "text/html;charset=UTF-8"

Clock = Callable[[], datetime]


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


@dataclass(slots=True)
class SalesforceFacade:
    """Speaks like a Salesforce org."""

    manner: Manner = field(default_factory=Manner)
    clock: Clock = now
    name: str = DIALECT
    prefixes: tuple[str, ...] = ("/services", "/id")

    def app(self, gate: Gate, sessions: Sessions, shelf: Shelf) -> AsgiApp:
        """Return the app that turns the requests of Salesforce's clients into calls, and disclosures into answers.

        Bulk jobs stand on *shelf*.
        """
        return served(Entrance(gate, sessions, shelf, self).reply, _broken)


class Entrance:
    """Answers requests."""

    def __init__(self, gate: Gate, sessions: Sessions, shelf: Shelf, facade: SalesforceFacade) -> None:
        self._gate = gate
        self._sessions = sessions
        self._facade = facade
        self._logins = Logins(gate, sessions, facade.clock)
        self._quotas = portal.Quotas()
        self._routes = routes(sessions, self._quotas, self._answered)
        self._bulk = Bulk(sessions, shelf)
        self._batches = Batches(shelf)

    async def reply(self, ask: Ask) -> Reply:
        """Return the answer to *ask*, refusals included; anything else that is raised is nobody's fault but ours."""
        try:
            answer = await self._answer(ask)
        except (OAuthError, SoapFault, Refusal, BulkError) as refused:
            answer = refused.answer()
        except GatewayError as error:
            answer = _refusal(ask, error)
        return answer.reply()

    async def _answer(self, ask: Ask) -> Answer:
        match ask.segments:
            case ("services", "data") if ask.method == "GET":
                return portal.versions()
            case ("services", "data", *_):
                return await self._data(ask)
            case ("services", "async", *_):
                return await self._batch_api(ask)
            case ("services", "oauth2", *_):
                return await self._oauth(ask)
            case ("services", "Soap", *_):
                return await self._soap(ask)
            case ("id", *_):
                return await self._identity(ask)
            case _:
                pass
        turn = await self._turn(ask, _token(ask))
        await turn.refused()
        raise nowhere()

    async def _turn(self, ask: Ask, token: str) -> Turn:
        session = await entered(self._gate, self._sessions, ask, token)
        turn = Turn(self._gate, session, ask.origin, self._facade.manner)
        try:
            turn.circumstances = ask.circumstances()
        except InvalidCall:
            await turn.refused()
            raise
        return turn

    async def _data(self, ask: Ask) -> Answer:
        turn = await self._turn(ask, _token(ask))
        try:
            answer = await self._versioned(ask, turn)
        except (*_OWN, Refusal, InvalidCall) as refused:
            await turn.refused()
            answer = refused.answer() if isinstance(refused, Refusal) else _refusal(ask, refused)
        self._quotas.heard(turn.session, turn.limits)
        return replace(answer, headers={**headers_of(turn.limits), **answer.headers})

    async def _versioned(self, ask: Ask, turn: Turn) -> Answer:
        if len(ask.segments) < 3 or not portal.served(ask.segments[2].removeprefix("v")):  # noqa: PLR2004 -- no version
            raise nowhere()
        asked = self._asked(ask, turn.session)
        if ask.segments[3:4] == ("jobs",):
            return await self._bulk.answer(asked, turn, ask)
        if ask.method in _WRITING:
            asked = replace(asked, document=await _document(ask))
        found = self._routes.find(ask.method, ask.segments)
        return await found.target(replace(asked, variables=found.variables), turn)

    async def _answered(self, asked: Asked, turn: Turn) -> Answer:
        """Answer a part of a composite, whatever becomes of it."""
        try:
            if not portal.served(asked.segments[2].removeprefix("v")) or asked.segments[3:] in _WHOLE:
                raise nowhere()
            found = self._routes.find(asked.method, asked.segments)
            return await found.target(replace(asked, variables=found.variables), turn)
        except Refusal as refused:
            await turn.refused()
            return refused.answer()
        except (PathUnknown, MethodRefused) as refused:
            await turn.refused()
            return _unrouted(asked.method, refused).answer()
        except GatewayError as error:
            return refusal_of(error).answer()

    def _asked(self, ask: Ask, session: Session) -> Asked:
        return Asked(
            ask.method,
            ask.segments,
            ask.site,
            session,
            self._facade.clock(),
            query=ask.query,
            headers=ask.headers,
            variables={"version": ask.segments[2]},
        )

    async def _batch_api(self, ask: Ask) -> Answer:
        try:
            turn = await self._turn(ask, ask.headers.get("x-sfdc-session", "") or _token(ask))
        except NotAuthenticated:
            raise BulkError("InvalidSessionId", "Invalid session id", ask) from None
        try:
            return await self._batches.answer(self._asked(ask, turn.session), turn, ask)
        except (BulkError, Refusal, GatewayError) as refused:
            await turn.refused()
            raise bulk_error_of(refused, ask) from None

    async def _oauth(self, ask: Ask) -> Answer:
        match ask.method, ask.segments[2:]:
            case "POST", ("token",):
                return await self._logins.token(ask)
            case "GET" | "POST", ("revoke",):
                raise OAuthError("unsupported_token_type", "tokens end by themselves, or with the API key behind them")
            case "GET" | "POST", ("userinfo",):
                turn = await self._turn(ask, _token(ask))
                return Answer(200, userinfo(turn.session, ask.site, _moment(self._facade.clock())))
            case _:
                raise nowhere()

    async def _soap(self, ask: Ask) -> Answer:
        if ask.method != "POST" or not portal.served("".join(ask.segments[3:4])):
            raise SoapFault("UNSUPPORTED_API_VERSION", "This version of the API is not served")
        try:
            return await soap.login(ask, self._logins)
        except (InvalidCall, BodyTooLarge, BodyTooSlow):
            raise SoapFault("SOAP_ENVELOPE", "The body is not a SOAP envelope that can be read") from None

    async def _identity(self, ask: Ask) -> Answer:
        """``GET /id/00D…/005…``: a client may put its token into the query; it is never logged."""
        try:
            turn = await self._turn(ask, _token(ask) or ask.first("oauth_token"))
        except NotAuthenticated:
            return Answer(403, b"Bad_OAuth_Token", content_type=_HTML)
        session = turn.session
        own = (org_of(session)[:15], user_of(session)[:15])
        if ask.method != "GET" or tuple(part[:15] for part in ask.segments[1:]) != own:
            return Answer(404, b"Bad_Id", content_type=_HTML)
        return Answer(200, identity(session, ask.site, _moment(self._facade.clock())))


def _token(ask: Ask) -> str:
    scheme, secret = ask.authorization
    return secret if scheme in {"bearer", "oauth"} else ""


async def _document(ask: Ask) -> Json:
    """Return the JSON that was sent; refused for anything else, and for what two readers could read differently."""
    if not ask.has_body:
        return None
    ask.require_media_type({"application/json"})
    return parsed(await ask.read(LARGEST), most_parts=MOST_PARTS)


def _refusal(ask: Ask, error: GatewayError) -> Answer:
    """Return the refusal of *ask* for *error* as the REST API words it."""
    match error:
        case PathUnknown() | MethodRefused():
            return _unrouted(ask.method, error).answer()
        case MediaTypeRefused():
            return Refusal(415, "UNSUPPORTED_MEDIA_TYPE", "The media type is not supported").answer()
        case BodyTooLarge():
            return Refusal(413, "REQUEST_LIMIT_EXCEEDED", "The request body is too large").answer()
        case BodyTooSlow():
            return Refusal(408, "REQUEST_TIMEOUT", "The request body did not arrive in time").answer()
        case InvalidCall() if ask.method in _WRITING:
            return invalid("The request body cannot be read").answer()
        case NotAuthenticated():
            return expired().answer()
        case _:
            return refusal_of(error).answer()


def _unrouted(method: str, error: PathUnknown | MethodRefused) -> Refusal:
    return wrong_method(method, error.allow) if isinstance(error, MethodRefused) else nowhere()


def _broken(status: int, code: str) -> Reply:
    """Return the error of a request that could not even be read, or of a fault of ours."""
    del code
    if status == 500:  # noqa: PLR2004 -- ours
        return (
            Refusal(500, "UNKNOWN_EXCEPTION", "An unexpected error occurred. Please try again later.").answer().reply()
        )
    return Refusal(status, "INVALID_REQUEST", "The request cannot be read").answer().reply()


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT00:00:00.000+0000")
