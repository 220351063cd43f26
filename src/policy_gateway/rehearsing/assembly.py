"""The stage: the real gateway and a real facade over a made-up CRM, with a database of its own that is thrown away."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Final

from pydantic import SecretStr

from policy_gateway.app import Administration, administration, assembled, vocabulary
from policy_gateway.errors import ConfigurationError
from policy_gateway.identity import Grant, authenticate, new_master_key
from policy_gateway.model.field import Catalogue, FieldType, Value
from policy_gateway.model.principal import Credential, Principal
from policy_gateway.plugins import Extensions
from policy_gateway.policy import Policies, Policy
from policy_gateway.ports import AsgiApp, Login, LoginGrant
from policy_gateway.provenance import Reference
from policy_gateway.records import ConnectionConfig
from policy_gateway.rehearsing.synthetic import Stage, SyntheticKind
from policy_gateway.rehearsing.watching import Notebook, WatchedGate
from policy_gateway.settings import Settings

EDITOR: Final = "rehearsal"
PATIENCE: Final = 60.0
"""In seconds: nobody waits for an answer here."""

ANY_PATH: Final = "*"
DOCUMENTED: Final[Mapping[str, object]] = MappingProxyType(
    {"collected_by": "team:rehearsal", "legal_basis": "contract", "storage_duration": "P99Y", "source": "rehearsal"}
)
"""What is assumed of values of which nobody has said where they come from."""


@dataclass(frozen=True, slots=True)
class Casting:
    """Who asks what for: a *principal* with its teams, roles (*names*) and *attributes*, on one *connection*.

    *defaults* is what is documented of its values, by resource and path.
    """

    tenant: str
    connection: str
    principal: str
    purpose: str
    names: frozenset[str]
    catalogue: Catalogue
    attributes: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[tuple[str, str], Mapping[str, object]] = field(default_factory=dict)

    @property
    def dialect(self) -> str:
        """Return the adapter's name, which is its facade's, too."""
        return self.catalogue.adapter


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """Everything is in its place: the facade's *app* answers the paths of *prefixes* to whoever shows *key*."""

    casting: Casting
    app: AsgiApp
    prefixes: tuple[str, ...]
    key: str = field(repr=False)
    login: Login = field(repr=False)
    principal: Principal
    policy: Policy
    stage: Stage
    notebook: Notebook

    @property
    def user(self) -> str:
        """Return what clients give as user name or client id."""
        return f"{self.casting.purpose}@{self.casting.connection}"

    @property
    def token(self) -> str:
        """Return what clients show as bearer token."""
        return f"{self.key}~{self.casting.purpose}~{self.casting.connection}"


@asynccontextmanager
async def staged(settings: Settings, found: Extensions, casting: Casting) -> AsyncIterator[Rehearsed]:
    """Open the stage: the policies of *settings*, and nothing else of what they name, with the plugins *found*.

    ConfigurationError when there is no such facade, or the casting cannot be; PolicyError.
    """
    facade = found.facades.get(casting.dialect)
    if facade is None:
        known = ", ".join(sorted(found.facades)) or "-"
        raise ConfigurationError(f"no facade speaks {casting.dialect}: there is {known}")
    stage, notebook = Stage(casting.catalogue, _favored(casting)), Notebook()
    kind = SyntheticKind(casting.dialect, stage)
    cast = replace(found, adapters={kind.name: kind}, journals=(notebook,))
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="policy-gateway-rehearsal-")))
        own = {
            "database": f"sqlite:///{folder}/rehearsal.sqlite",
            "master_key": SecretStr(new_master_key()),
            "audit_seconds": PATIENCE,
        }
        kept = await stack.enter_async_context(administration(settings.model_copy(update=own), cast))
        policies = Policies(settings.policies, vocabulary(cast))
        gateway, sessions = assembled(kept, policies)
        stack.push_async_callback(gateway.entries.close)
        key = await _introduced(kept, casting)
        login = await sessions.login(LoginGrant(f"{casting.purpose}@{casting.connection}", key, casting.dialect))
        yield Rehearsed(
            casting=casting,
            app=facade.app(WatchedGate(gateway, notebook), sessions, kept.shelf),
            prefixes=facade.prefixes,
            key=key,
            login=login,
            principal=await authenticate(Credential("bearer", key), gateway.authenticators),
            policy=policies.current(),
            stage=stage,
            notebook=notebook,
        )


async def _introduced(kept: Administration, casting: Casting) -> str:
    """Make caller and connection known, and return the caller's key."""
    tenant, principal = casting.tenant, casting.principal
    if casting.names:
        await kept.memberships.add(tenant, principal, *casting.names)
    for name, value in casting.attributes.items():
        await kept.memberships.describe(tenant, principal, name, value)
    await kept.connections.add(casting.dialect, ConnectionConfig(tenant, casting.connection))
    for resource in casting.catalogue.resources:
        place = Reference(tenant, casting.connection, resource, "", ANY_PATH)
        if (resource, ANY_PATH) not in casting.defaults:
            await kept.provenance.set_default(place, {**DOCUMENTED, "purposes": [casting.purpose]}, EDITOR)
    for (resource, path), parts in casting.defaults.items():
        place = Reference(tenant, casting.connection, resource, "", path)
        await kept.provenance.set_default(place, parts, EDITOR)
    return (await kept.keys.issue(tenant, principal, Grant(purposes=(casting.purpose,)))).key


def _favored(casting: Casting) -> dict[str, Value]:
    """Return values of a record that conditions speak well of: the caller's own, who has agreed to everything."""
    teams = sorted(name.removeprefix("team:") for name in casting.names if name.startswith("team:"))
    own = casting.attributes.get(f"owner_id.{casting.connection}") or casting.attributes.get("owner_id", "")
    favored: dict[str, Value] = {"country": "DE", "do_not_call": False, "vip": False}
    if teams:
        favored["team"] = teams[0]
    if own:
        favored["owner"] = own.split()[0]
    fields = (each for resource in casting.catalogue.resources.values() for each in resource.fields.values())
    consents = next((each for each in fields if each.path == "consents" and each.type is FieldType.TEXTS), None)
    if consents is not None:
        usual = ("marketing:email", "marketing:phone", "survey:email", "survey:phone")
        favored["consents"] = consents.choices or usual
    return favored
