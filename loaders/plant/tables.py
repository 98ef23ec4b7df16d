"""What is collected while sheets are mapped: frames by kind, stubs of what rows only name."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import polars as pl

from graph_model.keys import join_columns, lot_key_column
from graph_model.schema import (
    KINDS,
    Customer,
    Item,
    Lot,
    Operation,
    Shipment,
    Site,
    Supplier,
    conform,
)

_MOST_ROWS = 1 << 31
_PROVENANCE = ("_file", "_sheet", "_row")


class Tables:
    """Frames by kind of schema; `finish` folds them to one row a key, sorted."""

    def __init__(self) -> None:
        self._frames: dict[type, list[pl.DataFrame]] = defaultdict(list)

    def add(self, kind: type, frame: pl.DataFrame, /, **columns: Any) -> None:
        """Rows of a kind: the frame's columns with `columns` on top; rows without key left out."""
        exprs = {
            name: value if isinstance(value, pl.Expr) else pl.lit(value)
            for name, value in columns.items()
        }
        rows = conform(kind, frame.with_columns(**exprs), provenance=True)
        if rows["key"].null_count():
            rows = rows.filter(pl.col("key").is_not_null())
        if kind in _STUBBED:
            # One row a distinct statement: a movement sheet names the same lot many times.
            said = [name for name in rows.columns if name not in _PROVENANCE]
            said = [name for name in said if rows[name].null_count() < rows.height]
            rows = rows.unique(said or None, keep="first", maintain_order=True)
            rows = _in_any_order(rows, said)
        self._frames[kind].append(rows)

    def node(
        self, kind: type, frame: pl.DataFrame, first: pl.Expr, /, *rest: Any, **more: Any
    ) -> None:
        """Rows of a node: its key fields in order, then what else is stated; nothing else."""
        names = kind.KEY  # type: ignore[attr-defined]
        values = dict(zip(names, (first, *rest), strict=False))
        stated = {
            name: value if isinstance(value, pl.Expr) else pl.lit(value)
            for name, value in (values | more).items()
        }
        columns = [value.alias(name) for name, value in stated.items()]
        key = join_columns(*values.values()).alias("key")
        self.add(kind, frame.select(key, *columns, *_PROVENANCE))

    def lots(
        self,
        frame: pl.DataFrame,
        owner: pl.Expr,
        item_code: pl.Expr,
        lot_no: pl.Expr,
        *,
        sublot: pl.Expr | None = None,
        **more: Any,
    ) -> None:
        """Lots named by rows, and nothing where owner, item or number is missing."""
        part = sublot if sublot is not None else pl.lit("")
        # Expressions read the row's own columns before any of them is replaced.
        named = frame.select(
            lot_key_column(owner, item_code, lot_no, sublot).alias("key"),
            owner.alias("owner"),
            item_code.alias("item_code"),
            lot_no.alias("lot_no"),
            part.fill_null("").alias("sublot"),
            *(
                (value if isinstance(value, pl.Expr) else pl.lit(value)).alias(name)
                for name, value in more.items()
            ),
            *_PROVENANCE,
        )
        self.add(Lot, named)

    def finish(self) -> dict[str, pl.DataFrame]:
        """All tables: one row a key (first value stated of each property), sorted by key."""
        done: dict[str, pl.DataFrame] = {}
        for name, kind in KINDS.items():
            if frames := self._frames.pop(kind, None):
                rows = pl.concat(frames)
                frames.clear()
                done[name] = _folded(rows)
        return done


_STUBBED = (Item, Lot, Operation, Supplier, Customer, Site, Shipment)


def _in_any_order(rows: pl.DataFrame, said: list[str]) -> pl.DataFrame:
    """Different statements of one sheet about one thing by content, so that row order is no matter.

    Two suppliers of one lot, for one: which of them the lot names does not depend on shuffling.
    """
    several = rows["key"].is_duplicated()
    if not several.any():
        return rows
    return pl.concat([rows.filter(~several), rows.filter(several).sort(said)])


def _folded(rows: pl.DataFrame) -> pl.DataFrame:
    if rows.is_empty():
        return rows
    # Columns that nobody fills stay constants: copied along they take as much as the others.
    schema = rows.schema
    empty = [name for name in rows.columns if rows[name].null_count() == rows.height]
    none = [pl.lit(None, dtype=schema[name]).alias(name) for name in empty]
    rows = rows.drop(empty)[_order(rows["key"])]
    again = _repeats(rows)
    if again.any():
        rows = _first_stated(rows.filter(~again), rows.filter(again))
    return rows.with_columns(pl.col("key").set_sorted(), *none).select(list(schema))


def _first_stated(first: pl.DataFrame, later: pl.DataFrame) -> pl.DataFrame:
    """The first row of each key, its gaps filled with what later rows state first.

    Column by column: groups of whole rows would take many times their memory.
    """
    for name in first.columns:
        if first[name].null_count() and later[name].null_count() < later.height:
            stated = later.select("key", name).drop_nulls()
            stated = stated.filter(~_repeats(stated))
            found = first.select("key").join(stated, on="key", how="left", maintain_order="left")
            first = first.with_columns(first[name].fill_null(found[name]))
    return first


def _order(key: pl.Series) -> pl.Series:
    """Positions in key order, equal keys as they came.

    A stable sort of text, alone or in a frame, takes ten times the memory.
    """
    order = key.arg_sort().cast(pl.Int64)
    text = key.gather(order)
    again = text.eq(text.shift(1)).fill_null(False)
    if not again.any():
        return order
    return ((~again).cum_sum().cast(pl.Int64) * _MOST_ROWS + order).sort() % _MOST_ROWS


def _repeats(rows: pl.DataFrame) -> pl.Series:
    """Which rows have the key of the row before, in key order."""
    return rows["key"].eq(rows["key"].shift(1)).fill_null(False)
