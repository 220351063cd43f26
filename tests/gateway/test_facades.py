from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from policy_gateway import hookimpl
from policy_gateway.errors import GatewayError
from policy_gateway.identity import Grant
from policy_gateway.ports import AsgiApp, Facade, Gate, LoginGrant, Sessions, Shelf
from policy_gateway.query import Call, Query
from policy_gateway.testing.entrances import HttpClient
from policy_gateway.testing.entrances import Reply as Answer
from policy_gateway.testing.gateways import Persona, WatchedKind, Whole, connect, whole
from policy_gateway.wire import Ask, Reply, Routes, json_reply, served
from policy_gateway_memory import MemoryCrm, MemoryKind

pytestmark = pytest.mark.anyio

SHIPPED = Path(__file__).parents[2] / "policies"
LEAST = (("host", "localhost"),)


class Parrot:
    """A facade of the watched CRMs: logs in, and reads one contact. A plugin of its own."""

    name = "watched"
    prefixes = ("/parrot",)

    def app(self, gate: Gate, sessions: Sessions, shelf: Shelf) -> AsgiApp:
        """Return its app."""

        async def login(ask: Ask) -> Reply:
            form = dict(await ask.form())
            grant = LoginGrant(form["name"], form["secret"], self.name, ask.network, refresh="refresh" in form)
            found = await sessions.login(grant)
            return json_reply({"token": found.token, "refresh": found.refresh, "site": ask.site})

        async def read(ask: Ask) -> Reply:
            session = await sessions.enter(ask.credential(ask.authorization[1]), self.name)
            purpose = ask.first("purpose", session.purpose)
            call = Call(
                session.connection, Query("contact", ask.every("field")), purpose, circumstances=ask.circumstances()
            )
            try:
                disclosure = await gate.handle(call, session.credential)
            except GatewayError as error:
                return json_reply({"refused": error.code}, 403)
            return json_reply([record.fields for record in disclosure.released.records])

        routes = Routes([("POST", "/parrot/login", login), ("GET", "/parrot/contacts", read)])

        async def answer(ask: Ask) -> Reply:
            return await routes.find(ask.method, ask.segments).target(ask)

        return served(answer, lambda status, code: json_reply({"sorry": code}, status))

    @hookimpl
    def register_facades(self) -> Sequence[Facade]:
        """Register this one."""
        return (self,)


@pytest.fixture(scope="module")
async def speaking(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Whole]:
    """Yield a gateway with the facade."""
    folder = tmp_path_factory.mktemp("speaking")
    shutil.copytree(SHIPPED, folder / "policies")
    crm = MemoryCrm()
    crm.add("contact", id="7", first_name="Lena", iban="DE02120300", team="berlin")
    people = {"anna": Persona("user:anna", "acme", ("agent", "team:berlin"), ("service", "complaint"))}
    async with whole(folder, WatchedKind(MemoryKind({("acme", "crm"): crm})), people, Parrot()) as gateway:
        await connect(gateway.app, [("acme", "crm")])
        yield gateway


async def login(gateway: Whole, name: str, secret: str, more: str = "") -> Answer:
    """Log in."""
    body = f"name={name.replace('@', '%40')}&secret={secret}{more}".encode()
    form = ("content-type", "application/x-www-form-urlencoded")
    return await HttpClient(gateway.web.app, LEAST).send("POST", "/parrot/login", body, form)


async def read(gateway: Whole, bearer: str, query: str = "field=first_name") -> Answer:
    """Read the contacts."""
    return await HttpClient(gateway.web.app, LEAST).get(
        f"/parrot/contacts/?{query}", ("authorization", f"OAuth {bearer}")
    )


class TestSession:
    async def test_token(self, speaking: Whole) -> None:
        """A client that logs in reads by its token what the key's principal may read, and the journal knows whose."""
        await speaking.mark("acme")
        told = (await login(speaking, "service@crm", speaking.keys["anna"])).json
        reply = await read(speaking, told["token"], "field=first_name&field=iban")
        await read(speaking, f"{speaking.keys['anna']}~service~crm")
        entry, by_key = await speaking.entries()

        assert "http://localhost" == told["site"]
        assert (200, [{"first_name": "Lena"}]) == (reply.status, reply.json)
        assert (by_key["principal"], "service") == (entry["principal"], entry["purpose"])

    async def test_key(self, speaking: Whole) -> None:
        """A client that cannot log in shows the key with purpose and connection."""
        reply = await read(speaking, f"{speaking.keys['anna']}~complaint~crm")

        assert [{"first_name": "Lena"}] == reply.json

    async def test_refresh(self, speaking: Whole) -> None:
        """A refreshed token reads as the first."""
        told = (await login(speaking, "service@crm", speaking.keys["anna"])).json
        again = (await login(speaking, "", told["refresh"], "&refresh=1")).json

        assert [{"first_name": "Lena"}] == (await read(speaking, again["token"])).json

    async def test_purpose(self, speaking: Whole) -> None:
        """A token is for its purpose alone, though the key behind it has others."""
        told = (await login(speaking, "service@crm", speaking.keys["anna"])).json
        reply = await read(speaking, told["token"], "field=first_name&purpose=complaint")

        assert (403, {"refused": "purpose-refused"}) == (reply.status, reply.json)

    @pytest.mark.parametrize("scheme", ["Bearer", "Session", "session"])
    async def test_no_other_door(self, speaking: Whole, scheme: str) -> None:
        """A token is good at its facade alone: the API wants a key."""
        told = (await login(speaking, "service@crm", speaking.keys["anna"])).json
        lines = (*LEAST, ("authorization", f"{scheme} {told['token']}"), ("x-purpose", "service"))
        reply = await HttpClient(speaking.web.app, lines).get("/v1/crm/contacts/7")

        assert 401 == reply.status

    async def test_same_refusal(self, speaking: Whole) -> None:
        """Whatever is wrong with what a client shows, the answer is the same, byte for byte."""
        key = speaking.keys["anna"]
        told = (await login(speaking, "service@crm", key)).json
        tried = [
            "x",
            told["token"][:-1],
            told["refresh"],
            f"{key}~service~none",
            f"{key}~marketing~crm",
            f"{key[:-1]}~a~b",
        ]
        replies = [await read(speaking, one) for one in tried]
        replies.append(await login(speaking, "service@none", key))
        replies.append(await login(speaking, "service@crm", "x"))

        assert {(401, b'{"sorry":"not-authenticated"}')} == {(reply.status, reply.body) for reply in replies}

    async def test_revoked(self, speaking: Whole) -> None:
        """What was issued for a key that is revoked is refused at the next request."""
        known = speaking.app.administration
        issued = await known.keys.issue("acme", "user:anna", Grant(["service"]))
        told = (await login(speaking, "service@crm", issued.key)).json
        before = await read(speaking, told["token"])
        await known.keys.revoke("acme", issued.prefix)

        assert (200, 401) == (before.status, (await read(speaking, told["token"])).status)

    async def test_connection_changed(self, speaking: Whole) -> None:
        """A connection that is gone takes the tokens for it along."""
        await connect(speaking.app, [("acme", "short")])
        told = (await login(speaking, "service@short", speaking.keys["anna"])).json
        await speaking.app.administration.connections.remove("acme", "short")

        assert 401 == (await read(speaking, told["token"])).status


class TestPaths:
    async def test_twice_slashed(self, speaking: Whole) -> None:
        """A second slash at the beginning counts for nothing at a facade: the call and its entry are the same."""
        lines = (*LEAST, ("authorization", f"Bearer {speaking.keys['anna']}~service~crm"))
        await speaking.mark("acme")
        replies = [
            await HttpClient(speaking.web.app, lines).get(f"{path}?field=first_name")
            for path in ("/parrot/contacts", "//parrot/contacts", "//parrot/contacts/")
        ]
        entries = [(entry["resource"], entry["outcome"]) for entry in await speaking.entries()]

        assert [(200, [{"first_name": "Lena"}])] * 3 == [(reply.status, reply.json) for reply in replies]
        assert [entries[0]] * 3 == entries

    @pytest.mark.parametrize(
        "path",
        [
            "///parrot/contacts",
            "/parrot//contacts",
            "//parrot//contacts",
            "//parrot/contacts//",
            "/%2Fparrot/contacts",
            "//%2Fparrot/contacts",
            "/./parrot/contacts",
            "//parrot/./contacts",
            "//parrot/%2e%2e/parrot/contacts",
            "//parrot/../v1/crm/contacts/7",
            "//v1/crm/contacts/7",
            "//livez",
        ],
    )
    async def test_disguised(self, speaking: Whole, path: str) -> None:
        """Any other path that is not in its plain form is refused, at a facade as elsewhere, and asks nothing."""
        lines = (*LEAST, ("authorization", f"Bearer {speaking.keys['anna']}~service~crm"), ("x-purpose", "service"))
        speaking.kind.forget()
        reply = await HttpClient(speaking.web.app, lines).get(f"{path}?field=first_name")

        assert (400, []) == (reply.status, speaking.spy().queries)
