"""Rows H: policy files that mean something else than they say, each a way in with Casbin as it comes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import casbin
import pytest

from policy_gateway.app import extensions, vocabulary
from policy_gateway.errors import GatewayError, PolicyError
from policy_gateway.identity import Grant
from policy_gateway.model.decision import Deny, Permit
from policy_gateway.policy import Policy, Vocabulary, read_files
from policy_gateway.policy.sources import snapshot
from policy_gateway.query import Call, Query
from policy_gateway.testing import a_principal
from policy_gateway.testing.gateways import Whole
from policy_gateway_memory.catalogue import catalogue

SHIPPED = Path(__file__).parents[2] / "policies"
RULES, WORDS, LAW = "tenants/acme.csv", "vocabulary.csv", "law.csv"
ROW = "p, agent, acme, {}, view, {}, {}, {}, {}, normal, -, ACME-99, law:GDPR-6-1-b\n"


@pytest.fixture(scope="module")
def known() -> Vocabulary:
    """Return what rules may be written with."""
    return vocabulary(extensions())


@pytest.fixture
def files() -> dict[str, bytes]:
    """Return the shipped policy files."""
    return dict(snapshot(SHIPPED))


def with_row(obj: str = "contact.iban", eft: str = "allow", show: str = "clear", purpose: str = "*") -> Harm:
    """Return what adds a rule to a file."""
    row = ROW.format(obj, eft, show, purpose, "-")
    return lambda text: text.replace("# end", f"{row}# end")


def with_line(line: str) -> Harm:
    """Return what adds a line to a file."""
    return lambda text: text.replace("# end", f"{line}\n# end")


Harm = Callable[[str], str]
HARMS: list[tuple[str, str, Harm]] = [
    ("H01", RULES, with_row(eft="Deny", show="none")),
    ("H01", RULES, with_row(eft="deny # hide", show="none")),
    (
        "H03",
        RULES,
        with_line('p, "agent", acme, contact.iban, view, allow, clear, *, -, normal, -, ACME-99, law:GDPR-6'),
    ),
    ("H05", LAW, lambda _: ""),
    ("H05", RULES, lambda _: ""),
    ("H05", RULES, lambda text: text.partition("# end")[0]),
    ("H07", RULES, with_row(obj="contact.em")),
    ("H07", RULES, with_row(obj="^contact.em")),
    ("H07", RULES, lambda text: text[: text.index("ACME-20")]),
    ("H09", WORDS, with_line("g, agent, supervisor, *")),
    ("H09", WORDS, with_line("g2, personal, identity, *")),
    ("H11", RULES, with_line("p, agent, acme, f(x, view, allow, clear, *, -, normal, -, ACME-99, law:GDPR-6-1-b")),
    ("H11", RULES, with_line("p, agent, acme, contact.iban], view, allow, clear, *, -, normal, -, ACME-99, law:X")),
    ("H13", RULES, with_row(obj="contact*")),
    ("H13", RULES, with_row(obj="contact.*")),
    ("H13", RULES, with_line("p, agent, acme*, contact.iban, view, allow, clear, *, -, normal, -, ACME-99, law:X")),
    ("H15", RULES, with_row(obj="^(a+)+$")),
    (
        "H23",
        RULES,
        with_line("p, agent, acme, contact.iban, view, allow, clear, *, !a == b, normal, -, ACME-99, law:X"),
    ),
    ("H23", "model.conf", lambda text: text.replace("!some(where", "some(where")),
    ("H23", "model.conf", lambda text: text.replace("r.dom == p.dom", "true")),
]


class TestRefused:
    @pytest.mark.attack("H01", "H03", "H05", "H07", "H09", "H11", "H13", "H15", "H23")
    @pytest.mark.parametrize(("row", "path", "harm"), HARMS, ids=[f"{row}-{n}" for n, (row, *_) in enumerate(HARMS)])
    def test_h(self, files: dict[str, bytes], known: Vocabulary, row: str, path: str, harm: Harm) -> None:
        """A file that another reader would understand otherwise is refused, with the place."""
        text = files[path].decode()
        harmed = harm(text)
        files[path] = harmed.encode()
        with pytest.raises(PolicyError) as refused:
            read_files(files, known)

        assert text != harmed, row
        assert path in {finding.path for finding in refused.value.findings}


class TestEngine:
    @pytest.mark.attack("H21")
    def test_h21(self, files: dict[str, bytes], known: Vocabulary) -> None:
        """H21: a deny for everybody is asked for everybody: the enforcer is the plain one, without a cache."""
        files[RULES] = with_line(
            "p, *, acme, contact.phone, view, deny, none, *, -, always, -, ACME-98, law:GDPR-6-1-b"
        )(files[RULES].decode()).encode()
        policy = Policy(read_files(files, known), known)
        decision = asked(policy, "phone")

        assert casbin.Enforcer is type(policy.rulebook.enforcer)
        assert isinstance(decision, Deny) or decision.ceiling["phone"].rank == 0

    @pytest.mark.attack("H25")
    def test_h25(self, files: dict[str, bytes], known: Vocabulary) -> None:
        """H25: switching the enforcer off switches nothing on."""
        policy = Policy(read_files(files, known), known)
        policy.rulebook.enforcer.enable_enforce(enabled=False)
        decision = asked(policy, "iban")

        assert isinstance(decision, Deny) or decision.ceiling["iban"].rank == 0

    @pytest.mark.anyio
    @pytest.mark.attack("H17")
    @pytest.mark.parametrize("name", ["user:x\np, user:x, *, *, *, allow", "user:a,b", "user:", "agent", "user:x y"])
    async def test_h17(self, gateway: Whole, name: str) -> None:
        """H17: what is stored of people is no policy text: a name with a line or comma in it is none."""
        known = gateway.app.administration
        with pytest.raises(GatewayError):
            await known.memberships.add("acme", name, "agent")
        with pytest.raises(GatewayError):
            await known.keys.issue("acme", name, Grant(purposes=["service"]))


def asked(policy: Policy, path: str) -> Deny | Permit:
    """Return what an agent may do with one field of a contact."""
    principal = a_principal(roles=["agent", "user:anna"])
    call = Call("crm", Query("contact", ("id", path)), "service")
    reading = {"principal.kind": "user", "principal.teams": frozenset()}
    return policy.decide(principal, call, catalogue().resources["contact"], reading)
