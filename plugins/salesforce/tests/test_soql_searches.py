from __future__ import annotations

from decimal import Decimal

import pytest

from policy_gateway_salesforce.soql import SoqlError, nodes, parse_sosl
from policy_gateway_salesforce.soql.nodes import AllOf, AnyOf, ButNot, Column, FieldPath, Phrase, Returning, With, Word

ID = Column(FieldPath(("Id",)))
JOE, ANN, SUE = Word("Joe"), Word("Ann"), Word("Sue")


def refused(text: str) -> SoqlError:
    """Return how *text* is refused."""
    with pytest.raises(SoqlError) as caught:
        parse_sosl(text)
    return caught.value


class TestTerms:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("Joe", JOE),
            (" Joe\n", JOE),
            ("Joe Ann", AllOf((JOE, ANN))),
            ("Joe AND Ann Sue", AllOf((JOE, ANN, SUE))),
            ("Joe or Ann OR Sue", AnyOf((JOE, ANN, SUE))),
            ("Joe AND Ann OR Sue", AnyOf((AllOf((JOE, ANN)), SUE))),
            ("Joe AND (Ann OR Sue)", AllOf((JOE, AnyOf((ANN, SUE))))),
            ("Joe AND NOT Ann", ButNot(JOE, ANN)),
            ("Joe Ann and not Sue", ButNot(AllOf((JOE, ANN)), SUE)),
            ("Joe AND NOT Ann Sue", AllOf((ButNot(JOE, ANN), SUE))),
            ('"Joe Ann" Sue', AllOf((Phrase((JOE, ANN)), SUE))),
            ('"and" or "or"', AnyOf((Phrase((Word("and"),)), Phrase((Word("or"),))))),
            ("((Joe))", JOE),
            (r"Why\?", Word("Why?", (3,))),
            (r"a\*b*", Word("a*b*", (1,))),
            (r"O\'Brien", Word("O'Brien")),
            (r"\}\{\"\\", Word('}{"\\')),
            ("joe@example.com", Word("joe@example.com")),
            ("+49-30-1", Word("+49-30-1")),
            ("Jürgen", Word("Jürgen")),
            ("find", Word("find")),
        ],
    )
    def test_accepted(self, text: str, expected: nodes.Term) -> None:
        """Words, phrases and what joins them are understood; escaped characters are themselves."""
        search = parse_sosl(f"FIND {{{text}}}")
        assert (expected, text) == (search.term, search.text)

    def test_wildcards(self) -> None:
        """A word is wild when it has a wildcard that was not escaped."""
        terms = [parse_sosl(f"FIND {{{text}}}").term for text in ("Jo*", "J?e", r"Jo\*", "Joe")]
        assert [True, True, False, False] == [term.wild for term in terms if isinstance(term, Word)]

    @pytest.mark.parametrize(
        ("text", "column"),
        [
            ("", 7),
            (" ", 8),
            ("AND", 7),
            ("Joe AND", 14),
            ("Joe OR AND Ann", 14),
            ("NOT Joe", 7),
            ("Joe NOT Ann", 11),
            ("Joe OR NOT Ann", 14),
            ("(Joe", 11),
            ("Joe)", 10),
            ("()", 8),
            ('""', 8),
            ('"Joe', 7),
            ("a & b", 9),
            ("a|b", 8),
            ("!a", 7),
            ("a:b", 8),
            ("a~", 8),
            ("[a]", 7),
            ("O'Brien", 8),
            (r"a\z", 8),
            ("a\x00b", 8),
            ("(" * 21 + "a" + ")" * 21, 27),
        ],
    )
    def test_refused(self, text: str, column: int) -> None:
        """What joins nothing, is not closed or should have been escaped is refused where it stands."""
        error = refused(f"FIND {{{text}}}")
        assert ("term", "MALFORMED_SEARCH", 1, column) == (error.refusal, error.code, error.line, error.column)

    @pytest.mark.parametrize(("joint", "fine"), [(" ", True), (" AND ", True), (" OR ", True), (" AND NOT ", False)])
    def test_many(self, joint: str, fine: bool) -> None:  # noqa: FBT001 -- a column of the table
        """A term may be long; only what makes its tree deep is counted."""
        text = f"FIND {{{joint.join(['abc'] * 5000)}}}"
        if fine:
            assert text[6:-1] == parse_sosl(text).text
        else:
            assert "term" == refused(text).refusal


class TestSearches:
    def test_everything(self) -> None:
        """Every clause is known, in the vendor's order."""
        text = (
            "find {Joe} in name fields returning Contact(Id WHERE Name = 'x' ORDER BY Name DESC LIMIT 5 OFFSET 2), "
            "Lead WITH DIVISION = 'Global' WITH NETWORK IN ('a', 'b') WITH SNIPPET (target_length=120) WITH HIGHLIGHT "
            "WITH SPELL_CORRECTION = false WITH METADATA='LABELS' LIMIT 20 UPDATE VIEWSTAT"
        )
        name = FieldPath(("Name",))
        expected = nodes.Search(
            JOE,
            "Joe",
            "NAME",
            (
                Returning(
                    "Contact",
                    (ID,),
                    nodes.Comparison(name, "=", nodes.String("x")),
                    (nodes.Ordering(name, descending=True),),
                    5,
                    2,
                ),
                Returning("Lead"),
            ),
            (
                With("DIVISION", (nodes.String("Global"),)),
                With("NETWORK", (nodes.String("a"), nodes.String("b"))),
                With("SNIPPET", (nodes.Number(Decimal(120)),)),
                With("HIGHLIGHT"),
                With("SPELL_CORRECTION", (nodes.Boolean(value=False),)),
                With("METADATA", (nodes.String("LABELS"),)),
            ),
            20,
            ("VIEWSTAT",),
        )
        assert expected == parse_sosl(text)

    @pytest.mark.parametrize("scope", ["ALL", "NAME", "EMAIL", "PHONE", "SIDEBAR"])
    def test_scopes(self, scope: str) -> None:
        """A search looks into one kind of fields, into all when it does not say."""
        assert scope == parse_sosl(f"FIND {{x}} IN {scope} FIELDS").scope
        assert "ALL" == parse_sosl("FIND {x}").scope

    def test_categories(self) -> None:
        """Categories are those of queries."""
        text = "FIND {x} RETURNING A (Id) WITH DATA CATEGORY G__c ABOVE a__c AND P__c AT (b__c)"
        categories = (nodes.Category("G__c", "ABOVE", ("a__c",)), nodes.Category("P__c", "AT", ("b__c",)))
        assert (With("DATA CATEGORY", categories=categories),) == parse_sosl(text).clauses

    def test_functions(self) -> None:
        """What is returned may be formatted, translated or converted."""
        columns = parse_sosl("FIND {x} RETURNING A(toLabel(B) c, FORMAT(convertCurrency(D)), FIELDS(ALL))").returning[0]
        assert ["TOLABEL", "FORMAT"] == [one.value.name for one in columns.columns if hasattr(one, "value")]

    @pytest.mark.parametrize(
        ("text", "refusal", "column"),
        [
            ("", "find", 1),
            ("SELECT Id FROM Contact", "find", 1),
            ("// x\nFIND {x}", "find", 1),
            ("FIND x", "find", 1),
            ("FIND 'x'", "find", 1),
            ("FIND {x", "find", 1),
            ("FIND {x\\}", "find", 1),
            ("FINDER {x}", "find", 1),
            ("FIND {x} {y}", "character", 10),
            ("FIND {x}; FIND {y}", "semicolon", 9),
            ("FIND {x} IN SOME FIELDS", "syntax", 13),
            ("FIND {x} IN ALL", "syntax", 16),
            ("FIND {x} RETURNING", "syntax", 19),
            ("FIND {x} RETURNING *", "star", 20),
            ("FIND {x} RETURNING Contact()", "syntax", 28),
            ("FIND {x} RETURNING Contact(Id", "syntax", 30),
            ("FIND {x} RETURNING Contact.Name", "syntax", 20),
            ("FIND {x} RETURNING Contact(COUNT(Id))", "function", 28),
            ("FIND {x} RETURNING Contact(Id GROUP BY Id)", "syntax", 31),
            ("FIND {x} RETURNING Contact(Id USING ListView=x)", "using", 31),
            ("FIND {x} RETURNING Contact(Id) USING PHRASE SEARCH", "using", 32),
            ("FIND {x} USING ADVANCED SEARCH", "using", 10),
            ("FIND {x} RETURNING Contact(Id) WITH SECURITY_ENFORCED", "with", 37),
            ("FIND {x} RETURNING Contact(Id) WITH SPELL_CORRECTION = 1", "with", 32),
            ("FIND {x} RETURNING Contact(Id) WITH SNIPPET (length=1)", "syntax", 46),
            ("FIND {x} RETURNING Contact(Id) WITH DIVISION IN ('a')", "syntax", 46),
            ("FIND {x} RETURNING " + ", ".join(["A"] * 21), "returning", 81),
            ("FIND {x} LIMIT x", "syntax", 16),
            ("FIND {x} LIMIT 1 RETURNING Contact", "syntax", 18),
            ("FIND {x} IN ALL FIELDS RETURNING Contact(Id WHERE A = :b)", "bind", 55),
        ],
    )
    def test_refused(self, text: str, refusal: str, column: int) -> None:
        """What is not known is refused where it stands."""
        error = refused(text)
        assert (refusal, "MALFORMED_SEARCH", 1, column) == (error.refusal, error.code, error.line, error.column)
