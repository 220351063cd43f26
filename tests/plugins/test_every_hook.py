from __future__ import annotations

from collections.abc import Sequence

import pytest
import typer

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
from policy_gateway.errors import PluginError
from policy_gateway.plugins import Extensions, discover
from policy_gateway.records import AdapterKind
from policy_gateway.testing import CollectingJournal, FakeFactSource
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


class Everything:
    """A plugin that registers one of each."""

    def __init__(self) -> None:
        self.journal = CollectingJournal()
        self.facts = FakeFactSource()
        self.kind = MemoryKind()
        self.who = Nobody()
        self.notes = Silent()

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
