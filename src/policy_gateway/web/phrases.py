"""Details of refusals that are more specific than their code, by their English text, in German."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

PHRASES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "a parameter may be given only once": "ein Parameter darf nur einmal vorkommen",
        "this parameter is not known": "diesen Parameter gibt es nicht",
        "a header may be given only once": "ein Header darf nur einmal vorkommen",
        "names hold only ASCII letters, digits, underscores and dots": (
            "Namen bestehen nur aus ASCII-Buchstaben, Ziffern, Unterstrichen und Punkten"
        ),
        "a name may be given only once": "ein Name darf nur einmal vorkommen",
        "a number from 1 to 200 is needed": "nötig ist eine Zahl von 1 bis 200",
        "this is no cursor": "das ist kein Cursor",
        "only gdpr can be included": "nur gdpr lässt sich einschließen",
        "this operator is not known": "diesen Operator gibt es nicht",
        "the query is not valid percent-encoded UTF-8": "die Abfrage ist kein gültig kodiertes UTF-8",
        "the path is not in its plain form": "der Pfad ist nicht in seiner einfachen Form",
        "this header is not well-formed": "dieser Header ist nicht wohlgeformt",
        "send one strong ETag, or *": "senden Sie einen starken ETag oder *",
        "the forwarded address cannot be understood": "die weitergereichte Adresse ist nicht zu verstehen",
        "the body is not valid JSON": "der Inhalt ist kein gültiges JSON",
        "a member is given twice": "ein Element kommt doppelt vor",
        "a number is out of range": "eine Zahl liegt außerhalb des Bereichs",
        "a text holds what is no text": "ein Text enthält, was kein Text ist",
        "the body is nested too deeply": "der Inhalt ist zu tief verschachtelt",
        "the body has too many parts": "der Inhalt hat zu viele Teile",
        "an object is needed": "nötig ist ein Objekt",
        "this is needed": "das ist nötig",
        "this member is not known": "dieses Element gibt es nicht",
        "this is not of the needed type": "das ist nicht vom nötigen Typ",
        "this is not one of the allowed values": "das ist keiner der erlaubten Werte",
        "this is too short or too small": "das ist zu kurz oder zu klein",
        "this is too long or too large": "das ist zu lang oder zu groß",
        "this is not well-formed": "das ist nicht wohlgeformt",
        "a value is text, number, boolean, null or a list of texts": (
            "ein Wert ist Text, Zahl, Wahrheitswert, null oder eine Liste von Texten"
        ),
        "at least one field is needed": "mindestens ein Feld ist nötig",
        "give either phone or email": "geben Sie entweder phone oder email an",
        "this is no phone number that can be dialled": "das ist keine wählbare Telefonnummer",
        "this is no e-mail address": "das ist keine E-Mail-Adresse",
        "the value's token is needed, as read": "nötig ist das gelesene Token des Werts",
        "a masked value cannot be written back: leave the field out": (
            "ein maskierter Wert lässt sich nicht zurückschreiben: lassen Sie das Feld weg"
        ),
        "a field is given twice": "ein Feld ist doppelt angegeben",
        "who asks in a dialect makes figures of what was released": (
            "wer in der Sprache eines CRMs fragt, rechnet mit dem, was freigegeben wurde"
        ),
        "this cannot be kept": "das lässt sich nicht aufbewahren",
        "the cursor is not valid for this call": "der Cursor gilt nicht für diesen Aufruf",
        "the Idempotency-Key must be 1 to 255 printable ASCII characters": (
            "der Idempotency-Key besteht aus 1 bis 255 druckbaren ASCII-Zeichen"
        ),
        "this Idempotency-Key was used for another change: use a new one": (
            "dieser Idempotency-Key wurde für eine andere Änderung verwendet: nehmen Sie einen neuen"
        ),
        "a change with this Idempotency-Key is under way, or its outcome is not known": (
            "eine Änderung mit diesem Idempotency-Key läuft noch, oder ihr Ausgang ist nicht bekannt"
        ),
        "the id is not one of this resource": "diese ID gehört nicht zu dieser Ressource",
        "this part is a text of 1 to 200 printable characters": (
            "diese Angabe ist ein Text von 1 bis 200 druckbaren Zeichen"
        ),
        "staff are named by pseudonym, team or role, not by their id": (
            "Beschäftigte werden mit Pseudonym, Team oder Rolle genannt, nicht mit ihrer Kennung"
        ),
        "this part is a date or time in ISO 8601": "diese Angabe ist ein Datum oder Zeitpunkt nach ISO 8601",
        "this part is a date in ISO 8601": "diese Angabe ist ein Datum nach ISO 8601",
        "this part is a period in ISO 8601, like P3Y or P6M": (
            "diese Angabe ist ein Zeitraum nach ISO 8601, wie P3Y oder P6M"
        ),
        "the basis for a special category is a letter of Art. 9(2): a to j": (
            "die Grundlage für eine besondere Kategorie ist ein Buchstabe aus Art. 9 Abs. 2: a bis j"
        ),
        "a purpose is its name in the policy": "ein Zweck ist sein Name in der Richtlinie",
        "this part is a list of 1 to 50 items": "diese Angabe ist eine Liste von 1 bis 50 Einträgen",
        "the envelope has no such part": "diese Angabe gibt es nicht",
        "the basis consent needs the consent that was given": (
            "zur Grundlage Einwilligung gehört die Einwilligung, die gegeben wurde"
        ),
        "this is no period in ISO 8601": "das ist kein Zeitraum nach ISO 8601",
        "an envelope is read by its id": "Angaben werden mit ihrer ID gelesen",
        "an envelope can only be edited: evidence is never removed": (
            "Angaben lassen sich nur bearbeiten: Nachweise werden nie entfernt"
        ),
        "the value's token is not valid here: read the provenance again": (
            "das Token des Werts gilt hier nicht: lesen Sie die Herkunft neu"
        ),
    }
)


def german(detail: str) -> str:
    """Return *detail* in German, or as it is when nobody has translated it."""
    return PHRASES.get(detail, detail)
