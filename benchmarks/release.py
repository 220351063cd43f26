"""What it costs to let out a page of 147 KB: parse, drop, mask, serialize."""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

import folder
import ours
import world
from figures import Rounds, Row, Table, Target, cpu_of, report, short
from policy_gateway import Disclosure, Permit, RecordFacts, Released
from policy_gateway.enforcement import Rendering, release
from policy_gateway.policy import Policy, read_folder
from policy_gateway.records import Page, Record
from policy_gateway.web.answers import page as members

OURS, FLOOR, COMPREHENSION = "ours: parse, release, serialize", "orjson alone: parse, serialize", "one comprehension"
RULES = 1000
TIMES = 2.0
READING = {"principal.teams": frozenset({world.TEAM})}
NOTHING = RecordFacts()


def body() -> bytes:
    """Return a page as a CRM would send it: 100 contacts, 60 texts each and what decides, 147 KB."""
    chance = random.Random(5)
    contacts = []
    for contact in world.contacts():
        texts = {path: chance.choice(("Berlin", "Lindenweg 5", "4711", "+49 30 23125", "neu")) for path in world.FIELDS}
        deciding = {"team": contact.team, "vip": contact.vip, "consents": list(contact.consents)}
        contacts.append({"id": contact.id, "properties": {**texts, **deciding}, "archived": False})
    return orjson.dumps({"results": contacts, "paging": {"next": {"after": "100"}}})


def mapped(said: Mapping[str, Any]) -> Page:
    """Return what the CRM said as records, as an adapter does."""
    records = []
    for item in said["results"]:
        values = item["properties"]
        values["id"] = item["id"]
        values["consents"] = tuple(values["consents"])
        records.append(Record(item["id"], values))
    return Page("contact", tuple(records), said["paging"]["next"]["after"])


STAGES = ("parse", "map", "release", "serialize")


class Ours:
    """The gateway's way from a CRM's bytes to an answer's."""

    def __init__(self, permit: Permit) -> None:
        self.permit = permit
        masks = ours.vocabulary().masks
        self.rendering = Rendering(resource=ours.resource(), masks=masks, key=bytes(32), audience=ours.ANNA.id)

    def released(self, page: Page) -> Released:
        """Return what may leave."""
        return release(page, self.permit, [NOTHING] * len(page.records), self.rendering)

    def serialized(self, released: Released) -> bytes:
        """Return the answer's body."""
        return orjson.dumps(members(Disclosure(released, {}, self.permit)))

    def answer(self, said: bytes) -> bytes:
        """Do everything."""
        return self.serialized(self.released(mapped(orjson.loads(said))))

    def stages(self, said: bytes, *, times: int) -> dict[str, float]:
        """Return the seconds of CPU that each stage takes, done *times* times."""
        spent = dict.fromkeys(STAGES, 0.0)
        for _ in range(times):
            began = time.process_time()
            parsed = orjson.loads(said)
            after_parsing = time.process_time()
            page = mapped(parsed)
            after_mapping = time.process_time()
            released = self.released(page)
            after_releasing = time.process_time()
            self.serialized(released)
            ended = time.process_time()
            spent["parse"] += after_parsing - began
            spent["map"] += after_mapping - after_parsing
            spent["release"] += after_releasing - after_mapping
            spent["serialize"] += ended - after_releasing
        return {stage: seconds / times for stage, seconds in spent.items()}


def comprehension(said: bytes, wanted: frozenset[str]) -> bytes:
    """Return the fields of *wanted* of each record: no conditions, no masks, the same for all records."""
    results = orjson.loads(said)["results"]
    return orjson.dumps(
        [{path: value for path, value in item["properties"].items() if path in wanted} for item in results]
    )


def permit() -> Permit:
    """Return the permit of the benchmark's call."""
    with tempfile.TemporaryDirectory() as place:
        bundle = read_folder(folder.write(Path(place), world.rules(RULES)), ours.vocabulary())
    decision = Policy(bundle, ours.vocabulary()).decide(ours.ANNA, ours.CALL, ours.resource(), READING)
    if not isinstance(decision, Permit):
        sys.exit(f"the call was refused: {decision}")
    return decision


def measure(rounds: int, quick: bool) -> Table:  # noqa: FBT001 -- called by report only
    """Return the table."""
    said, way = body(), Ours(permit())
    wanted = frozenset(way.permit.viewable)
    released = way.released(mapped(orjson.loads(said)))
    timed = Rounds()
    spent = 0.05 if quick else 0.5
    for _ in range(rounds):
        timed.add(FLOOR, ms=cpu_of(lambda: orjson.dumps(orjson.loads(said)), at_least=spent) * 1e3)
        timed.add(COMPREHENSION, ms=cpu_of(lambda: comprehension(said, wanted), at_least=spent) * 1e3)
        timed.add(OURS, ms=cpu_of(lambda: way.answer(said), at_least=spent) * 1e3)
        stages = way.stages(said, times=20 if quick else 200)
        timed.add(OURS, **{f"{stage}_ms": seconds * 1e3 for stage, seconds in stages.items()})
    floor = timed.median(FLOOR, "ms")
    rows = tuple(
        Row(name, (short(ms := timed.median(name, "ms")), f"{short(ms / floor)}x"), timed.raw[name])
        for name in (FLOOR, OURS, COMPREHENSION)
    )
    times = timed.median(OURS, "ms") / floor
    each = ", ".join(f"{stage} {short(timed.median(OURS, f'{stage}_ms'))}" for stage in STAGES)
    shown = sum(len(record.fields) for record in released.records)
    masked = sum(len(record.masked) for record in released.records)
    return Table(
        title=f"Releasing a page of {len(said) / 1e3:.0f} KB",
        method=(
            "CPU of one thread, in process, from the CRM's bytes to the answer's. 100 contacts of 60 fields, "
            f"{len(released.groups)} different truth vectors; {shown:,} values are shown, {masked:,} of them masked. "
            f"Ours stage by stage, in ms: {each}; the rest is freeing what was made."
        ),
        columns=("", "ms a page", "beside orjson alone"),
        rows=rows,
        targets=(Target(f"at most {TIMES:.0f} times orjson alone", f"{short(times)} times", times <= TIMES),),
    )


if __name__ == "__main__":
    report(measure)
