"""How much of what a plant should record it does record, stage by stage, and until when.

A stage counts its movements of the last days of data; a movement that misses a wanted value makes
scopes wider. Nothing is taken for complete that is merely absent: a stage without movements has no
share.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from graph_model.lineage import Lineage
from graph_model.network import Facts
from graph_model.schema import (
    MOVEMENTS,
    Cleaning,
    Consumed,
    Operation,
    Produced,
    SetAside,
    Shipment,
    Shipped,
    Site,
)
from queries.recall import completeness

DAYS = 90
_DAY = 86_400_000_000
_MADE = ("produce", "rework")
_CLEANED = ("line", "equipment", "tank")


@dataclass(frozen=True)
class Stage:
    """One stage: how many movements it should record wholly, and how many miss something."""

    name: str
    total: int
    missing: int

    @property
    def share(self) -> float | None:
        """Share recorded wholly; None where there is nothing to record."""
        return 1 - self.missing / self.total if self.total else None


@dataclass(frozen=True)
class Coverage:
    """All stages; what has no lot, breaks the chain or was set aside; each source and its end."""

    stages: tuple[Stage, ...]
    unlotted: int
    broken: int
    set_aside: int
    sources: tuple[tuple[str, int], ...]
    """Source and the latest moment it tells of, us UTC."""

    @property
    def share(self) -> float | None:
        """Share of all stages together."""
        total = sum(stage.total for stage in self.stages)
        missing = sum(stage.missing for stage in self.stages)
        return 1 - missing / total if total else None


def coverage(facts: Facts, lineage: Lineage, days: int = DAYS) -> Coverage:
    """Coverage of the last days of data; unlotted movements and set-aside rows of all time."""
    sources = tuple(completeness.data_until(facts, lineage))
    since = max((end for _, end in sources), default=0) - days * _DAY
    kinds = facts[Operation].select("kind", "status", "earliest", "latest", operation="key")
    stages = (
        _received(_recent(facts[Consumed], since), kinds, _recent(facts[Produced], since)),
        _issued(_recent(facts[Consumed], since), kinds),
        _produced(kinds, since),
        _shipped(_recent(facts[Shipped], since), facts[Shipment]),
        _cleaned(facts[Site], facts[Cleaning]),
    )
    return Coverage(
        stages,
        sum(facts[kind].filter(~_has_lot()).height for kind in MOVEMENTS),
        lineage.sourceless.height + _originless(lineage),
        facts[SetAside].height,
        sources,
    )


def _recent(rows: pl.DataFrame, since: int) -> pl.DataFrame:
    """Rows of the last days, and those without a time."""
    return rows.filter(pl.col("latest").is_null() | (pl.col("latest") >= since))


def _has_lot() -> pl.Expr:
    return pl.col("lot").is_not_null() & (pl.col("lot_no").fill_null("") != "")


def _stage(name: str, rows: pl.DataFrame, whole: pl.Expr) -> Stage:
    return Stage(name, rows.height, rows.filter(~whole.fill_null(False)).height)


def _received(into: pl.DataFrame, kinds: pl.DataFrame, out: pl.DataFrame) -> Stage:
    receipts = kinds.filter(pl.col("kind") == "receive").select("operation")
    lines = out.join(receipts, on="operation", how="semi")
    named = into.filter(_has_lot()).select("operation", named=pl.lit(True)).unique()
    return _stage("received", lines.join(named, on="operation", how="left"), pl.col("named"))


def _issued(into: pl.DataFrame, kinds: pl.DataFrame) -> Stage:
    orders = kinds.filter(pl.col("kind").is_in(_MADE)).select("operation")
    surely = _has_lot() & pl.col("lot_source").ne_missing("system_proposed")
    return _stage("issued", into.join(orders, on="operation", how="semi"), surely)


def _produced(kinds: pl.DataFrame, since: int) -> Stage:
    orders = _recent(kinds.filter(pl.col("kind").is_in(_MADE)), since)
    return _stage(
        "produced", orders, pl.col("earliest").is_not_null() & pl.col("latest").is_not_null()
    )


def _shipped(lines: pl.DataFrame, shipments: pl.DataFrame) -> Stage:
    heads = shipments.select("customer", shipment="key")
    lines = lines.join(heads, on="shipment", how="left")
    return _stage("shipped", lines, _has_lot() & pl.col("customer").is_not_null())


def _cleaned(sites: pl.DataFrame, cleaning: pl.DataFrame) -> Stage:
    lines = sites.filter(pl.col("kind").is_in(_CLEANED))
    return _stage("cleaned", lines, pl.col("key").is_in(cleaning["site"].unique().implode()))


def _originless(lineage: Lineage) -> int:
    """Recorded lots in use that nothing brought in."""
    bare = pl.concat([lineage.lots.select("rule"), lineage.births], how="horizontal")
    return bare.filter(
        pl.col("rule").is_null() & pl.col("used") & ~pl.col("made") & ~pl.col("received")
    ).height
