"""Parts of a lot: a movement that names the lot only may be of any of its sublots.

For a lot with parts, `L` stands for "produced as L" and the derived lot `L~any` for "taken from L,
part not said": L -> each part, L and each part -> L~any, and L~any -> whatever took L. Two nodes
keep one part's fate apart from another's, and the number of flows linear.
"""

from __future__ import annotations

import polars as pl

from graph_model import derived

RULE = "sublot"
_ANY, _SPREAD, _GATHER = "~any", "~part/spread/", "~part/gather/"
_COLUMNS = ["item", "lot", "operation", "t0", "t1"]


def derive(lots: pl.DataFrame, consumed: pl.DataFrame, shipped: pl.DataFrame) -> derived.Derived:
    """The flows between lots and their parts. `consumed`, `shipped`: recorded and derived ones."""
    parts = lots.select("item", part="key", lot="parent").drop_nulls("lot")
    if parts.is_empty():
        return derived.empty()
    whole = lots.rename({"key": "lot"}).join(parts.select("lot"), on="lot", how="semi").sort("lot")
    names = whole.select("lot", "item", "owner", any=pl.col("lot") + _ANY)
    names = names.with_columns(spread=_SPREAD + pl.col("lot"), gather=_GATHER + pl.col("lot"))
    parts = parts.join(names.drop("item"), on="lot")
    into_any = pl.concat(
        [
            parts.select("item", lot="part", operation="gather"),
            names.select("item", "lot", operation="gather"),
        ]
    ).with_columns(_timeless())
    spread = names.select("item", "lot", operation="spread").with_columns(_timeless())
    out = pl.concat(
        [
            parts.select("item", lot="part", operation="spread"),
            names.select("item", lot="any", operation="gather"),
        ]
    )
    taken = pl.concat([consumed.select(_COLUMNS), into_any.select(_COLUMNS)])
    flows = [spread, into_any, _of_any_part(taken, names)]
    return derived.of(
        lots=whole.select(
            "owner", "item_code", "lot_no", "item", key=pl.col("lot") + _ANY,
            sublot=pl.lit(_ANY), kind=pl.lit("part"), rule=pl.lit(RULE),
        ),
        operations=_steps(names),
        consumed=_ruled(pl.concat([flow.select(_COLUMNS) for flow in flows])),
        produced=_ruled(out.with_columns(_timeless())),
        shipped=_ruled(_of_any_part(shipped, names)),
    )  # fmt: skip


def _of_any_part(taken: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """What took a lot with parts, as taken from any of them; the gathering of these aside."""
    end = "operation" if "operation" in taken.columns else "shipment"
    rows = taken.select("item", "lot", end, "t0", "t1")
    rows = rows.join(names.select("lot", "any", "gather"), on="lot")
    return rows.filter(pl.col(end) != pl.col("gather")).select("item", end, "t0", "t1", lot="any")


def _steps(names: pl.DataFrame) -> pl.DataFrame:
    both = [names.select("owner", "lot", key=name) for name in ("spread", "gather")]
    fixed = {"kind": pl.lit("part"), "status": pl.lit("closed"), "rule": pl.lit(RULE)}
    return pl.concat(both).select("key", company="owner", number="lot", **fixed)


def _timeless() -> list[pl.Expr]:
    return [pl.lit(None, pl.Int64).alias(name) for name in ("t0", "t1")]


def _ruled(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(rule=pl.lit(RULE))
