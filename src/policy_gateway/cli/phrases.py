"""German for what typer says in help pages, and for errors of the gateway that administrators meet."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

HEADINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Usage:": "Aufruf:",
        "Options:": "Optionen:",
        "Arguments:": "Argumente:",
        "Commands:": "Befehle:",
        "Show this message and exit.": "Diese Hilfe zeigen.",
        "[required": "[nötig",
        "[default": "[sonst",
        "Install completion for the current shell.": "Vervollständigung in dieser Shell einrichten.",
        "Show completion for the current shell, to copy it or": "Vervollständigung für diese Shell ausgeben, um sie",
        "customize the installation.": "selbst einzurichten.",
    }
)

DETAILS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "no master key is set: make one with: policy-gateway init": (
            "es gibt keinen Hauptschlüssel: policy-gateway init legt einen an"
        ),
        "the master key is not base64: make one with: policy-gateway init": (
            "der Hauptschlüssel ist kein base64: policy-gateway init legt einen an"
        ),
        "the master key is not random: make one with: policy-gateway init": (
            "der Hauptschlüssel ist nicht zufällig: policy-gateway init legt einen an"
        ),
        "no such key": "diesen Schlüssel gibt es nicht",
        "no such connection or resource": "diese Verbindung oder Ressource gibt es nicht",
        "a principal is user:, team:, app: or ai: and 1 to 64 of a-z, 0-9, dot, dash and underscore": (
            "wer anfragt, heißt user:, team:, app: oder ai: und 1 bis 64 Zeichen aus a-z, 0-9, Punkt und Strichen"
        ),
        "a tenant is small letters, digits and dashes, at most 40, and begins with a letter": (
            "ein Mandant besteht aus höchstens 40 kleinen Buchstaben, Ziffern und Strichen, ein Buchstabe zuerst"
        ),
        "a name is small letters, digits, dot, dash and underscore, and begins with a letter": (
            "ein Name besteht aus kleinen Buchstaben, Ziffern, Punkt, Strich und Unterstrich, ein Buchstabe zuerst"
        ),
        "the tenant has a connection of this name": "der Mandant hat schon eine Verbindung dieses Namens",
        "a connection's name is a-z, 0-9 and dashes, at most 40, and not a reserved one": (
            "eine Verbindung heißt mit höchstens 40 Zeichen aus a-z, 0-9 und Strich, und nicht wie etwas Reserviertes"
        ),
        "plain http is only for hosts on the allow-list: use https": (
            "einfaches http nur zu Hosts, die upstream_allowed nennt: nehmen Sie https"
        ),
        "the base URL's address is not public and not on the allow-list": (
            "die Adresse ist nicht öffentlich, und upstream_allowed nennt sie nicht"
        ),
        "the base URL's host is this machine and not on the allow-list": (
            "die Adresse ist dieser Rechner, und upstream_allowed nennt ihn nicht"
        ),
        "the CRM cannot be reached": "das CRM ist nicht zu erreichen",
        "the CRM did not answer in time": "das CRM hat nicht rechtzeitig geantwortet",
        "the CRM refused the call": "das CRM hat die Anfrage abgelehnt",
        "the CRM gave an answer that cannot be used": "das CRM hat etwas Unbrauchbares geantwortet",
        "an attribute's value is 1 to 200 printable characters": (
            "der Wert eines Merkmals hat 1 bis 200 druckbare Zeichen"
        ),
        "the access could not be recorded, so nothing was released": (
            "die Datenbank nimmt nichts an, darum ist nichts geschehen"
        ),
    }
)
