"""What a CRM describes, learnt from captured answers when there is no connection to ask: read by the real adapter."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from pydantic import SecretStr

from policy_gateway.errors import ConfigurationError, GatewayError
from policy_gateway.model.field import Catalogue
from policy_gateway.records import AdapterKind, ConnectionConfig, Request, Response
from policy_gateway.rehearsing.captured import Captured

NOBODY: Final = "rehearsal"

_VERSION: Final = re.compile(r"v\d{1,3}(?:\.\d{1,2})?|20\d{2}-\d{2}(?:-beta)?", re.ASCII)
_GOOD: Final = 200


async def captured_catalogue(kind: AdapterKind, options: Mapping[str, str], captured: Iterable[Captured]) -> Catalogue:
    """Return what the adapter *kind* understands of the descriptions among the *captured* answers.

    ConfigurationError when it cannot do without what was not captured.
    """
    answers = _Answers(captured)
    config = ConnectionConfig(NOBODY, NOBODY, "https://captured.invalid", options, {"token": SecretStr(NOBODY)})
    try:
        return await kind.connect(config, answers).catalogue()
    except ConfigurationError:
        raise
    except GatewayError:
        missing = ", ".join(sorted(answers.missing)) or "-"
        raise ConfigurationError(f"the capture does not say what the CRM describes: {missing}") from None


class _Answers:
    """A transport that gives the captured answer to a question, whatever version of the API it was asked of."""

    def __init__(self, captured: Iterable[Captured]) -> None:
        self._answers = {
            _place(each.said.path): each.answer
            for each in captured
            if each.said.method == "GET" and each.status == _GOOD and each.answer
        }
        self.missing: set[str] = set()

    async def send(self, request: Request) -> Response:
        """Return the answer; 404 when there is none."""
        found = self._answers.get(_place(request.path)) if request.method == "GET" else None
        if found is None:
            self.missing.add(request.path)
            return Response(404, {"content-type": "application/json"}, b"[]")
        return Response(_GOOD, {"content-type": "application/json"}, found)


def _place(path: str) -> tuple[str, ...]:
    return tuple(part for part in path.strip("/").split("/") if _VERSION.fullmatch(part) is None)
