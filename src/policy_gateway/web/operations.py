"""The FastAPI app for everything that is no record route: health, security.txt, and the API's own documentation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from policy_gateway.errors import ConnectionNotFound, GatewayError, InvalidCall, Refused
from policy_gateway.web.answers import SAFE
from policy_gateway.web.openapi import document
from policy_gateway.web.pages import api_page, page_headers, problems_page
from policy_gateway.web.ports import Health, HttpRules
from policy_gateway.web.problems import MEDIA_TYPE, language_of, problem_of
from policy_gateway.wire import MethodRefused

Clock = Callable[[], datetime]
SECURITY_TXT_DAYS = 180


def operations(health: Health, rules: HttpRules, clock: Clock) -> FastAPI:
    """Return the app; it serves nothing of any record."""
    app = FastAPI(title="policy-gateway", openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    _add_health(app, health)
    _add_documentation(app, rules, clock)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _refused)
    app.add_exception_handler(GatewayError, _refused)
    return app


def _add_health(app: FastAPI, health: Health) -> None:
    async def livez() -> Response:
        """Tell that the process answers."""
        return _json({"status": "ok"})

    async def startupz() -> Response:
        """Tell whether start-up is over."""
        started = health.started()
        return _json({"status": "ok" if started else "starting"}, 200 if started else 503)

    async def readyz() -> Response:
        """Tell whether calls can be answered."""
        checks = dict(await health.checks())
        ready = health.started() and all(checks.values())
        return _json({"status": "ok" if ready else "degraded", "checks": checks}, 200 if ready else 503)

    for path, endpoint in (("/livez", livez), ("/startupz", startupz), ("/readyz", readyz)):
        app.add_api_route(path, endpoint, methods=["GET", "HEAD"], operation_id=path[1:], response_class=Response)


def _add_documentation(app: FastAPI, rules: HttpRules, clock: Clock) -> None:
    described = orjson.dumps(document())
    reference = api_page(document())
    problems = problems_page()

    async def openapi() -> Response:
        """Return the OpenAPI 3.1 document."""
        return Response(described, headers=_safe(), media_type="application/json")

    async def docs() -> Response:
        """Return the API's reference as one page that loads nothing."""
        return HTMLResponse(reference, headers=page_headers())

    async def explained() -> Response:
        """Return what each problem's code means."""
        return HTMLResponse(problems, headers=page_headers())

    async def security_txt() -> Response:
        """Tell where to report a weakness (RFC 9116)."""
        if not rules.security_contact:
            raise ConnectionNotFound
        expires = (clock() + timedelta(days=SECURITY_TXT_DAYS)).strftime("%Y-%m-%dT00:00:00Z")
        text = f"Contact: {rules.security_contact}\nExpires: {expires}\nPreferred-Languages: de, en\n"
        return PlainTextResponse(text, headers=_safe())

    routes = (
        ("/openapi.json", openapi),
        ("/docs", docs),
        ("/problems", explained),
        ("/.well-known/security.txt", security_txt),
    )
    for path, endpoint in routes:
        app.add_api_route(path, endpoint, methods=["GET", "HEAD"], response_class=Response)


def _safe() -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in SAFE}


def _json(members: object, status: int = 200) -> Response:
    return Response(orjson.dumps(members), status, headers=_safe(), media_type="application/json")


async def _refused(request: Request, error: Exception) -> Response:
    """Answer a framework's refusal as a problem, without what was sent, and with the headers that it brings."""
    known = _translated(error)
    problem = problem_of(
        known,
        correlation=str(request.scope.get("state", {}).get("correlation", "")),
        language=language_of(request.headers.get("accept-language", "")),
    )
    headers = _safe() | {name.decode(): value.decode() for name, value in problem.headers}
    return Response(problem.body(), problem.status, headers=headers, media_type=MEDIA_TYPE.decode())


def _translated(error: Exception) -> Exception:
    if isinstance(error, RequestValidationError):
        return InvalidCall()
    if not isinstance(error, HTTPException):
        return error
    match error.status_code:
        case 404:
            return ConnectionNotFound()
        case 405:
            allow = (error.headers or {}).get("Allow", (error.headers or {}).get("allow", "GET"))
            return MethodRefused(tuple(sorted(word.strip() for word in allow.split(","))))
        case _:
            return Refused()
