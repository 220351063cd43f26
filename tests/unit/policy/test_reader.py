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
    ("view, allow", "view, Deny", (33, "effect", "`Deny` is neither `allow` nor `deny`", "did you mean `deny`?")),
    ("view, allow", "view, allwo", (33, "effect", "`allwo` is neither `allow` nor `deny`", "did you mean `allow`?")),
    # Words that nobody knows.
    ("agent", "agnet", (4, "unknown-role", "`agnet` is not a known role", "did you mean `agent`?")),
    ("identity", "identiy", (17, "unknown-field", "`identiy` is not a known field", "did you mean `identity`?")),
    ("view", "veiw", (27, "unknown-action", "`veiw` is not a known action", "did you mean `view`?")),
    ("clear", "claer", (40, "unknown-level", "`claer` is not a known level", "did you mean `clear`?")),
    ("service", "servcie", (47, "unknown-purpose", "`servcie` is not a known purpose", "did you mean `service`?")),
    ("normal", "always!", (59, "unknown-tier", "`always!` is not a known tier", "did you mean `always`?")),
    ("normal, -", "normal, lgo", (67, "unknown-obligation", "`lgo` is not a known obligation", "did you mean `log`?")),
    (
        "service, -",
        "service, own_teem",
        (56, "unknown-condition", "`own_teem` is not a known condition", "did you mean `own_team`?"),
    ),
    (
        "law:X",
        "instruction:ACME-2",
        (77, "unknown-instruction", "`ACME-2` is not in `instructions.yaml`", "did you mean `ACME-1`?"),
    ),
    ("law:X", "instruction:BOLT-1", (77, "foreign-instruction", "`BOLT-1` is an instruction of another tenant", "")),
    ("law:X", "because", (77, "why", "`because` is neither `instruction:…` nor `law:…`", "write `-` for none")),
    # Names are compared exactly: no regular expressions, no globs, no prefixes.
    (
        "identity",
        "contact.*",
        (
            17,
            "pattern",
            "`contact.*` looks like a pattern; names are compared exactly",
            "name a category, a role or `*`",
        ),
    ),
    (
        "identity",
        "^email$",
        (17, "pattern", "`^email$` looks like a pattern; names are compared exactly", "name a category, a role or `*`"),
    ),
    ("acme", "acme*", (11, "foreign-tenant", "`acme*` is another tenant than this file's", "write `acme`")),
    ("acme", "bolt", (11, "foreign-tenant", "`bolt` is another tenant than this file's", "write `acme`")),
    ("acme", "*", (11, "foreign-tenant", "`*` is another tenant than this file's", "write `acme`")),
    (
        "agent",
        "usr:anna",
        (4, "subject", "`usr:anna` has no known prefix", "use user:, team:, app: or ai:, or the name of a role"),
    ),
    # What an allow may not say.
    (
        "identity",
        "*",
        (
            17,
            "allow-everything",
            "an allow must name a field or category: `*` would show what nobody has classified",
            "name the broadest category instead",
        ),
    ),
    ("clear", "none", (40, "no-effect", "a rule that allows `none` allows nothing", "")),
    (
        "view, allow, clear",
        "edit, allow, last4",
        (40, "show-action", "`edit` is all or nothing, so `last4` would not be what it says", "write `clear`"),
    ),
    (
        "allow, clear, service, -, normal, -",
        "deny, none, service, -, normal, log",
        (65, "then-deny", "a deny grants nothing that could oblige", "write `-`"),
    ),
    ("NEW-1", "-", (70, "id", "`-` is not a rule id", "write one such as `ACME-17`")),
    ("NEW-1", "Default-Deny", (70, "id", "`Default-Deny` is not a rule id", "write one such as `ACME-17`")),
    # Conditions are names with typed arguments.
    ("service, -", "service, until(2026-13-01)", (56, "argument", "`2026-13-01` is not a date", "")),
    (
        "service, -",
        "service, consent(marketin)",
        (56, "argument", "`marketin` is not a purpose", "did you mean `marketing`?"),
    ),
    ("p,", "p;", (1, "separators", "columns are separated by both `,` and `;`", "use `,` throughout")),
    ("service, -", "service, channel(fax)", (56, "argument", "`fax` is not a channel", "")),
    ("service, -", "service, role(chef)", (56, "argument", "`chef` is not a role", "")),
    ("service, -", "service, network(10.0.0.0/33)", (56, "argument", "`10.0.0.0/33` is not a network", "")),
    ("service, -", "service, direction(up)", (56, "argument", "`up` is not one of inbound|outbound", "")),
    ("service, -", "service, until", (56, "arguments", "`until` has 0 arguments", "`until` takes date")),
    ("service, -", "service, vip(1)", (56, "arguments", "`vip(1)` has 1 arguments", "`vip` takes no arguments")),
    ("service, -", "service, vip & vip", (56, "condition", "`vip & vip` says the same twice", "")),
    (
        "service, -",
        "service, vip | own_team",
        (
            56,
            "condition",
            "a condition is a name such as `own_team`, perhaps with `!` before it and arguments in brackets",
            "",
        ),
    ),
    (
        "service, -",
        "service, vip & (1 or 1)",
        (
            62,
            "condition",
            "a condition is a name such as `own_team`, perhaps with `!` before it and arguments in brackets",
            "",
        ),
    ),
    ("service, -", "service, ", (56, "condition", "the condition is empty", "write `-` for none")),
    # What Casbin's file format loses.
    ("p,", "P,", (1, "row-type", "`P` does not begin a row here", "did you mean `p`?")),
    ("p,", "p9,", (1, "row-type", "`p9` does not begin a row here", "did you mean `p`?")),
    ("p,", "g3,", (1, "row-type", "`g3` holds for every tenant", "move it to `vocabulary.csv`")),
    ("agent", '"agent"', (4, "quotes", "quotation marks would become part of the value", 'remove `"`')),
    (
        "law:X",
        "law:X # X",
        (
            83,
            "comment",
            "a comment needs a line of its own; here it would become part of the last column",
            "remove `#`",
        ),
    ),
    ("law:X", "law:X,,,", (85, "trailing-comma", "there is an empty column at the end of the line", "remove it")),
    (
        ", law:X",
        "",
        (
            1,
            "columns",
            "a rule has 12 columns, and there are 11",
            "p, sub, dom, obj, act, eft, show, purpose, cond, tier, then, id, why",
        ),
    ),
    ("service, -", "service, channel(phone, sms", (63, "brackets", "brackets do not match", "")),
    ("identity", "identity)", (25, "brackets", "brackets do not match", "")),
    (
        "agent",
        "ag\u200bent",
        (6, "invisible", "there is an invisible character here: zero width space", "use plain spaces"),
    ),
    ("agent", "ag\xadent", (6, "invisible", "there is an invisible character here: soft hyphen", "use plain spaces")),
    (
        "agent",
        "\xa0agent",
        (4, "invisible", "there is an invisible character here: no-break space", "use plain spaces"),
    ),
    ("agent", "ag\tent", (6, "invisible", "there is an invisible character here: u+0009", "use plain spaces")),
    (
        "agent",
        "\u2028agent",
        (4, "invisible", "there is an invisible character here: line separator", "use plain spaces"),
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
    @pytest.mark.parametrize(("old", "new", "expected"), TRAPS)
    def test_refused(self, files: Files, found: Found, old: str, new: str, expected: tuple[int, str, str, str]) -> None:
        """A row that Casbin would lose or misread is refused where it stands, with what was meant."""
        line = files["tenants/acme.csv"].count(b"\n")
        assert [Finding("tenants/acme.csv", line, *expected)] == found(with_row(files, GOOD.replace(old, new, 1)))

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
