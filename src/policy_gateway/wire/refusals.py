"""Refusals that only HTTP knows, whoever answers; everything else is in :mod:`policy_gateway.errors`.

::

    Refused
    ├── PathUnknown           nothing answers this path
    ├── MethodRefused         the path exists, the method does not
    ├── MediaTypeRefused      the body is of another type than is read here, or is compressed
    ├── BodyTooLarge          the body is larger than the limit
    └── BodyTooSlow           the body did not arrive in time
"""

from __future__ import annotations

from policy_gateway.errors import Refused


class PathUnknown(Refused):
    """Nothing answers this path."""

    code = "path-unknown"
    summary = "there is nothing at this path"


class MethodRefused(Refused):
    """The route does not know this method; *allow* lists those that it does."""

    code = "method-not-allowed"
    summary = "this route does not take this method"

    def __init__(self, allow: tuple[str, ...]) -> None:
        super().__init__()
        self.allow = allow


class MediaTypeRefused(Refused):
    """The body is of a media type that this route does not take, or is compressed."""

    code = "unsupported-media-type"
    summary = "send the body as uncompressed application/json"


class BodyTooLarge(Refused):
    """The body is larger than the limit."""

    code = "body-too-large"
    summary = "the body is too large"


class BodyTooSlow(Refused):
    """The body did not arrive in time."""

    code = "body-too-slow"
    summary = "the body did not arrive in time"
