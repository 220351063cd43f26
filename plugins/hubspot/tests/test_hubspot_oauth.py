from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from policy_gateway_hubspot.sandbox import CLIENT_ID, CLIENT_SECRET, CODE, REFRESH_TOKEN, TOKEN, Sandbox

if TYPE_CHECKING:
    from plugins.hubspot.tests.conftest import Ask, Asking

CLIENT = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}


async def token_for(ask: Ask, path: str = "/oauth/v1/token", **form: str) -> tuple[int, Any]:
    """Ask for a token."""
    return await ask(f"POST {path}", urlencode({**CLIENT, **form}), "")


@pytest.mark.anyio
class TestOAuth:
    @pytest.mark.parametrize("path", ["/oauth/v1/token", "/oauth/v3/token", "/oauth/2026-03/token/"])
    @pytest.mark.parametrize(
        "grant",
        [
            {"grant_type": "authorization_code", "code": CODE, "redirect_uri": "http://localhost/back"},
            {"grant_type": "refresh_token", "refresh_token": REFRESH_TOKEN},
        ],
        ids=["code", "refresh"],
    )
    async def test_token(self, ask: Ask, path: str, grant: dict[str, str]) -> None:
        """A code and a refresh token give a token that opens the portal."""
        status, told = await token_for(ask, path, **grant)
        read, _ = await ask("GET /crm/v3/objects/contacts/101", token=told["access_token"])

        assert (200, 200) == (status, read)
        assert (1800, REFRESH_TOKEN) == (told["expires_in"], told["refresh_token"])

    @pytest.mark.parametrize(
        ("form", "status"),
        [
            ({"client_id": "nobody"}, "BAD_CLIENT_ID"),
            ({"client_secret": "guess"}, "BAD_CLIENT_SECRET"),
            ({"grant_type": "password"}, "BAD_GRANT_TYPE"),
            ({"grant_type": "client_credentials"}, "BAD_GRANT_TYPE"),
            ({"grant_type": "authorization_code", "code": "guess"}, "BAD_AUTH_CODE"),
            ({"grant_type": "refresh_token"}, "BAD_REFRESH_TOKEN"),
        ],
        ids=lambda each: each if isinstance(each, str) else "",
    )
    async def test_refused(self, ask: Ask, form: dict[str, str], status: str) -> None:
        """What is wrong with a request for a token is told in a word."""
        got, told = await token_for(ask, **{"grant_type": "refresh_token", "refresh_token": "guess", **form})

        assert (400, status) == (got, told["status"])

    async def test_expired(self, asking: Asking) -> None:
        """A token that was refreshed lives for half an hour."""
        now = [datetime(2026, 1, 1, tzinfo=UTC)]
        sandbox = Sandbox(clock=lambda: now[-1])
        ask = asking(sandbox)
        token = sandbox.world.tokens.issue()
        now.append(now[0] + timedelta(minutes=29))
        in_time, _ = await ask("GET /crm/v3/owners", token=token)
        now.append(now[0] + timedelta(minutes=30))
        late, told = await ask("GET /crm/v3/owners", token=token)

        assert (200, 401, "EXPIRED_AUTHENTICATION") == (in_time, late, told["category"])

    async def test_told(self, ask: Ask) -> None:
        """Tokens tell of themselves, wherever they travel: in the path, in JSON, in a form."""
        _, in_path = await ask(f"GET /oauth/v1/access-tokens/{TOKEN}", token="")
        _, in_json = await ask("POST /oauth/v2/private-apps/get/access-token-info", {"tokenKey": TOKEN})
        _, in_form = await ask("POST /oauth/2026-03/token/introspect", urlencode({**CLIENT, "token": TOKEN}))
        _, refresh = await ask(f"GET /oauth/v1/refresh-tokens/{REFRESH_TOKEN}", token="")
        unknown, _ = await ask("GET /oauth/v1/access-tokens/guess", token="")

        assert in_path["scopes"] == in_json["scopes"] == in_form["scopes"]
        assert (True, "refresh", 404) == (in_form["active"], refresh["token_type"], unknown)

    async def test_revoked(self, ask: Ask) -> None:
        """A token that was revoked opens nothing."""
        _, told = await token_for(ask, grant_type="refresh_token", refresh_token=REFRESH_TOKEN)
        form = urlencode({**CLIENT, "token": told["access_token"]})
        revoked, _ = await ask("POST /oauth/2026-03/token/revoke", form)
        late, _ = await ask("GET /crm/v3/owners", token=told["access_token"])

        assert (200, 401) == (revoked, late)
