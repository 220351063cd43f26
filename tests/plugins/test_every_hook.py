from __future__ import annotations

from collections.abc import Sequence

import pytest
import typer
from structlog.testing import capture_logs

from policy_gateway import (
    Annotator,
    Authenticator,
    Call,
    Condition,
    Credential,
    FactSource,
    FieldType,
    Journal,
    Mask,
    Notes,
    Principal,
    Reading,
    Released,
    Scope,
    Truth,
    Value,
    Where,
    hookimpl,
)
from policy_gateway.errors import PluginError, RecordNotFound
from policy_gateway.plugins import Extensions, discover
from policy_gateway.ports import AsgiApp, Facade, Gate, Message, Receive, Send, Sessions, Shelf
from policy_gateway.records import AdapterKind
from policy_gateway.testing import CollectingJournal, FakeFactSource
from policy_gateway.testing.entrances import HttpClient, ScriptedGate
from policy_gateway.web import HttpRules, Supplies, assemble
from policy_gateway_memory import MemoryKind


class Nobody:
    """Knows no credential."""

    async def authenticate(self, credential: Credential) -> Principal | None:
        """Return None: not of this kind."""
        del credential


class Sunny:
    """A condition that always holds."""

    name = "sunny"
    scope = Scope.CALL
    reads: frozenset[str] = frozenset()
    arguments: tuple[str, ...] = ()
    repeats = False

    def test(self, arguments: tuple[str, ...], reading: Reading) -> Truth:
        """Return TRUE."""
        del arguments, reading
        return Truth.TRUE

    def pushdown(self, arguments: tuple[str, ...], reading: Reading, *, holds: bool) -> Where | None:
        """Return None: no CRM is asked."""
        del arguments, reading, holds


class Fog:
    """A mask that shows nothing."""

    name = "fog"
    rank = 5

    def show(self, value: Value, kind: FieldType, key: bytes) -> Value | None:
        """Return None: withheld."""
        del value, kind, key
        return None

    def recognizes(self, value: Value, kind: FieldType) -> bool:
        """Return False: there is no output to recognize."""
        del value, kind
        return False


class Silent:
    """An annotator without notes."""

    async def notes(self, principal: Principal, call: Call, released: Released) -> Notes:
        """Return no notes."""
        del principal, call, released
        return {}


class Echo:
    """A facade that says who it is, or breaks."""

    def __init__(self, name: str = "echo", *prefixes: str, broken: Exception | None = None) -> None:
        self.name = name
        self.prefixes = prefixes or (f"/{name}",)
        self._broken = broken

    def app(self, gate: Gate, sessions: Sessions, shelf: Shelf) -> AsgiApp:
        """Return an app that names its facade, and what path it was asked for."""
        del gate, sessions, shelf

        async def answer(scope: Message, receive: Receive, send: Send) -> None:
            del receive
            if self._broken is not None:
                raise self._broken
            body = self.name.encode() + b" " + scope["raw_path"]
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": body})

        return answer


class Everything:
    """A plugin that registers one of each."""

    def __init__(self) -> None:
        self.journal = CollectingJournal()
        self.facts = FakeFactSource()
        self.kind = MemoryKind()
        self.who = Nobody()
        self.notes = Silent()
        self.echo = Echo()

    @hookimpl
    def register_facades(self) -> Sequence[Facade]:
        """Register what speaks like a CRM."""
        return (self.echo,)

    @hookimpl
    def register_adapters(self) -> Sequence[AdapterKind]:
        """Register a kind of CRM."""
        return (self.kind,)

    @hookimpl
    def register_authenticators(self) -> Sequence[Authenticator]:
        """Register a way to authenticate."""
        return (self.who,)

    @hookimpl
    def register_fact_sources(self) -> Sequence[FactSource]:
        """Register a fact source."""
        return (self.facts,)

    @hookimpl
    def register_conditions(self) -> Sequence[Condition]:
        """Register a condition."""
        return (Sunny(),)

    @hookimpl
    def register_masks(self) -> Sequence[Mask]:
        """Register a mask."""
        return (Fog(),)

    @hookimpl
    def register_annotators(self) -> Sequence[Annotator]:
        """Register an annotator."""
        return (self.notes,)

    @hookimpl
    def register_journals(self) -> Sequence[Journal]:
        """Register a journal."""
        return (self.journal,)

    @hookimpl
    def register_commands(self, cli: typer.Typer) -> None:
        """Add a command."""
        cli.command("greet")(lambda: None)


@pytest.fixture
def anyio_backend() -> str:
    """Run asynchronous tests on asyncio."""
    return "asyncio"


@pytest.fixture
def gate() -> ScriptedGate:
    """Return the gate that facades lead to."""
    return ScriptedGate()


@pytest.fixture
def plugin() -> Everything:
    """Return a plugin that registers one of each."""
    return Everything()


@pytest.fixture
def extensions(plugin: Everything) -> Extensions:
    """Return what the gateway sees of it."""
    return discover((plugin,), installed=False)


class TestWhatIsRegistered:
    def test_objects(self, plugin: Everything, extensions: Extensions) -> None:
        """Objects without names arrive as they were returned, and only they."""
        registered = (
            extensions.authenticators,
            extensions.fact_sources,
            extensions.annotators,
            extensions.journals,
        )

        assert ((plugin.who,), (plugin.facts,), (plugin.notes,), (plugin.journal,)) == registered

    def test_names(self, plugin: Everything, extensions: Extensions) -> None:
        """What has a name is found by it."""
        assert plugin.kind is extensions.adapters["memory"]
        assert ["sunny"] == list(extensions.conditions)
        assert ["fog"] == list(extensions.masks)
        assert {"echo": plugin.echo} == dict(extensions.facades)

    def test_commands(self, extensions: Extensions) -> None:
        """Commands are added to the program when it is built."""
        cli = typer.Typer()

        extensions.add_commands(cli)

        assert ["greet"] == [command.name for command in cli.registered_commands]

    def test_frozen(self, extensions: Extensions) -> None:
        """Nothing is added after start-up."""
        with pytest.raises(TypeError):
            extensions.masks["clear"] = Fog()  # type: ignore[index]  # that it cannot be assigned is the point


class TestWhatIsRefused:
    def test_name_taken_twice(self) -> None:
        """Two plugins that register the same name stop the start."""
        with pytest.raises(PluginError, match="two plugins"):
            discover((Everything(), Everything()), installed=False)

    def test_not_marked(self) -> None:
        """A function that is named like a hook and not marked would never be called, so it stops the start."""

        class Forgetful:
            """Forgot the mark."""

            def register_masks(self) -> Sequence[Mask]:
                """Return a mask that nobody would ask for."""
                return (Fog(),)

        with pytest.raises(PluginError, match="hookimpl"):
            discover((Forgetful(),), installed=False)

    def test_misspelt(self) -> None:
        """A marked function that is no hook stops the start."""

        class Misspelt:
            """Registers what there is no place for."""

            @hookimpl
            def register_mask(self) -> Sequence[Mask]:
                """Return a mask."""
                return (Fog(),)

        with pytest.raises(PluginError):
            discover((Misspelt(),), installed=False)

    def test_failing(self) -> None:
        """A hook that raises stops the start, and the error names the exception's type only."""

        class Failing:
            """Cannot say what it registers."""

            @hookimpl
            def register_masks(self) -> Sequence[Mask]:
                """Raise."""
                raise LookupError("the secret is 42")

        with pytest.raises(PluginError) as raised:
            discover((Failing(),), installed=False)

        assert "LookupError" in str(raised.value)
        assert "42" not in str(raised.value)


class Speaking:
    """A plugin that registers *facades* and nothing else."""

    def __init__(self, *facades: Facade) -> None:
        self._facades = facades

    @hookimpl
    def register_facades(self) -> Sequence[Facade]:
        """Return the facades."""
        return self._facades


class TestFacades:
    @pytest.mark.parametrize("name", ["echo", ""])
    def test_names(self, name: str) -> None:
        """A second facade of the same name, or one without a name, stops the start."""
        with pytest.raises(PluginError):
            discover((Speaking(Echo("echo", "/one"), Echo(name, "/two")),), installed=False)

    @pytest.mark.parametrize("other", ["/services", "/services/data", "/services/data/"])
    def test_overlap(self, other: str) -> None:
        """Two facades that would answer one path stop the start."""
        with pytest.raises(PluginError, match="both answer /services/data"):
            discover((Speaking(Echo("one", "/services/data"), Echo("two", other)),), installed=False)

    @pytest.mark.parametrize("prefix", ["/v1", "/v1/crm", "/console/x", "/livez", "/", "", "services", "/%73ervices"])
    def test_own_paths(self, gate: ScriptedGate, prefix: str) -> None:
        """A facade that would answer what is the gateway's own stops the start."""
        with pytest.raises(PluginError, match="cannot answer"):
            assemble(gate, HttpRules(), Supplies(facades=[Echo("echo", prefix)]))

    @pytest.mark.anyio
    async def test_answers(self, gate: ScriptedGate) -> None:
        """A facade answers every path below its prefixes, byte by byte as it came, and no other."""
        facades = [Echo("one", "/services/data", "/id"), Echo("two", "/services/oauth2")]
        client = HttpClient(assemble(gate, HttpRules(), Supplies(facades=facades)).app)
        paths = ("/services/data/v59.0/a%20b:c@d/", "/id", "/services/oauth2/token", "/services/database", "/services")
        replies = [await client.get(path) for path in paths]

        assert [b"one " + paths[0].encode(), b"one /id", b"two /services/oauth2/token"] == [
            reply.body for reply in replies[:3]
        ]
        assert [404, 404] == [reply.status for reply in replies[3:]]

    @pytest.mark.anyio
    async def test_other_hosts(self, gate: ScriptedGate) -> None:
        """A facade answers under the gateway's own names only."""
        client = HttpClient(assemble(gate, HttpRules(), Supplies(facades=[Echo()])).app, (("host", "evil.example"),))

        assert 400 == (await client.get("/echo/1")).status

    @pytest.mark.anyio
    @pytest.mark.parametrize("error", [LookupError("4111 1111"), RecordNotFound("4111 1111")])
    async def test_breaks(self, gate: ScriptedGate, error: Exception) -> None:
        """Of a facade that raises, the caller learns that something happened, and nothing of what."""
        client = HttpClient(assemble(gate, HttpRules(), Supplies(facades=[Echo(broken=error)])).app)
        with capture_logs() as logs:
            reply = await client.get("/echo/1")

        assert reply.status in {404, 500}
        assert b"4111" not in reply.body
        assert b"Traceback" not in reply.body
        assert "4111" not in str(logs)
