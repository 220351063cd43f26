"""What rules may be written with: the registered conditions, masks and obligations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from policy_gateway.ports import Condition, Mask


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The conditions and masks by name, and the names of the obligations that the gateway knows how to meet."""

    conditions: Mapping[str, Condition]
    masks: Mapping[str, Mask]
    obligations: frozenset[str]
