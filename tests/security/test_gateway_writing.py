"""Rows C: writing what may not be written."""

from __future__ import annotations

import pytest

from policy_gateway.errors import UpstreamUnavailable
from policy_gateway.testing.canaries import Worlds, sending
from policy_gateway.testing.gateways import Whole
from policy_gateway_memory import MemoryCrm

pytestmark = pytest.mark.anyio

LENA, CONTACTS = "/v1/crm/contacts/7", "/v1/crm/contacts"
ANY = ("if-match", "*")


class TestMassAssignment:
    @pytest.mark.attack("C01")
    @pytest.mark.parametrize(
        "name", ["iban", "notes", "credit_score", "memory.shoe_size", "nothing", "id", "created_at"]
    )
    async def test_c01(self, attacked: Whole, worlds: Worlds, crm: MemoryCrm, name: str) -> None:
        """C01: what may not be written is refused, alone or among what may, and changes nothing."""
        before = {number: dict(row) for number, row in crm._rows["contact"].items()}
        replies = [
            await worlds("arno", "service", sending("PATCH", LENA, {**more, name: "X"}, ANY))
            for more in ({}, {"phone": "+49 30 23125046"})
        ]

        assert [403, 403] == [reply.status for reply in replies]
        assert ([], before) == (attacked.spy().changes, crm._rows["contact"])
        assert {"deny"} == {entry["decision"] for entry in await attacked.entries()}

    @pytest.mark.attack("C03")
    @pytest.mark.parametrize(
        "document",
        [
            {"consents": ["marketing:phone"]},
            {"consent": {"marketing": True}},
            {"do_not_call": False},
            {"legal_basis": "contract"},
            {"provenance": {"source": "x"}},
            {"_gdpr": {"phone": {"legal_basis": "contract"}}},
            {"restricted": False},
            {"team": "berlin"},
            {"owner": "7"},
        ],
    )
    async def test_c03(self, attacked: Whole, document: object) -> None:
        """C03: what governs a record (consents, restriction, owner, legal basis) is not for an agent to change."""
        reply = await attacked.client("arno").send("PATCH", LENA, document, ANY)

        assert (403, []) == (reply.status, attacked.spy().changes)

    @pytest.mark.attack("C07")
    @pytest.mark.parametrize("name", ["/~01iban", "bank~1iban", "../iban", "0/../iban", "a.b.c.d.e.f.g"])
    async def test_c07(self, attacked: Whole, name: str) -> None:
        """C07: a pointer is no name."""
        reply = await attacked.client("arno").send("PATCH", LENA, {name: "X"}, ANY)

        assert (400, []) == (reply.status, attacked.spy().changes)

    @pytest.mark.attack("C17")
    @pytest.mark.parametrize("name", ["__proto__", "constructor", "__class__", "_sa_instance_state"])
    async def test_c17(self, attacked: Whole, name: str) -> None:
        """C17: a name that means something to a language is a name that nobody knows."""
        replies = [
            await attacked.client("arno").send("PATCH", LENA, document, ANY)
            for document in ({name: "X"}, {name: {"iban": "X"}}, {"phone": {name: "X"}})
        ]

        assert [403] * 3 == [reply.status for reply in replies]
        assert [] == attacked.spy().changes

    @pytest.mark.attack("C11")
    async def test_c11(self, attacked: Whole, crm: MemoryCrm) -> None:
        """C11: nothing changes whatever a filter finds."""
        replies = [
            await attacked.client("selma").send(method, f"{CONTACTS}?filter[iban][eq]=x", {"phone": "1"}, ANY)
            for method in ("PATCH", "DELETE", "PUT")
        ]

        assert {405} == {reply.status for reply in replies}
        assert ({"7", "8"}, []) == (set(crm._rows["contact"]), attacked.spy().changes)


class TestStored:
    @pytest.mark.attack("C09")
    @pytest.mark.parametrize(
        "text", ["{{contact.iban}}", "%%iban%%", "${jndi:ldap://x/a}", "{{7*7}}", "=HYPERLINK(1)", "<script>x</script>"]
    )
    async def test_c09(self, attacked: Whole, crm: MemoryCrm, text: str) -> None:
        """C09: a template is a text: it is stored as it is and comes back as it is."""
        reply = await attacked.client("arno").send("PATCH", LENA, {"city": text}, ANY)

        assert (text, text) == (crm._rows["contact"]["7"]["city"], reply.json["fields"]["city"])

    @pytest.mark.attack("C15")
    @pytest.mark.parametrize("value", [b"NaN", b"1e999", b'"\\ud800"', b'"\\u0000"', b"1" * 400, b"[1]", b'{"":1}'])
    async def test_c15(self, attacked: Whole, value: bytes) -> None:
        """C15: what no field can hold reaches no CRM, and breaks nothing."""
        reply = await attacked.client("arno").send("PATCH", LENA, b'{"phone":' + value + b"}", ANY)

        assert (400, []) == (reply.status, attacked.spy().changes)

    @pytest.mark.attack("C05")
    async def test_c05(self, attacked: Whole) -> None:
        """C05: a member that comes twice is refused."""
        reply = await attacked.client("arno").send("PATCH", LENA, b'{"phone":"1","phone":"2"}', ANY)

        assert (400, []) == (reply.status, attacked.spy().changes)

    @pytest.mark.attack("C13")
    async def test_c13(self, attacked: Whole) -> None:
        """C13: a change that the CRM may have applied is not sent again, and its entry says that nobody knows."""
        spy = attacked.spy()

        async def reset() -> None:
            if spy.changes:
                raise UpstreamUnavailable

        spy.before = reset
        reply = await attacked.client("arno").send("PATCH", LENA, {"phone": "+49 30 23125047"}, ANY)

        assert (503, 1) == (reply.status, len(spy.changes))
        assert ["", "unknown"] == [entry["outcome"] for entry in await attacked.entries()]

    @pytest.mark.attack("C19")
    @pytest.mark.parametrize("flag", ["restricted", "erasure_pending"])
    async def test_c19(self, attacked: Whole, crm: MemoryCrm, flag: str) -> None:
        """C19: a record under restriction or before its erasure is neither changed nor deleted."""
        dora = attacked.client("dora", "administration")
        standing = "/v1/gateway/standings/crm:contact:7"
        await dora.send("PATCH", standing, {flag: True}, ANY, ("x-ticket", "DSR-2"))
        replies = [
            await attacked.client("arno").send("PATCH", LENA, {"phone": "+49 30 23125048"}, ANY),
            await attacked.client("selma").send("DELETE", LENA, b"", ANY),
        ]

        assert [404, 404] == [reply.status for reply in replies]
        assert ("7" in crm._rows["contact"], []) == (True, attacked.spy().changes)
