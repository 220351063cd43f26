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
        "Lena Moritz Johanna Finn Antonia Emil Charlotte Theo Frieda Oskar Helene Anton Lotte Jakob Merle Hendrik "
        "Ursula Dieter Brigitte Rainer Gudrun Detlef Elif Cem Leyla Murat Agnieszka Piotr Jana Tobias Nadine Sören "
        "Wiebke Götz Bärbel Jürgen Silke Holger Maren Volker"
    ),
    last=_words(
        "Albrecht Böhm Brandt Busch Dietrich Engel Franke Friedrich Fuchs Graf Haas Heinrich Horn Huber Jäger Jung "
        "Kaiser Keller Kraus Kuhn Lorenz Ludwig Martens Mayr Möller Otto Peters Pfeiffer Pohl Roth Sauer Scholz "
        "Seidel Simon Sommer Thomas Vogt Winkler Yildiz Çelik Öztürk Arslan Wiśniewski Zielinski Groß Weiss"
    ),
    streets=(
        "Ulmenweg",
        "Gartenstraße",
        "An der Alten Mühle",
        "Schulstraße",
        "Mozartplatz",
        "Birkenallee",
        "Marktgasse",
        "Am Sonnenhang",
        "Fährstraße",
        "Heinrich-Heine-Straße",
    ),
    cities=(
        ("Berlin", "10245", "+493023125"),
        ("Hamburg", "22767", "+494066969"),
        ("Köln", "50674", "+492214710"),
        ("Frankfurt am Main", "60486", "+496990009"),
        ("München", "80469", "+498999998"),
    ),
    mobiles=("+4917139200", "+49176040690"),
)

BRITAIN: Final = Region(
    country="United Kingdom",
    language="en",
    first=_words("George Florence Arthur Daisy Owen Megan Ravi Anjali Ewan Isobel Gareth Sian Kwame Ruby Angus Maeve"),
    last=_words("Baker Cooper Davies Edwards Green Harris Jackson King Lewis Mitchell O'Neill Parker Rahman Stewart"),
    streets=("Park Lane", "Queens Road", "The Avenue", "Orchard Close", "Bridge Street"),
    cities=(
        ("London", "E1 6AN", "+442079460"),
        ("Leeds", "LS2 7EW", "+441134960"),
        ("Cardiff", "CF11 9LJ", "+442920180"),
    ),
    mobiles=("+4477009000", "+4477009001", "+4477009002", "+4477009003"),
)

FRANCE: Final = Region(
    country="France",
    language="fr",
    first=_words("Lucie Antoine Margaux Gabriel Zoé Raphaël Anaïs Étienne Solène Mathis Aurélie Baptiste"),
    last=_words("Lambert Fontaine Rousseau Chevalier Perrin Mercier Faure Gauthier Marchand Boyer Renaud Guérin"),
    streets=("rue des Lilas", "avenue de la Gare", "rue Saint-Jacques", "place du Marché"),
    cities=(("Paris", "75012", "+33199001"), ("Lyon", "69003", "+33465711"), ("Nantes", "44200", "+33261911")),
    mobiles=("+336399801", "+336399802", "+336399803"),
)

REGIONS: Final = (GERMANY, GERMANY, GERMANY, GERMANY, GERMANY, BRITAIN, FRANCE)

COMPANY_STEMS: Final = _words(
    "Ostwind Fleetwerk Kupfergraben Neckarblick Donaufels Weserstern Wattenmeer Rotbuche Hohenstein Ahrtal "
    "Birkenhof Leuchtfeuer Nebelhorn Goldammer Sperlingsberg Salzufer Lärchenau Drosselweg Kaimauer Schwanenteich"
)
COMPANY_TRADES: Final = ("Solar", "Spedition", "Assekuranz", "Hochbau", "Kontor")
COMPANY_FORMS: Final = ("GmbH", "AG", "KG", "GmbH & Co. KG", "SE")

JOBS: Final = ("Head of Purchasing", "Managing Director", "Bookkeeper", "Caretaker", "Engineer", "Nurse", "Teacher")

NOTES: Final = (
    "Asked to be called back after four.",
    "Rather writes than calls.",
    "Complaint about the delivery in May; a voucher was sent.",
    "Told us the meter reading by phone.",
    "Wants invoices on paper.",
    "New address since the move; confirmed on the phone.",
    "Speaks English only.",
    "Thinks about the new tariff, decides next month.",
)

SUBJECTS: Final = (
    "Invoice is not clear",
    "Change of address",
    "Delivery is late",
    "Contract to be canceled",
    "Question about the tariff",
    "Device is broken",
    "Wrong amount debited",
)
