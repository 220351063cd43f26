"""Holding a call to its permit (the PEP of XACML): pure functions, without clock, randomness, I/O or logging."""

from policy_gateway.enforcement.echo import refuse_mask_echo
from policy_gateway.enforcement.narrow import (
    narrow,
    require_found,
    require_permit,
    require_purpose,
    require_readable,
    require_writable,
)
from policy_gateway.enforcement.related import Learned, reached, release_all, seen_ids, without_unseen
from policy_gateway.enforcement.release import Rendering, Revealed, release, visible
from policy_gateway.enforcement.searching import permitted_only
from policy_gateway.enforcement.tags import selection_of, tag_of
from policy_gateway.enforcement.wording import worded

__all__ = [
    "Learned",
    "Rendering",
    "Revealed",
    "narrow",
    "permitted_only",
    "reached",
    "refuse_mask_echo",
    "release",
    "release_all",
    "require_found",
    "require_permit",
    "require_purpose",
    "require_readable",
    "require_writable",
    "seen_ids",
    "selection_of",
    "tag_of",
    "visible",
    "without_unseen",
    "worded",
]
