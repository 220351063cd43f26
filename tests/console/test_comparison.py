from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from policy_gateway.testing.entrances import HttpClient

if TYPE_CHECKING:
    from tests.console.conftest import Look, Save

pytestmark = pytest.mark.anyio


class TestCells:
    async def test_service(self, look: Look) -> None:
        """Each sees of one contact what the rules of her role give her, and in which state."""
        cells = (await look(purpose="service")).cells

        found = {
            (who, path): cells[who, path][0]
            for who in ("Anna", "Selma")
            for path in ("phone", "birthdate", "notes", "iban", "mobile", "credit_score")
        }
        assert {
            ("Anna", "phone"): "clear",
            ("Anna", "birthdate"): "masked",
            ("Anna", "notes"): "clear",
            ("Anna", "iban"): "withheld",
            ("Anna", "mobile"): "clear",
            ("Anna", "credit_score"): "unknown",
            ("Selma", "phone"): "clear",
            ("Selma", "birthdate"): "clear",
            ("Selma", "notes"): "withheld",
            ("Selma", "iban"): "withheld",
            ("Selma", "mobile"): "clear",
            ("Selma", "credit_score"): "withheld",
        } == found

    async def test_values(self, look: Look) -> None:
        """Values stand in their cells in clear or masked, with the level in words; an empty one says so."""
        cells = (await look(purpose="service")).cells

        assert cells["Anna", "phone"][1].startswith("+49 30 23125001")
        assert cells["Anna", "birthdate"][1].startswith("1980 masked: as its year GRP-17, ACME-1")
        assert cells["Selma", "birthdate"][1].startswith("1980-05-17")
        assert cells["Anna", "mobile"][1].startswith("no value")
        assert cells["Anna", "vip"][1].startswith("no ")
        assert "withheld no rule allows it" in cells["Anna", "iban"][1]

    async def test_purpose(self, look: Look) -> None:
        """For another purpose the same people see something else."""
        collections = (await look(purpose="collections")).cells

        assert "2051 masked: by its last four characters ACME-16" in collections["Anna", "iban"][1]
        assert ("masked", "clear") == (collections["Anna", "iban"][0], collections["Selma", "iban"][0])
        assert collections["Selma", "credit_score"][1].startswith("731")

    async def test_consent(self, look: Look) -> None:
        """Marketing sees the channel that was agreed to, and of the other one which law forbids it."""
        agreed = (await look(purpose="marketing")).cells
        called = (await look(purpose="marketing", contact="8")).cells

        assert ("clear", "withheld") == (agreed["Mara", "email"][0], agreed["Mara", "phone"][0])
        assert "Forbidden by LAW-8" in agreed["Mara", "phone"][1]
        assert "Art. 6(1)(a) GDPR (consent)" in agreed["Mara", "phone"][1]
        assert ("withheld", "clear") == (called["Mara", "email"][0], called["Mara", "phone"][0])

    async def test_refused(self, look: Look) -> None:
        """Who does not hold the purpose, and whose client the contact is not of, is refused in the words of the API."""
        page = await look(purpose="service")

        assert "Refused: Purpose refused. This purpose is not granted to the credential" in page.text
        assert "Refused: Record not found. No such record." in page.text
        assert ("unanswered", "no answer") == page.cells["Mara", "phone"]
        assert ("unanswered", "no answer") == page.cells["Ben", "phone"]

    async def test_another_client(self, look: Look) -> None:
        """Who works for another client is said to ask in that client's own CRM."""
        text = (await look()).text

        assert 1 == text.count("Asks in the crm of bolt: under the same id there is another record, or none.")
        assert "Asks in the crm of acme" not in text

    async def test_all_refused(self, look: Look) -> None:
        """Of a contact that does not exist there is no row."""
        assert {} == (await look(contact="404")).cells

    async def test_order(self, look: Look) -> None:
        """Fields come in the order that people know, whoever sees them."""
        paths = [path for who, path in (await look()).cells if who == "Anna"]

        assert ["first_name", "last_name", "name", "email", "phone"] == paths[:5]
        assert paths.index("birthdate") < paths.index("iban") < paths.index("notes") < paths.index("updated_at")


class TestWhy:
    async def test_rule(self, look: Look) -> None:
        """A cell tells the rule behind it: as a sentence, with ground, place, and how the role comes about."""
        cell = (await look()).cells["Selma", "phone"][1]

        assert "Allowed by ACME-1 agent may see master_data in clear for the purpose Customer care." in cell
        assert "Ground ACME-2026-01: Agents care for customers" in cell
        assert "Stands in tenants/acme.csv:5" in cell
        assert "Applies by supervisor → agent" in cell

    async def test_limit(self, look: Look) -> None:
        """What limits a value is told apart from what allows it."""
        cell = (await look()).cells["Anna", "birthdate"][1]

        assert "Limited by GRP-17 agent may see contact.birthdate no more than as its year" in cell
        assert "unless role(supervisor)" in cell
        assert "Allowed by ACME-1" in cell

    async def test_what_would_show_it(self, look: Look) -> None:
        """Where no rule allows it, the nearest that would are told, and what is missing."""
        cells = (await look()).cells

        assert "What would show it ACME-4: if own_team" in cells["Selma", "notes"][1]
        assert "ACME-16: for the purpose Collections" in cells["Anna", "iban"][1]

    async def test_unknown(self, look: Look) -> None:
        """Of a field that a person may not even know of, that is all that is told."""
        assert "Nobody would be told that this field exists" in (await look()).cells["Anna", "credit_score"][1]

    async def test_absent(self, look: Look, save: Save) -> None:
        """When a rule takes the id away, the record is absent, and the page says by which rule."""
        reply = await save(lambda text: text.replace("allow, clear, customer_care", "allow, partial, customer_care", 1))
        page = await look()

        assert 303 == reply.status
        assert "does not see the record. Of the id, the rules say: Allowed by ACME-1" in page.text

    async def test_origin(self, look: Look) -> None:
        """A value tells where it comes from: who collected it, for what, where, on which basis, for how long."""
        cell = (await look()).cells["Anna", "phone"][1]

        for told in (
            "Collected by team:sales",
            "Purposes Service",
            "Point of collection web form",
            "Legal basis Contract, Art. 6(1)(b) GDPR",
            "Storage duration 3 years",
        ):
            assert told in cell

    async def test_gap(self, look: Look) -> None:
        """A value of which nobody knows where it comes from says so before one asks."""
        cell = (await look()).cells["Anna", "city"][1]

        assert cell.startswith("Berlin ACME-1 · Gap ")
        assert "Gap: nobody has documented where this value comes from" in cell


class TestEntries:
    async def test_listed(self, look: Look) -> None:
        """The last entries stand below: who by pseudonym, for which purpose, what was decided by which rules."""
        await look(purpose="marketing")
        text = (await look(purpose="service")).text.partition("What was remembered")[2]

        assert "refused purpose-refused" in text
        assert "p-" in text
        assert "user:" not in text
        assert "LAW-8" in text
        assert "crm/contact" in text

    async def test_no_values(self, look: Look) -> None:
        """No entry holds a value."""
        await look()
        text = (await look()).text.partition("What was remembered")[2]

        assert not [value for value in ("Lena", "Vogt", "23125001", "1980") if value in text]


class TestCanary:
    async def test_withheld(self, client: HttpClient) -> None:
        """No byte of a value that nobody may see is anywhere on the page."""
        for purpose in ("service", "marketing", "complaint"):
            page = (await client.get(f"/console?purpose={purpose}&lang=en")).body.decode()

            assert not [value for value in ("DE021203", "731", "41-narrow") if value in page]

    async def test_by_persona(self, look: Look) -> None:
        """What one person may not see is in none of her cells, though another one's hold it."""
        cells = (await look(purpose="service")).cells

        assert "prefers calls" in cells["Anna", "notes"][1]
        assert not [who for (who, _), (_, text) in cells.items() if who != "Anna" and "prefers calls" in text]
        assert not [who for (who, _), (_, text) in cells.items() if who != "Selma" and "1980-05-17" in text]
