"""What ``--help`` says of rehearsing and recording, in English and German."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

HELP: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "help.rehearse": (
            "Say what would become of captured requests: answered, narrowed, refused, and what it would cost.",
            "Sagen, was aus mitgeschnittenen Anfragen würde: beantwortet, gekürzt, abgelehnt, und was es kostete.",
        ),
        "help.record": (
            "Pass requests on to one CRM, past any policy, and write down their shapes and nothing else.",
            "Anfragen an ein CRM durchreichen, an allen Richtlinien vorbei, und nur ihre Gestalt aufschreiben.",
        ),
        "option.captures": (
            "HAR files, or logs with one request a line as JSON (what `record` writes).",
            "HAR-Dateien, oder Protokolle mit einer Anfrage je Zeile als JSON (was `record` schreibt).",
        ),
        "option.described_by": (
            "Without such a connection: its kind (salesforce); what the CRM describes is read from the capture.",
            "Ohne eine solche Verbindung: ihre Art (salesforce); was das CRM beschreibt, steht im Mitschnitt.",
        ),
        "option.html": ("Write a page to look at and hand on.", "Eine Seite zum Ansehen und Weitergeben schreiben."),
        "option.upstream": (
            "The one CRM that requests go to: https://…",
            "Das eine CRM, an das Anfragen gehen: https://…",
        ),
        "option.out": ("The file to write to; it is added to.", "Die Datei, in die geschrieben wird (angehängt)."),
    }
)
