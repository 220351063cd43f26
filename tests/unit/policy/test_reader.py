from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from policy_gateway.errors import Finding
from policy_gateway.policy import Vocabulary, read_files
from policy_gateway.policy.dialect import MODEL

Files = dict[str, bytes]
Found = Callable[[Mapping[str, bytes]], list[Finding]]

GOOD = "p, agent, acme, identity, view, allow, clear, service, -, normal, -, NEW-1, law:X"

TRAPS = [
    # Effects that Casbin takes for neither, so that a deny is lost.
    ("view, allow", "view, Deny", 33, "effect", "`Deny` is neither `allow` nor `deny`", "did you mean `deny`?"),
    ("view, allow", "view, allwo", 33, "effect", "`allwo` is neither `allow` nor `deny`", "did you mean `allow`?"),
    # Words that nobody knows.
    ("agent", "agnet", 4, "unknown-role", "`agnet` is not a known role", "did you mean `agent`?"),
    ("identity", "identiy", 17, "unknown-field", "`identiy` is not a known field", "did you mean `identity`?"),
    ("view", "veiw", 27, "unknown-action", "`veiw` is not a known action", "did you mean `view`?"),
    ("clear", "claer", 40, "unknown-level", "`claer` is not a known level", "did you mean `clear`?"),
    ("service", "servcie", 47, "unknown-purpose", "`servcie` is not a known purpose", "did you mean `service`?"),
    ("normal", "always!", 59, "unknown-tier", "`always!` is not a known tier", "did you mean `always`?"),
    ("normal, -", "normal, lgo", 67, "unknown-obligation", "`lgo` is not a known obligation", "did you mean `log`?"),
    (
        "service, -",
        "service, own_teem",
        56,
        "unknown-condition",
        "`own_teem` is not a known condition",
        "did you mean `own_team`?",
    ),
    (
        "law:X",
        "instruction:ACME-2",
        77,
        "unknown-instruction",
        "`ACME-2` is not in `instructions.yaml`",
        "did you mean `ACME-1`?",
    ),
    ("law:X", "instruction:BOLT-1", 77, "foreign-instruction", "`BOLT-1` is an instruction of another tenant", ""),
    ("law:X", "because", 77, "why", "`because` is neither `instruction:…` nor `law:…`", "write `-` for none"),
    # Names are compared exactly: no regular expressions, no globs, no prefixes.
    (
        "identity",
        "contact.*",
        17,
        "pattern",
        "`contact.*` looks like a pattern; names are compared exactly",
        "name a category, a role or `*`",
    ),
    (
        "identity",
        "^email$",
        17,
        "pattern",
        "`^email$` looks like a pattern; names are compared exactly",
        "name a category, a role or `*`",
    ),
    ("acme", "acme*", 11, "foreign-tenant", "`acme*` is another tenant than this file's", "write `acme`"),
    ("acme", "bolt", 11, "foreign-tenant", "`bolt` is another tenant than this file's", "write `acme`"),
    ("acme", "*", 11, "foreign-tenant", "`*` is another tenant than this file's", "write `acme`"),
    (
        "agent",
        "usr:anna",
        4,
        "subject",
        "`usr:anna` has no known prefix",
        "use user:, team:, app: or ai:, or the name of a role",
    ),
    # What an allow may not say.
    (
        "identity",
        "*",
        17,
        "allow-everything",
        "an allow must name a field or category: `*` would show what nobody has classified",
        "name the broadest category instead",
    ),
    ("clear", "none", 40, "no-effect", "a rule that allows `none` allows nothing", ""),
    (
        "view, allow, clear",
        "edit, allow, last4",
        40,
        "show-action",
        "`edit` is all or nothing, so `last4` would not be what it says",
        "write `clear`",
    ),
    (
        "allow, clear, service, -, normal, -",
        "deny, none, service, -, normal, log",
        65,
        "then-deny",
        "a deny grants nothing that could oblige",
        "write `-`",
    ),
    ("NEW-1", "-", 70, "id", "`-` is not a rule id", "write one such as `ACME-17`"),
    # Conditions are names with typed arguments.
    ("service, -", "service, until(2026-13-01)", 56, "argument", "`2026-13-01` is not a date", ""),
    (
        "service, -",
        "service, consent(marketin)",
        56,
        "argument",
        "`marketin` is not a purpose",
        "did you mean `marketing`?",
    ),
    ("p,", "p;", 1, "separators", "columns are separated by both `,` and `;`", "use `,` throughout"),
    ("service, -", "service, channel(fax)", 56, "argument", "`fax` is not a channel", ""),
    ("service, -", "service, role(chef)", 56, "argument", "`chef` is not a role", ""),
    ("service, -", "service, network(10.0.0.0/33)", 56, "argument", "`10.0.0.0/33` is not a network", ""),
    ("service, -", "service, direction(up)", 56, "argument", "`up` is not one of inbound|outbound", ""),
    ("service, -", "service, until", 56, "arguments", "`until` has 0 arguments", "`until` takes date"),
    ("service, -", "service, vip(1)", 56, "arguments", "`vip(1)` has 1 arguments", "`vip` takes no arguments"),
    ("service, -", "service, vip & vip", 56, "condition", "`vip & vip` says the same twice", ""),
    (
        "service, -",
        "service, vip | own_team",
        56,
        "condition",
        "a condition is a name such as `own_team`, perhaps with `!` before it and arguments in brackets",
        "",
    ),
    (
        "service, -",
        "service, vip & (1 or 1)",
        62,
        "condition",
        "a condition is a name such as `own_team`, perhaps with `!` before it and arguments in brackets",
        "",
    ),
    ("service, -", "service, ", 56, "condition", "the condition is empty", "write `-` for none"),
    # What Casbin's file format loses.
    ("p,", "P,", 1, "row-type", "`P` does not begin a row here", "did you mean `p`?"),
    ("p,", "p9,", 1, "row-type", "`p9` does not begin a row here", "did you mean `p`?"),
    ("p,", "g3,", 1, "row-type", "`g3` holds for every tenant", "move it to `vocabulary.csv`"),
    ("agent", '"agent"', 4, "quotes", "quotation marks would become part of the value", 'remove `"`'),
    (
        "law:X",
        "law:X # X",
        83,
        "comment",
        "a comment needs a line of its own; here it would become part of the last column",
        "remove `#`",
    ),
    ("law:X", "law:X,,,", 85, "trailing-comma", "there is an empty column at the end of the line", "remove it"),
    (
        ", law:X",
        "",
        1,
        "columns",
        "a rule has 12 columns, and there are 11",
        "p, sub, dom, obj, act, eft, show, purpose, cond, tier, then, id, why",
    ),
    ("service, -", "service, channel(phone, sms", 63, "brackets", "brackets do not match", ""),
    ("identity", "identity)", 25, "brackets", "brackets do not match", ""),
    (
        "agent",
        "ag\u200bent",
        6,
        "invisible",
        "there is an invisible character here: zero width space",
        "use plain spaces",
    ),
    ("agent", "ag\u00adent", 6, "invisible", "there is an invisible character here: soft hyphen", "use plain spaces"),
    (
        "agent",
        "\u00a0agent",
        4,
        "invisible",
        "there is an invisible character here: no-break space",
        "use plain spaces",
    ),
    ("agent", "ag\tent", 6, "invisible", "there is an invisible character here: u+0009", "use plain spaces"),
    (
        "agent",
        "\u2028agent",
        4,
        "invisible",
        "there is an invisible character here: line separator",
        "use plain spaces",
    ),
]


def with_row(files: Files, row: str, path: str = "tenants/acme.csv") -> Files:
    """Return *files* with *row* as the last one of *path*."""
    return {**files, path: files[path].replace(b"# end\n", row.encode() + b"\n# end\n")}


class TestGoodFolder:
    def test_reads(self, files: Files, found: Found) -> None:
        """A sound folder has no findings."""
        assert [] == found(with_row(files, GOOD))

    def test_byte_order_mark(self, files: Files, vocabulary: Vocabulary) -> None:
        """A byte-order mark, which makes Casbin drop the first rule, is understood."""
        marked = {**files, "law.csv": b"\xef\xbb\xbf" + files["law.csv"]}
        assert read_files(files, vocabulary) == read_files(marked, vocabulary)

    def test_semicolons(self, files: Files, vocabulary: Vocabulary) -> None:
        """``;`` between columns, which makes Casbin drop all rules, is understood, brackets and all."""
        rules = read_files(
            with_row(files, GOOD.replace("service, -", "service, channel(phone, sms)")), vocabulary
        ).rules
        spread = GOOD.replace(",", ";").replace("service; -", "service; channel(phone, sms)")
        assert rules == read_files(with_row(files, spread), vocabulary).rules

    def test_line_ends(self, files: Files, vocabulary: Vocabulary) -> None:
        """Line ends do not change what a folder says, nor its version."""
        windows = {path: data.replace(b"\n", b"\r\n") for path, data in files.items()}
        assert read_files(files, vocabulary) == read_files(windows, vocabulary)

    def test_version(self, files: Files, vocabulary: Vocabulary) -> None:
        """Another content is another version."""
        assert read_files(files, vocabulary).version != read_files(with_row(files, GOOD), vocabulary).version

    def test_ignored_files(self, files: Files, found: Found) -> None:
        """Notes beside the rules and hidden files are nobody's rules."""
        assert [] == found({**files, "README.md": b"hello", ".git": b"", "tenants/.acme.csv.swp": b"\xff"})

    def test_narrowed_field(self, files: Files, vocabulary: Vocabulary) -> None:
        """A field narrowed to a connection keeps what the field itself is."""
        links = {(link.lower, link.upper, link.tenant) for link in read_files(files, vocabulary).links}
        assert {("contact.notes@sales", "contact.notes", "*")} <= links


class TestTraps:
    @pytest.mark.parametrize(("old", "new", "column", "code", "message", "suggestion"), TRAPS)
    def test_refused(  # noqa: PLR0913 -- one parameter a column of the table
        self, files: Files, found: Found, old: str, new: str, column: int, code: str, message: str, suggestion: str
    ) -> None:
        """A row that Casbin would lose or misread is refused where it stands, with what was meant."""
        line = files["tenants/acme.csv"].count(b"\n")
        expected = Finding("tenants/acme.csv", line, column, code, message, suggestion)
        assert [expected] == found(with_row(files, GOOD.replace(old, new, 1)))

    def test_all_at_once(self, files: Files, found: Found) -> None:
        """Everything wrong is said at once, over all files, by place."""
        broken = with_row(files, GOOD.replace("allow", "alow").replace("view", "veiw"))
        broken = {**broken, "law.csv": broken["law.csv"].replace(b"deny", b"Deny")}
        assert [
            ("law.csv", 1, "effect"),
            ("law.csv", 2, "effect"),
            ("tenants/acme.csv", 14, "unknown-action"),
            ("tenants/acme.csv", 14, "effect"),
        ] == [(finding.path, finding.line, finding.code) for finding in found(broken)]

    def test_duplicate_rule(self, files: Files, found: Found) -> None:
        """The same rule twice is refused, whatever its id."""
        twice = with_row(with_row(files, GOOD), GOOD.replace("NEW-1", "NEW-2"))
        assert ["the same rule stands at tenants/acme.csv:14"] == [finding.message for finding in found(twice)]

    def test_duplicate_id(self, files: Files, found: Found) -> None:
        """Two rules of one id are refused, over all files."""
        twice = with_row(files, GOOD.replace("NEW-1", "LAW-1"))
        assert ["`LAW-1` is also the id of the rule at law.csv:1"] == [finding.message for finding in found(twice)]

    def test_why_is_no_error(self, files: Files, found: Found) -> None:
        """A rule without a reason loads; the linter asks for it."""
        assert [] == found(with_row(files, GOOD.replace("law:X", "-")))

    def test_law_is_always(self, files: Files, found: Found) -> None:
        """What the law asks cannot be lifted by breaking the glass."""
        loose = {**files, "law.csv": files["law.csv"].replace(b"always", b"normal", 1)}
        assert [("law-tier", 57)] == [(finding.code, finding.column) for finding in found(loose)]

    def test_encoding(self, files: Files, found: Found) -> None:
        """A file in Windows-1252 is refused at the first foreign byte."""
        foreign = {**files, "group.csv": b"# ok\n# f\xfcr\n" + files["group.csv"]}
        assert [
            Finding("group.csv", 2, 4, "encoding", "the file is not UTF-8", "save it as UTF-8, not Windows-1252")
        ] == found(foreign)

    def test_utf16(self, files: Files, found: Found) -> None:
        """A file in UTF-16 is refused."""
        assert ["encoding"] == [
            f.code for f in found({**files, "group.csv": files["group.csv"].decode().encode("utf-16")})
        ]


class TestModel:
    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("some(where (p.eft == allow)) && !some(where (p.eft == deny))", "!some(where (p.eft == deny))"),
            ("some(where (p.eft == allow)) && !some(where (p.eft == deny))", "priority(p.eft) || deny"),
            ("holds(p.cond, p.eft, r.facts)", "eval(p.cond)"),
            ("r.dom == p.dom", "keyMatch(r.dom, p.dom)"),
            ('(p.eft == "allow") ==', '!p.eft == "allow" =='),
            ("g5 = _, _", ""),
            ("(p.sub == ", "(r.sub == "),
        ],
    )
    def test_another_model(self, files: Files, found: Found, old: str, new: str) -> None:
        """Any other model is refused: a deny-override over no rules, say, would allow everything."""
        assert ["model"] == [
            finding.code for finding in found({**files, "model.conf": MODEL.replace(old, new).encode()})
        ]

    def test_space(self, files: Files, found: Found) -> None:
        """Comments and white space do not make another model."""
        text = "# who\n" + MODEL.replace(" && ", "   &&\\\n   ").replace("= sub", "=sub")
        assert [] == found({**files, "model.conf": text.encode()})


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

    def test_equal_ranks(self, files: Files, vocabulary: Vocabulary, found: Found) -> None:
        """Two levels of one rank are refused: neither reveals more."""
        twin = type("Twin", (), {"name": "twin", "rank": vocabulary.masks["last4"].rank})()
        vocabulary = Vocabulary(vocabulary.conditions, {**vocabulary.masks, "twin": twin}, vocabulary.obligations)
        try:
            read_files(with_row(files, "g5, twin, clear", "vocabulary.csv"), vocabulary)
        except Exception as error:  # noqa: BLE001 -- whatever it is, it must say why
            assert "have the same rank" in str(error)
        else:
            pytest.fail("accepted")

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
        ("path", "old", "new", "code", "message"),
        [
            ("purposes.yaml", "contract", "contrakt", "value", "`contrakt` is not a legal basis of Art. 6(1) GDPR"),
            ("purposes.yaml", "P3Y", "3 years", "value", "`3 years` is not a period such as `P3Y`"),
            ("purposes.yaml", "P3Y", "P", "value", "`P` is not a period such as `P3Y`"),
            (
                "purposes.yaml",
                "broader: customer_care",
                "broader: custmer_care",
                "unknown-purpose",
                "`custmer_care` is not a known purpose",
            ),
            ("purposes.yaml", "retention:", "retenton:", "unknown-key", "`retenton` is not known here"),
            ("purposes.yaml", "marketing:", "audit:", "duplicate-key", "`audit` is also said in line 4"),
            (
                "purposes.yaml",
                "{de: Werbung, en: Marketing}",
                "{de: Werbung}",
                "label",
                "a label is needed in German and English",
            ),
            ("purposes.yaml", "contract", "&a contract", "yaml", "anchors, aliases and tags are not used here"),
            (
                "purposes.yaml",
                "contract",
                "!!python/name:os.system contract",
                "yaml",
                "anchors, aliases and tags are not used here",
            ),
            ("tenants/acme.yaml", "service", "servise", "unknown-purpose", "`servise` is not a known purpose"),
            (
                "tenants/acme.yaml",
                "service",
                "customer_care",
                "broad-purpose",
                "`customer_care` is a broad purpose; a mandate names the ones that are called",
            ),
            ("tenants/acme.yaml", "complaint", "service", "duplicate", "`service` is listed twice"),
            ("tenants/acme.yaml", "controller", "contoller", "missing-key", "`controller` is missing"),
            (
                "tenants/acme.yaml",
                "# end",
                "timezone: Berlin\n# end",
                "value",
                "`Berlin` is not a time zone such as `Europe/Berlin`",
            ),
            (
                "tenants/acme.yaml",
                "# end",
                "office_hours: {days: [moon], opens: '08:00', closes: '20:00'}\n# end",
                "value",
                "`moon` is not a day",
            ),
            (
                "tenants/acme.yaml",
                "# end",
                "office_hours: {days: [mon], opens: '20:00', closes: '08:00'}\n# end",
                "value",
                "`20:00` is not before `08:00`",
            ),
            (
                "tenants/acme.yaml",
                "controller:",
                "controller: [",
                "yaml",
                "this is not YAML: expected ',' or ']', but got ':'",
            ),
            ("instructions.yaml", "tenant: acme", "tenant: acne", "unknown-tenant", "`acne` is not a known tenant"),
            ("instructions.yaml", "2026-01-02", "yesterday", "value", "`yesterday` is not a date"),
        ],
    )
    def test_refused(self, files: Files, found: Found, path: str, old: str, new: str, code: str, message: str) -> None:  # noqa: PLR0913 -- one parameter a column of the table
        """A document that says something else than its form is refused."""
        broken = {**files, path: files[path].replace(old.encode(), new.encode(), 1)}
        assert (path, code, message) in [(finding.path, finding.code, finding.message) for finding in found(broken)]

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
