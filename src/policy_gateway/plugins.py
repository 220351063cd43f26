"""Discover plugins, check what they register, and freeze it. The only module that talks to pluggy's manager."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

import pluggy

from policy_gateway import hookspecs
from policy_gateway.errors import PluginError
from policy_gateway.ports import Annotator, Authenticator, Condition, Facade, FactSource, Journal, Mask
from policy_gateway.records import AdapterKind

if TYPE_CHECKING:
    import typer

ENTRY_POINTS = hookspecs.PROJECT
HOOK_PREFIX = "register_"
BOUNDS = (0, 100)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Extensions:
    """Everything that plugins registered, checked and frozen; nothing is added after start-up."""

    adapters: Mapping[str, AdapterKind]
    facades: Mapping[str, Facade]
    authenticators: tuple[Authenticator, ...]
    fact_sources: tuple[FactSource, ...]
    conditions: Mapping[str, Condition]
    masks: Mapping[str, Mask]
    annotators: tuple[Annotator, ...]
    journals: tuple[Journal, ...]
    add_commands: Callable[[typer.Typer], None] = field(repr=False)


def discover(builtins: Iterable[object], *, installed: bool = True) -> Extensions:
    """Return what *builtins* and, unless not *installed*, every installed plugin register.

    Raises PluginError for a plugin that does not load, a misspelt hook, a wrong signature, or a name taken twice: the
    gateway does not start without a plugin that it was given.
    """
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    try:
        for plugin in builtins:
            manager.register(plugin)
        if installed:
            manager.load_setuptools_entrypoints(ENTRY_POINTS)
        manager.check_pending()
    except Exception as broken:
        raise PluginError(f"a plugin cannot be loaded: {type(broken).__name__}") from broken
    for name, plugin in manager.list_name_plugin():
        _refuse_unmarked_hooks(name, plugin)
    return _frozen(manager)


def _refuse_unmarked_hooks(name: str, plugin: object) -> None:
    """Refuse a function that is named like a hook but would never be called."""
    for attribute in dir(plugin):
        marked = getattr(getattr(plugin, attribute, None), f"{hookspecs.PROJECT}_impl", None)
        if attribute.startswith(HOOK_PREFIX) and marked is None:
            raise PluginError(f"the plugin {name} has {attribute} without the hookimpl mark")


def _frozen(manager: pluggy.PluginManager) -> Extensions:
    hook = manager.hook
    masks = _by_name("mask", _all(hook.register_masks))
    ranks = [mask.rank for mask in masks.values()]
    if len(set(ranks)) < len(ranks) or not all(BOUNDS[0] < rank < BOUNDS[1] for rank in ranks):
        raise PluginError("the ranks of masks must be unique and between 0 and 100")
    return Extensions(
        adapters=_by_name("adapter", _all(hook.register_adapters)),
        facades=_apart(_by_name("facade", _all(hook.register_facades))),
        authenticators=tuple(_all(hook.register_authenticators)),
        fact_sources=tuple(_all(hook.register_fact_sources)),
        conditions=_by_name("condition", _all(hook.register_conditions)),
        masks=masks,
        annotators=tuple(_all(hook.register_annotators)),
        journals=tuple(_all(hook.register_journals)),
        add_commands=lambda cli: hook.register_commands(cli=cli) and None,
    )


def _all(call: Callable[[], list[Iterable[T]]]) -> list[T]:
    """Return what every plugin's implementation of one hook returned; built-ins first."""
    try:
        return [item for items in reversed(call()) for item in items]
    except Exception as broken:
        raise PluginError(f"a plugin's hook failed with {type(broken).__name__}") from broken


def _by_name(kind: str, items: Iterable[T]) -> Mapping[str, T]:
    named: dict[str, T] = {}
    for item in items:
        name = getattr(item, "name", None)
        if not isinstance(name, str) or not name:
            raise PluginError(f"a plugin registers a {kind} without a name")
        if name in named:
            raise PluginError(f"two plugins register a {kind} named {name}")
        named[name] = item
    return MappingProxyType(named)


def _apart(facades: Mapping[str, Facade]) -> Mapping[str, Facade]:
    """Return *facades*; PluginError when two of them would answer one path."""
    claimed = [(prefix.strip("/").split("/"), facade.name) for facade in facades.values() for prefix in facade.prefixes]
    for (one, first), (other, second) in itertools.combinations(claimed, 2):
        shorter = min(len(one), len(other))
        if one[:shorter] == other[:shorter]:
            longer = one if len(one) > len(other) else other
            raise PluginError(f"the facades {first} and {second} both answer /{'/'.join(longer)}")
    return facades
