"""When not to ask a CRM: after failures in a row, while its quota is used up, and when retries would pile up."""

from __future__ import annotations

from collections.abc import Callable

from policy_gateway.errors import RateLimited, UpstreamUnavailable


class Breaker:
    """Opens after *failures* in a row; *rest* seconds later one probe goes through and decides.

    *monotonic* is a clock in seconds that never goes back.
    """

    def __init__(self, failures: int, rest: float, monotonic: Callable[[], float]) -> None:
        self._most = failures
        self._rest = rest
        self._now = monotonic
        self._failed = 0
        self._open_until = 0.0
        self._probing = False
        self._quota_from = 0.0

    def admit(self) -> None:
        """Raise RateLimited or UpstreamUnavailable when the CRM must be left alone; each admission is settled."""
        if self._quota_from or self._failed >= self._most:
            self._check(self._now())

    def _check(self, now: float) -> None:
        if now < self._quota_from:
            raise RateLimited(retry_after=max(1, round(self._quota_from - now)))
        self._quota_from = 0.0
        if self._failed < self._most:
            return
        if self._probing or now < self._open_until:
            raise UpstreamUnavailable("the CRM has failed too often and is left alone for a while", unsent=True)
        self._probing = True

    def settle(self, *, reached: bool | None) -> None:
        """Tell how an admitted call ended: the CRM answered, it did not, or nobody knows (None)."""
        self._probing = False
        if reached:
            self._failed = 0
        elif reached is not None:
            self._failed += 1
            if self._failed >= self._most:
                self._open_until = self._now() + self._rest

    def pause(self, seconds: float) -> None:
        """Leave the CRM alone for *seconds*: it said that the quota is used up."""
        self._quota_from = max(self._quota_from, self._now() + seconds)


class RetryBudget:
    """Bounds retries to a *share* of the calls, so that they never become the load that keeps a CRM down."""

    def __init__(self, share: float, most: float) -> None:
        self._share = share
        self._most = most
        self._saved = 0.0

    def earn(self) -> None:
        """Count a call."""
        self._saved = min(self._saved + self._share, self._most)

    def spend(self) -> bool:
        """Tell whether one retry is affordable, and pay for it."""
        if self._saved < 1:
            return False
        self._saved -= 1
        return True
