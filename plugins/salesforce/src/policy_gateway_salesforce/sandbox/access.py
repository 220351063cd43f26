"""Who may use the sandbox's org, by which token, and what of it that user sees."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from policy_gateway_salesforce.sandbox.ids import SHORT
from policy_gateway_salesforce.sandbox.schema import Column, Kind

Clock = Callable[[], datetime]

PASSWORD: Final = "Sandb0x!"  # noqa: S105 -- opens nothing but this double
SECURITY_TOKEN: Final = "SeCuRiTyToKeN42"  # noqa: S105 -- as above
CLIENT_ID: Final = "3MVG9sandbox.Consumer.Key"
CLIENT_SECRET: Final = "C0FFEE00SANDBOX"  # noqa: S105 -- as above
CODE: Final = "aPrx.sandbox.code"
LIFETIME: Final = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class User:
    """One login. *hidden* and *fixed* hold ``contact.iban__c``: fields that the user does not see, or cannot change.

    *denied* holds ``contact.delete``: what the user may not do to the records of an object (create, read, update,
    delete).
    """

    username: str
    id: str
    password: str = field(default=PASSWORD, repr=False)
    hidden: frozenset[str] = frozenset()
    fixed: frozenset[str] = frozenset()
    denied: frozenset[str] = frozenset()

    def sees(self, kind: Kind, column: Column) -> bool:
        """Tell whether the user's field-level security shows the field; a compound goes with its parts."""
        if not self.hidden:
            return True
        prefix = kind.name.lower()
        if f"{prefix}.{column.name}".lower() in self.hidden:
            return False
        return not column.compound or f"{prefix}.{column.compound}".lower() not in self.hidden

    def columns(self, kind: Kind) -> tuple[Column, ...]:
        """Return the fields of *kind* that the user sees."""
        return kind.columns if not self.hidden else tuple(each for each in kind.columns if self.sees(kind, each))

    def column(self, kind: Kind, name: str) -> Column | None:
        """Return the field with this name if the user sees it."""
        column = kind.column(name)
        return column if column is not None and self.sees(kind, column) else None

    def changes(self, kind: Kind, column: Column) -> bool:
        """Tell whether the user's field-level security lets the field be changed."""
        return f"{kind.name}.{column.name}".lower() not in self.fixed

    def may(self, action: str, kind: Kind) -> bool:
        """Tell whether the user may *action* (``delete``) records of *kind*."""
        return f"{kind.name}.{action}".lower() not in self.denied


@dataclass(frozen=True, slots=True)
class Session:
    """A login that is open; *ends* is None for the one that the sandbox starts with."""

    token: str = field(repr=False)
    user: User
    ends: datetime | None = None


class Sessions:
    """The tokens that are good, and the users that can get one; *secret* goes into every token."""

    def __init__(self, organization: str, clock: Clock, users: Iterable[User], secret: str) -> None:
        self._organization = organization
        self._clock = clock
        self._secret = secret
        self._serial = itertools.count(1)
        self._open: dict[str, tuple[str, datetime | None]] = {}
        self._refreshing: dict[str, str] = {}
        self.users = {user.username.lower(): user for user in users}
        self.by_secret = {(CLIENT_ID, CLIENT_SECRET): next(iter(self.users.values())).username}
        self.lasting = {user.username: self._token(user, "lasting") for user in self.users.values()}
        for name, token in self.lasting.items():
            self._open[token] = (name.lower(), None)

    def find(self, token: str) -> Session | None:
        """Return the session of *token* if it is open; the user's rights are read anew each time."""
        name, ends = self._open.get(token, ("", None))
        if not name or (ends is not None and self._clock() >= ends):
            return None
        return Session(token, self.users[name], ends)

    def open(self, user: User) -> Session:
        """Return a new session of *user*."""
        token, ends = self._token(user, str(next(self._serial))), self._clock() + LIFETIME
        self._open[token] = (user.username.lower(), ends)
        return Session(token, user, ends)

    def refresh_token(self, user: User) -> str:
        """Return what gets *user* another session later."""
        token = f"5Aep861{self._digest(f'refresh {user.username}')}"
        self._refreshing[token] = user.username.lower()
        return token

    def refreshed(self, token: str) -> User | None:
        """Return whose refresh token this is."""
        name = self._refreshing.get(token)
        return self.users[name] if name else None

    def end(self, token: str) -> bool:
        """Close the session, or forget the refresh token; tell whether there was one."""
        known = self._open.pop(token, None) is not None
        return self._refreshing.pop(token, None) is not None or known

    def end_all(self) -> None:
        """Close every session; what gets new ones stays good."""
        self._open.clear()

    def restrict(self, username: str, rights: Mapping[str, Iterable[str]]) -> User:
        """Set *hidden*, *fixed* or *denied* of a user, at once and for the sessions that are open, too."""
        user = self.users[username.lower()]
        set_to = {name: frozenset(each.lower() for each in names) for name, names in rights.items()}
        user = replace(
            user,
            hidden=set_to.get("hidden", user.hidden),
            fixed=set_to.get("fixed", user.fixed),
            denied=set_to.get("denied", user.denied),
        )
        self.users[username.lower()] = user
        return user

    def _token(self, user: User, serial: str) -> str:
        return f"{self._organization[:SHORT]}!{self._digest(f'{user.username} {serial}')}"

    def _digest(self, what: str) -> str:
        digest = hmac.digest(self._secret.encode(), what.encode(), hashlib.sha512)
        return "AQ" + base64.b64encode(digest, altchars=b"._").decode().rstrip("=")
