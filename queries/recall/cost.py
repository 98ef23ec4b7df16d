"""What a set of lots costs: amount at each place x figure by place and cost type."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import polars as pl

from graph_model import quantity
from graph_model.errors import BadInput
from graph_model.lineage import Lineage
from queries.recall import places

_WAYS = {"share", "price_share", "per_unit", "per_party"}


@dataclass(frozen=True)
class CostTable:
    """Figures by place and cost type, with currency, date and source."""

    currency: str
    date: str
    source: str
    figures: dict[str, dict[str, dict[str, float]]]


def load(path: Path | None = None) -> CostTable:
    """The table of a TOML or CSV file (place, cost_type, way, figure), or the shipped example."""
    try:
        if path is not None and path.suffix.lower() == ".csv":
            return _from_csv(path)
        text = (
            path.read_text(encoding="utf-8")
            if path
            else files("queries.recall").joinpath("costs.toml").read_text(encoding="utf-8")
        )
        data = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput("costs_unreadable", path=str(path), problem=str(error)) from error
    figures = {place: table for place, table in data.items() if isinstance(table, dict)}
    _check(figures, path)
    return CostTable(
        str(data.get("currency", "")),
        str(data.get("date", "")),
        str(data.get("source", "")),
        figures,
    )


def _from_csv(path: Path) -> CostTable:
    rows = pl.read_csv(path, infer_schema=False)
    missing = {"place", "cost_type", "way", "figure"} - set(rows.columns)
    if missing:
        raise BadInput("costs_unreadable", path=str(path), problem=", ".join(sorted(missing)))
    figures: dict[str, dict[str, dict[str, float]]] = {}
    for row in rows.iter_rows(named=True):
        try:
            figure = float(row["figure"])
        except (TypeError, ValueError) as error:
            raise BadInput("costs_unreadable", path=str(path), problem=str(error)) from error
        figures.setdefault(row["place"], {}).setdefault(row["cost_type"], {})[row["way"]] = figure
    _check(figures, path)
    first = rows.row(0, named=True) if len(rows) else {}
    about = {name: str(first.get(name) or "") for name in ("currency", "date", "source")}
    return CostTable(
        currency=about["currency"], date=about["date"], source=about["source"], figures=figures
    )


def _check(figures: dict[str, Any], path: Path | None) -> None:
    for place, table in figures.items():
        if place not in places.ACTIVE:
            raise BadInput("costs_unreadable", path=str(path), problem=f"[{place}]")
        for cost_type, ways in table.items():
            if not isinstance(ways, dict) or set(ways) - _WAYS:
                raise BadInput("costs_unreadable", path=str(path), problem=f"{place}.{cost_type}")


def price(
    table: CostTable, located: pl.DataFrame, lineage: Lineage, items: pl.DataFrame
) -> pl.DataFrame:
    """lot, place, cost_type, cost in the table's currency for each located amount.

    An item without cost or price adds nothing there; `unpriced` names such items.
    """
    active = located.filter(pl.col("place").is_in(places.ACTIVE) & (pl.col("quantity") > 0))
    about = items.select("unit_cost", "sales_price", item="key")
    rows = active.with_columns(
        item=lineage.lots["item"][active["lot"]], uom=lineage.lots["uom"][active["lot"]]
    )
    rows = quantity.to_item_unit(rows, items).join(
        about, on="item", how="left", maintain_order="left"
    )
    amount = pl.coalesce("amount", "quantity")
    parts = []
    for place, types in table.figures.items():
        here = rows.filter(pl.col("place") == place)
        for cost_type, ways in types.items():
            cost = (
                amount * pl.col("unit_cost").fill_null(0.0) * ways.get("share", 0.0)
                + amount * pl.col("sales_price").fill_null(0.0) * ways.get("price_share", 0.0)
                + amount * ways.get("per_unit", 0.0)
            )
            parts.append(here.select("lot", "place", cost=cost, cost_type=pl.lit(cost_type)))
            if "per_party" in ways:
                # Once a party, on the first lot that reached it.
                parties = here.unique("at", keep="first", maintain_order=True)
                parts.append(
                    parties.select(
                        "lot", "place", cost=pl.lit(ways["per_party"]), cost_type=pl.lit(cost_type)
                    )
                )
    schema = {"lot": pl.Int64, "place": pl.String, "cost": pl.Float64, "cost_type": pl.String}
    return pl.concat(parts) if parts else pl.DataFrame(schema=schema)


def unpriced(located: pl.DataFrame, lineage: Lineage, items: pl.DataFrame) -> list[str]:
    """Items with amounts to act on that state no unit cost."""
    active = located.filter(pl.col("place").is_in(places.ACTIVE) & (pl.col("quantity") > 0))
    used = pl.DataFrame({"key": lineage.lots["item"][active["lot"]]}).drop_nulls().unique()
    known = items.filter(pl.col("unit_cost").is_not_null()).select("key")
    return used.join(known, on="key", how="anti")["key"].sort().to_list()
