"""Word lists for believable people who do not exist, at numbers that are kept free for fiction.

Telephone numbers come from the ranges that regulators reserve for film and drama (Bundesnetzagentur, Ofcom, Arcep),
mail addresses from example.com and example.org (RFC 2606), IBANs from a bank code that is not assigned.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Region:
    """Where people live: *cities* as (name, postal code, prefix). Three digits complete a landline, two a mobile."""

    country: str
    language: str
    first: tuple[str, ...]
    last: tuple[str, ...]
    streets: tuple[str, ...]
    cities: tuple[tuple[str, str, str], ...]
    mobiles: tuple[str, ...]


def _words(line: str) -> tuple[str, ...]:
    return tuple(line.split())


GERMANY: Final = Region(
    country="Germany",
    language="de",
    first=_words(
        "Anna Ben Clara David Emma Felix Greta Hannes Ida Jonas Katharina Lukas Marie Niklas Olivia Paul "
        "Ronja Stefan Thea Uwe Vera Wolfgang Yasemin Mehmet Jürgen Sabine Heike Björn Svenja Torsten "
        "Renate Günther Aylin Dmitri Monika Käthe Jörg Lena Fatma Matthias"
    ),
    last=_words(
        "Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer Koch Bauer "
        "Richter Klein Wolf Schröder Neumann Schwarz Zimmermann Braun Krüger Hofmann Hartmann Lange "
        "Krause Lehmann Köhler Maier Yilmaz Kaya Demir Nowak Kowalski Petersen Jansen Özdemir Großmann "
        "Weiß Vogel"
    ),
    streets=(
        "Lindenallee",
        "Am Mühlbach",
        "Goethestraße",
        "Bahnhofstraße",
        "Rosenweg",
        "Schillerplatz",
        "Ahornstraße",
        "Kirchgasse",
        "Hafenstraße",
        "Zum Waldblick",
    ),
    cities=(
        ("Berlin", "10115", "+493023125"),
        ("Hamburg", "20095", "+494066969"),
        ("Köln", "50667", "+492214710"),
        ("Frankfurt am Main", "60311", "+496990009"),
        ("München", "80331", "+498999998"),
    ),
    mobiles=("+4917139200", "+49176040690"),
)

BRITAIN: Final = Region(
    country="United Kingdom",
    language="en",
    first=_words("Alice Oliver Amelia Harry Isla Jack Poppy Noah Priya Liam Zoe Callum Imran Freya Rhys Niamh"),
    last=_words("Smith Jones Taylor Brown Evans Patel Hughes Khan Murphy Clarke Wright O'Connor Morgan Singh"),
    streets=("High Street", "Church Lane", "Station Road", "Victoria Road", "Mill Lane"),
    cities=(
        ("London", "SE1 7PB", "+442079460"),
        ("Leeds", "LS1 4DY", "+441134960"),
        ("Cardiff", "CF10 1EP", "+442920180"),
    ),
    mobiles=("+4477009000", "+4477009001", "+4477009002", "+4477009003"),
)

FRANCE: Final = Region(
    country="France",
    language="fr",
    first=_words("Camille Hugo Chloé Louis Manon Jules Inès Adèle Théo Élodie François Noémie"),
    last=_words("Martin Bernard Dubois Thomas Robert Petit Durand Leroy Moreau Lefèvre Garçon Benoît"),
    streets=("rue de la Paix", "avenue Victor-Hugo", "rue du Moulin", "place de l'Église"),
    cities=(("Paris", "75011", "+33199001"), ("Lyon", "69002", "+33465711"), ("Nantes", "44000", "+33261911")),
    mobiles=("+336399801", "+336399802", "+336399803"),
)

REGIONS: Final = (GERMANY, GERMANY, GERMANY, GERMANY, GERMANY, BRITAIN, FRANCE)

COMPANY_STEMS: Final = _words(
    "Nordlicht Alsterblick Spreewerk Rheintal Isarnova Havelgrün Elbtor Taunus Bergfeld Steinbach "
    "Lindgart Morgenrot Seewind Kranich Falkenau Silberau Eichwald Brückner Hanseat Grünwald"
)
COMPANY_TRADES: Final = ("Energie", "Logistik", "Versicherungen", "Bau", "Handel")
COMPANY_FORMS: Final = ("GmbH", "AG", "KG", "GmbH & Co. KG", "SE")

JOBS: Final = ("Buyer", "Managing director", "Accountant", "Facility manager", "Engineer", "Nurse", "Teacher")

NOTES: Final = (
    "Asked for a callback in the afternoon.",
    "Prefers e-mail, is rarely reached by phone.",
    "Complained about the late delivery of March; credit note sent.",
    "Meter reading was handed in by phone.",
    "Wants the invoice split in two.",
    "Moved house; new address confirmed on the phone.",
    "Speaks English only.",
    "Was told about the new tariff, will think it over.",
)
