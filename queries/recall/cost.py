"""What a set of lots costs: amount at each place x figure by place and cost type."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
import polars as pl

from graph_model import quantity
from graph_model.errors import BadInput
from graph_model.lineage import Index, Lineage, spans
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
    return read(data, str(path))


def read(data: dict[str, Any], file: str) -> CostTable:
    """The table of parsed TOML; `file` stands in the messages. Raises BadInput."""
    figures = {place: table for place, table in data.items() if isinstance(table, dict)}
    _check(figures, file)
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
    _check(figures, str(path))
    first = rows.row(0, named=True) if len(rows) else {}
    about = {name: str(first.get(name) or "") for name in ("currency", "date", "source")}
    return CostTable(
        currency=about["currency"], date=about["date"], source=about["source"], figures=figures
    )


def _check(figures: dict[str, Any], file: str) -> None:
    for place, table in figures.items():
        if place not in places.ACTIVE:
            raise BadInput("costs_unreadable", path=file, problem=f"[{place}]")
        for cost_type, ways in table.items():
            numbers = isinstance(ways, dict) and all(
                isinstance(figure, int | float) for figure in ways.values()
            )
            if not numbers or set(ways) - _WAYS:
                raise BadInput("costs_unreadable", path=file, problem=f"{place}.{cost_type}")


@dataclass(frozen=True)
class Prices:
    """What acting on each located amount of a plant costs.

    `lines`: lot, place, cost_type, cost; the rows of lot i are `first[i]:first[i + 1]`; `by_lot`
    their sum. `parties`: row, lot, party (a number), place, cost_type, cost: what a place costs
    once for each party there, whatever the number of lots.
    """

    lines: pl.DataFrame
    first: Index
    by_lot: npt.NDArray[np.float64]
    parties: pl.DataFrame

    @staticmethod
    def of(table: CostTable, lineage: Lineage, items: pl.DataFrame) -> Prices:
        """Every located amount priced. An item without cost or price adds nothing there."""
        located = places.holdings(lineage).located
        active = located.filter(pl.col("place").is_in(places.ACTIVE) & (pl.col("quantity") > 0))
        lines = _lines(table, _in_item_units(active, lineage, items)).sort("lot")
        lots = lines["lot"].to_numpy()
        return Prices(
            lines,
            np.searchsorted(lots, np.arange(len(lineage.lots) + 1)),
            np.bincount(lots, weights=lines["cost"].to_numpy(), minlength=len(lineage.lots)).astype(
                np.float64
            ),
            _parties(table, active),
        )

    def costs(self, lots: Index) -> pl.DataFrame:
        """lot, place, cost_type, cost of acting on these lots; a party on its first lot."""
        lines = self.lines[spans(self.first[lots], self.first[lots + 1])[0]]
        return pl.concat([lines, self._reached(lots).select(lines.columns)])

    def total(self, lots: Index) -> float:
        """What acting on these lots costs."""
        return float(self.by_lot[lots].sum() + self._reached(lots)["cost"].sum())

    def _reached(self, lots: Index) -> pl.DataFrame:
        chosen = np.zeros(len(self.by_lot), dtype=bool)
        chosen[lots] = True
        here = self.parties.filter(pl.Series(chosen[self.parties["lot"].to_numpy()]))
        return here.unique(["party", "cost_type"], keep="first", maintain_order=True)


_kept: WeakKeyDictionary[Lineage, tuple[CostTable, Prices]] = WeakKeyDictionary()


def prices(table: CostTable, lineage: Lineage, items: pl.DataFrame) -> Prices:
    """Prices by this table; kept for the arrays until another table is asked for."""
    kept = _kept.get(lineage)
    if kept is None or kept[0] != table:
        kept = _kept[lineage] = (table, Prices.of(table, lineage, items))
    return kept[1]


def _in_item_units(active: pl.DataFrame, lineage: Lineage, items: pl.DataFrame) -> pl.DataFrame:
    about = items.select("unit_cost", "sales_price", item="key")
    rows = active.with_columns(
        item=lineage.lots["item"][active["lot"]], uom=lineage.lots["uom"][active["lot"]]
    )
    rows = quantity.to_item_unit(rows, items).join(
        about, on="item", how="left", maintain_order="left"
    )
    return rows.select(
        "lot",
        "place",
        amount=pl.coalesce("amount", "quantity"),
        unit_cost=pl.col("unit_cost").fill_null(0.0),
        price=pl.col("sales_price").fill_null(0.0),
    )


def _lines(table: CostTable, rows: pl.DataFrame) -> pl.DataFrame:
    parts = [rows.select("lot", "place", cost_type=pl.lit(""), cost=pl.lit(0.0)).clear()]
    for place, types in table.figures.items():
        here = rows.filter(pl.col("place") == place)
        for cost_type, ways in types.items():
            figure = (
                pl.col("unit_cost") * ways.get("share", 0.0)
                + pl.col("price") * ways.get("price_share", 0.0)
                + ways.get("per_unit", 0.0)
            )
            cost = pl.col("amount") * figure
            parts.append(here.select("lot", "place", cost_type=pl.lit(cost_type), cost=cost))
    return pl.concat(parts)


def _parties(table: CostTable, active: pl.DataFrame) -> pl.DataFrame:
    rows = active.select("lot", "place", party=pl.struct("place", "at").rank("dense"))
    parts = [
        rows.with_columns(cost_type=pl.lit(""), cost=pl.lit(0.0)).clear(),
        *(
            rows.filter(pl.col("place") == place).with_columns(
                cost_type=pl.lit(cost_type), cost=pl.lit(ways["per_party"])
            )
            for place, types in table.figures.items()
            for cost_type, ways in types.items()
            if "per_party" in ways
        ),
    ]
    return pl.concat(parts)


def unpriced(located: pl.DataFrame, lineage: Lineage, items: pl.DataFrame) -> list[str]:
    """Items with amounts to act on that state no unit cost."""
    active = located.filter(pl.col("place").is_in(places.ACTIVE) & (pl.col("quantity") > 0))
    used = pl.DataFrame({"key": lineage.lots["item"][active["lot"]]}).drop_nulls().unique()
    known = items.filter(pl.col("unit_cost").is_not_null()).select("key")
    return used.join(known, on="key", how="anti")["key"].sort().to_list()
