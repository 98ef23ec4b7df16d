"""How much of each lot is affected: at most, and in proportion.

For hazards that grow or act in traces, and for an unknown one, the whole lot is affected; that is
the bound given here. The proportional share blends by mass: what an operation took in of affected
material over all it took in. A loop of rework converges to its limit. Where amounts or units are
missing the share is unknown (None), never guessed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

import numpy as np
import polars as pl

from graph_model import quantity
from graph_model.lineage import Lineage
from queries.recall.worlds import Worlds

_ROUNDS = 200
_CLOSE = 1e-9


def shares(lineage: Lineage, worlds: Worlds, roots: Iterable[int]) -> dict[int, float | None]:
    """Affected share, 0 to 1, of every possible lot by proportional blending."""
    operations = np.array(sorted(worlds.steps), dtype=np.int64)
    into = _by_operation(lineage.consumed[lineage.inputs.at(operations)])
    out = _by_operation(lineage.produced[lineage.outputs.at(operations)])
    made: dict[int, list[tuple[int, float | None]]] = defaultdict(list)
    for operation, lots in out.items():
        for lot, amount in lots.items():
            made[lot].append((operation, amount))
    share: dict[int, float | None] = dict.fromkeys(worlds.grade, 0.0)
    fixed = set(roots)
    share |= dict.fromkeys(fixed, 1.0)
    order = sorted(worlds.grade, key=lambda lot: worlds.depth[lot])
    for _ in range(_ROUNDS):
        moved = False
        for lot in order:
            if lot in fixed:
                continue
            value = _blend(made[lot], into, share)
            before = share[lot]
            if value is None or before is None:
                moved = moved or (value is None) != (before is None)
            else:
                moved = moved or abs(value - before) > _CLOSE
            share[lot] = value
        if not moved:
            break
    return share


def _blend(
    makers: list[tuple[int, float | None]],
    into: Mapping[int, dict[int, float | None]],
    share: Mapping[int, float | None],
) -> float | None:
    total = affected = 0.0
    for operation, amount in makers:
        mixed = _mixture(into.get(operation, {}), share)
        if mixed is None:
            return None
        if len(makers) == 1:
            return mixed
        if amount is None:
            return None
        total += amount
        affected += amount * mixed
    return affected / total if total else None


def _mixture(inputs: Mapping[int, float | None], share: Mapping[int, float | None]) -> float | None:
    total = affected = 0.0
    for lot, amount in inputs.items():
        part = share.get(lot, 0.0)
        if amount is None or part is None:
            return None if len(inputs) > 1 or part is None else part
        total += amount
        affected += amount * part
    return affected / total if total else None


def _by_operation(rows: pl.DataFrame) -> dict[int, dict[int, float | None]]:
    """operation -> lot -> amount in kilograms, or in the one unit all rows of it share."""
    if rows.is_empty():
        return defaultdict(dict)
    units = {uom: _kilograms(uom) for uom in rows["uom"].unique().to_list()}
    rows = rows.with_columns(
        factor=pl.col("uom").replace_strict(
            list(units), list(units.values()), return_dtype=pl.Float64
        ),
        single=pl.col("uom").n_unique().over("op") == 1,
    )
    factor = pl.when("single").then(1.0).otherwise(pl.col("factor"))
    sums = rows.group_by("op", "lot", maintain_order=True).agg(
        pl.when((pl.col("quantity") * factor).is_null().any())
        .then(None)
        .otherwise((pl.col("quantity") * factor).sum())
        .alias("amount")
    )
    found: dict[int, dict[int, float | None]] = defaultdict(dict)
    for operation, lot, amount in sums.iter_rows():
        found[operation][lot] = amount
    return found


def _kilograms(uom: str | None) -> float | None:
    return None if uom is None else quantity.factor(uom, "KGM")
