"""Facts of tables without a ledger, for tests that are not about the ledger."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from graph_model.ledger import Facts
from graph_model.ledger.fold import fold_kind
from graph_model.schema import KINDS, conform
from loaders import entries, intake
from loaders.demo_plant import Plant


def fold(tables: dict[str, pl.DataFrame]) -> Facts:
    """The fold of one batch of tables."""
    folded = {}
    for name, kind in KINDS.items():
        stated = tables.get(name)
        statements = (
            [conform(kind, stated, provenance=True).with_columns(_source=pl.lit("test"))]
            if stated is not None
            else []
        )
        folded[name] = fold_kind(kind, statements)[0]
    return Facts(1, "test", folded)


def of_demo(plant: Plant, folder: Path) -> Facts:
    """A demo plant written, read again, with its delays confirmed."""
    plant.write(folder)
    tables = intake.read(folder, "plant", pseudonym=lambda name: f"p-{name}").tables
    decided = [
        entries.decision("delay", source, person="p", role="r", reason="measured",
                         late=late, early=early)
        for source, (late, early) in plant.delays.items()
    ]  # fmt: skip
    if decided:
        tables = {**tables, "Decision": pl.concat(decided)}
    return fold(tables)
