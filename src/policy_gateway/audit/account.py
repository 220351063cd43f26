"""One entry before its pseudonyms are known: what it says, and whom it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from policy_gateway.audit.draft import Draft
from policy_gateway.audit.entry import Body
from policy_gateway.audit.phrases import Phrase, Phrases
from policy_gateway.audit.pseudonyms import subject_name
from policy_gateway.model.disclosure import Released
from policy_gateway.model.field import RecordId
from policy_gateway.model.principal import Principal
from policy_gateway.query import Call

Place = tuple[str, RecordId]
"""A record's resource (empty: the call's own) and id."""


@dataclass(slots=True)
class Account:
    """*told* and *own* say what happened; *released* what left, or else *target* which record was meant.

    A target that is not *certain* to exist is named only if it has a pseudonym already: whoever tries out ids must
    not fill the table of pseudonyms.
    """

    phrases: Phrases
    principal: Principal
    call: Call
    kind: str
    correlation: str
    time: int
    told: tuple[Phrase, ...]
    own: Body
    released: Released | None = None
    target: RecordId | None = None
    certain: bool = False

    def draft(self, remark: bytes | None = None) -> Draft:
        """Return the entry, to be finished with the pseudonyms of its names; *remark* is kept beside it."""
        principal = self.principal
        people = (principal.id, *principal.acting_for)
        subjects = self._subjects()
        certain = self.certain or self.released is not None

        def finish(known: Mapping[str, str]) -> bytes:
            return self._finished(subjects, known)

        return Draft(
            principal.tenant,
            self.correlation,
            self.kind,
            self.time,
            finish,
            names=(*people, *subjects.values()) if certain else people,
            doubtful=() if certain else tuple(subjects.values()),
            remark=remark,
        )

    def _finished(self, subjects: Mapping[Place, str], known: Mapping[str, str]) -> bytes:
        principal, released, told = self.principal, self.released, self.told
        own: Body = {**self.own, "correlation": self.correlation, "principal": known[principal.id], "time": self.time}
        if principal.acting_for:
            own["acting_for"] = [known[one] for one in principal.acting_for]
        pseudonyms = {place: known[name] for place, name in subjects.items() if name in known}
        if released is not None:
            shown = self.phrases.of_released(released)
            told = (*told, shown.phrase)
            if released.groups:
                own["groups"] = shown.about(released.groups, pseudonyms)
        elif pseudonyms:
            own["subjects"] = list(pseudonyms.values())
        return self.phrases.sentence(told, own)

    def _subjects(self) -> dict[Place, str]:
        """Return the names of the data subjects, by the resource and the id of their records."""
        connection, resource = self.call.connection, self.call.operation.resource
        if self.released is not None:
            places = [(group.resource, record) for group in self.released.groups for record in group.ids]
        else:
            places = [] if self.target is None else [("", self.target)]
        return {place: subject_name(connection, place[0] or resource, place[1]) for place in places}
