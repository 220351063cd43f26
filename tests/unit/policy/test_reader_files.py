from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from policy_gateway.errors import Finding, PolicyError
from policy_gateway.policy import Vocabulary, read_files

Files = dict[str, bytes]
Found = Callable[[Mapping[str, bytes]], list[Finding]]


def with_row(files: Files, row: str, path: str = "tenants/acme.csv") -> Files:
    """Return *files* with *row* as the last one of *path*."""
    return {**files, path: files[path].replace(b"# end\n", row.encode() + b"\n# end\n")}


class TestVocabulary:
    @pytest.mark.parametrize(
        ("row", "code", "message"),
        [
            (
                "g, user:anna, agent, acme",
                "person",
                "`user:anna` is a person or application: who has which role is not policy",
            ),
            (
                "g, ai:copilot, agent, acme",
                "person",
                "`ai:copilot` is a person or application: who has which role is not policy",
            ),
            ("g, team:x, team:y, acme", "role", "`team:y` is not a role: a role is a plain word"),
            ("g, clerk, agent, acm", "unknown-tenant", "`acm` is not a known tenant"),
            ("g, clerk, agent, acme*", "pattern", "`acme*` looks like a pattern; names are compared exactly"),
            ("g, clerk, agent", "columns", "`g` needs 3 columns, and there are 2"),
            ("g, Clerk, agent, *", "name", "`Clerk` is not a plain word"),
            ("g, clerk.*, agent, *", "pattern", "`clerk.*` looks like a pattern; names are compared exactly"),
            (
                "g2, contact.iban, contact.money, *",
                "category",
                "`contact.money` looks like a field; a category is a plain word",
            ),
            ("g2, contact.*, financial, *", "pattern", "`contact.*` looks like a pattern; names are compared exactly"),
            ("g2, contact.iban, financial, *", "duplicate", "the same link is stated at vocabulary.csv:10"),
            ("g3, look, read", "unknown-action", "`look` is not a known action"),
            ("g3, view, search", "action", "`search` is an action, not a group of actions"),
            ("g4, service, other", "purpose-link", "purposes are defined by `purposes.yaml` alone"),
            ("g5, blur, clear", "unknown-level", "`blur` has no mask"),
            (
                "g5, partial, last4",
                "level-order",
                "`partial` reveals no less than `last4`, by the ranks of their masks",
            ),
            ("g5, none, year", "level-top", "`year` does not lead to `clear`, so showing all would not include it"),
            (
                "p, agent, acme, identity, view, allow, clear, *, -, normal, -, N-1, -",
                "row-type",
                "`p` does not begin a row here",
            ),
        ],
    )
    def test_refused(self, files: Files, found: Found, row: str, code: str, message: str) -> None:
        """A link that makes no sense is refused."""
        assert [(code, message)] == [(f.code, f.message) for f in found(with_row(files, row, "vocabulary.csv"))]

    @pytest.mark.parametrize(
        "rows",
        [
            "g, agent, supervisor, *",
            "g2, personal, identity, *",
            "g3, read, write\ng3, write, read",
            "g, agent, agent, acme",
        ],
    )
    def test_cycle(self, files: Files, found: Found, rows: str) -> None:
        """Names that contain each other are refused."""
        assert {"cycle"} == {finding.code for finding in found(with_row(files, rows, "vocabulary.csv"))}

    def test_purpose_cycle(self, files: Files, found: Found) -> None:
        """Purposes that contain each other are refused."""
        looped = files["purposes.yaml"].replace(b"customer_care: {", b"customer_care: {broader: service, ")
        assert "cycle" in {finding.code for finding in found({**files, "purposes.yaml": looped})}

    @pytest.mark.parametrize(("links", "codes"), [(8, []), (9, ["depth"])])
    def test_depth(self, files: Files, found: Found, links: int, codes: list[str]) -> None:
        """A hierarchy as deep as Casbin looks is read; a deeper one is refused rather than silently cut."""
        chain = "\n".join(f"g, r{n}, {f'r{n + 1}' if n < links else 'agent'}, *" for n in range(links + 1))
        assert codes == [finding.code for finding in found(with_row(files, chain, "vocabulary.csv"))]

    def test_equal_ranks(self, files: Files, vocabulary: Vocabulary) -> None:
        """Two levels of one rank are refused: neither reveals more."""
        twin = type("Twin", (), {"name": "twin", "rank": vocabulary.masks["last4"].rank})()
        vocabulary = Vocabulary(vocabulary.conditions, {**vocabulary.masks, "twin": twin}, vocabulary.obligations)
        with pytest.raises(PolicyError, match="have the same rank"):
            read_files(with_row(files, "g5, twin, clear", "vocabulary.csv"), vocabulary)

    def test_tenants_own_links(self, files: Files, found: Found) -> None:
        """A tenant's file may hold links, of its own tenant only."""
        assert [] == found(with_row(files, "g2, contact.phone@sales, special_category, acme"))
        foreign = found(with_row(files, "g2, contact.phone@sales, special_category, *"))
        assert ["foreign-tenant"] == [finding.code for finding in foreign]


class TestFolder:
    @pytest.mark.parametrize(
        "path",
        [
            "model.conf",
            "law.csv",
            "group.csv",
            "purposes.yaml",
            "instructions.yaml",
            "tenants/acme.csv",
            "tenants/acme.yaml",
        ],
    )
    def test_missing(self, files: Files, found: Found, path: str) -> None:
        """A folder without one of its files is refused: its denies would be gone."""
        del files[path]
        assert (path, "missing-file") in [(finding.path, finding.code) for finding in found(files)]

    def test_nothing(self, found: Found) -> None:
        """An empty folder is refused, not an empty policy."""
        assert {"missing-file", "no-rules"} == {finding.code for finding in found({})}

    @pytest.mark.parametrize("data", [b"", b"\n", b"\xef\xbb\xbf", b"# end\n"])
    def test_empty_law(self, files: Files, found: Found, data: bytes) -> None:
        """A law file that asks for nothing is refused."""
        assert ["empty"] == [finding.code for finding in found({**files, "law.csv": data})]

    def test_unknown_file(self, files: Files, found: Found) -> None:
        """A file that is not part of a policy is refused: its rules would not count."""
        assert [
            Finding("laws.csv", 1, 1, "unknown-file", "this file is not part of a policy", "did you mean `law.csv`?")
        ] == found({**files, "laws.csv": b""})

    def test_goes_on(self, files: Files, found: Found) -> None:
        """Rows after the end are refused: what comes last may be a remainder."""
        assert ["end"] == [f.code for f in found({**files, "group.csv": files["group.csv"] + b"# more\n"})]

    @pytest.mark.attack("J01")
    @pytest.mark.parametrize(
        "path", ["vocabulary.csv", "law.csv", "group.csv", "purposes.yaml", "tenants/acme.csv", "tenants/acme.yaml"]
    )
    def test_cut_short(self, files: Files, found: Found, path: str) -> None:
        """A file cut short anywhere is refused, at the end of a line too."""
        whole = len(files[path].rstrip())
        short = [size for size in range(0, whole, 29) if not found({**files, path: files[path][:size]})]
        short += [
            n + 1
            for n, byte in enumerate(files[path][: whole - 1])
            if byte == 10 and not found({**files, path: files[path][: n + 1]})
        ]
        assert [] == short


class TestDocuments:
    @pytest.mark.parametrize(
        ("path", "change", "expected"),
        [
            ("purposes.yaml", ("contract", "contrakt"), ("value", "`contrakt` is not a legal basis of Art. 6(1) GDPR")),
            ("purposes.yaml", ("P3Y", "3 years"), ("value", "`3 years` is not a period such as `P3Y`")),
            ("purposes.yaml", ("P3Y", "P"), ("value", "`P` is not a period such as `P3Y`")),
            (
                "purposes.yaml",
                ("broader: customer_care", "broader: custmer_care"),
                ("unknown-purpose", "`custmer_care` is not a known purpose"),
            ),
            ("purposes.yaml", ("retention:", "retenton:"), ("unknown-key", "`retenton` is not known here")),
            ("purposes.yaml", ("marketing:", "audit:"), ("duplicate-key", "`audit` is also said in line 4")),
            (
                "purposes.yaml",
                ("{de: Werbung, en: Marketing}", "{de: Werbung}"),
                ("label", "a label is needed in German and English"),
            ),
            ("purposes.yaml", ("contract", "&a contract"), ("yaml", "anchors, aliases and tags are not used here")),
            (
                "purposes.yaml",
                ("contract", "!!python/name:os.system contract"),
                ("yaml", "anchors, aliases and tags are not used here"),
            ),
            ("tenants/acme.yaml", ("service", "servise"), ("unknown-purpose", "`servise` is not a known purpose")),
            (
                "tenants/acme.yaml",
                ("service", "customer_care"),
                ("broad-purpose", "`customer_care` is a broad purpose; a mandate names the ones that are called"),
            ),
            ("tenants/acme.yaml", ("complaint", "service"), ("duplicate", "`service` is listed twice")),
            ("tenants/acme.yaml", ("controller", "contoller"), ("missing-key", "`controller` is missing")),
            (
                "tenants/acme.yaml",
                ("# end", "timezone: Berlin\n# end"),
                ("value", "`Berlin` is not a time zone such as `Europe/Berlin`"),
            ),
            (
                "tenants/acme.yaml",
                ("# end", "office_hours: {days: [moon], opens: '08:00', closes: '20:00'}\n# end"),
                ("value", "`moon` is not a day"),
            ),
            (
                "tenants/acme.yaml",
                ("# end", "office_hours: {days: [mon], opens: '20:00', closes: '08:00'}\n# end"),
                ("value", "`20:00` is not before `08:00`"),
            ),
            (
                "tenants/acme.yaml",
                ("controller:", "controller: ["),
                ("yaml", "this is not YAML: expected ',' or ']', but got ':'"),
            ),
            ("instructions.yaml", ("tenant: acme", "tenant: acne"), ("unknown-tenant", "`acne` is not a known tenant")),
            ("instructions.yaml", ("2026-01-02", "yesterday"), ("value", "`yesterday` is not a date")),
        ],
    )
    def test_refused(
        self, files: Files, found: Found, path: str, change: tuple[str, str], expected: tuple[str, str]
    ) -> None:
        """A document that says something else than its form is refused."""
        broken = {**files, path: files[path].decode().replace(*change, 1).encode()}
        assert (path, *expected) in [(finding.path, finding.code, finding.message) for finding in found(broken)]

    def test_office_hours(self, files: Files, vocabulary: Vocabulary) -> None:
        """Office hours are read into days and times."""
        hours = b"timezone: Europe/Vienna\noffice_hours: {days: [fri, mon], opens: '09:00', closes: '17:30'}\n# end"
        mandate = read_files(
            {**files, "tenants/acme.yaml": files["tenants/acme.yaml"].replace(b"# end", hours)}, vocabulary
        ).mandates["acme"]
        assert mandate.hours is not None
        assert ("Europe/Vienna", (0, 4), "09:00", "17:30") == (
            mandate.timezone,
            mandate.hours.days,
            mandate.hours.opens,
            mandate.hours.closes,
        )
