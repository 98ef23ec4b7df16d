"""Flows that no row records but the records make possible, each with the rule that made it.

records   the standing movements as rules look at them: items under their usual code
codes     one item or company under several codes
gaps      orders that used more or less than their recipe explains (needs: by what recipe)
pools     what a place holds of an item when lots cannot be told apart
orders    outputs of an order that only exact pairs name
carried   residue that a record says went into a later order
sublots   movements that name a lot only and may be of any of its parts
links     two numbers for one lot; what is packed goes with its container
contents  how much went with it
retracted numbers that only cancelled rows name
ends      scrap and samples without a number
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import polars as pl

from graph_model.schema import Consumed, Lot, Operation, Produced, Shipped, frame_schema, no_rows

_TIMES: dict[str, pl.DataType] = {
    "t0": pl.Int64(),
    "t1": pl.Int64(),
    "doubtful": pl.Boolean(),
}
_NO_MOVEMENTS = {
    kind: pl.DataFrame(schema=frame_schema(kind) | _TIMES) for kind in (Consumed, Produced, Shipped)
}


@dataclass(frozen=True)
class Derived:
    """Derived lots, operations and movements, with the columns of a `Network`'s frames."""

    lots: pl.DataFrame
    operations: pl.DataFrame
    consumed: pl.DataFrame
    produced: pl.DataFrame
    shipped: pl.DataFrame

    @staticmethod
    def merge(*parts: Derived) -> Derived:
        """All of them in one."""
        return Derived(
            *(
                pl.concat([getattr(part, name) for part in parts])
                for name in ("lots", "operations", "consumed", "produced", "shipped")
            )
        )


def _lots(frame: pl.DataFrame) -> pl.DataFrame:
    """Derived lots from at least `key`, `owner`, `item_code`, `sublot`, `kind`, `rule`."""
    return _filled(frame, no_rows(Lot)).unique("key", maintain_order=True)


def _operations(frame: pl.DataFrame) -> pl.DataFrame:
    """Derived operations from at least `key`, `company`, `kind`, `number`, `rule`."""
    return _filled(frame, no_rows(Operation)).unique("key", maintain_order=True)


def _movements(frame: pl.DataFrame, kind: type[Consumed | Produced | Shipped]) -> pl.DataFrame:
    """Derived movements from lot, end, rule and times; the key follows from these.

    Rows that differ in time only are one movement over the hull of their times.
    """
    end = "shipment" if kind is Shipped else "operation"
    if frame.is_empty():
        return _NO_MOVEMENTS[kind]
    amount = [pl.col(name).drop_nulls().first() for name in ("quantity", "uom")]
    one = frame.group_by("lot", end, "rule", maintain_order=True).agg(
        pl.col("t0").min(),
        pl.col("t1").max(),
        pl.col("item").first(),
        *(amount if "quantity" in frame.columns else ()),
    )
    mark = {Consumed: "in", Produced: "out", Shipped: "ship"}[kind]
    one = one.with_columns(
        key=pl.concat_str(
            [pl.lit(f"~{mark}"), "rule", "lot", end], separator="|", ignore_nulls=True
        ),
        basis=pl.lit("inferred"),
        doubtful=pl.lit(True),
        earliest=pl.col("t0"),
        latest=pl.col("t1"),
    )
    return _filled(one, _NO_MOVEMENTS[kind])


def of(
    *,
    lots: pl.DataFrame | None = None,
    operations: pl.DataFrame | None = None,
    consumed: pl.DataFrame | None = None,
    produced: pl.DataFrame | None = None,
    shipped: pl.DataFrame | None = None,
) -> Derived:
    """What a rule derives, each frame with the columns that its maker above names."""
    none = pl.DataFrame()
    return Derived(
        _lots(none if lots is None else lots),
        _operations(none if operations is None else operations),
        _movements(none if consumed is None else consumed, Consumed),
        _movements(none if produced is None else produced, Produced),
        _movements(none if shipped is None else shipped, Shipped),
    )


@cache
def empty() -> Derived:
    """Nothing derived."""
    return of()


def _filled(frame: pl.DataFrame, like: pl.DataFrame) -> pl.DataFrame:
    if frame.is_empty():
        return like
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in like.schema.items()
    )
