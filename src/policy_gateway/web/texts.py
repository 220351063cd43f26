"""What people read of a problem, in English and German.

Both are by code; :mod:`policy_gateway.web.phrases` translates the details that are more specific than a code's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Text:
    """A problem's title and detail in one language."""

    title: str
    detail: str


ENGLISH: Final[Mapping[str, Text]] = MappingProxyType(
    {
        "not-authenticated": Text("Not authenticated", "a valid credential is needed in the Authorization header"),
        "purpose-missing": Text("Purpose missing", "say why: send the X-Purpose header"),
        "purpose-refused": Text(
            "Purpose refused", "this purpose is not granted to the credential, or is outside the mandate"
        ),
        "denied": Text("Denied", "policy does not permit this call"),
        "field-refused": Text("Field refused", "the call uses a field that may not be used in this way"),
        "invalid-call": Text("Invalid call", "the call is not well-formed"),
        "use-search": Text("Use search", "filter by personal fields with POST …/search: URLs end up in logs"),
        "host-refused": Text("Host refused", "the gateway does not answer to this host"),
        "refused": Text("Refused", "the call was refused"),
        "record-not-found": Text("Record not found", "no such record"),
        "not-found": Text("Not found", "no such route, connection or resource"),
        "conflict": Text("Conflict", "the record is in another state"),
        "attempts-exhausted": Text(
            "Attempts exhausted", "this person could not be verified too often: try again in an hour, or another way"
        ),
        "precondition-failed": Text("Precondition failed", "the record has changed since it was read: read it again"),
        "precondition-required": Text(
            "Precondition required", "send If-Match with the ETag that was read, or * to overwrite whatever is there"
        ),
        "path-unknown": Text("Not found", "there is nothing at this path"),
        "method-not-allowed": Text("Method not allowed", "this route does not take this method"),
        "not-acceptable": Text("Not acceptable", "answers are application/json"),
        "unsupported-media-type": Text("Unsupported media type", "send the body as uncompressed application/json"),
        "body-too-large": Text("Body too large", "the body is too large"),
        "body-too-slow": Text("Body too slow", "the body did not arrive in time"),
        "headers-too-large": Text("Headers too large", "there are too many headers"),
        "forged": Text("Form refused", "this form did not come from this page; nothing was changed"),
        "upstream-error": Text("CRM error", "the CRM could not answer"),
        "upstream-timeout": Text(
            "CRM timeout", "the CRM did not answer in time; a change may or may not have happened"
        ),
        "upstream-unavailable": Text("CRM unavailable", "the CRM cannot be reached"),
        "upstream-invalid": Text("CRM answer invalid", "the CRM gave an answer that cannot be used"),
        "upstream-refused": Text("CRM refused", "the CRM refused the call"),
        "rate-limited": Text("CRM quota used up", "the CRM's quota is used up for now: try again later"),
        "safeguard-error": Text("Safeguard failed", "a safeguard failed, so nothing was released"),
        "audit-unavailable": Text("Audit unavailable", "the access could not be recorded, so nothing was released"),
        "policy-unavailable": Text("Policy unavailable", "no trusted policy is in force, so nothing was released"),
        "facts-unavailable": Text(
            "Facts unavailable", "what the decision needs could not be learnt, so nothing was released"
        ),
        "release-failed": Text("Release failed", "the answer could not be made safe, so nothing was released"),
        "obligation-unmet": Text("Obligation unmet", "an obligation of the policy could not be met"),
        "annotation-failed": Text("Annotation failed", "the GDPR metadata could not be attached"),
        "internal-error": Text("Internal error", "something broke inside the gateway; quote the correlation id"),
    }
)

GERMAN: Final[Mapping[str, Text]] = MappingProxyType(
    {
        "not-authenticated": Text("Nicht angemeldet", "im Header Authorization fehlt ein gültiger Zugangsschlüssel"),
        "purpose-missing": Text("Zweck fehlt", "sagen Sie, wozu: senden Sie den Header X-Purpose"),
        "purpose-refused": Text(
            "Zweck abgelehnt", "dieser Zweck ist dem Zugang nicht gestattet oder liegt außerhalb des Auftrags"
        ),
        "denied": Text("Nicht erlaubt", "die Richtlinie erlaubt diesen Aufruf nicht"),
        "field-refused": Text("Feld abgelehnt", "der Aufruf verwendet ein Feld, das so nicht verwendet werden darf"),
        "invalid-call": Text("Ungültiger Aufruf", "der Aufruf ist nicht wohlgeformt"),
        "use-search": Text(
            "Suche verwenden", "filtern Sie personenbezogene Felder mit POST …/search: URLs landen in Protokollen"
        ),
        "host-refused": Text("Host abgelehnt", "unter diesem Hostnamen antwortet das Gateway nicht"),
        "refused": Text("Abgelehnt", "der Aufruf wurde abgelehnt"),
        "record-not-found": Text("Datensatz nicht gefunden", "diesen Datensatz gibt es nicht"),
        "not-found": Text("Nicht gefunden", "diese Route, Verbindung oder Ressource gibt es nicht"),
        "conflict": Text("Konflikt", "der Datensatz ist in einem anderen Zustand"),
        "attempts-exhausted": Text(
            "Versuche aufgebraucht",
            "diese Person ließ sich zu oft nicht erkennen: versuchen Sie es in einer Stunde oder auf anderem Weg",
        ),
        "precondition-failed": Text(
            "Vorbedingung verletzt", "der Datensatz hat sich seit dem Lesen geändert: lesen Sie ihn neu"
        ),
        "precondition-required": Text(
            "Vorbedingung fehlt", "senden Sie If-Match mit dem gelesenen ETag, oder *, um jeden Stand zu überschreiben"
        ),
        "path-unknown": Text("Nicht gefunden", "unter diesem Pfad gibt es nichts"),
        "method-not-allowed": Text("Methode nicht erlaubt", "diese Route kennt diese Methode nicht"),
        "not-acceptable": Text("Format nicht verfügbar", "Antworten sind application/json"),
        "unsupported-media-type": Text(
            "Medientyp nicht unterstützt", "senden Sie den Inhalt unkomprimiert als application/json"
        ),
        "body-too-large": Text("Inhalt zu groß", "der Inhalt ist zu groß"),
        "body-too-slow": Text("Inhalt zu langsam", "der Inhalt kam nicht rechtzeitig an"),
        "headers-too-large": Text("Header zu groß", "es sind zu viele Header"),
        "forged": Text("Formular abgelehnt", "dieses Formular kam nicht von dieser Seite; es wurde nichts geändert"),
        "upstream-error": Text("CRM-Fehler", "das CRM konnte nicht antworten"),
        "upstream-timeout": Text(
            "CRM zu langsam", "das CRM hat nicht rechtzeitig geantwortet; eine Änderung kann erfolgt sein oder nicht"
        ),
        "upstream-unavailable": Text("CRM nicht erreichbar", "das CRM ist nicht erreichbar"),
        "upstream-invalid": Text("CRM-Antwort ungültig", "die Antwort des CRM ist nicht verwendbar"),
        "upstream-refused": Text("Vom CRM abgelehnt", "das CRM hat den Aufruf abgelehnt"),
        "rate-limited": Text(
            "CRM-Kontingent erschöpft", "das Kontingent des CRM ist vorerst erschöpft: versuchen Sie es später wieder"
        ),
        "safeguard-error": Text("Schutz versagt", "ein Schutz hat versagt, daher wurde nichts herausgegeben"),
        "audit-unavailable": Text(
            "Protokoll nicht verfügbar",
            "der Zugriff konnte nicht protokolliert werden, daher wurde nichts herausgegeben",
        ),
        "policy-unavailable": Text(
            "Richtlinie nicht verfügbar",
            "keine vertrauenswürdige Richtlinie ist in Kraft, daher wurde nichts herausgegeben",
        ),
        "facts-unavailable": Text(
            "Fakten nicht verfügbar",
            "was die Entscheidung braucht, war nicht zu erfahren, daher wurde nichts herausgegeben",
        ),
        "release-failed": Text(
            "Freigabe gescheitert", "die Antwort konnte nicht sicher gemacht werden, daher wurde nichts herausgegeben"
        ),
        "obligation-unmet": Text("Auflage nicht erfüllt", "eine Auflage der Richtlinie konnte nicht erfüllt werden"),
        "annotation-failed": Text("Angaben fehlen", "die DSGVO-Angaben konnten nicht angefügt werden"),
        "internal-error": Text("Interner Fehler", "im Gateway ist etwas gebrochen; nennen Sie die Korrelations-ID"),
    }
)
