"""The demo, from start to end."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from policy_gateway import logs
from policy_gateway.app import App, now, running
from policy_gateway.cli.demo.authority import trusted
from policy_gateway.cli.demo.cast import RULE_FILE
from policy_gateway.cli.demo.clients import USERS, programs, written
from policy_gateway.cli.demo.crms import HUBSPOT, Crm, connect, orgs, parties, portals
from policy_gateway.cli.demo.folder import made
from policy_gateway.cli.demo.people import Player, documented, players
from policy_gateway.cli.demo.scenes import Found, found, scenes
from policy_gateway.cli.demo.texts import DEMO
from policy_gateway.cli.demo.tryton import LOOPBACK, TRYTON, Started, free_port
from policy_gateway.cli.exits import NAME
from policy_gateway.cli.placing import placing
from policy_gateway.cli.running import served
from policy_gateway.cli.serving import Tls, serving
from policy_gateway.cli.terminal import Terminal
from policy_gateway.settings import Settings, load
from policy_gateway.web.console import Contact, Pages, Persona, console
from policy_gateway.web.tls import certified

_METRICS_PORT: Final = 9000
_TLS_PORT: Final = 8443
WHY: Final = "acme user:mara contact.phone marketing --given 'consent(marketing, phone)=false'"
"""What to ask ``policy explain`` about the third request."""


def play(folder: Path, wanted: int, tryton: Callable[[], Started | None], terminal: Terminal) -> None:
    """Run the demo in *folder* until a signal says to end; the gateway listens on the port *wanted* if it is free.

    *tryton* waits for the one that is starting.
    """
    made(folder, terminal)
    port = free_port(wanted)
    if port != wanted:
        terminal.remark("demo.port", wanted=wanted, port=port)
    settings = load(folder, host=LOOPBACK, port=port, metrics_host=LOOPBACK, metrics_port=free_port(_METRICS_PORT))
    logs.configure(settings.log_level)
    with placing(settings.policies):
        served(_play(settings, folder, tryton, terminal))


async def _play(settings: Settings, folder: Path, tryton: Callable[[], Started | None], terminal: Terminal) -> None:
    async with portals(terminal) as hubspots, orgs(terminal) as salesforces, running(settings) as app:
        crms = (*hubspots, *salesforces, *parties(await asyncio.to_thread(tryton)))
        await connect(app.administration, crms)
        await documented(app)
        cast = await players(app, folder)
        seen = await found(app, cast, tryton=any(crm.adapter == TRYTON for crm in crms))
        trust = trusted(folder / "tls", now())
        tls = Tls(certified(trust.certificate, trust.key).context, free_port(_TLS_PORT))
        playbill = _Playbill(settings, folder, terminal, _Secured(tls, trust.authority.absolute()))
        mounted = {"/console": console(playbill.pages(app, cast, seen))}
        await serving(app, settings, mounted, lambda: playbill.announce(cast, seen, crms), tls)


@dataclass(frozen=True, slots=True)
class _Secured:
    """The second way in: over *tls*, for who trusts *authority*, a PEM file."""

    tls: Tls
    authority: Path

    def lines(self) -> Iterator[str]:
        """Yield how clients come to trust it, to copy."""
        yield f"export REQUESTS_CA_BUNDLE={self.authority} NODE_EXTRA_CA_CERTS={self.authority}"
        yield f"curl -s --cacert {self.authority} {self.site}/livez"

    @property
    def site(self) -> str:
        """Return where it is."""
        return f"https://{LOOPBACK}:{self.tls.port}"


class _Playbill:
    """Tells what runs where, and what to try."""

    def __init__(self, settings: Settings, folder: Path, terminal: Terminal, secured: _Secured) -> None:
        self._site = f"http://{LOOPBACK}:{settings.port}"
        self._secured = secured
        self._folder = folder
        self._terminal = terminal

    def announce(self, cast: Mapping[str, Player], seen: Found, crms: tuple[Crm, ...]) -> None:
        """Print people, requests and places."""
        terminal = self._terminal
        terminal.line()
        terminal.say("demo.headline", site=self._site)
        told = (f"{crm.config.tenant}/{crm.config.name} {crm.config.base_url}" for crm in crms)
        terminal.say("demo.crms", crms=", ".join(told))
        terminal.line()
        language = terminal.texts.language
        rows = [[one.role.name, one.role.labels[language], one.token] for one in cast.values()]
        terminal.table(("demo.who", "demo.role", "demo.token"), rows)
        terminal.line()
        terminal.say("demo.try")
        for scene in scenes(cast, seen):
            terminal.line()
            terminal.line(f"# {terminal.texts(scene.remark)}")
            terminal.line(scene.curl(self._site))
        terminal.line()
        terminal.line(f"# {terminal.texts('demo.why')}")
        terminal.line(f"{_program()} policy explain --folder {self._folder} {WHY}")
        terminal.line()
        terminal.line(f"# {terminal.texts('demo.tls', site=self._secured.site)}")
        for line in self._secured.lines():
            terminal.line(line)
        self._clients(cast)
        terminal.line()
        terminal.say("demo.page", page=f"{self._site}/console")
        terminal.say("demo.files", folder=self._folder)
        terminal.say("demo.stop")

    def _clients(self, cast: Mapping[str, Player]) -> None:
        """Print what clients that there are do here: one colleague's programs, and how everybody's are run."""
        terminal, secured = self._terminal, self._secured
        folder = self._folder / "clients"
        every = tuple(programs(cast, folder, secured.site, secured.authority))
        terminal.line()
        terminal.say("demo.clients")
        for program in every:
            written(program)
            if program.name == USERS[0].name:
                terminal.line()
                terminal.line(f"# {program.client.name}: {terminal.texts(program.client.remark)}")
                terminal.line(program.text.rstrip())
        terminal.line()
        terminal.line(f"# {terminal.texts('demo.programs', folder=folder)}")
        for program in every:
            terminal.line(program.command)

    def pages(self, app: App, cast: Mapping[str, Player], seen: Found) -> Pages:
        """Return what the page shows."""
        contacts = [Contact(HUBSPOT, seen.unasked, self._labels("demo.unasked"))]
        contacts.append(Contact(HUBSPOT, seen.agreed, self._labels("demo.agreed")))
        if seen.party:
            contacts.append(Contact(TRYTON, seen.party, self._labels("demo.party")))
        personas = [_persona(player) for player in cast.values() if player.role.shown]
        return Pages(app.gateway, app.policies, personas, cast["Audrey"].credential, contacts, RULE_FILE)

    def _labels(self, key: str) -> Mapping[str, str]:
        return dict(zip(("en", "de"), DEMO[key], strict=True))


def _persona(player: Player) -> Persona:
    role = player.role
    names = frozenset({role.principal, *role.names})
    return Persona(role.name, role.labels, role.tenant, names, player.credential, role.purposes)


def _program() -> str:
    """Return how this program is called here: by its name where a shell finds it, else by its path."""
    own = Path(sys.argv[0])
    return NAME if shutil.which(NAME) or own.name != NAME else str(own)
