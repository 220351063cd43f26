from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from policy_gateway.testing.consoles import seen
from policy_gateway.testing.entrances import HttpClient
from policy_gateway.web.console import Pages
from policy_gateway.web.console.forms import LARGEST

if TYPE_CHECKING:
    from tests.console.conftest import Look, Save

pytestmark = pytest.mark.anyio

RULES = "tenants/acme.csv"
ORIGIN = [("host", "localhost"), ("origin", "http://localhost"), ("sec-fetch-site", "same-origin")]
FORM = ("content-type", "application/x-www-form-urlencoded")
PARTLY = (
    "p, agent, acme, phone_number, view, deny, last4, customer_care, -, normal, -, ACME-99, instruction:ACME-2026-01\n"
)


def partly(text: str) -> str:
    """Return the rules with phone numbers shown by their last digits only."""
    return text.replace("# Collections.", f"{PARTLY}# Collections.")


def misspelt(text: str) -> str:
    """Return the rules with two mistakes in their third and fourth rule."""
    lines = text.split("\n")
    lines[6] = lines[6].replace("allow", "allou")
    lines[7] = lines[7].replace("agent", "agnt")
    return "\n".join(lines)


class TestSaving:
    async def test_next_page(self, look: Look, save: Save) -> None:
        """What is saved decides the next page, without a restart, and the page says so."""
        before = (await look()).cells["Anna", "phone"]
        reply = await save(partly)
        after = await look(saved="1")

        assert (303, "clear", "masked") == (reply.status, before[0], after.cells["Anna", "phone"][0])
        assert "Limited by ACME-99" in after.cells["Anna", "phone"][1]
        assert "Saved. From now on version" in after.text

    async def test_leads_back(self, save: Save) -> None:
        """One comes back to the contact, purpose and language that one came from."""
        reply = await save(partly, contact="8", purpose="marketing", lang="de")

        where = "/console?connection=crm&contact=8&purpose=marketing&lang=de&saved=1#comparison"
        assert where == reply.headers["location"]

    async def test_line_ends(self, save: Save, pages: Pages) -> None:
        """A browser's line ends do not get into the file."""
        await save(partly)

        assert b"\r" not in (pages.policies.folder / RULES).read_bytes()

    async def test_unchanged(self, save: Save, pages: Pages) -> None:
        """Saving what is there changes nothing."""
        before, version = (pages.policies.folder / RULES).read_bytes(), pages.policies.current().version
        await save(lambda text: text)

        assert (before, version) == ((pages.policies.folder / RULES).read_bytes(), pages.policies.current().version)


class TestBroken:
    async def test_nothing_changes(self, look: Look, save: Save, pages: Pages) -> None:
        """A broken file is not written, and the last good version stays in force."""
        before, version = (pages.policies.folder / RULES).read_bytes(), pages.policies.current().version
        reply = await save(misspelt)

        assert 422 == reply.status
        assert (before, version) == ((pages.policies.folder / RULES).read_bytes(), pages.policies.current().version)
        assert "clear" == (await look()).cells["Anna", "phone"][0]

    async def test_findings(self, save: Save, pages: Pages) -> None:
        """Every mistake is told with its place and what was meant; what was typed is kept."""
        typed = misspelt((pages.policies.folder / RULES).read_text())
        page = seen((await save(misspelt)).body.decode())

        assert (
            f"2 mistakes were found, so nothing was written. Version {pages.policies.current().version[:12]}"
            in page.text
        )
        assert "tenants/acme.csv:7:49 allou is neither allow nor deny Meant: did you mean allow ?" in page.text
        assert "tenants/acme.csv:8:4 agnt is not a known role Meant: did you mean agent ?" in page.text
        assert typed == page.draft

    async def test_german(self, save: Save) -> None:
        """Mistakes are told in the language of the page."""
        page = seen((await save(misspelt, lang="de")).body.decode())

        assert "2 Fehler wurden gefunden, daher wurde nichts geschrieben." in page.text
        assert "allou ist weder allow noch deny Gemeint: war allow gemeint?" in page.text
        assert "agnt ist keine bekannte Rolle" in page.text

    async def test_corrected(self, look: Look, save: Save, client: HttpClient) -> None:
        """What was typed can be corrected and saved right there."""
        page = seen((await save(lambda text: partly(misspelt(text)))).body.decode())
        text = page.draft.replace("allou", "allow").replace("agnt", "agent")
        reply = await client.ask(
            "POST", "/console/rules", [*ORIGIN, FORM], urlencode({**page.hidden, "text": text}).encode()
        )

        assert (303, "masked") == (reply.status, (await look()).cells["Anna", "phone"][0])

    async def test_other_files(self, save: Save) -> None:
        """A file that is sound by itself but not together with the others is refused."""
        page = seen((await save(lambda text: text.replace("ACME-1,", "GRP-1,"))).body.decode())

        assert "is also the id of the rule at" in page.text

    async def test_empty(self, save: Save) -> None:
        """An emptied box does not empty the rules."""
        assert 422 == (await save(lambda _: "")).status

    async def test_hostile(self, save: Save) -> None:
        """What was typed is text wherever it is shown again."""
        attack = "</textarea><script>alert(1)</script>"
        reply = await save(lambda text: text.replace("p, agent,", f"p, {attack},", 1))
        page = seen(reply.body.decode())

        assert (422, 0) == (reply.status, page.tags.count("script"))
        assert attack in page.draft


class TestMeanwhile:
    async def test_somebody_else(self, look: Look, client: HttpClient, pages: Pages) -> None:
        """Whoever saves over another's change is told first; saving again replaces it."""
        page, file = await look(), pages.policies.folder / RULES
        file.write_text("# theirs\n" + file.read_text())
        form = urlencode({**page.hidden, "text": "# mine\n" + page.draft}).encode()
        reply = await client.ask("POST", "/console/rules", [*ORIGIN, FORM], form)
        told = seen(reply.body.decode())

        assert (409, "# theirs") == (reply.status, file.read_text().split("\n")[0])
        assert "Somebody else changed the file meanwhile" in told.text

        again = urlencode({**told.hidden, "text": told.draft}).encode()
        assert 303 == (await client.ask("POST", "/console/rules", [*ORIGIN, FORM], again)).status
        assert "# mine" == file.read_text().split("\n")[0]

    async def test_broken_on_disk(self, look: Look, pages: Pages) -> None:
        """A file that somebody broke on disk is told of, with its place, and the last good version stays in force."""
        file = pages.policies.folder / "law.csv"
        file.write_text(file.read_text().replace("deny", "dney", 1))
        pages.policies.reload()
        page = await look()

        assert "The policy folder on disk is broken. Version" in page.text
        assert "law.csv:5:41 dney is neither allow nor deny" in page.text
        assert "clear" == page.cells["Anna", "phone"][0]

    async def test_several_files(self, save: Save, pages: Pages) -> None:
        """While somebody changes several files, the box writes none in between."""
        (pages.policies.folder / ".updating").touch()
        page = seen((await save(partly)).body.decode())

        assert "says that the folder is being changed" in page.text

    async def test_gone(self, look: Look, pages: Pages) -> None:
        """Without its file the box is empty and says why; the rest of the page works."""
        file = pages.policies.folder / RULES
        kept = file.read_bytes()
        file.unlink()
        page = await look()
        file.write_bytes(kept)

        assert ("", "clear") == (page.draft, page.cells["Anna", "phone"][0])
        assert "cannot be read" in page.text


class TestForgery:
    @pytest.mark.parametrize(
        "lines",
        [
            [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")],
            [("origin", "https://evil.example")],
            [("origin", "null")],
            [("sec-fetch-site", "cross-site")],
            [("sec-fetch-site", "same-site"), ("origin", "http://localhost")],
            [("sec-fetch-site", "none")],
            [],
        ],
        ids=["both", "origin", "opaque origin", "site", "sibling", "no page", "neither"],
    )
    async def test_from_elsewhere(
        self, look: Look, client: HttpClient, pages: Pages, lines: list[tuple[str, str]]
    ) -> None:
        """A form that another page sends is refused, even with the right token, and nothing is written."""
        page, before = await look(), (pages.policies.folder / RULES).read_bytes()
        form = urlencode({**page.hidden, "text": partly(page.draft)}).encode()
        reply = await client.ask("POST", "/console/rules", [("host", "localhost"), FORM, *lines], form)

        assert (403, before) == (reply.status, (pages.policies.folder / RULES).read_bytes())
        assert "This form did not come from this page" in reply.body.decode()

    @pytest.mark.parametrize("token", ["", "0" * 64, "é"])
    async def test_token(self, look: Look, client: HttpClient, token: str) -> None:
        """A form without the page's own token is refused."""
        page = await look()
        form = urlencode({**page.hidden, "token": token, "text": partly(page.draft)}).encode()
        reply = await client.ask("POST", "/console/rules", [*ORIGIN, FORM], form)

        assert 403 == reply.status

    async def test_by_address(self, client: HttpClient) -> None:
        """Nothing is changed by opening an address."""
        reply = await client.get("/console/rules?text=x")

        assert (405, "POST") == (reply.status, reply.headers["allow"])


class TestBodies:
    @pytest.mark.parametrize(
        ("body", "kind", "status"),
        [
            (b"a" * (LARGEST + 1), FORM[1], 413),
            (b"{}", "application/json", 415),
            (b"text=x", "multipart/form-data", 415),
            (b"text=%ff", FORM[1], 400),
            (b"text=\xff", FORM[1], 400),
            (b"text", FORM[1], 400),
            (b"text=a&text=b", FORM[1], 400),
            (b"unknown=a", FORM[1], 400),
            (b"&".join(b"text=%d" % n for n in range(100)), FORM[1], 400),
        ],
        ids=["large", "json", "multipart", "encoding", "bytes", "no value", "twice", "unknown", "many"],
    )
    async def test_refused(self, client: HttpClient, body: bytes, kind: str, status: int) -> None:
        """A body that is no form of ours is refused with a page that says so."""
        reply = await client.ask("POST", "/console/rules", [*ORIGIN, ("content-type", kind)], body)

        assert (status, "text/html; charset=utf-8") == (reply.status, reply.headers["content-type"])
        assert "close" == reply.headers["connection"]

    async def test_nowhere(self, look: Look, client: HttpClient) -> None:
        """A form that names a connection that is not offered is not found, and nothing is written."""
        page = await look()
        form = urlencode({**page.hidden, "connection": "x", "text": partly(page.draft)}).encode()

        assert 404 == (await client.ask("POST", "/console/rules", [*ORIGIN, FORM], form)).status
