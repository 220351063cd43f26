"""Queries that others wrote, where they are at hand; what they ask of the parser is asked of it elsewhere too."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

from policy_gateway_salesforce.soql import SoqlError, notation, parse_soql, parse_sosl, references, searched

DATA = Path(__file__).parents[4] / "shared" / "data" / "soql"
TABLE = Path(__file__).parents[1] / "SOQL.md"


def read(name: str, default: Any) -> Any:  # noqa: ANN401 -- whatever the file holds
    """Return what *name* holds, or *default* where the file is not at hand."""
    path = DATA / name
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else default


def found(kind: str, text: str) -> list[str] | SoqlError:
    """Return the references of *text*, or how it is refused."""
    try:
        return list(notation(references(parse_soql(text)) if kind == "soql" else searched(parse_sosl(text))))
    except SoqlError as error:
        return error


def justified() -> dict[str, tuple[int, int]]:
    """Return how many queries and searches each class of the table refuses."""
    rows = re.findall(r"^\| `([a-z-]+)` \| ([0-9]+) \| ([0-9]+) \|", TABLE.read_text(encoding="utf-8"), re.MULTILINE)
    return {refusal: (int(queries), int(searches)) for refusal, queries, searches in rows}


class TestHardQueries:
    def test_references(self) -> None:
        """What has to be accepted is, with exactly its references in their order; what has to be refused is refused."""
        wrong = []
        for case in read("soql_hard_queries.json", []):
            answer = found("soql", case["soql"])
            accepted = isinstance(answer, list)
            if (case["valid"] is not None and case["valid"] != accepted) or (accepted and answer != case["refs"]):
                wrong.append((case["id"], answer, case["refs"]))
        assert [] == wrong


class TestCorpus:
    def test_all(self) -> None:
        """Each query is accepted, or refused at its place for a reason of the table, as often as it says."""
        refused: Counter[tuple[str, str]] = Counter()
        accepted: Counter[str] = Counter()
        cases = read("tree_sitter_sfapex_corpus.json", {"cases": []})["cases"]
        for case in cases:
            answer = found(case["kind"], case["query"])
            if isinstance(answer, SoqlError):
                assert 1 <= answer.line <= case["query"].count("\n") + 1
                assert answer.column >= 1
                refused[answer.refusal, case["kind"]] += 1
            else:
                accepted[case["kind"]] += 1
        table = {
            (key, kind): n
            for key, row in justified().items()
            for kind, n in zip(("soql", "sosl"), row, strict=True)
            if n
        }
        assert [table, {"soql": 190, "sosl": 105}] == [dict(refused), dict(accepted)] or not cases
        assert len(justified()) >= 20
