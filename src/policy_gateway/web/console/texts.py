"""What the console says, in English and German: both are complete, and have the same keys."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

ENGLISH: Final[Mapping[str, str]] = MappingProxyType(
    {
        "title": "One contact, seen by each",
        "lead": (
            "Each of these people asks the gateway for the contact with this id. What a cell shows, and what it does "
            "not, follows from the rules below."
        ),
        "demo": "Demo: whoever reaches this page looks with the credentials of these people.",
        "skip": "Skip to the comparison",
        "language": "Language",
        "purpose": "Purpose",
        "contact": "Contact",
        "other_contact": "Another id",
        "show": "Show",
        "choose": "What to look at",
        "in_force": "Policy in force",
        "updated": "Saved. From now on version {version} decides.",
        "folder_broken": "The policy folder on disk is broken. Version {version} stays in force.",
        "distrusted": "No trusted policy is in force: every call is refused.",
        "comparison": "Contact {contact} of {connection}, for the purpose {purpose}",
        "legend": "How to read it",
        "legend_clear": "in clear",
        "legend_masked": "shown in part, and how",
        "legend_withheld": "not shown; whether there is a value is not told",
        "legend_unknown": "not known to this person under any purpose: naming it is refused",
        "field": "Field",
        "holds": "May call for",
        "elsewhere": "Asks in the {connection} of {tenant}: under the same id there is another record, or none.",
        "refused": "Refused",
        "oblige": "Obliges to",
        "clear": "in clear",
        "masked": "masked",
        "withheld": "withheld",
        "unknown": "not known",
        "unanswered": "no answer",
        "no_value": "no value",
        "yes": "yes",
        "no": "no",
        "no_rule": "no rule allows it",
        "not_asked": "Nobody would be told that this field exists: no rule lets this person do anything with it.",
        "absent": "Whoever may not see a record's id in clear does not see the record. Of the id, the rules say:",
        "granted_by": "Allowed by",
        "capped_by": "Forbidden by",
        "capped_to": "Limited by",
        "ground": "Ground",
        "stands_in": "Stands in",
        "role_path": "Applies by",
        "unknown_facts": "Not known, and would have to be",
        "near": "What would show it",
        "near_condition": "{rule}: if {wants}",
        "near_purpose": "{rule}: for the purpose {wants}",
        "near_role": "{rule}: for {wants}",
        "differs": "The rules would show it {level}; the CRM did not supply it, or one of its parts is stricter.",
        "origin": "Origin",
        "gap": "Gap",
        "gap_missing": "nobody has documented where this value comes from",
        "gap_changed-outside": "the value was changed outside the gateway",
        "gap_restricted": "who may see the value may not see its origin",
        "no_envelope": "This person may see the value but not where it comes from.",
        "rules": "The rules",
        "rules_lead": (
            "This file decides above. Change it and save: the next look is decided by it, without a restart. What does "
            "not make sense is not saved."
        ),
        "rule_file": "Rule file {file}",
        "save": "Save and look again",
        "reset": "Discard the changes",
        "not_saved": "Not saved",
        "broken": "{count} found, so nothing was written. Version {version} stays in force.",
        "finding": "1 mistake was",
        "findings": "{count} mistakes were",
        "meant": "Meant",
        "changed_meanwhile": (
            "Somebody else changed the file meanwhile. What you typed is below; save again to replace theirs."
        ),
        "entries": "What was remembered",
        "entries_lead": "The last entries of the audit trail of {tenant}, as an auditor reads them: never a value.",
        "entries_none": "There is no entry yet.",
        "time": "Time (UTC)",
        "who": "Who",
        "action": "Action",
        "what": "What",
        "fields": "Fields",
        "decision": "Decision",
        "rule_ids": "Rules",
        "code": "Code",
        "several_fields": "{count} fields",
        "several_rules": "{count} rules",
        "permit": "permitted",
        "deny": "refused",
        "back": "Back to the console",
        "correlation": "Correlation id {id}",
    }
)

GERMAN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "title": "Ein Kontakt, von jedem gesehen",
        "lead": (
            "Jede dieser Personen fragt das Gateway nach dem Kontakt mit dieser ID. Was eine Zelle zeigt und was "
            "nicht, folgt aus den Regeln weiter unten."
        ),
        "demo": "Demo: Wer diese Seite erreicht, sieht mit den Zugängen dieser Personen.",
        "skip": "Zum Vergleich springen",
        "language": "Sprache",
        "purpose": "Zweck",
        "contact": "Kontakt",
        "other_contact": "Andere ID",
        "show": "Zeigen",
        "choose": "Was gezeigt wird",
        "in_force": "Richtlinie in Kraft",
        "updated": "Gespeichert. Ab jetzt entscheidet Version {version}.",
        "folder_broken": "Der Richtlinienordner auf der Platte ist fehlerhaft. Version {version} bleibt in Kraft.",
        "distrusted": "Keine vertrauenswürdige Richtlinie ist in Kraft: jeder Aufruf wird abgelehnt.",
        "comparison": "Kontakt {contact} aus {connection}, Zweck {purpose}",
        "legend": "So ist es zu lesen",
        "legend_clear": "im Klartext",
        "legend_masked": "teilweise gezeigt, und wie",
        "legend_withheld": "nicht gezeigt; ob es einen Wert gibt, bleibt offen",
        "legend_unknown": "dieser Person zu keinem Zweck bekannt: schon das Nennen wird abgelehnt",
        "field": "Feld",
        "holds": "Darf aufrufen für",
        "elsewhere": "Fragt im {connection} von {tenant}: dieselbe ID ist dort ein anderer Datensatz oder keiner.",
        "refused": "Abgelehnt",
        "oblige": "Verpflichtet zu",
        "clear": "im Klartext",
        "masked": "maskiert",
        "withheld": "zurückgehalten",
        "unknown": "nicht bekannt",
        "unanswered": "keine Antwort",
        "no_value": "kein Wert",
        "yes": "ja",
        "no": "nein",
        "no_rule": "keine Regel erlaubt es",
        "not_asked": "Niemand erführe, dass es dieses Feld gibt: keine Regel lässt diese Person etwas damit tun.",
        "absent": (
            "Wer die ID eines Datensatzes nicht im Klartext sehen darf, sieht den Datensatz nicht. Zur ID sagen die "
            "Regeln:"
        ),
        "granted_by": "Erlaubt durch",
        "capped_by": "Verboten durch",
        "capped_to": "Begrenzt durch",
        "ground": "Grundlage",
        "stands_in": "Steht in",
        "role_path": "Gilt über",
        "unknown_facts": "Nicht bekannt, und müsste es sein",
        "near": "Was es zeigen würde",
        "near_condition": "{rule}: wenn {wants}",
        "near_purpose": "{rule}: für den Zweck {wants}",
        "near_role": "{rule}: für {wants}",
        "differs": "Die Regeln würden es {level} zeigen; das CRM lieferte es nicht, oder ein Teil davon ist strenger.",
        "origin": "Herkunft",
        "gap": "Lücke",
        "gap_missing": "niemand hat dokumentiert, woher dieser Wert stammt",
        "gap_changed-outside": "der Wert wurde am Gateway vorbei geändert",
        "gap_restricted": "wer den Wert sehen darf, darf seine Herkunft nicht sehen",
        "no_envelope": "Diese Person darf den Wert sehen, aber nicht, woher er stammt.",
        "rules": "Die Regeln",
        "rules_lead": (
            "Diese Datei entscheidet oben mit. Ändern und speichern: Der nächste Blick wird danach entschieden, ohne "
            "Neustart. Was keinen Sinn ergibt, wird nicht gespeichert."
        ),
        "rule_file": "Regeldatei {file}",
        "save": "Speichern und neu ansehen",
        "reset": "Änderungen verwerfen",
        "not_saved": "Nicht gespeichert",
        "broken": "{count} gefunden, daher wurde nichts geschrieben. Version {version} bleibt in Kraft.",
        "finding": "1 Fehler wurde",
        "findings": "{count} Fehler wurden",
        "meant": "Gemeint",
        "changed_meanwhile": (
            "Jemand hat die Datei inzwischen geändert. Was Sie eingegeben haben, steht unten; erneutes Speichern "
            "ersetzt sie."
        ),
        "entries": "Was gemerkt wurde",
        "entries_lead": "Die letzten Einträge im Protokoll von {tenant}, wie sie ein Prüfer liest: niemals ein Wert.",
        "entries_none": "Es gibt noch keinen Eintrag.",
        "time": "Zeit (UTC)",
        "who": "Wer",
        "action": "Handlung",
        "what": "Was",
        "fields": "Felder",
        "decision": "Entscheidung",
        "rule_ids": "Regeln",
        "code": "Code",
        "several_fields": "{count} Felder",
        "several_rules": "{count} Regeln",
        "permit": "erlaubt",
        "deny": "abgelehnt",
        "back": "Zurück zur Konsole",
        "correlation": "Korrelations-ID {id}",
    }
)


def said(language: str) -> Mapping[str, str]:
    """Return the texts in *language*: ``de``, or else English."""
    return GERMAN if language == "de" else ENGLISH
