"""Releasing: what leaves a page, record by record."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from policy_gateway.builtins.masks import Masks
from policy_gateway.enforcement import Rendering, release, visible
from policy_gateway.errors import ReleaseFailed
from policy_gateway.model.decision import CLEAR, NONE, Grant, Level, Permit
from policy_gateway.model.facts import Reading, RecordFacts, Truth, TruthVector
from policy_gateway.model.field import Field, FieldType, Resource, Value
from policy_gateway.testing.builders import a_key, a_page, a_record

MASKS = {mask.name: mask for mask in Masks().register_masks()}
LAST4 = Level("last4", 40)
CONTACT = Resource(
    "contact",
    "contacts",
    {
        "id": Field("id", FieldType.TEXT, "id"),
        "name": Field("name", FieldType.NAME, "name"),
        "iban": Field("iban", FieldType.TEXT, "iban"),
        "vip": Field("vip", FieldType.BOOLEAN, "vip"),
        "phone": Field("phone", FieldType.PHONE, "phone"),
    },
)
ALL_CLEAR = {"id": CLEAR, "name": CLEAR, "iban": CLEAR}


class Plain:
    """A residual without conditions."""

    reads: frozenset[str] = frozenset()
    facts: frozenset[str] = frozenset()

    def __init__(self, levels: Mapping[str, Level]) -> None:
        self.granted = levels

    def truths(self, reading: Reading) -> TruthVector:
        """Return no truths: nothing is asked."""
        del reading
        return TruthVector()

    def levels(self, truths: TruthVector) -> Grant:
        """Return the same grant for every record."""
        del truths
        return Grant(self.granted, frozenset({"R-1"}))


class ByVip(Plain):
    """A residual that shows the IBAN's end of ordinary people, nothing at all of a VIP, and asks when it is unknown."""

    reads = frozenset({"vip"})

    def truths(self, reading: Reading) -> TruthVector:
        """Return whether the record is a VIP's."""
        known = {True: Truth.TRUE, False: Truth.FALSE, None: Truth.UNKNOWN}
        return TruthVector({"vip": known[reading.get("record.vip")]})

    def levels(self, truths: TruthVector) -> Grant:
        """Return nothing unless the record is known to be no VIP's."""
        if truths["vip"] is Truth.FALSE:
            return Grant({"id": CLEAR, "name": CLEAR, "iban": LAST4})
        return Grant({"id": CLEAR, "name": NONE, "iban": NONE})


class ByExpiry(Plain):
    """A residual that hides each value that has expired."""

    facts = frozenset({"value.expired"})

    def truths(self, reading: Reading) -> TruthVector:
        """Return whether the value at hand has expired."""
        return TruthVector({"expired": Truth.TRUE if reading.get("value.expired") else Truth.FALSE})

    def levels(self, truths: TruthVector) -> Grant:
        """Return everything of what has not expired."""
        level = NONE if truths["expired"] is Truth.TRUE else CLEAR
        return Grant({"id": CLEAR, "name": level, "iban": level})


def permit(residual: Plain, ceiling: Mapping[str, Level] | None = None) -> Permit:
    """Return a permit with *residual*."""
    return Permit("v1", ceiling or ALL_CLEAR, residual, TruthVector())


def rendering(**changed: object) -> Rendering:
    """Return a rendering for one principal."""
    return Rendering(CONTACT, MASKS, a_key(), "user:anna", **changed)


def values(**given: Value) -> dict[str, Value]:
    """Return a record's values, the IBAN fictional."""
    return {"name": "Lena Vogt", "iban": "DE02120300000000202051", **given}


class TestRelease:
    def test_clear_values_leave_as_they_are(self) -> None:
        """A clear field is released unchanged."""
        released = release(a_page(a_record("7", values())), permit(Plain(ALL_CLEAR)), [RecordFacts()], rendering())
        assert released.records[0].fields == values()

    def test_what_policy_does_not_name_stays_inside(self) -> None:
        """A field that the CRM sent beyond what was asked is dropped."""
        page = a_page(a_record("7", values(birthdate="1980-01-01", IBAN="again")))
        released = release(page, permit(Plain(ALL_CLEAR)), [RecordFacts()], rendering())
        assert set(released.records[0].fields) == {"name", "iban"}

    def test_withheld_fields_are_listed_whether_or_not_they_have_a_value(self) -> None:
        """`withheld` is the same for a record with and one without the hidden value."""
        hidden = permit(Plain({"id": CLEAR, "name": CLEAR, "iban": NONE}))
        page = a_page(a_record("7", values()), a_record("8", values(iban=None)))
        released = release(page, hidden, [RecordFacts()] * 2, rendering())
        assert [record.withheld for record in released.records] == [("iban",), ("iban",)]
        assert all("iban" not in record.fields for record in released.records)

    def test_masked_values_are_masked_and_named(self) -> None:
        """A masked field shows its image, and says which level it has."""
        masked = permit(Plain({"id": CLEAR, "name": CLEAR, "iban": LAST4}))
        record = release(a_page(a_record("7", values())), masked, [RecordFacts()], rendering()).records[0]
        assert (record.fields["iban"], record.masked) == ("••• 2051", {"iban": "last4"})

    def test_records_are_decided_by_their_own_truths(self) -> None:
        """Records that differ in a deciding attribute differ in what they show; the attribute itself is dropped."""
        page = a_page(a_record("7", values(vip=False)), a_record("8", values(vip=True)))
        released = release(page, permit(ByVip({})), [RecordFacts()] * 2, rendering())
        assert [record.id for record in released.records] == ["7"]
        assert "vip" not in released.records[0].fields

    def test_an_unanswered_deciding_attribute_is_unknown(self) -> None:
        """A record whose deciding attribute the CRM did not answer is not released."""
        released = release(a_page(a_record("7", values())), permit(ByVip({})), [RecordFacts()], rendering())
        assert released.records == ()

    def test_a_single_value_can_differ_from_its_record(self) -> None:
        """A value with facts of its own is decided by them, its neighbors are not."""
        facts = RecordFacts({"value.expired": False}, {"iban": {"value.expired": True}})
        record = release(a_page(a_record("7", values())), permit(ByExpiry({})), [facts], rendering()).records[0]
        assert (record.fields, record.withheld) == ({"name": "Lena Vogt"}, ("iban",))

    def test_what_the_crm_itself_withholds_is_withheld(self) -> None:
        """A permitted field that the CRM would not answer is listed as withheld, not made up."""
        page = a_page(a_record("7", {"name": "Lena Vogt"}))
        record = release(page, permit(Plain(ALL_CLEAR)), [RecordFacts()], rendering()).records[0]
        assert (record.fields, record.withheld) == ({"name": "Lena Vogt"}, ("iban",))

    def test_groups_say_which_records_shared_a_mask(self) -> None:
        """The journal learns truths, levels and ids, by group."""
        page = a_page(a_record("7", values(vip=False)), a_record("8", values(vip=False)))
        (group,) = release(page, permit(ByVip({})), [RecordFacts()] * 2, rendering()).groups
        assert (group.ids, group.levels) == (("7", "8"), {"name": "clear", "iban": "last4"})

    def test_without_a_visible_id_there_is_no_record(self) -> None:
        """A record whose id may not be seen is absent."""
        hidden = permit(Plain({"id": NONE, "name": CLEAR, "iban": CLEAR}))
        assert release(a_page(a_record("7", values())), hidden, [RecordFacts()], rendering()).records == ()

    def test_a_broken_mask_releases_nothing(self) -> None:
        """A mask that raises stops the whole release, naming only the exception's type."""

        class Broken:
            name, rank = "last4", 40

            def show(self, value: Value, kind: FieldType, key: bytes) -> Value | None:
                """Fail, quoting the value."""
                raise RuntimeError(f"cannot mask {value}")

            def recognizes(self, value: Value, kind: FieldType) -> bool:
                """Recognize nothing."""
                return False

        broken = Rendering(CONTACT, {"last4": Broken()}, a_key(), "user:anna")
        masked = permit(Plain({"id": CLEAR, "name": CLEAR, "iban": LAST4}))
        with pytest.raises(ReleaseFailed) as caught:
            release(a_page(a_record("7", values())), masked, [RecordFacts()], broken)
        assert "RuntimeError" in str(caught.value)
        assert "DE02" not in str(caught.value)

    def test_visible_counts_what_would_be_released(self) -> None:
        """A page can be counted before it is rendered."""
        page = a_page(a_record("7", values(vip=False)), a_record("8", values(vip=True)))
        assert visible(page, permit(ByVip({})), [RecordFacts()] * 2, rendering()) == 1


class TestAlikeRecords:
    """What records share is worked out once; whatever differs in them must still tell."""

    def test_one_is_not_true(self) -> None:
        """An attribute that only equals another one decides on its own: 1 is no truth, and neither is 1.0."""

        class ByTruth(ByVip):
            """A residual that knows truths from numbers."""

            def truths(self, reading: Reading) -> TruthVector:
                """Return whether the attribute is exactly False."""
                return TruthVector({"vip": Truth.FALSE if reading.get("record.vip") is False else Truth.UNKNOWN})

        page = a_page(*(a_record(str(number), values(vip=vip)) for number, vip in enumerate((False, 0, 0.0, False))))
        released = release(page, permit(ByTruth({})), [RecordFacts()] * 4, rendering())
        assert [record.id for record in released.records] == ["0", "3"]

    def test_an_attribute_of_an_unexpected_kind_decides_all_the_same(self) -> None:
        """A list, which cannot be remembered by, is looked at each time."""

        class ByConsents(ByVip):
            """A residual that shows whoever consented."""

            reads = frozenset({"consents"})

            def truths(self, reading: Reading) -> TruthVector:
                """Return whether there is any consent."""
                return TruthVector({"vip": Truth.FALSE if reading.get("record.consents") else Truth.TRUE})

        records = [a_record(str(number), values(consents=given)) for number, given in enumerate((["a"], [], ["b"]))]
        released = release(a_page(*records), permit(ByConsents({})), [RecordFacts()] * 3, rendering())
        assert [record.id for record in released.records] == ["0", "2"]

    def test_records_differ_by_their_facts(self) -> None:
        """Records alike in their attributes but not in what fact sources know are decided apart."""
        known = [RecordFacts({"value.expired": expired}) for expired in (False, True, False)]
        page = a_page(*(a_record(str(number), values()) for number in range(3)))
        released = release(page, permit(ByExpiry({})), known, rendering())
        assert [record.id for record in released.records] == ["0", "2"]

    def test_a_condition_sees_only_facts_that_it_declares(self) -> None:
        """A fact that no condition declares decides nothing, so that records without it can be alike."""
        seen: list[Reading] = []

        class Curious(ByVip):
            """A residual that writes down what it is told."""

            def truths(self, reading: Reading) -> TruthVector:
                """Return what every ordinary record has."""
                seen.append(reading)
                return TruthVector({"vip": Truth.FALSE})

        facts = RecordFacts({"fact.restricted": True})
        release(a_page(a_record("7", values(vip=False))), permit(Curious({})), [facts], rendering())
        assert seen == [{"record.vip": False}]

    def test_what_one_record_has_beyond_the_others_stays_inside(self) -> None:
        """Records of one page that are laid out differently show the same fields, in the order of the selection."""
        sent = [
            values(birthdate="1980-01-01"),
            values(birthdate="1980-01-01", IBAN="again"),
            values(IBAN="again"),
            {"birthdate": "1980-01-01", **dict(reversed(values().items()))},
            values(),
            values(birthdate="1980-01-01"),
        ]
        page = a_page(*(a_record(str(number), given) for number, given in enumerate(sent)))
        released = release(page, permit(Plain(ALL_CLEAR)), [RecordFacts()] * len(sent), rendering())
        assert [list(record.fields.items()) for record in released.records] == [list(values().items())] * len(sent)

    def test_masked_fields_stand_where_they_were_asked_for(self) -> None:
        """A masked field keeps its place, also when another one is not answered."""
        masked = permit(Plain({"id": CLEAR, "iban": LAST4, "name": CLEAR}), {"id": CLEAR, "iban": CLEAR, "name": CLEAR})
        sent = [{"iban": "DE02120300000000202051", "name": "Lena Vogt"}, {"name": "Jo"}, {"iban": None, "name": None}]
        page = a_page(*(a_record(str(number), given) for number, given in enumerate(sent)))
        released = release(page, masked, [RecordFacts()] * 3, rendering())
        assert [list(record.fields.items()) for record in released.records] == [
            [("iban", "••• 2051"), ("name", "Lena Vogt")],
            [("name", "Jo")],
            [("iban", None), ("name", None)],
        ]
        assert [(record.masked, record.withheld) for record in released.records] == [
            ({"iban": "last4"}, ()),
            ({}, ("iban",)),
            ({"iban": "last4"}, ()),
        ]

    def test_what_the_crm_said_is_left_as_it_was(self) -> None:
        """Releasing changes nothing in the page."""
        given = values(vip=False, birthdate="1980-01-01")
        before = dict(given)
        release(a_page(*[a_record("7", given)] * 3), permit(ByVip({})), [RecordFacts()] * 3, rendering())
        assert given == before


class TestTags:
    def tag(self, given: dict[str, Value], audience: str = "user:anna", **levels: Level) -> str:
        """Return the tag of a record for *audience*."""
        seen = Rendering(CONTACT, MASKS, a_key(), audience, tagged=True)
        granted = {"id": CLEAR, "name": CLEAR, "iban": NONE, **levels}
        return release(a_page(a_record("7", given)), permit(Plain(granted)), [RecordFacts()], seen).records[0].tag

    def test_a_hidden_change_does_not_change_the_tag(self) -> None:
        """A tag tells nothing about what is hidden."""
        assert self.tag(values()) == self.tag(values(iban="DE89370400440532013000"))

    def test_a_visible_change_changes_the_tag(self) -> None:
        """A tag differs when something that may be seen differs."""
        assert self.tag(values()) != self.tag(values(name="Lena Vogel"))

    def test_two_principals_have_two_tags(self) -> None:
        """A tag cannot be compared between principals."""
        assert self.tag(values()) != self.tag(values(), "user:ben")
