"""Suppliers side by side, from trace data: what they delivered, and what became of it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from graph_model import cases
from graph_model.errors import Ambiguous, BadInput, NotFound
from graph_model.lineage import Lineage
from graph_model.network import Facts
from graph_model.schema import Complaint, Inspection, Operation, PurchaseOrder
from queries.incidents.asked import asked, deeds
from queries.recall import roots
from queries.recall.completeness import Missing
from queries.recall.exposure import Exposure, supplied_lots
from queries.recall.sweeps import Net

FIGURES = ("rejected", "complaints", "recalls", "exposure", "missing", "late")
LATER = {"recalls": {"weight": 0.0, "worst": 1.0}}
"""Figures that weights of a plant's own may lack: they were not there when these were set."""
DAY = 86_400_000_000


@dataclass(frozen=True)
class Weighting:
    """By figure: its weight, and the value at which its mark is 0."""

    weight: dict[str, float]
    worst: dict[str, float]


def load(path: Path | None = None) -> Weighting:
    """The weighting of a TOML file, or the shipped one. Raises BadInput."""
    try:
        text = (
            path.read_text(encoding="utf-8")
            if path
            else files("queries").joinpath("scorecard.toml").read_text(encoding="utf-8")
        )
        data = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput("weights_unreadable", path=str(path), problem=str(error)) from error
    return read(data, str(path))


def read(data: dict[str, Any], file: str) -> Weighting:
    """The weighting of parsed TOML; `file` stands in the messages. Raises BadInput."""
    data = LATER | data
    try:
        weight = {name: float(data[name]["weight"]) for name in FIGURES}
        worst = {name: float(data[name]["worst"]) for name in FIGURES}
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput("weights_unreadable", path=file, problem=str(error)) from error
    if set(data) - set(FIGURES):
        names = ", ".join(sorted(set(data) - set(FIGURES)))
        raise BadInput("weights_unreadable", path=file, problem=names)
    if min(worst.values()) <= 0 or min(weight.values()) < 0 or not sum(weight.values()):
        raise BadInput("weights_unreadable", path=file, problem="weight, worst")
    return Weighting(weight, worst)


def scorecard(
    facts: Facts, lineage: Lineage, found: Exposure, weighting: Weighting | None = None
) -> pl.DataFrame:
    """One row a supplier, the lowest mark first.

    delivered, inspected, rejected (lots), complaints (that can come from it), complaints_shared,
    recalls (incidents, drills aside, that suspect a lot of it), exposure (money), unnumbered
    (lots), late_days, trend (share rejected of the later half of its inspected lots less that of
    the earlier half; null below four), mark (0 to 100).
    """
    weighting = weighting or load()
    lots = supplied_lots(lineage)
    rows = lots.group_by("supplier").agg(
        delivered=pl.len(), unnumbered=(pl.col("lot_no") == "").sum()
    )
    money = found.groups.filter(pl.col("group") == "supplier").select(
        supplier="name", exposure=pl.col("cost").round(2)
    )
    parts = (rejections(facts, lineage), complaints(facts, lineage, lots), money,
             recalls(facts, lineage, lots), _lateness(facts, lineage))  # fmt: skip
    for part in parts:
        rows = rows.join(part, on="supplier", how="left")
    counts = ("inspected", "rejected", "complaints", "complaints_shared", "recalls", "exposure")
    rows = rows.with_columns(pl.col(counts).fill_null(0))
    return _marked(rows, weighting).sort("mark", "supplier")


def _marked(rows: pl.DataFrame, weighting: Weighting) -> pl.DataFrame:
    # Shares of nothing are unknown, and an unknown figure has no part in the mark.
    values = {
        "rejected": _share("rejected", pl.col("inspected")),
        "complaints": _share("complaints_shared", pl.col("delivered")),
        "recalls": _share("recalls", pl.col("delivered")),
        "exposure": _share("exposure", pl.col("exposure").max()),
        "missing": _share("unnumbered", pl.col("delivered")),
        "late": pl.col("late_days"),
    }
    marks, weights = [], []
    for name, value in values.items():
        mark = 100 * (1 - (value / weighting.worst[name]).clip(0, 1))
        known = value.is_not_null()
        marks.append((mark * weighting.weight[name]).fill_null(0))
        weights.append(pl.when(known).then(weighting.weight[name]).otherwise(0.0))
    total = pl.sum_horizontal(weights)
    mark = pl.when(total > 0).then(pl.sum_horizontal(marks) / total)
    return rows.with_columns(mark=mark.round(1))


def _share(part: str, whole: pl.Expr) -> pl.Expr:
    return pl.when(whole > 0).then(pl.col(part) / whole)


def inspections(facts: Facts, lineage: Lineage) -> pl.DataFrame:
    """supplier, lot, failed, at: one row an inspected lot of a supplier, also under our number.

    A lot that failed once has failed; `at` is its first inspection.
    """
    done = facts[Inspection].filter(
        pl.col("lot").is_not_null() & pl.col("result").is_in(["conforming", "nonconforming"])
    )
    theirs = supplied_lots(lineage).select("supplier", lot="key")
    ours = lineage.lots.filter(pl.col("supplier").is_not_null()).select("supplier", lot="key")
    whose = pl.concat([theirs, ours]).unique("lot", maintain_order=True)
    rows = done.join(whose, on="lot", how="inner")
    return rows.group_by("supplier", "lot").agg(
        failed=(pl.col("result") == "nonconforming").any(), at=pl.col("earliest").min()
    )


def rejections(facts: Facts, lineage: Lineage) -> pl.DataFrame:
    """supplier, inspected, rejected, trend."""
    lots = inspections(facts, lineage).sort("at", "lot", nulls_last=False)
    place = pl.int_range(pl.len()).over("supplier")
    lots = lots.with_columns(later=place >= pl.len().over("supplier") // 2)
    failed, later = pl.col("failed"), pl.col("later")
    change = failed.filter(later).mean() - failed.filter(~later).mean()
    return lots.group_by("supplier").agg(
        inspected=pl.len(),
        rejected=failed.sum(),
        trend=pl.when(pl.len() >= 4).then(change).round(4),
    )


def complaints(facts: Facts, lineage: Lineage, lots: pl.DataFrame) -> pl.DataFrame:
    """supplier, complaints, complaints_shared: over all flows, recorded and derived.

    `complaints_shared` gives each of the suppliers that a complaint can come from an equal part.
    """
    about = facts[Complaint].drop_nulls("lot").group_by("lot", maintain_order=True).len()
    numbers = lineage.number(about["lot"].to_list())
    known = numbers >= 0
    names = lots["supplier"].unique().sort()
    if not known.any() or not len(names):
        schema = {"supplier": pl.String, "complaints": pl.Int64, "complaints_shared": pl.Float64}
        return pl.DataFrame(schema=schema)
    count, base = about["len"].to_numpy()[known].astype(np.float64), len(lineage.lots)
    roots = lots["lot"].to_numpy()
    net = Net.of(
        base + len(lineage.operations),
        np.concatenate([lineage.consumed_lot, base + lineage.produced_op.astype(np.int64)]),
        np.concatenate([base + lineage.consumed_op.astype(np.int64), lineage.produced_lot]),
        roots,
    )
    owner = names.search_sorted(lots["supplier"]).to_numpy().astype(np.int64)
    starts = net.starts(owner, roots, len(names))
    weight = net.weights(numbers[known], count)
    whole, by = net.sums(starts, weight[:, None])
    shared, _ = net.sums(starts, (weight / np.maximum(by, 1))[:, None])
    return pl.DataFrame(
        {
            "supplier": names,
            "complaints": pl.Series(np.rint(whole[:, 0]), dtype=pl.Int64),
            "complaints_shared": shared[:, 0].round(6),
        }
    )


def recalls(facts: Facts, lineage: Lineage, lots: pl.DataFrame) -> pl.DataFrame:
    """supplier, recalls: incidents of which the source, as now suspected, is a lot of its.

    A question that names an effect only, or lots that are no longer there, is traced to nobody.
    """
    ours = lineage.lots.select("supplier", lot=pl.int_range(pl.len(), dtype=pl.Int64)).drop_nulls()
    whose = pl.concat([lots.select("supplier", pl.col("lot").cast(pl.Int64)), ours])
    found = [pl.DataFrame(schema={"supplier": pl.String})]
    for row in facts[cases.Incident].filter(pl.col("kind").ne_missing(cases.MOCK)).to_dicts():
        try:
            answer = roots.answer(facts, lineage, asked(facts, row, deeds(facts, row["key"])))
        except (NotFound, Ambiguous, BadInput):
            continue
        if not answer.effect:
            named = whose.filter(pl.col("lot").is_in(pl.Series(answer.match).implode()))
            found.append(named.select("supplier").unique())
    return pl.concat(found).group_by("supplier").agg(recalls=pl.len())


def _lateness(facts: Facts, lineage: Lineage) -> pl.DataFrame:
    """supplier, late_days: mean days from the day promised to the receipt, 0 where it came in time.

    Of an order and item that was promised in parts, the last day counts. A receipt without a day
    promised is judged by its time on the way, beyond the median of all receipts of the item.
    """
    received = facts[Operation].filter(pl.col("kind") == "receive")
    received = received.select("key", "released_at", "earliest", "purchase_order_no")
    steps = lineage.operations.select("key", op=pl.int_range(pl.len(), dtype=pl.Int32)).join(
        received.drop_nulls("earliest"), on="key", how="inner"
    )
    lots = supplied_lots(lineage).select(pl.col("lot").cast(pl.Int32), "supplier", "item")
    rows = lineage.consumed.select("op", "lot").join(steps, on="op").join(lots, on="lot")
    promised = (
        facts[PurchaseOrder].group_by("purchase_order_no", "item").agg(pl.col("promised_at").max())
    )
    rows = rows.join(promised, on=["purchase_order_no", "item"], how="left")
    days = rows.with_columns(days=(pl.col("earliest") - pl.col("released_at")) / DAY)
    usual = pl.col("days") - pl.col("days").median().over("item")
    over = pl.coalesce((pl.col("earliest") - pl.col("promised_at")) / DAY, usual).clip(0)
    return (
        days.with_columns(over=over)
        .group_by("supplier")
        .agg(late_days=pl.col("over").mean().round(3))
    )


def to_dict(found: Exposure, rows: pl.DataFrame) -> dict[str, Any]:
    """As JSON, with what the figures stand on."""
    missing = list(found.missing)
    if rows["late_days"].null_count():
        count = rows["late_days"].null_count()
        missing.append(Missing("no_shipping_date", count=count))
    lineage = found.lineage
    return {
        "as_of": lineage.batch, "head": f"{lineage.batch}:{lineage.head}",
        "complete": not missing, "missing": [entry.to_dict() for entry in missing],
        "currency": found.table.currency, "suppliers": rows.to_dicts(),
    }  # fmt: skip
