"""What the demo says, in English and German."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

DEMO: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "demo.headline": (
            "policy-gateway runs on {site}, between five colleagues and the CRMs of two clients.",
            "policy-gateway läuft auf {site}, zwischen fünf Kollegen und den CRMs zweier Mandanten.",
        ),
        "demo.crms": ("CRMs: {crms}", "CRMs: {crms}"),
        "demo.who": ("WHO", "WER"),
        "demo.role": ("WHAT", "WAS"),
        "demo.token": ("TOKEN", "SCHLÜSSEL"),
        "demo.try": ("To try (the same paths, other answers):", "Zum Ausprobieren (gleiche Pfade, andere Antworten):"),
        "demo.anna": (
            "Anna, service: the phone number in clear, no IBAN, and where each value comes from (_gdpr)",
            "Anna, Service: Telefonnummer im Klartext, keine IBAN, und woher jeder Wert kommt (_gdpr)",
        ),
        "demo.anna-tryton": (
            "Anna, service, another CRM: the same rules hold in Tryton",
            "Anna, Service, ein anderes CRM: dieselben Regeln gelten in Tryton",
        ),
        "demo.anna-complaint": (
            "Anna, complaint: now the last digits of the IBAN, for a refund",
            "Anna, Beschwerde: nun die letzten Stellen der IBAN, für eine Erstattung",
        ),
        "demo.mara": (
            "Mara, marketing, the same contact as Anna's first: no phone number, as nobody agreed to be called",
            "Mara, Werbung, derselbe Kontakt wie bei Anna zuerst: keine Telefonnummer, denn niemand hat zugestimmt",
        ),
        "demo.ben": (
            "Ben, service, the same path: Bolt's CRM has somebody else, whose number Ben sees in part",
            "Ben, Service, derselbe Pfad: in Bolts CRM ist es jemand anderes, mit teils verdeckter Nummer",
        ),
        "demo.why": ("Why Mara does not see the number:", "Warum Mara die Nummer nicht sieht:"),
        "demo.tls": (
            "The same over TLS, for clients that insist on it: {site}. How a client trusts it:",
            "Dasselbe über TLS, für Clients, die darauf bestehen: {site}. So vertraut ihm ein Client:",
        ),
        "demo.clients": (
            "Clients that there are, with another address and another token, and nothing else changed; Anna's:",
            "Vorhandene Clients, mit anderer Adresse und anderem Token, sonst unverändert; die von Anna:",
        ),
        "demo.salesforce": (
            "numbers in clear, no IBAN; with WHERE IBAN__c LIKE 'DE%' it is refused as for an unknown column",
            "Nummern im Klartext, keine IBAN; mit WHERE IBAN__c LIKE 'DE%' abgelehnt wie eine unbekannte Spalte",
        ),
        "demo.jsforce": ("the same, logging in with a user name", "dasselbe, angemeldet mit einem Benutzernamen"),
        "demo.hubspot": ("the same rules in HubSpot", "dieselben Regeln in HubSpot"),
        "demo.programs": (
            "The same as files, and Mara's (jsforce: npm install --prefix {folder} jsforce):",
            "Dasselbe als Dateien, auch für Mara (jsforce: npm install --prefix {folder} jsforce):",
        ),
        "demo.page": (
            "One contact as everybody sees it, and a rule to change: {page}",
            "Ein Kontakt, wie ihn jeder sieht, und eine Regel zum Ändern: {page}",
        ),
        "demo.files": (
            "Policies: {folder}/policies (edit them: the next answer follows). Everything else: {folder}",
            "Richtlinien: {folder}/policies (ändern: die nächste Antwort folgt). Alles andere: {folder}",
        ),
        "demo.stop": ("Ctrl-C ends everything.", "Strg-C beendet alles."),
        "demo.unasked": ("has not agreed to be called for marketing", "hat Werbeanrufen nicht zugestimmt"),
        "demo.agreed": ("has agreed to be called for marketing", "hat Werbeanrufen zugestimmt"),
        "demo.party": ("a party in Tryton", "eine Partei in Tryton"),
        "demo.install": (
            "Installing Tryton and 1,000 invented parties (the first time only, about a minute) …",
            "Tryton und 1.000 erfundene Parteien werden eingerichtet (nur beim ersten Mal, etwa eine Minute) …",
        ),
        "demo.no-tryton": ("Without Tryton: {reason}", "Ohne Tryton: {reason}"),
        "demo.no-hubspot": (
            "the demo needs HubSpot's sandbox: install policy-gateway-hubspot",
            "die Demo braucht die HubSpot-Sandbox: installieren Sie policy-gateway-hubspot",
        ),
        "demo.no-salesforce": (
            "the demo needs Salesforce's sandbox: install policy-gateway-salesforce",
            "die Demo braucht die Salesforce-Sandbox: installieren Sie policy-gateway-salesforce",
        ),
        "demo.locked": (
            "another demo runs in {folder}: end it, or take another --folder",
            "in {folder} läuft schon eine Demo: beenden Sie sie, oder nehmen Sie einen anderen --folder",
        ),
        "demo.port": (
            "port {wanted} is in use, so the gateway is on {port}",
            "Port {wanted} ist belegt, darum ist das Gateway auf {port}",
        ),
        "demo.edited": (
            "{folder} has been edited and stays as it is; newer policies came with the program",
            "{folder} wurde geändert und bleibt so; mit dem Programm kamen neuere Richtlinien",
        ),
    }
)
