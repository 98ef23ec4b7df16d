"""Append-only truth: sealed batches, and their fold."""

from graph_model.ledger.store import BatchInfo, Facts, Ledger

__all__ = ["BatchInfo", "Facts", "Ledger"]
