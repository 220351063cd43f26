"""What is wrong with a policy file, in the language of the page. What has no translation is said in English."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from policy_gateway.errors import Finding

_QUOTED: Final = r"`([^`]*)`"

GERMAN: Final[Mapping[str, str]] = MappingProxyType(
    {
        r"a rule has (\d+) columns, and there are (\d+)": "eine Regel hat {0} Spalten, hier sind es {1}",
        r"Q is neither `allow` nor `deny`": "`{0}` ist weder `allow` noch `deny`",
        r"Q has no known prefix": "`{0}` hat kein bekanntes Präfix",
        r"Q is another tenant than this file's": "`{0}` ist ein anderer Mandant als der dieser Datei",
        r"an allow must name a field or category: .*": (
            "ein allow muss ein Feld oder eine Kategorie nennen: `*` zeigte auch, was niemand eingeordnet hat"
        ),
        r"Q could be lifted; what the law asks holds always": "`{0}` ließe sich aufheben; das Gesetz gilt immer",
        r"the condition is empty": "die Bedingung ist leer",
        r"a condition is a name such as .*": (
            "eine Bedingung ist ein Name wie `own_team`, vielleicht mit `!` davor und Argumenten in Klammern"
        ),
        r"Q has an argument that is empty or not a plain word": "`{0}` hat ein leeres oder ungültiges Argument",
        r"Q has (\d+) arguments": "`{0}` hat {1} Argumente",
        r"Q is not a (date|network|number|purpose|role|channel)": "`{0}` passt hier nicht ({1})",
        r"Q is not one of (.*)": "`{0}` ist keines von {1}",
        r"Q says the same twice": "`{0}` sagt zweimal dasselbe",
        r"Q is not a known role": "`{0}` ist keine bekannte Rolle",
        r"Q is not a known tenant": "`{0}` ist kein bekannter Mandant",
        r"Q is not a known field": "`{0}` ist kein bekanntes Feld und keine bekannte Kategorie",
        r"Q is not a known action": "`{0}` ist keine bekannte Handlung",
        r"Q is not a known purpose": "`{0}` ist kein bekannter Zweck",
        r"Q is not a known level": "`{0}` ist keine bekannte Stufe",
        r"Q is not a known tier": "`{0}` ist kein bekannter Rang",
        r"Q is not a known condition": "`{0}` ist keine bekannte Bedingung",
        r"Q is not a known obligation": "`{0}` ist keine bekannte Auflage",
        r"the (\w+) is empty": "diese Spalte ist leer ({0})",
        r"Q looks like a pattern; names are compared exactly": (
            "`{0}` sieht wie ein Muster aus; Namen werden genau verglichen"
        ),
        r"Q is not a rule id": "`{0}` ist keine Kennung einer Regel",
        r"Q is also the id of the rule at (\S+)": "`{0}` ist auch die Kennung der Regel in {1}",
        r"the same rule stands at (\S+)": "dieselbe Regel steht in {0}",
        r"the same link is stated at (\S+)": "dieselbe Zuordnung steht in {0}",
        r"Q is neither `instruction:…` nor `law:…`": "`{0}` ist weder `instruction:…` noch `law:…`",
        r"Q is not in `instructions.yaml`": "`{0}` steht nicht in `instructions.yaml`",
        r"Q is an instruction of another tenant": "`{0}` ist die Weisung eines anderen Mandanten",
        r"a deny grants nothing that could oblige": "ein deny erlaubt nichts, was zu etwas verpflichten könnte",
        r"a rule that (\w+) Q \w+ nothing": "eine Regel mit `{0} {1}` bewirkt nichts",
        r"Q is all or nothing, so Q would not be what it says": "`{0}` geht ganz oder gar nicht, `{1}` träfe nicht zu",
        r"Q does not begin a row here": "`{0}` beginnt hier keine Zeile",
        r"quotation marks would become part of the value": "Anführungszeichen würden Teil des Wertes",
        r"a comment needs a line of its own; .*": "ein Kommentar braucht eine eigene Zeile",
        r"brackets do not match": "die Klammern passen nicht zusammen",
        r"columns are separated by both .*": "Spalten sind mal mit `,` und mal mit `;` getrennt",
        r"there is an empty column at the end of the line": "am Ende der Zeile steht eine leere Spalte",
        r"there is an invisible character here: (.*)": "hier steht ein unsichtbares Zeichen: {0}",
        r"the file goes on after Q": "nach `{0}` geht die Datei weiter",
        r"the file does not end with Q: it may have been cut short": (
            "die Datei endet nicht mit `{0}`: sie könnte abgeschnitten sein"
        ),
        r"the file is empty": "die Datei ist leer",
        r"the file is missing": "die Datei fehlt",
        r"the file is not UTF-8": "die Datei ist nicht UTF-8",
        r"Q says that the folder is being changed": "`{0}` sagt, dass der Ordner gerade geändert wird",
        r"this file is not part of a policy": "diese Datei gehört nicht zu einer Richtlinie",
        r"did you mean Q\?": "war `{0}` gemeint?",
        r"write Q": "schreiben Sie `{0}`",
        r"write Q for none": "schreiben Sie `{0}` für keine",
        r"write one such as Q": "schreiben Sie etwas wie `{0}`",
        r"remove Q": "entfernen Sie `{0}`",
        r"remove one": "entfernen Sie eine",
        r"remove it": "entfernen Sie sie",
        r"remove it when the change is complete": "entfernen Sie sie, wenn die Änderung vollständig ist",
        r"make Q the last line": "machen Sie `{0}` zur letzten Zeile",
        r"make it the last line": "machen Sie das zur letzten Zeile",
        r"name a category, a role or `\*`": "nennen Sie eine Kategorie, eine Rolle oder `*`",
        r"name the broadest category instead": "nennen Sie stattdessen die weiteste Kategorie",
        r"use `,` throughout": "verwenden Sie durchgehend `,`",
        r"use plain spaces": "verwenden Sie einfache Leerzeichen",
        r"use user:, team:, app: or ai:, or the name of a role": (
            "verwenden Sie user:, team:, app: oder ai: oder den Namen einer Rolle"
        ),
        r"Q takes (.*)": "`{0}` nimmt {1}",
        r"save it as UTF-8.*": "speichern Sie sie als UTF-8",
    }
)
"""By a pattern for the reader's English; ``Q`` stands for a word in backticks."""

_PATTERNS: Final = tuple((re.compile(pattern.replace("Q", _QUOTED)), text) for pattern, text in GERMAN.items())


@dataclass(frozen=True, slots=True)
class Said:
    """A text, and the language that it turned out to be in."""

    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Mistake:
    """One finding: its *place*, what is wrong, what was meant, and the line with a mark under the place."""

    place: str
    message: Said
    suggestion: Said
    line: str = ""
    mark: str = ""


def mistakes(findings: Iterable[Finding], language: str, drafts: Mapping[str, str]) -> tuple[Mistake, ...]:
    """Return *findings* in *language*; *drafts* are the texts, by path, from which lines are quoted."""
    return tuple(_mistake(finding, language, drafts.get(finding.path)) for finding in findings)


def _mistake(finding: Finding, language: str, draft: str | None) -> Mistake:
    lines = draft.split("\n") if draft is not None else []
    quoted = lines[finding.line - 1] if 0 < finding.line <= len(lines) else ""
    return Mistake(
        place=f"{finding.path}:{finding.line}:{finding.column}",
        message=translated(finding.message, language),
        suggestion=translated(finding.suggestion, language),
        line=quoted,
        mark=" " * (finding.column - 1) + "^" if quoted else "",
    )


def translated(text: str, language: str) -> Said:
    """Return *text*, which the reader says in English, in *language* if it is known there."""
    if language == "de":
        for pattern, german in _PATTERNS:
            if found := pattern.fullmatch(text):
                return Said(german.format(*found.groups()), "de")
    return Said(text, "en")
