"""Dispersion (Dupuy et al. 2005) and recall cost (Dabbene & Gay 2011) of a plant as it was run.

C. Dupuy, V. Botta-Genoulaz, A. Guinet: Batch dispersion model to optimise traceability in food
industry, J. Food Engineering 70 (2005) 333-339. F. Dabbene, P. Gay: Food traceability systems:
performance evaluation and optimization, Computers and Electronics in Agriculture 75 (2011)
139-146. docs/exposure.md says in plain words what is counted.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import polars as pl

from queries.recall.exposure import Exposure


@dataclass(frozen=True)
class Dispersion:
    """Indicators of the whole plant; `estimated` where the exposure is.

    `downward` and `upward` are sums over suppliers' lots and over finished lots, `batch` is both
    together. Costs are in the cost table's currency, amounts by unit.
    """

    supplied: int
    finished: int
    downward: int
    downward_mean: float | None
    downward_most: int | None
    upward: int
    upward_mean: float | None
    upward_most: int | None
    batch: int
    worst_cost: float | None
    worst_lot: str | None
    average_cost: float | None
    worst_amount: dict[str, float]
    average_amount: dict[str, float]
    currency: str
    estimated: bool

    def to_dict(self) -> dict[str, object]:
        """As JSON."""
        return asdict(self)


def dispersion(found: Exposure) -> Dispersion:
    """The indicators from the exposure of all suppliers' lots."""
    lots, inside = found.lots, found.contained
    downward = int(lots["finished"].sum())
    # Both sums count the same pairs, so that one of them is enough where rows are not counted.
    upward = downward if inside is None else int(inside["supplied"].sum())
    worst = lots.sort("cost", "key", descending=[True, False]).head(1)
    return Dispersion(
        supplied=len(lots),
        finished=found.finished,
        downward=downward,
        downward_mean=_mean(lots["finished"]),
        downward_most=_most(lots["finished"]),
        upward=upward,
        upward_mean=upward / found.finished if found.finished else None,
        upward_most=None if inside is None else _most(inside["supplied"]),
        batch=downward + upward,
        worst_cost=round(worst["cost"][0], 2) if len(worst) else None,
        worst_lot=worst["key"][0] if len(worst) else None,
        average_cost=_mean(lots["cost"]),
        worst_amount={unit: _high(lots[f"amount:{unit}"]) for unit in found.units},
        average_amount={unit: _mean(lots[f"amount:{unit}"]) or 0.0 for unit in found.units},
        currency=found.table.currency,
        estimated=found.ranks is not None,
    )


def _mean(column: pl.Series) -> float | None:
    value = column.mean()
    return round(value, 6) if isinstance(value, float) else None


def _most(column: pl.Series) -> int | None:
    value = column.max()
    return value if isinstance(value, int) else None


def _high(column: pl.Series) -> float:
    value = column.max()
    return round(float(value), 6) if isinstance(value, float) else 0.0
