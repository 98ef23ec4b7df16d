"""What a set of lots costs: amount at each place x figure by place and cost type.

Where an amount is unknown the cost is a range: low counts nothing for it, likely and high what may
be there (see `_estimated`). Fixed cost comes once a recall; what is recovered is taken off the sum.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
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

FIXED, RECOVERED = "fixed", "recovered"
RANGE = ("low", "cost", "high")
"""Columns of what something costs: least, likely and most."""
_WAYS = {
    **dict.fromkeys(places.ACTIVE, frozenset({"share", "price_share", "per_unit", "per_party"})),
    FIXED: frozenset({"amount"}),
    RECOVERED: frozenset({"amount", "cost_share"}),
}
C = pl.col


@dataclass(frozen=True)
class CostTable:
    """Figures by place and cost type, with currency, date and source.

    Besides places, `fixed` holds what a recall costs once, and `recovered` what comes back: an
    amount, or a share of what acting costs. `sources` has date and source of figures that state
    their own.
    """

    currency: str
    date: str
    source: str
    figures: dict[str, dict[str, dict[str, float]]]
    sources: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)

    def source_of(self, place: str, cost_type: str) -> tuple[str, str]:
        """Date and source of a figure."""
        return self.sources.get((place, cost_type), (self.date, self.source))

    def at_places(self) -> Iterable[tuple[str, str, dict[str, float]]]:
        """place, cost type and figures, without fixed cost and what is recovered."""
        for place in places.ACTIVE:
            for cost_type, ways in self.figures.get(place, {}).items():
                yield place, cost_type, ways

    def fixed(self) -> dict[str, float]:
        """What a recall costs once, by type."""
        return {name: ways["amount"] for name, ways in self.figures.get(FIXED, {}).items()}

    def recovered(self, acting: float) -> dict[str, float]:
        """What comes back of a recall of which acting costs so much, by type."""
        return {
            name: ways.get("amount", 0.0) + ways.get("cost_share", 0.0) * acting
            for name, ways in self.figures.get(RECOVERED, {}).items()
        }


def load(path: Path | None = None) -> CostTable:
    """The table of a file, or the shipped example.

    TOML as in `costs.toml`; CSV with place, cost_type, way, figure, and if wanted currency, date
    and source of each row. Raises BadInput.
    """
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
        raise _unreadable(str(path), str(error)) from error
    return read(data, str(path))


def read(data: dict[str, Any], file: str) -> CostTable:
    """The table of parsed TOML; `file` stands in the messages. Raises BadInput."""
    figures = dict(data)
    about = {name: str(figures.pop(name, "")) for name in ("currency", "date", "source")}
    table = CostTable(about["currency"], about["date"], about["source"], {})
    for place, types in figures.items():
        if not isinstance(types, dict):
            raise _unreadable(file, place)
        for cost_type, ways in types.items():
            if not isinstance(ways, dict):
                raise _unreadable(file, f"{place}.{cost_type}")
            numbers = [way for name, way in ways.items() if name not in ("date", "source")]
            if not all(isinstance(way, int | float) for way in numbers):
                raise _unreadable(file, f"{place}.{cost_type}")
            _state(table, file, place, cost_type, dict(ways))
    return table


def _from_csv(path: Path) -> CostTable:
    rows = pl.read_csv(path, infer_schema=False)
    missing = {"place", "cost_type", "way", "figure"} - set(rows.columns)
    if missing:
        raise _unreadable(str(path), ", ".join(sorted(missing)))
    first = rows.row(0, named=True) if len(rows) else {}
    about = {name: str(first.get(name) or "") for name in ("currency", "date", "source")}
    table = CostTable(about["currency"], about["date"], about["source"], {})
    for row in rows.iter_rows(named=True):
        own = {name: row[name] for name in ("date", "source") if row.get(name)}
        ways = {row["way"]: row["figure"], **own}
        _state(table, str(path), row["place"], row["cost_type"], ways)
    return table


def _state(table: CostTable, file: str, place: str, cost_type: str, ways: dict[str, Any]) -> None:
    """Adds the figures of a cost type to the table; `date` and `source` may stand among them."""
    date, source = (ways.pop(name, getattr(table, name)) for name in ("date", "source"))
    if place not in _WAYS:
        raise _unreadable(file, f"[{place}]")
    if not ways or set(ways) - _WAYS[place]:
        raise _unreadable(file, f"{place}.{cost_type}")
    try:
        figures = {way: float(figure) for way, figure in ways.items()}
    except (TypeError, ValueError) as error:
        raise _unreadable(file, str(error)) from error
    whole = 0.0 <= figures.get("cost_share", 0.0) <= 1.0
    if not (whole and np.isfinite(list(figures.values())).all()):
        raise _unreadable(file, f"{place}.{cost_type}")
    table.figures.setdefault(place, {}).setdefault(cost_type, {}).update(figures)
    if (date, source) != (table.date, table.source):
        table.sources[place, cost_type] = (str(date), str(source))


def _unreadable(file: str, problem: str) -> BadInput:
    return BadInput("costs_unreadable", path=file, problem=problem)


@dataclass(frozen=True)
class Prices:
    """What acting on each located amount of a plant costs.

    `lines`: lot, place, cost_type, RANGE; the rows of lot i are `first[i]:first[i + 1]`; `by_lot`
    the sum of the likely cost. `parties`: the same and party (a number): what a place costs once
    for each party there, whatever the number of lots. `unbounded`: lots with an unknown amount
    that nothing bounds; their high cost is what is known.
    """

    lines: pl.DataFrame
    first: Index
    by_lot: npt.NDArray[np.float64]
    parties: pl.DataFrame
    unbounded: npt.NDArray[np.bool_]

    @staticmethod
    def of(table: CostTable, lineage: Lineage, items: pl.DataFrame) -> Prices:
        """Every located amount priced. An item without cost or price adds nothing there."""
        active = acted_on(places.holdings(lineage).located)
        amounts = _estimated(active, lineage, items)
        lines = _lines(table, amounts).sort("lot")
        lots, count = lines["lot"].to_numpy(), len(lineage.lots)
        unbounded = np.zeros(count, dtype=bool)
        unbounded[amounts.filter("unbounded")["lot"].to_numpy()] = True
        return Prices(
            lines,
            np.searchsorted(lots, np.arange(count + 1)),
            np.bincount(lots, weights=lines["cost"].to_numpy(), minlength=count).astype(np.float64),
            _parties(table, active),
            unbounded,
        )

    def costs(self, lots: Index) -> pl.DataFrame:
        """lot, place, cost_type, RANGE of acting on these lots; a party on the first of its lots,
        in the order given."""
        lines = self.lines[spans(self.first[lots], self.first[lots + 1])[0]]
        return pl.concat([lines, self._reached(lots).select(lines.columns)])

    def total(self, lots: Index) -> float:
        """What acting on these lots is likely to cost."""
        return float(self.by_lot[lots].sum() + self._reached(lots)["cost"].sum())

    def _reached(self, lots: Index) -> pl.DataFrame:
        rank = np.full(len(self.by_lot), -1, dtype=np.int64)
        rank[lots] = np.arange(len(lots))
        here = self.parties.with_columns(rank=pl.Series(rank[self.parties["lot"].to_numpy()]))
        here = here.filter(C("rank") >= 0).sort("rank", maintain_order=True)
        return here.unique(["party", "cost_type"], keep="first", maintain_order=True)


_kept: WeakKeyDictionary[Lineage, tuple[CostTable, Prices]] = WeakKeyDictionary()


def prices(table: CostTable, lineage: Lineage, items: pl.DataFrame) -> Prices:
    """Prices by this table; kept for the arrays until another table is asked for."""
    kept = _kept.get(lineage)
    if kept is None or kept[0] != table:
        kept = _kept[lineage] = (table, Prices.of(table, lineage, items))
    return kept[1]


def acted_on(located: pl.DataFrame) -> pl.DataFrame:
    """Rows of places where there is, or may be, something to act on."""
    some = (C("quantity") > 0) | (C("unknown") > 0)
    return located.filter(C("place").is_in(places.ACTIVE) & some)


def _estimated(active: pl.DataFrame, lineage: Lineage, items: pl.DataFrame) -> pl.DataFrame:
    """lot, place, unit_cost, price, least, likely, most (amounts in the item's unit), unbounded."""
    about = items.select("unit_cost", "sales_price", item="key", base="uom").unique("item")
    rows = in_item_units(active.select("lot", "place", "quantity", "unknown"), lineage, items)
    rows = rows.join(about, on="item", how="left", maintain_order="left")
    # An item without stock unit is counted in the unit of its lots.
    amount = pl.when(C("base").is_null()).then("quantity").otherwise("amount")
    vague = (C("unknown") > 0) | amount.is_null()
    rows = rows.with_columns(amount=amount, vague=vague)
    sure = rows.filter(~vague).with_columns(
        least="amount", likely="amount", most="amount", unbounded=pl.lit(False)
    )
    guessed = _guessed(rows.filter("vague"), lineage, items)
    return pl.concat([sure, guessed], how="diagonal_relaxed").select(
        "lot", "place", "least", "likely", "most", "unbounded",
        unit_cost=C("unit_cost").fill_null(0.0), price=C("sales_price").fill_null(0.0),
    )  # fmt: skip


def _guessed(rows: pl.DataFrame, lineage: Lineage, items: pl.DataFrame) -> pl.DataFrame:
    """Rows of unknown amount with least, likely, most, unbounded.

    At most what of the lot lies nowhere else by record, likely an equal part of that; where the
    lot's own amount is unknown, at most the largest and likely the median lot of its item. Where
    neither is known nothing bounds it, and the amount stated in an unknown unit stands.
    """
    if rows.is_empty():
        return rows.with_columns(
            least="quantity", likely="quantity", most="quantity", unbounded=pl.lit(False)
        )
    held = places.holdings(lineage)
    wholes = held.amounts.with_row_index("lot").select(C("lot").cast(pl.Int64), "quantity", "uom")
    wanted = lineage.lots["item"].is_in(rows["item"].unique().implode()).fill_null(False)
    wholes = in_item_units(wholes.filter(wanted), lineage, items).drop_nulls("amount")
    usual = wholes.group_by("item").agg(largest=C("amount").max(), median=C("amount").median())
    lots = rows["lot"].unique().sort()
    # What is left of a lot of which unknown amounts went is itself not known to be there.
    open_ = (C("place") == places.ON_HAND) & (C("unknown") > 0)
    spoken = held.located[held.rows(lots.to_numpy())]
    spoken = spoken.filter(~open_ & (C("place") != places.RETURNED))
    spoken = in_item_units(spoken, lineage, items).group_by("lot").agg(
        spoken=C("amount").sum()
    )  # fmt: skip
    rows = (
        rows.join(wholes.select("lot", whole="amount"), on="lot", how="left")
        .join(usual, on="item", how="left")
        .join(spoken, on="lot", how="left")
    )
    rest = pl.max_horizontal(C("whole") - C("spoken").fill_null(0.0), pl.lit(0.0))
    rest = pl.when(C("whole").is_not_null()).then(rest)
    least = pl.when(open_).then(0.0).otherwise(C("amount").fill_null(0.0))
    most = pl.coalesce(rest, "largest")
    likely = pl.coalesce(rest / pl.len().over("lot"), "median")
    stated = pl.coalesce("amount", "quantity")
    return rows.with_columns(
        least=least,
        likely=pl.coalesce(least + likely, stated),
        most=pl.coalesce(least + most, stated),
        unbounded=most.is_null(),
    )


def in_item_units(rows: pl.DataFrame, lineage: Lineage, items: pl.DataFrame) -> pl.DataFrame:
    """Adds item, uom and amount; quantities are in the unit of their lot."""
    units = places.holdings(lineage).amounts["uom"]
    own = rows.with_columns(item=lineage.lots["item"][rows["lot"]], uom=units[rows["lot"]])
    return quantity.to_item_unit(own, items)


def _lines(table: CostTable, rows: pl.DataFrame) -> pl.DataFrame:
    schema = {"lot": pl.Int64, "place": pl.String, "cost_type": pl.String}
    parts = [pl.DataFrame(schema=schema | dict.fromkeys(RANGE, pl.Float64))]
    amount_of = dict(zip(RANGE, ("least", "likely", "most"), strict=True))
    for place, cost_type, ways in table.at_places():
        figure = (
            C("unit_cost") * ways.get("share", 0.0)
            + C("price") * ways.get("price_share", 0.0)
            + ways.get("per_unit", 0.0)
        )
        here = rows.filter(C("place") == place).select(
            "lot", "place", cost_type=pl.lit(cost_type),
            **{name: C(amount) * figure for name, amount in amount_of.items()},
        )  # fmt: skip
        # What comes in per unit, a figure below zero, is least where the amount is most.
        ends = here.with_columns(
            low=pl.min_horizontal("low", "high"), high=pl.max_horizontal("low", "high")
        )
        parts.append(ends.select(parts[0].columns))
    return pl.concat(parts)


def _parties(table: CostTable, active: pl.DataFrame) -> pl.DataFrame:
    rows = active.select("lot", "place", party=pl.struct("place", "at").rank("dense"))
    parts = [
        rows.clear().with_columns(
            cost_type=pl.lit(""), **{name: pl.lit(0.0) for name in RANGE}
        ),
        *(
            rows.filter(C("place") == place).with_columns(
                cost_type=pl.lit(cost_type),
                **{name: pl.lit(ways["per_party"]) for name in RANGE},
            )
            for place, cost_type, ways in table.at_places()
            if "per_party" in ways
        ),
    ]  # fmt: skip
    return pl.concat(parts)


def unpriced(located: pl.DataFrame, lineage: Lineage, items: pl.DataFrame) -> list[str]:
    """Items with amounts to act on that state no unit cost."""
    used = pl.DataFrame({"key": lineage.lots["item"][acted_on(located)["lot"]]})
    known = items.filter(C("unit_cost").is_not_null()).select("key")
    return used.drop_nulls().unique().join(known, on="key", how="anti")["key"].sort().to_list()
