from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from policy_gateway.builtins.masks import Masks
from policy_gateway.errors import AuditUnavailable, GatewayError
from policy_gateway.model.disclosure import Disclosure
from policy_gateway.model.principal import Credential
from policy_gateway.policy import Bundle
from policy_gateway.provenance.envelope import LEGAL_BASES as KNOWN_BASES
from policy_gateway.provenance.envelope import PARTS as KNOWN_PARTS
from policy_gateway.query import Batch, Call
from policy_gateway.testing.consoles import seen
from policy_gateway.testing.entrances import HttpClient
from policy_gateway.web import console
from policy_gateway.web.console import Pages
from policy_gateway.web.console.mistakes import GERMAN as MISTAKES
from policy_gateway.web.console.mistakes import translated
from policy_gateway.web.console.phrases import ACTIONS, FIELDS, LAWS, LEGAL_BASES, LEVELS, PARTS
from policy_gateway.web.console.sentences import citation, sentence
from policy_gateway.web.console.texts import ENGLISH, GERMAN

if TYPE_CHECKING:
    from tests.console.conftest import Look

pytestmark = pytest.mark.anyio

FOLDER = Path(console.__file__).parent
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def bundle(pages: Pages) -> Bundle:
    """Return what the shipped policy says."""
    return pages.policies.current().bundle


class TestLanguages:
    def test_same_texts(self) -> None:
        """Whatever the page says in one language it says in the other, with the same places to fill."""
        fills = {key: sorted(re.findall(r"{\w+}", text)) for key, text in ENGLISH.items()}

        assert fills == {key: sorted(re.findall(r"{\w+}", text)) for key, text in GERMAN.items()}

    def test_used(self) -> None:
        """Every text has its place, and every place its text."""
        files = [*FOLDER.rglob("*.html"), *(path for path in FOLDER.glob("*.py") if path.name != "texts.py")]
        written = "\n".join(path.read_text() for path in files)
        named = set(re.findall(r"\bt\.([a-z_]+)", written)) - {"get"}
        prefixes = ("gap_", "near_")

        assert set() == named - ENGLISH.keys()
        assert set() == {
            key for key in ENGLISH if key not in named and f'"{key}"' not in written and not key.startswith(prefixes)
        }

    def test_words_of_the_policy(self, bundle: Bundle) -> None:
        """Every law, level, action and field that the shipped policy speaks of has words in both languages."""
        cited = {part.strip() for rule in bundle.rules for part in rule.why.split("&")}
        fields = {link.lower.removeprefix("contact.") for link in bundle.links if link.lower.startswith("contact.")}

        assert set() == {name.removeprefix("law:") for name in cited if name.startswith("law:")} - LAWS.keys()
        assert set() == {level.name for level in bundle.ladder} - LEVELS.keys()
        assert set() == {rule.act for rule in bundle.rules} - ACTIONS.keys()
        assert set() == {path for path in fields if "." not in path} - FIELDS.keys() - {"id"}

    def test_words_of_envelopes(self) -> None:
        """Every part of an envelope, every ground and every mask has words in both languages."""
        assert KNOWN_PARTS.keys() == PARTS.keys()
        assert KNOWN_BASES == LEGAL_BASES.keys()
        assert set() == {mask.name for mask in Masks().register_masks()} - LEVELS.keys()

    def test_rules_as_sentences(self, bundle: Bundle) -> None:
        """Every shipped rule is a sentence in both languages."""
        for rule in bundle.rules:
            for language in ("de", "en"):
                told = sentence(rule, bundle, language)

                assert re.fullmatch(r"[A-Z`].+\.", told)
                assert not re.search(r"[{}]|`\*`|  ", told)

    def test_citations(self) -> None:
        """Laws are cited as lawyers of the language do."""
        assert ("Art. 5(1)(e) GDPR", "Art. 5 Abs. 1 lit. e DSGVO") == (
            citation("GDPR-5-1-e", "en"),
            citation("GDPR-5-1-e", "de"),
        )
        assert ("§ 7(2) no. 1 UWG", "§ 7 Abs. 2 Nr. 1 UWG") == (
            citation("UWG-7-2-1", "en"),
            citation("UWG-7-2-1", "de"),
        )

    def test_mistakes(self) -> None:
        """Mistakes are translated where they can be; what cannot says in which language it is."""
        assert "`x` ist kein bekannter Zweck" == translated("`x` is not a known purpose", "de").text
        assert ("something new", "en") == (
            translated("something new", "de").text,
            translated("something new", "de").language,
        )
        assert not [pattern for pattern in MISTAKES if re.compile(pattern).groups > 2]

    @pytest.mark.parametrize(
        ("asked", "accepted", "language"),
        [("de", "en", "de"), ("en", "de", "en"), ("", "de-AT,en;q=0.5", "de"), ("", "fr", "en"), ("", "", "en")],
    )
    async def test_chosen(self, client: HttpClient, asked: str, accepted: str, language: str) -> None:
        """The language is the one that the address says, else the one that the browser prefers, else English."""
        query = f"?lang={asked}" if asked else ""
        reply = await client.get(f"/console{query}", ("accept-language", accepted))

        assert language == seen(reply.body.decode()).language

    async def test_no_mixture(self, look: Look) -> None:
        """A German page has German headings, states, reasons and origins."""
        text = (await look(lang="de", purpose="service")).text

        for told in (
            "Geburtsdatum",
            "maskiert: als Jahr",
            "Begrenzt durch GRP-17",
            "Speicherdauer 3 Jahre",
            "zurückgehalten",
        ):
            assert told in text
        assert not [word for word in ("withheld", "Allowed by", "Collected by", "masked") if word in text]


class TestHostile:
    async def test_values(self, look: Look) -> None:
        """What a CRM holds is text, whatever it looks like."""
        page = await look(contact="8")

        assert SCRIPT in page.cells["Anna", "first_name"][1]
        assert "{{ 7 * 7 }} & O'Brien" in page.cells["Anna", "last_name"][1]
        assert {"script": 0, "img": 0} == {tag: page.tags.count(tag) for tag in ("script", "img")}

    @pytest.mark.parametrize("name", ["connection", "contact", "purpose", "lang", "saved", SCRIPT])
    async def test_parameters(self, client: HttpClient, name: str) -> None:
        """No parameter gets onto a page unless it is what it should be."""
        page = (await client.get(f"/console?{quote(name)}={quote(SCRIPT)}")).body.decode()

        assert "alert(1)" not in page

    @pytest.mark.parametrize(
        ("query", "status"),
        [
            ("contact=a%20b", 400),
            ("contact=../7", 400),
            ("contact=" + "7" * 65, 400),
            ("contact=7&contact=8", 400),
            ("purpose=audit", 400),
            ("lang=fr", 400),
            ("size=big", 400),
            ("contact=%zz", 400),
            ("connection=gateway", 404),
            ("token=abc", 401),
        ],
    )
    async def test_refused(self, client: HttpClient, query: str, status: int) -> None:
        """An address that makes no sense gets a small page with the status that the API would give it."""
        reply = await client.get(f"/console?{query}", ("accept-language", "de"))

        assert (status, "de") == (reply.status, seen(reply.body.decode()).language)

    def test_nothing_inline(self) -> None:
        """No template has a script, a style or a handler, nor switches escaping off."""
        for path in FOLDER.rglob("*.html"):
            assert not re.search(r"<script|<style|style=|\son\w+=|javascript:|\|\s*safe|autoescape", path.read_text())


class TestHttp:
    @pytest.mark.parametrize("path", ["/console", "/console/none", "/console/rules", "/console/console.css"])
    async def test_headers(self, client: HttpClient, path: str) -> None:
        """Every answer forbids scripts, frames, sniffing and caching, whatever its status."""
        headers = (await client.get(path)).headers

        assert "default-src 'none'; style-src 'self';" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert ("DENY", "nosniff") == (headers["x-frame-options"], headers["x-content-type-options"])
        assert ("same-origin", "same-origin") == (headers["referrer-policy"], headers["cross-origin-resource-policy"])
        assert ("private, no-cache" if path.endswith("css") else "private, no-store") == headers["cache-control"]

    @pytest.mark.parametrize(
        ("method", "path", "status", "allow"),
        [
            ("GET", "/console/none", 404, ""),
            ("GET", "/console/", 404, ""),
            ("GET", "/console/../console", 400, ""),
            ("GET", "/console/templates/console.html", 404, ""),
            ("POST", "/console", 405, "GET, HEAD"),
            ("DELETE", "/console/rules", 405, "POST"),
        ],
    )
    async def test_refusals(self, client: HttpClient, method: str, path: str, status: int, allow: str) -> None:
        """What is not there, or not done in this way, is refused; a wrong method learns the right ones."""
        reply = await client.ask(method, path, [("host", "localhost")])

        assert (status, allow) == (reply.status, reply.headers.get("allow", ""))

    async def test_host(self, client: HttpClient) -> None:
        """Under a name that is not its own the console does not answer: no other site's name can point here."""
        assert 400 == (await client.ask("GET", "/console", [("host", "evil.example")])).status

    async def test_files(self, client: HttpClient) -> None:
        """The stylesheet and the icon come from here, and load nothing from anywhere."""
        style, icon = await client.get("/console/console.css"), await client.get("/console/icon.svg")

        assert ("text/css; charset=utf-8", "image/svg+xml") == (
            style.headers["content-type"],
            icon.headers["content-type"],
        )
        assert not re.search(rb"url\(|@import", style.body)

    async def test_structure(self, look: Look) -> None:
        """Everything is closed in its order, there is one main heading, and every cell has both of its headers."""
        page = await look()

        assert (1, 1) == (page.tags.count("h1"), page.tags.count("main"))
        assert "Skip to the comparison" in page.text
        assert {"Anna", "Selma", "Mara", "Ben"} == {who for who, _ in page.cells}

    async def test_unrecorded(self, pages: Pages) -> None:
        """When an access cannot be recorded there is no page, and no byte of the contact."""

        class Forgetful:
            """A gate whose journal takes nothing any more."""

            async def handle(self, call: Call, credential: Credential) -> Disclosure:
                """Raise."""
                raise AuditUnavailable

            async def handle_batch(self, batch: Batch, credential: Credential) -> Sequence[Disclosure | GatewayError]:
                """Raise."""
                raise AuditUnavailable

            async def refused(self, attempt: Call, credential: Credential, error: GatewayError) -> None:
                """Raise."""
                raise AuditUnavailable

        client = HttpClient(console.console(replace(pages, gate=Forgetful())), (("host", "localhost"),))
        reply = await client.get("/console?lang=de")

        assert (503, True) == (reply.status, "Protokoll nicht verfügbar" in reply.body.decode())
        assert b"Lena" not in reply.body

    async def test_distrusted(self, client: HttpClient, pages: Pages, look: Look) -> None:
        """When no trusted policy is in force, the page says so and shows nothing."""
        file = pages.policies.folder / "tenants/acme.csv"
        file.write_text("# distrusted\n" + file.read_text())
        pages.policies.reload()
        pages.policies.distrust(pages.policies.current().version)
        page = await look()

        assert {} == page.cells
        assert "No trusted policy is in force: every call is refused." in page.text
        assert 200 == (await client.get("/console")).status
