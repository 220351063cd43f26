"""Fill a fresh Tryton database; run by the sandbox with Tryton's own Python, never imported by the gateway.

``python seeding.py SEED.json`` reads what to create, and writes the users' keys to the file that it names.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, TypedDict

_BATCH = 250
_COUNTRIES = (
    ("AT", "Austria"),
    ("CH", "Switzerland"),
    ("DE", "Germany"),
    ("FR", "France"),
    ("PL", "Poland"),
    ("TR", "Türkiye"),
)


class Party(TypedDict):
    """One party; empty strings mean nothing."""

    name: str
    code: str
    language: str
    email: str
    phone: str
    mobile: str
    street: str
    postal_code: str
    city: str
    country: str
    iban: str


class Seed(TypedDict):
    """What to create, and where."""

    config: str
    database: str
    credentials: str
    agent_password: str
    parties: list[Party]


def fill(seed: Seed) -> None:
    """Create countries, an agent, keys for admin and agent, and the parties."""
    from proteus import Model, config  # type: ignore[import-not-found]  # noqa: PLC0415 -- only Tryton's Python has it

    config.set_trytond(seed["database"], config_file=seed["config"])
    keys = _users(Model, seed["agent_password"])
    countries = dict(zip(*_created(Model.get("country.country"), _COUNTRIES), strict=True))
    languages = {found.code: found.id for found in Model.get("ir.lang").find([])}
    parties = Model.get("party.party")
    records = [_party(party, countries, languages) for party in seed["parties"]]
    for start in range(0, len(records), _BATCH):
        parties._proxy.create(records[start : start + _BATCH], {})  # noqa: SLF001 -- one call for many, not one each
    credentials = Path(seed["credentials"])
    credentials.touch(mode=0o600)
    credentials.write_text(json.dumps(keys, indent=1), encoding="utf-8")


def _users(model: Any, agent_password: str) -> dict[str, str]:  # noqa: ANN401 -- proteus makes its classes at run time
    user, application, group = (model.get(f"res.{name}") for name in ("user", "user.application", "group"))
    [admin] = user.find([("login", "=", "admin")])
    agents = group(name="CRM agents")
    agents.save()
    agent = user(name="Agent", login="agent", password=agent_password)
    agent.groups.append(group(agents.id))
    agent.save()
    keys = {"agents_group": str(agents.id)}
    for owner in (admin, agent):
        access = application(user=owner, application="rest")
        access.save()
        if access.state != "validated":
            access.click("validate_")
        keys[owner.login] = access.key
    return keys


def _created(countries: Any, rows: tuple[tuple[str, str], ...]) -> tuple[list[str], list[int]]:  # noqa: ANN401 -- as above
    codes = [code for code, _ in rows]
    return codes, countries._proxy.create([{"code": code, "name": name} for code, name in rows], {})  # noqa: SLF001 -- as above


def _party(party: Party, countries: dict[str, int], languages: dict[str, int]) -> dict[str, object]:
    kinds = (("email", party["email"]), ("phone", party["phone"]), ("mobile", party["mobile"]))
    address = {"street": party["street"], "postal_code": party["postal_code"], "city": party["city"]}
    record: dict[str, object] = {
        "name": party["name"],
        "code": party["code"],
        "lang": languages.get(party["language"]),
        "contact_mechanisms": [("create", [{"type": kind, "value": value} for kind, value in kinds if value])],
        "addresses": [("create", [{**address, "country": countries.get(party["country"])}])],
    }
    if party["iban"]:
        number = {"type": "iban", "number": party["iban"]}
        record["bank_accounts"] = [("create", [{"numbers": [("create", [number])]}])]
    return record


if __name__ == "__main__":
    fill(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
