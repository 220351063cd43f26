"""Fictional people, the same ones on every run: for sandboxes, demos and tests.

Names are common in Germany, addresses name real cities and invented streets, mail domains are reserved (RFC 2606),
phone numbers come from the ranges that the Bundesnetzagentur keeps free for film and television, and the bank code of
the IBANs starts with a digit that no bank has.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

_FIRST_NAMES = (
    "Lena", "Jonas", "Mia", "Paul", "Emma", "Leon", "Hannah", "Finn", "Sofia", "Elias", "Clara", "Ben", "Marie", "Luis",
    "Ayşe", "Mehmet", "Ida", "Karl", "Zoë", "Jürgen", "Greta", "Anton", "Nele", "Oskar", "Katarzyna", "Piotr", "Frieda",
    "Moritz", "Amelie", "Theo", "Giulia", "Matteo", "Johanna", "Emil", "Lotte", "Samuel", "Renate", "Günther", "Ursula",
    "Wolfgang", "Sabine", "Thomas", "Petra", "Michael", "Olga", "Dmitri", "Yasmin", "Karim", "Thanh", "Björn",
)  # fmt: skip
_LAST_NAMES = (
    "Vogt", "Schmidt", "Krüger", "Y\u0131lmaz", "Weber", "Hoffmann", "Schäfer", "Kowalski", "Richter", "Klein", "Wolf",
    "Neumann", "Schwarz", "Zimmermann", "Braun", "Hartmann", "Lange", "Werner", "Krause", "Lehmann", "Köhler", "Maier",
    "Huber", "Kaiser", "Fuchs", "Peters", "Scholz", "Möller", "Weiß", "Jung", "Hahn", "Keller", "Vogel", "Friedrich",
    "Günay", "Petrov", "Rossi", "Nguyen", "Haddad", "Sommer", "Winter", "Brandt", "Seidel", "Thiel", "Öztürk",
    "von Ahlen", "Schulte-Berg", "O'Neill", "Lindqvist", "Bauer", "Roth", "Beck", "Lorenz",
)  # fmt: skip
_STREETS = (
    "Lindenallee", "Am Kornspeicher", "Ziegelweg", "Gartenstraße", "An der Mühle", "Birkenpfad", "Weberstraße",
    "Alter Postweg", "Rosenhang", "Kirschgasse", "Seeblick", "Tannenring", "Uhlandplatz",
)  # fmt: skip
_CITIES = (
    ("Berlin", "10115", "30", 23125),
    ("Hamburg", "20095", "40", 66969),
    ("Köln", "50667", "221", 4710),
    ("Frankfurt am Main", "60311", "69", 90009),
    ("München", "80331", "89", 99998),
)
_LANGUAGES = ("de", "de", "de", "en", "de", "tr", "de", "pl")
_SPELLED = (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss"), ("ş", "s"), ("\u0131", "i"), ("ë", "e"))
_MOBILE_EVERY = 5
_MOBILES = 100


@dataclass(frozen=True, slots=True)
class Person:
    """One fictional contact; an empty string means that nothing is known. *birthdate* is ISO 8601."""

    number: int
    first_name: str
    last_name: str
    email: str
    phone: str
    mobile: str
    street: str
    postal_code: str
    city: str
    country: str
    birthdate: str
    language: str
    iban: str
    customer_number: str

    @property
    def name(self) -> str:
        """Return the whole name."""
        return f"{self.first_name} {self.last_name}"


def people(count: int = 1000) -> Iterator[Person]:
    """Yield *count* people, always the same; names repeat after some thousand, everything else is their own."""
    for number in range(1, count + 1):
        yield _person(number)


def _person(number: int) -> Person:
    first_name = _FIRST_NAMES[number * 7 % len(_FIRST_NAMES)]
    last_name = _LAST_NAMES[number * 11 % len(_LAST_NAMES)]
    city, postal_code, area, block = _CITIES[number % len(_CITIES)]
    mobile, sparse = divmod(number, _MOBILE_EVERY)
    return Person(
        number=number,
        first_name=first_name,
        last_name=last_name,
        email="" if number % 17 == 0 else f"{_ascii(first_name)}.{_ascii(last_name)}{number}@example.com",
        phone=f"+49 {area} {block}{number // len(_CITIES) % 1000:03}",
        mobile=f"+49 171 39200{mobile % _MOBILES:02}" if sparse == 0 and mobile <= _MOBILES else "",
        street=f"{_STREETS[number % len(_STREETS)]} {number % 89 + 1}",
        postal_code=postal_code,
        city=city,
        country="DE",
        birthdate=(date(1941, 3, 9) + timedelta(days=number * 4099 % 23000)).isoformat(),
        language=_LANGUAGES[number % len(_LANGUAGES)],
        iban=_iban(number) if number % 3 == 0 else "",
        customer_number=f"K{100000 + number}",
    )


def _iban(number: int) -> str:
    account = f"99999999{number * 7919:010}"
    return f"DE{98 - int(f'{account}131400') % 97:02}{account}"


def _ascii(name: str) -> str:
    plain = name.lower()
    for letter, spelled in _SPELLED:
        plain = plain.replace(letter, spelled)
    return "".join(letter for letter in plain if letter.isascii() and letter.isalpha())
