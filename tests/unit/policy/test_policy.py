from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from policy_gateway.model.decision import Decision, Deny, DenyKind, Obligation, Permit
from policy_gateway.model.facts import Truth, TruthVector
from policy_gateway.model.field import Field, FieldType, Resource
from policy_gateway.model.principal import Principal
from policy_gateway.policy import Policy, Vocabulary, read_files
from policy_gateway.query import (
    Action,
    Aggregate,
    And,
    Call,
    Change,
    ChangeKind,
    Child,
    Compare,
    In,
    Not,
    Op,
    Or,
    Order,
    Query,
    Text,
    Where,
)

Ask = Callable[..., Decision]


def ceiling(decision: Decision) -> dict[str, str]:
    """Return the ceiling of a permit by the names of its levels."""
    assert isinstance(decision, Permit)
    return {path: level.name for path, level in decision.ceiling.items()}


def levels(decision: Decision, **record: Any) -> dict[str, str]:  # noqa: ANN401 -- readings hold anything
    """Return what a record with these attributes and facts may show."""
    assert isinstance(decision, Permit)
    known = {key.replace("_", ".", 1): value for key, value in record.items()}
    truths = decision.residual.truths({**decision.reading, **known})
    return {path: level.name for path, level in decision.residual.levels(truths).levels.items()}


class TestPurpose:
    @pytest.mark.parametrize(
        ("purpose", "granted"),
        [
            ("customer_care", ("customer_care", "service")),  # broad: it would evade a deny on a narrow one
            ("marketing", ("marketing",)),  # not mandated
            ("complaint", ("service",)),  # not granted
            ("nonsense", ("nonsense",)),
            ("", ("",)),
        ],
    )
    def test_refused(self, ask: Ask, purpose: str, granted: tuple[str, ...]) -> None:
        """Only granted, mandated leaves can be called."""
        decision = ask(Query("contact"), purpose=purpose, who={"purposes": granted})
        assert isinstance(decision, Deny)
        assert DenyKind.PURPOSE == decision.kind

    @pytest.mark.attack("D05")
    @pytest.mark.parametrize("tenant", ["acme-evil", "acm", "*", "ACME", ""])
    def test_tenant(self, ask: Ask, tenant: str) -> None:
        """A tenant is known by its whole name, or has no purpose at all."""
        decision = ask(Query("contact"), who={"tenant": tenant})
        assert isinstance(decision, Deny)
        assert DenyKind.PURPOSE == decision.kind


class TestKnownFields:
    def test_everything(self, ask: Ask) -> None:
        """Selecting nothing asks for every known path, in the catalogue's order; unclassified ones are not known."""
        expected = {"id": "clear", "first_name": "clear", "last_name": "clear", "email": "clear", "phone": "clear"}
        assert {**expected, "owner": "clear", "name": "clear"} == ceiling(ask(Query("contact")))

    def test_under_another_purpose(self, ask: Ask) -> None:
        """A field known for another granted purpose stays, with nothing to see; ungranted ones are not known."""
        assert {"iban": "none", "id": "clear"} == ceiling(ask(Query("contact", ("iban", "id")), "agent", "supervisor"))
        decision = ask(Query("contact", ("iban", "id")), "agent", "auditor")
        assert isinstance(decision, Deny)

    @pytest.mark.parametrize("path", ["secret", "nonsense", "iban", "ID", "provenance.source", "contact.id"])
    def test_unknown(self, ask: Ask, path: str) -> None:
        """Unclassified, non-existing and never permitted fields are refused alike, named nowhere."""
        refusals = [
            ask(Query("contact", (path,))),
            ask(Query("contact", (path, "id"))),
            ask(Query("contact", ("id",), Compare(path, Op.EQ, "x"))),
            ask(Query("contact", ("id",), order=(Order(path),))),
            ask(Query("contact", ("id",), group=(path,))),
            ask(Query("contact", (Aggregate("max", path, "most"),))),
            ask(Change(ChangeKind.UPDATE, "contact", None, {path: "x"})),
        ]
        assert 1 == len({repr(refusal) for refusal in refusals})
        assert all(isinstance(refusal, Deny) and refusal.paths == () for refusal in refusals)

    def test_nothing(self, ask: Ask) -> None:
        """A principal without a role gets nothing, and no rule is named."""
        decision = ask(Query("contact"), "clerk")
        assert isinstance(decision, Deny)
        assert (DenyKind.POLICY, frozenset()) == (decision.kind, decision.rules)

    def test_all_withheld(self, ask: Ask) -> None:
        """When nothing that is selected can be seen, the whole call is refused."""
        decision = ask(Query("contact", ("iban",)), "agent", "supervisor")
        assert isinstance(decision, Deny)
        assert DenyKind.POLICY == decision.kind

    def test_role_named_like_a_person(self, ask: Ask) -> None:
        """A principal whose id is no prefix away from a role's name does not play the role."""
        assert isinstance(ask(Query("contact"), "user:agent"), Deny)


class TestResidual:
    def test_reads(self, ask: Ask) -> None:
        """A permit names the attributes and facts that the selected fields depend on, and no others."""
        name, phone = ask(Query("contact", ("name",))), ask(Query("contact", ("phone",)))
        assert isinstance(name, Permit)
        assert isinstance(phone, Permit)
        assert (frozenset(), frozenset({"fact.restricted"})) == (name.residual.reads, name.residual.facts)
        assert (frozenset({"owner"}), frozenset({"fact.restricted"})) == (phone.residual.reads, phone.residual.facts)

    @pytest.mark.parametrize(
        ("record", "phone", "first_name"),
        [
            ({"record_owner": "7", "fact_restricted": False}, "clear", "clear"),
            ({"record_owner": "8", "fact_restricted": False}, "partial", "clear"),
            ({"record_owner": None, "fact_restricted": False}, "partial", "clear"),
            ({"record_owner": "7", "fact_restricted": True}, "none", "none"),
            ({"record_owner": "7"}, "none", "none"),
        ],
    )
    def test_levels(self, ask: Ask, record: dict[str, Any], phone: str, first_name: str) -> None:
        """Each record is decided by its own truths; what is not known counts against disclosure."""
        decision = ask(Query("contact", ("phone", "first_name")))
        assert {"phone": "clear", "first_name": "clear"} == ceiling(decision)
        assert {"phone": phone, "first_name": first_name} == levels(decision, **record)

    def test_obligations(self, ask: Ask) -> None:
        """Obligations are those of the rules that grant the level, not of weaker ones."""
        decision = ask(Query("contact", ("phone",)))
        assert isinstance(decision, Permit)
        truths = decision.residual.truths({**decision.reading, "record.owner": "7", "fact.restricted": False})
        grant = decision.residual.levels(truths)
        assert frozenset({Obligation("log"), Obligation("notify", ("dpo",))}) == grant.obligations
        assert frozenset({"ACME-3"}) == grant.rules

    def test_shared(self, ask: Ask) -> None:
        """Records with the same truths share one grant object, over calls too."""
        one, other = ask(Query("contact")), ask(Query("contact"))
        assert isinstance(one, Permit)
        assert isinstance(other, Permit)
        known = {**one.reading, "record.owner": "7", "fact.restricted": False}
        assert one.residual is other.residual
        assert one.residual.levels(one.residual.truths(known)) is other.residual.levels(other.residual.truths(known))

    def test_never_pending(self, ask: Ask) -> None:
        """A truth that is still pending when a record is decided counts as unknown."""
        decision = ask(Query("contact", ("phone",)))
        assert isinstance(decision, Permit)
        pending = TruthVector({"own_record": Truth.PENDING, "restricted": Truth.FALSE})
        assert "partial" == decision.residual.levels(pending).levels["phone"].name

    def test_compound(
        self, files: dict[str, bytes], vocabulary: Vocabulary, contact: Resource, principal: Callable[..., Principal]
    ) -> None:
        """A compound field is as restricted as its strictest part."""
        rule = b"p, *, acme, contact.last_name, view, deny, redact, *, -, normal, -, NEW, law:X\n# end"
        files = {**files, "tenants/acme.csv": files["tenants/acme.csv"].replace(b"# end", rule)}
        policy = Policy(read_files(files, vocabulary), vocabulary)
        decision = policy.decide(
            principal("agent"), Call("main", Query("contact", ("name", "first_name")), "service"), contact, {}
        )
        assert {"name": "redact", "first_name": "clear"} == ceiling(decision)

    def test_unclassified_part(self, policy: Policy, principal: Callable[..., Principal]) -> None:
        """A compound field with a part that nobody has classified is hidden."""
        fields = {
            "id": Field("id", FieldType.TEXT, "id"),
            "name": Field("name", FieldType.NAME, "n", contains=("first_name", "middle")),
        }
        decision = policy.decide(
            principal("agent"), Call("main", Query("contact"), "service"), Resource("contact", "contacts", fields), {}
        )
        assert {"id": "clear"} == ceiling(decision)


class TestSearch:
    def test_free(self, ask: Ask) -> None:
        """A field that may be searched by in every record needs no filter."""
        decision = ask(Query("contact", ("id",), Compare("name", Op.PREFIX, "A")))
        assert isinstance(decision, Permit)
        assert decision.search is None

    @pytest.mark.parametrize(
        "query",
        [
            Query("contact", ("id",), Or((Compare("phone", Op.EQ, "1"), Not(Compare("email", Op.EQ, "2"))))),
            Query("contact", ("id",), Text("x", ("phone", "name"))),
            Query("contact", ("id",), order=(Order("phone"),)),
            Query("contact", ("phone",), group=("phone",)),
        ],
    )
    def test_pushed_down(self, ask: Ask, query: Query) -> None:
        """Where searching depends on the record, the CRM filters the others."""
        decision = ask(query)
        assert isinstance(decision, Permit)
        assert In("owner", ("7",)) == decision.search

    def test_not_pushable(self, ask: Ask) -> None:
        """Where the CRM cannot tell whose records they are, the search is refused."""
        query = Query("contact", ("id",), Compare("phone", Op.EQ, "1"))
        decision = ask(query, said={"principal_owner_ids": None})
        assert isinstance(decision, Deny)
        assert (DenyKind.FIELD, ()) == (decision.kind, decision.paths)

    @pytest.mark.parametrize(
        "where",
        [
            Compare("owner", Op.EQ, "7"),
            And((Compare("name", Op.EQ, "x"), Compare("owner", Op.EQ, "7"))),
            In("owner", ("7",)),
        ],
    )
    def test_viewing_is_not_searching(self, ask: Ask, where: Where) -> None:
        """What may be seen may not therefore be searched by."""
        assert isinstance(ask(Query("contact", ("owner",), where)), Deny)

    @pytest.mark.parametrize(
        ("path", "decided"), [("phone", Deny), ("email", Permit)], ids=["seen in part at best", "seen whole"]
    )
    @pytest.mark.parametrize(
        "probing",
        [
            lambda path: {"where": Not(Or((Compare("email", Op.EQ, "1"), Compare(path, Op.PREFIX, "+49"))))},
            lambda path: {"where": And((Compare(path, Op.GE, "+4917"),))},
            lambda path: {"where": Text("491", (path,))},
            lambda path: {"order": (Order(path),)},
            lambda path: {"group": (path,)},
        ],
        ids=["parts", "halves", "text", "order", "group"],
    )
    def test_probed(self, ask: Ask, path: str, decided: type, probing: Callable[[str], Any]) -> None:
        """What can be seen in part at best is not searched by its parts or sorted by: that would find the rest."""
        query = Query("contact", ("email",), **probing(path))

        assert isinstance(ask(query, who={"tenant": "bolt"}), decided)

    @pytest.mark.parametrize(
        "where", [Compare("phone", Op.EQ, "1"), Not(In("phone", ("1", "2"))), Compare("phone", Op.IS_NULL, value=True)]
    )
    def test_looked_up(self, ask: Ask, where: Where) -> None:
        """What can be seen in part at best can be looked up by a whole value."""
        assert isinstance(ask(Query("contact", ("email",), And((where,))), who={"tenant": "bolt"}), Permit)

    @pytest.mark.parametrize(
        "query",
        [
            Query("contact", ("id", Child("deals", Query("deal")))),
            Query("contact", ("id",), In("id", Query("company", ("id",)))),
            Query("contact", ("id",), Not(In("id", Query("company", ("id",))))),
            Query("contact", ("id",), history=True),
            Query("contact", ("id",), associations=("company",)),
        ],
    )
    def test_undecidable(self, ask: Ask, query: Query) -> None:
        """What leads elsewhere is refused until each hop can be decided."""
        decision = ask(query)
        assert isinstance(decision, Deny)
        assert DenyKind.FIELD == decision.kind

    def test_figures(self, ask: Ask) -> None:
        """Counting needs search on the id; a figure over values needs search and sight of them in every record."""
        assert {"n": "clear"} == ceiling(ask(Query("contact", (Aggregate("count", "", "n"),))))
        assert isinstance(ask(Query("contact", (Aggregate("max", "phone", "n"),))), Deny)
        assert isinstance(ask(Query("contact", (Aggregate("count", "", "phone"),))), Deny)

    def test_deny_needs_a_false_literal(
        self, files: dict[str, bytes], vocabulary: Vocabulary, principal: Callable[..., Principal]
    ) -> None:
        """A deny on search is kept off by records that are known not to fulfil it."""
        rules = (
            b"p, *, bolt, identity, search, allow, clear, *, -, normal, -, NEW-1, -\n"
            b"p, *, bolt, identity, search, deny, none, *, vip & !office_hours, normal, -, NEW-2, -\n# end"
        )
        files = {**files, "tenants/bolt.csv": files["tenants/bolt.csv"].replace(b"# end", rules)}
        policy = Policy(read_files(files, vocabulary), vocabulary)
        fields = {path: Field(path, FieldType.TEXT, path) for path in ("id", "first_name", "phone", "vip")}
        call = Call("main", Query("contact", ("first_name",), Compare("first_name", Op.EQ, "x")), "service")
        decision = policy.decide(principal("agent", tenant="bolt"), call, Resource("contact", "contacts", fields), {})
        assert isinstance(decision, Permit)
        assert Compare("vip", Op.EQ, value=False) == decision.search
        without = {path: field for path, field in fields.items() if path != "vip"}
        refused = policy.decide(principal("agent", tenant="bolt"), call, Resource("contact", "contacts", without), {})
        assert isinstance(refused, Deny)


class TestChange:
    def test_own_record(self, ask: Ask) -> None:
        """A change is decided on the record as it is."""
        decision = ask(Change(ChangeKind.UPDATE, "contact", None, {"phone": "1"}))
        assert isinstance(decision, Permit)
        assert decision.change is not None
        for owner, level in (("7", "clear"), ("8", "none"), (None, "none")):
            truths = decision.change.truths({**decision.reading, "record.owner": owner})
            assert {"phone": level} == {
                path: found.name for path, found in decision.change.levels(truths).levels.items()
            }

    def test_known_but_not_editable(self, ask: Ask) -> None:
        """A change of known fields that may not be edited is refused whole, naming them."""
        decision = ask(Change(ChangeKind.UPDATE, "contact", None, {"phone": "1", "first_name": "x", "id": "9"}))
        assert isinstance(decision, Deny)
        assert (DenyKind.FIELD, ("first_name", "id")) == (decision.kind, decision.paths)

    @pytest.mark.parametrize(
        ("kind", "permitted"),
        [(ChangeKind.CREATE, True), (ChangeKind.UPSERT, True), (ChangeKind.DELETE, False), (ChangeKind.MERGE, False)],
    )
    def test_kinds(self, ask: Ask, kind: ChangeKind, permitted: bool) -> None:  # noqa: FBT001 -- a column of the table
        """Each kind of change needs its own action; merging is not decided."""
        values = {} if kind is ChangeKind.DELETE else {"first_name": "x"}
        assert permitted is isinstance(ask(Change(kind, "contact", None, values), "supervisor"), Permit)

    def test_echo(self, ask: Ask) -> None:
        """The permit of a change says what may be seen of the record afterwards."""
        assert "phone" in ceiling(ask(Change(ChangeKind.UPDATE, "contact", None, {"phone": "1"})))


class TestActions:
    def test_export(self, ask: Ask) -> None:
        """Exported fields are decided by the action export: view does not imply it."""
        assert isinstance(ask(Query("contact"), action=Action.EXPORT), Deny)
        said = {"call_ticket": "T-1"}
        assert "clear" == ceiling(ask(Query("contact"), "supervisor", action=Action.EXPORT, said=said))["iban"]

    @pytest.mark.parametrize("action", [Action.SEARCH, Action.EDIT, Action.VERIFY, Action.DELETE])
    def test_not_releasing(self, ask: Ask, action: Action) -> None:
        """Nothing is released for an action that shows nothing."""
        assert isinstance(ask(Query("contact"), "supervisor", action=action), Deny)

    def test_call_conditions(self, ask: Ask) -> None:
        """What the call knows is decided at once, each time anew."""
        for ticket, shown in ((None, {"id": "clear", "iban": "none"}), ("T-1", {"id": "clear", "iban": "none"})):
            assert shown == ceiling(ask(Query("contact", ("id", "iban")), "supervisor", said={"call_ticket": ticket}))
        collecting = {"purpose": "collections"}
        assert isinstance(ask(Query("contact", ("iban",)), "supervisor", **collecting), Deny)
        assert {"iban": "last4"} == ceiling(
            ask(Query("contact", ("iban",)), "supervisor", said={"call_ticket": "T"}, **collecting)
        )

    def test_breakglass(self, ask: Ask) -> None:
        """Breaking the glass adds what its tier allows, and lifts nothing that always holds."""
        query = Query("contact", ("notes", "id"))
        said = {"call_reason": "E1", "call_mode": "breakglass"}
        assert "clear" == ceiling(ask(query, "supervisor", said=said))["notes"]
        decision = ask(query, "supervisor", said=said)
        assert "none" == levels(decision, fact_restricted=True)["notes"]
        assert "none" == ceiling(ask(query, "supervisor", said={"call_reason": "E1"}))["notes"]

    def test_roles_from_hierarchy(self, ask: Ask) -> None:
        """``role(…)`` knows broader roles and those of teams."""
        decision = ask(Query("contact", ("phone",)), "supervisor", who={"tenant": "bolt"})
        assert {"phone": "clear"} == ceiling(decision)
        assert {"phone": "partial"} == ceiling(ask(Query("contact", ("phone",)), "agent", who={"tenant": "bolt"}))
