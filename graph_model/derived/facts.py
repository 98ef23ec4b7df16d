"""What a fold looks like to the rules."""

from __future__ import annotations

from typing import Protocol

import polars as pl


class Facts(Protocol):
    """What `Ledger.fold` gives: one frame a kind, one row a key."""

    @property
    def batch(self) -> int: ...

    @property
    def head(self) -> str: ...

    def __getitem__(self, kind: type) -> pl.DataFrame: ...
