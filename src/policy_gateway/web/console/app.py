"""The console as an ASGI app, to be mounted at ``/console``."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from policy_gateway.errors import Conflict, ConnectionNotFound, GatewayError, PolicyError, Refused
from policy_gateway.policy import Draft, PolicyFile
from policy_gateway.ports import AsgiApp
from policy_gateway.web.console.address import PATH, Address, language_asked, read_address
from policy_gateway.web.console.forms import Form, read_form
from policy_gateway.web.console.mistakes import mistakes
from policy_gateway.web.console.page import Edit, Writer, templates
from policy_gateway.web.console.scene import Pages
from policy_gateway.web.problems import problem_of
from policy_gateway.wire import MethodRefused

RULES: Final = f"{PATH}/rules"
_TOKEN_BYTES: Final = 32
_UNPROCESSABLE, _CONFLICT = 422, 409

HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "cache-control": "private, no-store",
        "content-security-policy": (
            "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
            "frame-ancestors 'none'"
        ),
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=()",
        # With no-referrer, a browser would send the form's own Origin as "null".
        "referrer-policy": "same-origin",
        "vary": "Accept-Language",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }
)
"""On every answer of the console, whatever it says."""


def console(pages: Pages) -> AsgiApp:
    """Return the app that answers ``/console`` and what is below it. It is not for the open network."""
    file = PolicyFile(pages.policies, pages.rule_file)
    answers = _Answers(Writer(pages, file, pages.randomness(_TOKEN_BYTES).hex(), templates()))
    app = Starlette(
        routes=[
            Route(PATH, answers.look, methods=["GET"]),
            Route(RULES, answers.save, methods=["POST"]),
            Route(f"{PATH}/console.css", _file("console.css", "text/css"), methods=["GET"]),
            Route(f"{PATH}/icon.svg", _file("icon.svg", "image/svg+xml"), methods=["GET"]),
        ],
        exception_handlers={
            GatewayError: answers.refuse,
            HTTPException: answers.refuse,
            Exception: answers.refuse,
        },
    )
    app.router.redirect_slashes = False
    return app


@dataclass(frozen=True, slots=True)
class _Answers:
    writer: Writer

    async def look(self, request: Request) -> Response:
        """Show one contact."""
        return _html(await self.writer.page(self._address(request)))

    async def save(self, request: Request) -> Response:
        """Save the rule file and lead back to the contact, or say what is wrong and keep what was typed."""
        form = await read_form(request, self.writer.token)
        address = read_address(form.address, request.headers.get("accept-language", ""), self.writer.pages)
        try:
            await asyncio.to_thread(self.writer.file.write, form.draft)
        except PolicyError as error:
            return await self._refused(address, form, error)
        except Conflict:
            current = await self.writer.edit(address.language)
            edit = Edit(Draft(form.draft.text, current.draft.tag), overtaken=True)
            return _html(await self.writer.page(address, edit), _CONFLICT)
        return RedirectResponse(f"{address.at()}&saved=1#comparison", 303, headers=dict(HEADERS))

    async def _refused(self, address: Address, form: Form, error: PolicyError) -> Response:
        drafts = {self.writer.file.path: form.draft.text}
        edit = Edit(form.draft, mistakes(error.findings, address.language, drafts))
        return _html(await self.writer.page(address, edit), _UNPROCESSABLE)

    async def refuse(self, request: Request, error: Exception) -> Response:
        """Say in a small page why there is no other."""
        known = _translated(error)
        correlation = str(request.scope.get("state", {}).get("correlation", ""))
        language = language_asked(request.scope["query_string"], request.headers.get("accept-language", ""))
        problem = problem_of(known, correlation=correlation, language=language)
        page = self.writer.refusal(problem, language, correlation)
        extra = {name.decode(): value.decode() for name, value in problem.headers}
        if request.method not in {"GET", "HEAD"}:
            extra["connection"] = "close"
        return _html(page, problem.status, extra)

    def _address(self, request: Request) -> Address:
        raw = request.scope["query_string"]
        return read_address(raw, request.headers.get("accept-language", ""), self.writer.pages)


def _translated(error: Exception) -> Exception:
    if not isinstance(error, HTTPException):
        return error
    if error.status_code == 405:  # noqa: PLR2004 -- the framework's number for a wrong method
        allow = (error.headers or {}).get("Allow", "GET")
        return MethodRefused(tuple(sorted(word.strip() for word in allow.split(","))))
    return ConnectionNotFound() if error.status_code == 404 else Refused()  # noqa: PLR2004 -- as above


def _html(page: str, status: int = 200, extra: Mapping[str, str] | None = None) -> HTMLResponse:
    return HTMLResponse(page, status, headers={**HEADERS, **(extra or {})})


def _file(name: str, media_type: str) -> Callable[[Request], Awaitable[Response]]:
    content = (Path(__file__).parent / name).read_bytes()

    async def answer(request: Request) -> Response:
        """Send the file as it is."""
        del request
        return Response(content, media_type=media_type, headers={**HEADERS, "cache-control": "private, no-cache"})

    return answer
