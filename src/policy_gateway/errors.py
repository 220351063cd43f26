"""The error tree: what can go wrong, in the words that every entrance translates.

::

    GatewayError                 a stable kebab-case ``code``; a message that names no value of a record
    ├── ConfigurationError       refuse to start
    │   ├── PluginError          a plugin is broken, doubled or misspelt
    │   ├── PolicyError          a bundle cannot be read; carries every finding with its place
    │   └── SecretError          a master key is missing, weak or a known default
    ├── Refused                  the caller must change something
    │   ├── NotAuthenticated     no credential, or one that is not valid (any more)
    │   ├── PurposeMissing       a call without a purpose
    │   ├── PurposeRefused       a purpose that is no leaf, not mandated or not granted
    │   ├── Denied               policy says no
    │   ├── FieldRefused         a field that is not known, or not permitted in this use
    │   ├── InvalidCall          a call that breaks the grammar
    │   ├── RecordNotFound       no such record, or none that this principal may see
    │   ├── ConnectionNotFound   no such connection or resource in the caller's tenant
    │   ├── AttemptsExhausted    too many answers about a record that were wrong
    │   ├── Conflict             the record or the idempotency key is in another state
    │   ├── PreconditionFailed   the record changed since it was read
    │   └── PreconditionRequired a change without the state it was based on
    ├── UpstreamError            the CRM could not answer
    │   ├── UpstreamTimeout      not in time; a change may or may not have happened
    │   ├── UpstreamUnavailable  not reachable, or its circuit is open
    │   ├── UpstreamInvalid      an answer that cannot be understood or trusted
    │   ├── UpstreamRefused      the CRM refused what policy permits
    │   └── RateLimited          too many calls; ``retry_after`` in seconds
    └── SafeguardError           a promise could not be kept, so nothing was released
        ├── AuditUnavailable     the entry could not be made durable
        ├── PolicyUnavailable    no trusted bundle is in force
        ├── FactsUnavailable     what a decision needs could not be learnt
        ├── ReleaseFailed        a mask or a condition broke
        ├── ObligationUnmet      an obligation could not be fulfilled
        └── AnnotationFailed     the GDPR metadata could not be attached

Messages are for people and say what to do. They never quote a value, a name that is not known to the caller, or a
foreign exception's text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


class GatewayError(Exception):
    """Root of everything the gateway raises on purpose; *pointer* is an RFC 6901 JSON Pointer into the body."""

    code: ClassVar[str] = "gateway-error"
    summary: ClassVar[str] = "the gateway could not do this"

    def __init__(self, detail: str = "", *, pointer: str = "") -> None:
        super().__init__(detail or self.summary)
        self.detail = detail or self.summary
        self.pointer = pointer


class ConfigurationError(GatewayError):
    """Refuse to start."""

    code = "configuration-error"
    summary = "the configuration is not usable"


class PluginError(ConfigurationError):
    """A plugin failed to load, or registers what it must not."""

    code = "plugin-error"
    summary = "a plugin is broken"


class SecretError(ConfigurationError):
    """A secret is missing, too short or a known default."""

    code = "secret-error"
    summary = "a secret is missing or too weak"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing wrong with a policy file: *path*, 1-based *line* and *column*, what, and what was probably meant."""

    path: str
    line: int
    column: int
    code: str
    message: str
    suggestion: str = ""

    def __str__(self) -> str:
        """``path:line:column: code: message (suggestion)``, as editors and compilers print it."""
        tail = f" ({self.suggestion})" if self.suggestion else ""
        return f"{self.path}:{self.line}:{self.column}: {self.code}: {self.message}{tail}"


class PolicyError(ConfigurationError):
    """A policy folder cannot be used; *findings* holds everything wrong with it, sorted by place."""

    code = "policy-error"
    summary = "the policy folder has errors"

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("\n".join(str(finding) for finding in sorted(findings)))
        self.findings = tuple(sorted(findings))


class Refused(GatewayError):
    """The caller must change something."""

    code = "refused"
    summary = "the call was refused"


class NotAuthenticated(Refused):
    """No credential, a malformed one, or one that is unknown, expired or revoked: one answer for all."""

    code = "not-authenticated"
    summary = "a valid credential is needed"


class PurposeMissing(Refused):
    """Every call says why it is made."""

    code = "purpose-missing"
    summary = "say why: send the X-Purpose header"


class PurposeRefused(Refused):
    """The purpose is not a leaf, not mandated by the tenant, or not granted to the caller."""

    code = "purpose-refused"
    summary = "this purpose is not granted to the credential, or is outside the mandate"


class Denied(Refused):
    """Policy says no to the whole call."""

    code = "denied"
    summary = "policy does not permit this call"


class FieldRefused(Refused):
    """One answer for a field that does not exist, is hidden, or may not be used in this way.

    *names* are the refused ones of the caller's own words, in the order of their use.
    """

    code = "field-refused"
    summary = "the call uses a field that may not be used in this way"

    def __init__(self, detail: str = "", *, pointer: str = "", names: tuple[str, ...] = ()) -> None:
        super().__init__(detail, pointer=pointer)
        self.names = names


class InvalidCall(Refused):
    """The call breaks the grammar; *native* is the CRM's own code when it is the CRM that says so of a value."""

    code = "invalid-call"
    summary = "the call is not well-formed"

    def __init__(self, detail: str = "", *, pointer: str = "", native: str = "") -> None:
        super().__init__(detail, pointer=pointer)
        self.native = native


class RecordNotFound(Refused):
    """Unknown, of another tenant, or not visible: one answer for all."""

    code = "record-not-found"
    summary = "no such record"


class ConnectionNotFound(Refused):
    """The caller's tenant has no such connection, or the connection no such resource."""

    code = "not-found"
    summary = "no such connection or resource"


class Conflict(Refused):
    """The record, or the idempotency key, is in another state than the call assumes."""

    code = "conflict"
    summary = "the record is in another state"


class AttemptsExhausted(Refused):
    """Too often somebody has said what a record does not hold."""

    code = "attempts-exhausted"
    summary = "this person could not be verified too often: try again in an hour, or another way"


class PreconditionFailed(Refused):
    """The record is not what the caller last saw."""

    code = "precondition-failed"
    summary = "the record has changed since it was read: read it again"


class PreconditionRequired(Refused):
    """A change must say which state it is based on."""

    code = "precondition-required"
    summary = "send If-Match with the ETag that was read, or * to overwrite whatever is there"


class UpstreamError(GatewayError):
    """The CRM could not answer."""

    code = "upstream-error"
    summary = "the CRM could not answer"


class UpstreamTimeout(UpstreamError):
    """The CRM did not answer in time; a change may or may not have happened."""

    code = "upstream-timeout"
    summary = "the CRM did not answer in time"


class UpstreamUnavailable(UpstreamError):
    """The CRM cannot be reached, or its circuit breaker is open; *unsent*: nothing of the call can have reached it."""

    code = "upstream-unavailable"
    summary = "the CRM cannot be reached"

    def __init__(self, detail: str = "", *, unsent: bool = False) -> None:
        super().__init__(detail)
        self.unsent = unsent


class UpstreamInvalid(UpstreamError):
    """The CRM answered something that cannot be understood or trusted."""

    code = "upstream-invalid"
    summary = "the CRM gave an answer that cannot be used"


class UpstreamRefused(UpstreamError):
    """The CRM refused what policy permits; its own words are never forwarded."""

    code = "upstream-refused"
    summary = "the CRM refused the call"


class RateLimited(UpstreamError):
    """Too many calls; *retry_after* is in seconds."""

    code = "rate-limited"
    summary = "the CRM's quota is used up for now"

    def __init__(self, detail: str = "", *, retry_after: int = 1) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class SafeguardError(GatewayError):
    """A promise could not be kept, so nothing was released."""

    code = "safeguard-error"
    summary = "a safeguard failed, so nothing was released"


class AuditUnavailable(SafeguardError):
    """The entry could not be made durable in time: no entry, no answer."""

    code = "audit-unavailable"
    summary = "the access could not be recorded, so nothing was released"


class PolicyUnavailable(SafeguardError):
    """No trusted bundle is in force."""

    code = "policy-unavailable"
    summary = "no trusted policy is in force"


class FactsUnavailable(SafeguardError):
    """A fact source failed."""

    code = "facts-unavailable"
    summary = "what the decision needs could not be learnt"


class ReleaseFailed(SafeguardError):
    """A mask or a condition broke."""

    code = "release-failed"
    summary = "the answer could not be made safe"


class ObligationUnmet(SafeguardError):
    """An obligation could not be fulfilled."""

    code = "obligation-unmet"
    summary = "an obligation of the policy could not be met"


class AnnotationFailed(SafeguardError):
    """The GDPR metadata could not be attached."""

    code = "annotation-failed"
    summary = "the GDPR metadata could not be attached"
