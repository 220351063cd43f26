"""Recognize a masked value that comes back in a write: it would overwrite the real one with its mask."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from policy_gateway.errors import InvalidCall, ReleaseFailed
from policy_gateway.model.field import Resource, Value
from policy_gateway.ports import Mask


def refuse_mask_echo(values: Mapping[str, Value], resource: Resource, masks: Iterable[Mask]) -> None:
    """Raise InvalidCall when a written value looks like the output of a mask.

    Only the value's own looks are judged, never what the record holds: a comparison with the stored value would tell
    whether a guess is right.
    """
    registered = tuple(masks)
    for path, value in values.items():
        if value is not None and _is_echo(value, resource, path, registered):
            raise InvalidCall("a masked value cannot be written back: leave the field out", pointer=f"/{path}")


def _is_echo(value: Value, resource: Resource, path: str, masks: tuple[Mask, ...]) -> bool:
    kind = resource.fields[path].type
    try:
        return any(mask.recognizes(value, kind) for mask in masks)
    except Exception as broken:  # noqa: BLE001 -- masks are plugins: a broken one must not let a masked value through
        raise ReleaseFailed(f"a mask failed with {type(broken).__name__}") from None
