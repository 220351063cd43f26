"""What a rehearsal and its page say, in English and German."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

REHEARSAL: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        # --- errors ---
        "rehearse.connection": (
            "{tenant} has no connection {name}: add it, or say with --described-by what kind of CRM was captured",
            "{tenant} hat kein {name}: legen Sie es an, oder sagen Sie mit --described-by, welche Art CRM es war",
        ),
        "rehearse.kind": (
            "no plugin speaks like {name}: there is {known}",
            "kein Plugin spricht wie {name}, sondern wie {known}",
        ),
        "rehearse.empty": ("no requests were captured", "es wurden keine Anfragen mitgeschnitten"),
        "rehearse.who": ("say one principal, or roles and teams", "nennen Sie eine Person, oder Rollen und Teams"),
        "rehearse.waiting": ("Rehearsing {count} requests …", "{count} Anfragen werden geprobt …"),
        # --- the report ---
        "report.title": ("Rehearsal", "Probe"),
        "report.for": (
            "{requests} requests to {tenant}/{connection} as {who} for {purpose}, under policy {version}",
            "{requests} Anfragen an {tenant}/{connection} als {who} für {purpose}, unter Richtlinie {version}",
        ),
        "report.assumed": (
            (
                "At best: of records that are the caller's own, agreed to everything and are neither restricted nor "
                "expired. Where that matters, the attributes stand beside it."
            ),
            (
                "Im besten Fall: für eigene Datensätze, die allem zugestimmt haben und weder gesperrt noch abgelaufen "
                "sind. Wo das zählt, stehen die Merkmale dabei."
            ),
        ),
        "report.clients": ("What becomes of the requests", "Was aus den Anfragen wird"),
        "report.costs": ("What it costs", "Was es kostet"),
        "report.items": ("Request by request", "Anfrage für Anfrage"),
        "report.extra": (
            "{extra:+d} calls to the CRM in all, as against one for each of these requests today",
            "{extra:+d} Aufrufe beim CRM insgesamt, gegenüber heute einem für jede dieser Anfragen",
        ),
        "report.clean": ("Nothing would be refused.", "Nichts würde abgelehnt."),
        "report.finds": (
            "{count} requests would be refused or are not served.",
            "{count} Anfragen würden abgelehnt oder werden nicht bedient.",
        ),
        "report.unclear": (
            "Of {count} requests nobody can tell: they repeat answers that the capture does not have.",
            "Zu {count} Anfragen lässt sich nichts sagen: sie wiederholen Antworten, die der Mitschnitt nicht hat.",
        ),
        "report.written": ("written: {path}", "geschrieben: {path}"),
        "report.values": (
            "No value of what was captured stands here: only shapes and names.",
            "Von den mitgeschnittenen Werten steht hier keiner: nur Gestalt und Namen.",
        ),
        # --- heads ---
        "head.client": ("CLIENT", "CLIENT"),
        "head.requests": ("REQUESTS", "ANFRAGEN"),
        "head.outcome": ("WHAT", "WAS"),
        "head.times": ("TIMES", "MAL"),
        "head.request": ("REQUEST", "ANFRAGE"),
        "head.answer": ("ANSWER", "ANTWORT"),
        "head.fields": ("FIELDS [RULES]", "FELDER [REGELN]"),
        "head.kind": ("KIND", "ART"),
        "head.operations": ("OPERATIONS", "VORGÄNGE"),
        "head.calls": ("CRM CALLS", "CRM-AUFRUFE"),
        "head.each": ("EACH", "JEWEILS"),
        "head.budget": ("BUDGET", "BUDGET"),
        "head.verdict": ("", ""),
        # --- words ---
        "outcome.full": ("answered", "beantwortet"),
        "outcome.narrowed": ("narrowed", "gekürzt"),
        "outcome.refused": ("refused", "abgelehnt"),
        "outcome.unserved": ("not served", "nicht bedient"),
        "outcome.unknown": ("unclear", "unklar"),
        "kind.read": ("reading", "Lesen"),
        "kind.write": ("writing", "Schreiben"),
        "kind.own": ("answered by the gateway itself", "vom Gateway selbst beantwortet"),
        "how.withheld": ("withheld", "verborgen"),
        "how.hidden": ("hidden", "nicht zu sehen"),
        "how.refused": ("refused", "abgelehnt"),
        "how.mask": ("only {level}", "nur {level}"),
        "rules.none": ("no rule allows it", "keine Regel erlaubt es"),
        "depends.on": ("depends on {names}", "hängt ab von {names}"),
        "before": ("refused by the CRM, too: {count}", "auch vom CRM abgelehnt: {count}"),
        "more": ("and {count} more", "und {count} weitere"),
        "budget.kept": ("within", "eingehalten"),
        "budget.over": ("over", "überschritten"),
        "chart.clients": ("Requests by client and what becomes of them", "Anfragen je Client und was aus ihnen wird"),
        "chart.costs": (
            "Calls to the CRM for one read, or for one record written",
            "Aufrufe beim CRM je Lesen, oder je geschriebenem Datensatz",
        ),
        # --- the recorder ---
        "record.warning": (
            (
                "Requests to {host}:{port} go to {upstream} past any policy, with the credentials that clients send. "
                "Only shapes are written to {out}. End it with Ctrl-C as soon as you have seen enough."
            ),
            (
                "Anfragen an {host}:{port} gehen an allen Richtlinien vorbei an {upstream}, mit den Zugangsdaten der "
                "Clients. Nach {out} kommt nur ihre Gestalt. Beenden Sie es mit Strg-C, sobald Sie genug gesehen haben."
            ),
        ),
        "record.done": ("{count} requests written to {out}", "{count} Anfragen in {out} geschrieben"),
        "record.path": ("the CRM is a host, without a path", "das CRM ist ein Host, ohne Pfad"),
    }
)
