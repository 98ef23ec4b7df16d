"""How often somebody may try to sign in: by address and by account, in a moving window."""

from __future__ import annotations

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from graph_model.errors import TooMany

_BY_ADDRESS = RateLimitItemPerMinute(30)
_BY_ACCOUNT = RateLimitItemPerMinute(10)
_WAIT = 60


class Attempts:
    """Attempts of this process; the lock of an account after failures stands in the database."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def count(self, address: str, account: str) -> None:
        """Raises TooMany for one attempt more than allowed."""
        near = self._limiter.hit(_BY_ADDRESS, "address", address)
        if not (near and self._limiter.hit(_BY_ACCOUNT, "account", account.strip().lower())):
            raise TooMany("too_many_attempts", seconds=_WAIT)
