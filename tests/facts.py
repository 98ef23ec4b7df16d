"""Facts of tables without a ledger, for tests that are not about the ledger."""

from bench.trials import facts_of as fold

__all__ = ["fold"]
