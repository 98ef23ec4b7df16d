"""How often somebody may try to sign in: by address and by account, in a moving window."""

from __future__ import annotations

from graph_model.errors import TooMany
from graph_model.records import Records
from graph_model.windows import window

BY_ADDRESS, BY_ACCOUNT = 30, 10
"""Attempts in a window, by the address they come from and by the account they are for."""

WINDOW = 60.0


class Attempts:
    """Attempts to sign in. `records`: where several processes count together."""

    def __init__(self, records: Records | None = None) -> None:
        self._made = window(WINDOW, records)

    def count(self, address: str, account: str) -> None:
        """Raises TooMany for one attempt more than allowed."""
        for key, allowed in (
            (f"address {address}", BY_ADDRESS),
            (f"account {account.strip().lower()}", BY_ACCOUNT),
        ):
            # Counted first: of attempts at the same moment none is overlooked.
            self._made.add(key, 1)
            made, wait = self._made.spent(key)
            if made > allowed:
                raise TooMany("too_many_attempts", seconds=round(wait) + 1)
