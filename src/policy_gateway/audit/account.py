"""One entry before its pseudonyms are known: what it says, and whom it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from policy_gateway.audit.draft import Draft
from policy_gateway.audit.entry import Body, serialized
from policy_gateway.audit.phrases import Phrases
from policy_gateway.audit.pseudonyms import subject_name
from policy_gateway.model.disclosure import Released
from policy_gateway.model.field import RecordId
from policy_gateway.model.principal import Principal
from policy_gateway.query import Call


@dataclass(slots=True)
class Account:
    """*body* says what happened; *released* what left, or else *target* which record was meant.

    A target that is not *certain* to exist is named only if it has a pseudonym already: whoever tries out ids must
    not fill the table of pseudonyms.
    """

    phrases: Phrases
    principal: Principal
    call: Call
    time: int
    body: Body
    released: Released | None = None
    target: RecordId | None = None
    certain: bool = False

    def draft(self) -> Draft:
        """Return the entry, to be finished with the pseudonyms of its names."""
        principal, body = self.principal, self.body
        subjects = self._subjects()
        names = [principal.id, *principal.acting_for]
        certain = self.certain or self.released is not None

        def finish(known: Mapping[str, str]) -> bytes:
            return serialized(self._finished(subjects, known))

        return Draft(
            tenant=principal.tenant,
            correlation=str(body["correlation"]),
            kind=str(body["kind"]),
            time=self.time,
            finish=finish,
            names=[*names, *subjects.values()] if certain else names,
            doubtful=() if certain else tuple(subjects.values()),
        )

    def _finished(self, subjects: Mapping[RecordId, str], known: Mapping[str, str]) -> Body:
        principal = self.principal
        body: Body = {**self.body, "principal": known[principal.id], "time": self.time}
        if principal.acting_for:
            body["acting_for"] = [known[one] for one in principal.acting_for]
        pseudonyms = {record: known[name] for record, name in subjects.items() if name in known}
        if self.released is not None:
            body.update(self.phrases.of_released(self.released, pseudonyms))
        elif pseudonyms:
            body["subjects"] = list(pseudonyms.values())
        return body

    def _subjects(self) -> dict[RecordId, str]:
        """Return the names of the data subjects by record."""
        connection, resource = self.call.connection, self.call.operation.resource
        if self.released is not None:
            records = [record for group in self.released.groups for record in group.ids]
        else:
            records = [] if self.target is None else [self.target]
        return {record: subject_name(connection, resource, record) for record in records}
