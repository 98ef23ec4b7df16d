"""The fold: what the ledger says now, or said as of a batch.

Per property, an empty cell states nothing, and a later statement of the same source wins. Where two
sources disagree on time, place, lot or quantity of a movement both are kept: the widest interval,
the larger amount, the other lot as a second row, and a conflict. Which source came first is no
matter there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

from graph_model.quantity import factor
from graph_model.schema import KINDS, MOVEMENTS, VERSION, conform, frame_schema

Upcast = Callable[[str, pl.DataFrame], pl.DataFrame]
UPCASTS: dict[int, Upcast] = {}
"""Schema version -> what turns a frame of that version into one of the next."""

_DISPUTED = ("lot", "quantity", "earliest", "latest", "from_place", "to_place", "status")
_IDENTITY = ("owner", "item", "lot_no")
"""What a source says along with a lot; never mixed with another lot's."""

CONFLICT_SCHEMA = {"key": pl.String, "kind": pl.String, "column": pl.String, "values": pl.String}


@dataclass(frozen=True)
class Facts:
    """One frame a kind, one row a key, in key order; `conflicts` lists where sources disagree."""

    batch: int
    head: str
    tables: dict[str, pl.DataFrame]
    conflicts: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=CONFLICT_SCHEMA))

    def __getitem__(self, kind: type) -> pl.DataFrame:
        return self.tables[kind.__name__]


def upcast(kind: str, frame: pl.DataFrame, version: int) -> pl.DataFrame:
    """A frame written under an older schema, as the present one."""
    for step in range(version, VERSION):
        frame = UPCASTS[step](kind, frame)
    return conform(KINDS[kind], frame, provenance=True)


def fold_kind(kind: type, statements: list[pl.DataFrame]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Statements in batch order, each with `_source`, to one row a key; and conflicts."""
    none = pl.DataFrame(schema=CONFLICT_SCHEMA)
    schema = frame_schema(kind, provenance=True)
    if not statements:
        return pl.DataFrame(schema=schema), none
    # Batches are sealed in key order, which makes one batch nothing to sort and several quick.
    rows = pl.concat(statements)
    rows = rows if rows["key"].is_sorted() else rows.sort("key", maintain_order=True)
    first, last = _ends(rows["key"])
    repeated = ~(first & last)
    if not repeated.any():
        return rows.select(*schema), none
    single = rows.filter(~repeated).select(*schema)
    again = rows.filter(repeated)
    latest = _latest(again, ["key"], schema)
    parts, conflicts = [single, latest], none
    several = _stated_by_several(again) if kind in MOVEMENTS else latest.clear()
    if len(several):
        disputed = again.join(several, on="key", how="semi")
        by_source = _latest(disputed, ["key", "_source"], schema)
        hull, conflicts = _hull(kind, by_source, latest.join(several, on="key", how="semi"))
        parts = [single, latest.join(several, on="key", how="anti"), hull]
    return pl.concat(part.select(*schema) for part in parts).sort("key"), conflicts


def _ends(keys: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Which rows are the first, and which the last, of their key in a sorted column."""
    first = keys.ne_missing(keys.shift(1))
    return first, first.shift(-1, fill_value=True)


def _stated_by_several(rows: pl.DataFrame) -> pl.DataFrame:
    """The keys with more than one source, of rows sorted by key."""
    changes = (pl.col("key") == pl.col("key").shift(1)) & (
        pl.col("_source") != pl.col("_source").shift(1)
    )
    return rows.filter(changes).select("key").unique()


def _latest(rows: pl.DataFrame, by: list[str], schema: dict[str, pl.DataType]) -> pl.DataFrame:
    """What was stated last of each property."""
    return rows.group_by(by, maintain_order=True).agg(
        pl.col(name).last(ignore_nulls=True) for name in schema if name != "key"
    )


def _hull(
    kind: type, by_source: pl.DataFrame, latest: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Movements that several sources state: what holds whichever of them is right; conflicts."""
    by_source = _with_amount(by_source).sort("key", "_source")
    largest = by_source.filter(pl.col("quantity").is_not_null()).sort("_amount", "uom", "quantity")
    bounds = by_source.group_by("key").agg(
        pl.col("earliest").min(),
        pl.col("latest").max(),
        pl.col("from_place", "to_place").min(),
        # A movement that one source retracts is kept while another stands by it:
        # posted > draft > cancelled, as in the alphabet.
        pl.col("status").max(),
    )
    amounts = largest.group_by("key").agg(pl.col("quantity", "uom").last())
    merged = (
        latest.drop([*bounds.columns[1:], "quantity"])
        .join(bounds, on="key")
        .join(amounts, on="key", how="left", suffix="_largest")
        .with_columns(
            uom=pl.when(pl.col("quantity").is_null()).then("uom").otherwise("uom_largest")
        )
    )
    return _each_lot(by_source, merged), _conflicts(kind, by_source)


def _with_amount(by_source: pl.DataFrame) -> pl.DataFrame:
    """Adds `_amount`: the quantity in one unit a key, where its units convert."""
    base = pl.col("uom").drop_nulls().min().over("key")
    rows = by_source.with_columns(_base=base)
    pairs = rows.select("uom", "_base").unique()
    factors = [1.0 if uom is None else factor(uom, to) or 1.0 for uom, to in pairs.iter_rows()]
    pairs = pairs.with_columns(_factor=pl.Series(factors, dtype=pl.Float64))
    rows = rows.join(pairs, on=["uom", "_base"], nulls_equal=True, maintain_order="left")
    return rows.with_columns(_amount=(pl.col("quantity") * pl.col("_factor")).round(6))


def _each_lot(by_source: pl.DataFrame, merged: pl.DataFrame) -> pl.DataFrame:
    """One row for each lot that a source names, the further ones under `key~2` and so on."""
    lots = (
        by_source.filter(pl.col("lot").is_not_null())
        .group_by("key", "lot")
        .agg(pl.col(*_IDENTITY).last(ignore_nulls=True))
        .sort("key", "lot")
        .with_columns(_n=pl.int_range(pl.len()).over("key") + 1, _all=pl.len().over("key"))
    )
    rows = merged.join(lots, on="key", how="left", suffix="_of_lot")
    several = pl.col("_all") > 1
    rows = rows.with_columns(
        pl.coalesce("lot_of_lot", "lot").alias("lot"),
        *(
            pl.when(several)
            .then(f"{name}_of_lot")
            .otherwise(pl.coalesce(f"{name}_of_lot", name))
            .alias(name)
            for name in _IDENTITY
        ),
    )
    further = pl.concat_str("key", pl.lit("~"), pl.col("_n").cast(pl.String))
    key = pl.when(pl.col("_n") > 1).then(further).otherwise("key")
    return rows.with_columns(key=key).select(merged.columns)


def _conflicts(kind: type, by_source: pl.DataFrame) -> pl.DataFrame:
    names = {name: "_amount" if name == "quantity" else name for name in _DISPUTED}
    differ = by_source.group_by("key").agg(
        (pl.col(column).min() != pl.col(column).max()).alias(f"?{name}")
        for name, column in names.items()
    )
    found = []
    for name in names:
        told = pl.col(name).cast(pl.String)
        if name == "quantity":
            told = pl.concat_str(told, "uom", separator=" ", ignore_nulls=True)
        rows = by_source.join(differ.filter(f"?{name}"), on="key", how="semi").filter(
            pl.col(name).is_not_null()
        )
        found.append(
            rows.select("key", told.alias("values"))
            .unique()
            .sort("key", "values")
            .group_by("key", maintain_order=True)
            .agg(pl.col("values").str.join(" | "))
            .select("key", kind=pl.lit(kind.__name__), column=pl.lit(name), values="values")
        )
    return pl.concat(found).sort("key", "column")
