"""What fields, levels, actions and parts of an envelope are called, in English and German: pairs in this order.

A name that is not here is a policy's own, and is shown as it is written there.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

Pair = tuple[str, str]
LANGUAGES: Final = ("en", "de")

FIELDS: Final[Mapping[str, Pair]] = MappingProxyType(
    {
        "first_name": ("First name", "Vorname"),
        "last_name": ("Last name", "Nachname"),
        "name": ("Name", "Name"),
        "email": ("E-mail", "E-Mail"),
        "phone": ("Phone", "Telefon"),
        "mobile": ("Mobile", "Mobil"),
        "street": ("Street", "Straße"),
        "city": ("City", "Ort"),
        "postal_code": ("Postal code", "Postleitzahl"),
        "country": ("Country", "Land"),
        "birthdate": ("Birth date", "Geburtsdatum"),
        "iban": ("IBAN", "IBAN"),
        "credit_score": ("Credit score", "Bonität"),
        "notes": ("Notes", "Notizen"),
        "language": ("Language", "Sprache"),
        "company": ("Company", "Unternehmen"),
        "owner": ("Owner", "Betreut von"),
        "team": ("Team", "Team"),
        "region": ("Region", "Region"),
        "campaign": ("Campaign", "Kampagne"),
        "lead_source": ("Lead source", "Quelle des Kontakts"),
        "customer_number": ("Customer number", "Kundennummer"),
        "customer_kind": ("Kind of customer", "Art des Kunden"),
        "consents": ("Consents", "Einwilligungen"),
        "do_not_call": ("Do not call", "Nicht anrufen"),
        "vip": ("VIP", "VIP"),
        "created_at": ("Created", "Angelegt"),
        "updated_at": ("Updated", "Geändert"),
    }
)

LEVELS: Final[Mapping[str, Pair]] = MappingProxyType(
    {
        "clear": ("in clear", "im Klartext"),
        "partial": ("in part", "teilweise"),
        "last4": ("by its last four characters", "mit den letzten vier Stellen"),
        "year": ("as its year", "als Jahr"),
        "token": ("as a token", "als Kennzeichen"),
        "redact": ("blacked out", "geschwärzt"),
        "none": ("not at all", "gar nicht"),
    }
)

ACTIONS: Final[Mapping[str, Pair]] = MappingProxyType(
    {
        "view": ("see {it}", "{it} sehen"),
        "search": ("search by {it}", "nach {it} suchen"),
        "verify": ("verify {it}", "{it} abgleichen"),
        "edit": ("edit {it}", "{it} ändern"),
        "create": ("create {it}", "{it} anlegen"),
        "delete": ("delete {it}", "{it} löschen"),
        "erase": ("erase {it} for good", "{it} endgültig löschen"),
        "export": ("export {it}", "{it} ausleiten"),
        "contact": ("get in touch by {it}", "über {it} Kontakt aufnehmen"),
        "read": ("see or search by {it}", "{it} sehen oder danach suchen"),
        "write": ("edit, create or delete {it}", "{it} ändern, anlegen oder löschen"),
        "bulk": ("take out {it} in bulk", "{it} massenhaft ausleiten"),
        "see": ("learn anything of {it}", "etwas über {it} erfahren"),
        "reveal": ("see {it} or get in touch by it", "{it} sehen oder zur Kontaktaufnahme nutzen"),
        "use": ("use {it}", "{it} nutzen"),
        "hands_on": ("act on {it}", "an {it} etwas vornehmen"),
        "*": ("do anything with {it}", "irgendetwas mit {it} tun"),
    }
)
"""Actions and the shipped policy's groups of them; *it* is what they are done to."""

PARTS: Final[Mapping[str, Pair]] = MappingProxyType(
    {
        "collected_by": ("Collected by", "Erhoben von"),
        "collected_at": ("Collected at", "Erhoben am"),
        "collection_point": ("Point of collection", "Erhebungsort"),
        "collection_method": ("Method", "Art der Erhebung"),
        "purposes": ("Purposes", "Zwecke"),
        "legal_basis": ("Legal basis", "Rechtsgrundlage"),
        "special_category_basis": ("Basis of Art. 9(2)", "Grundlage nach Art. 9 Abs. 2"),
        "consent": ("Consent", "Einwilligung"),
        "storage_duration": ("Storage duration", "Speicherdauer"),
        "keep_until": ("Keep until", "Aufbewahren bis"),
        "source": ("Source", "Quelle"),
        "notice_version": ("Privacy notice", "Datenschutzhinweis"),
        "recipients": ("Recipients", "Empfänger"),
    }
)

LEGAL_BASES: Final[Mapping[str, Pair]] = MappingProxyType(
    {
        "consent": ("Consent, Art. 6(1)(a) GDPR", "Einwilligung, Art. 6 Abs. 1 lit. a DSGVO"),
        "contract": ("Contract, Art. 6(1)(b) GDPR", "Vertrag, Art. 6 Abs. 1 lit. b DSGVO"),
        "legal_obligation": ("Legal obligation, Art. 6(1)(c) GDPR", "Rechtspflicht, Art. 6 Abs. 1 lit. c DSGVO"),
        "vital_interests": (
            "Vital interests, Art. 6(1)(d) GDPR",
            "Lebenswichtige Interessen, Art. 6 Abs. 1 lit. d DSGVO",
        ),
        "public_interest": ("Public interest, Art. 6(1)(e) GDPR", "Öffentliches Interesse, Art. 6 Abs. 1 lit. e DSGVO"),
        "legitimate_interests": (
            "Legitimate interests, Art. 6(1)(f) GDPR",
            "Berechtigtes Interesse, Art. 6 Abs. 1 lit. f DSGVO",
        ),
    }
)

PERIODS: Final[Mapping[str, Mapping[str, Pair]]] = MappingProxyType(
    {
        "Y": {"one": ("year", "Jahr"), "many": ("years", "Jahre")},
        "M": {"one": ("month", "Monat"), "many": ("months", "Monate")},
        "W": {"one": ("week", "Woche"), "many": ("weeks", "Wochen")},
        "D": {"one": ("day", "Tag"), "many": ("days", "Tage")},
    }
)

LAWS: Final[Mapping[str, Pair]] = MappingProxyType(
    {
        "GDPR-5-1-c": ("data minimization", "Datenminimierung"),
        "GDPR-5-1-d": ("accuracy", "Richtigkeit"),
        "GDPR-5-1-e": ("storage limitation", "Speicherbegrenzung"),
        "GDPR-5-2": ("accountability", "Rechenschaftspflicht"),
        "GDPR-6-1-a": ("consent", "Einwilligung"),
        "GDPR-6-1-d": ("vital interests", "lebenswichtige Interessen"),
        "GDPR-6-1-f": ("legitimate interests", "berechtigte Interessen"),
        "GDPR-9-1": ("special categories of personal data", "besondere Kategorien personenbezogener Daten"),
        "GDPR-9-2": ("exceptions for special categories", "Ausnahmen für besondere Kategorien"),
        "GDPR-16": ("right to rectification", "Recht auf Berichtigung"),
        "GDPR-17-1": ("right to erasure", "Recht auf Löschung"),
        "GDPR-18-1": ("right to restriction of processing", "Recht auf Einschränkung der Verarbeitung"),
        "GDPR-18-2": ("what restricted data may serve", "wozu eingeschränkte Daten dienen dürfen"),
        "GDPR-21-3": ("objection to direct marketing", "Widerspruch gegen Direktwerbung"),
        "GDPR-25-2": ("data protection by default", "datenschutzfreundliche Voreinstellungen"),
        "GDPR-28-3-h": ("audits on behalf of the controller", "Überprüfungen für den Verantwortlichen"),
        "GDPR-32-1-b": ("confidentiality of processing", "Vertraulichkeit der Verarbeitung"),
        "GDPR-32-1-d": ("testing the safeguards", "Überprüfung der Schutzmaßnahmen"),
        "GDPR-39-1-b": ("tasks of the data protection officer", "Aufgaben des Datenschutzbeauftragten"),
        "UWG-7-2-1": ("advertising calls", "Werbeanrufe"),
        "UWG-7-2-2": ("advertising by electronic mail", "Werbung mit elektronischer Post"),
    }
)


def term(pairs: Mapping[str, Pair], name: str, language: str) -> str:
    """Return what *name* is called in *language*; the name itself when it is not among *pairs*."""
    pair = pairs.get(name)
    return name if pair is None else pair[LANGUAGES.index(language)]
