"""The scorecard of one supplier: its figures beside the others', its lots and what they expose."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from api.reports import figures, recall_lists
from api.reports.document import (
    Block,
    Cell,
    Column,
    Document,
    figure_row,
    heading,
    paragraph,
    signatures,
    table,
)
from api.reports.edition import Edition
from api.reports.names import Names
from graph_model.errors import NotFound
from graph_model.i18n import text
from graph_model.network import Facts
from queries import scorecard
from queries.recall.exposure import Exposure

SIGNERS = ("purchasing", "quality")


def _column(name: str, width: float = 1, *, right: bool = False) -> Column:
    return Column(text(f"report.column.{name}"), width, "right" if right else "left")


def scorecard_report(
    data: Facts,
    found: Exposure,
    rows: pl.DataFrame,
    supplier: str,
    edition: Edition,
    weighting: scorecard.Weighting | None = None,
) -> Document:
    """One supplier's card; `rows`: the scorecard of all. Raises NotFound."""
    mine = rows.filter(pl.col("supplier") == supplier)
    if mine.is_empty():
        raise NotFound("no_such_supplier", supplier=supplier)
    card = mine.row(0, named=True)
    names = Names.of(data)
    missing = scorecard.to_dict(found, rows)["missing"]
    state = (
        text("report.complete") if not missing else text("report.incomplete", kinds=len(missing))
    )
    blocks = [
        *_summary(card, rows, found),
        *_compared(rows, supplier, names, found, weighting or scorecard.load()),
        *_items(found, supplier, names),
        *_lots(found, supplier, names),
        *recall_lists.missing(missing, text("report.missing")),
        heading(text("report.signatures")),
        signatures(text(f"report.role.{role}") for role in SIGNERS),
    ]
    title = text("report.scorecard.title")
    return Document("scorecard", title, names.company(supplier), edition, state, blocks)


def _summary(card: dict[str, Any], rows: pl.DataFrame, found: Exposure) -> Iterator[Block]:
    ranked = rows.filter(pl.col("mark").is_not_null())
    place = ranked.filter(pl.col("mark") > (card["mark"] or 0)).height + 1
    yield heading(text("report.scorecard.summary"))
    yield figure_row(
        [
            (text("report.column.mark"), _mark(card["mark"])),
            (text("report.scorecard.place"), text("report.scorecard.of", n=place, of=len(ranked))),
            (text("report.column.delivered"), figures.number(card["delivered"])),
            (text("report.scorecard.exposure"),
             figures.money(card["exposure"], found.table.currency)),
        ]
    )  # fmt: skip
    yield paragraph(text("report.scorecard.note"))


def _mark(value: float | None) -> str:
    return text("report.unknown") if value is None else f"{value:.1f}"


def _compared(
    rows: pl.DataFrame,
    supplier: str,
    names: Names,
    found: Exposure,
    weighting: scorecard.Weighting,
) -> Iterator[Block]:
    """All suppliers side by side; the one that the card is of stands out."""
    yield heading(text("report.scorecard.compared", n=len(rows)))
    yield table(
        [_column("supplier", 1.9), _column("mark", 0.7, right=True),
         _column("delivered", 1, right=True), _column("inspected", 1.1, right=True),
         _column("rejected", 1, right=True), _column("trend", 1, right=True),
         _column("complaints", 1.2, right=True), _column("recalls", 0.9, right=True),
         _column("unnumbered", 1, right=True),
         _column("late_days", 1, right=True),
         Column(text("report.scorecard.exposure_in", currency=found.table.currency), 1.6, "right")],
        [_card(row, names, strong=row["supplier"] == supplier) for row in rows.to_dicts()],
    )  # fmt: skip
    told = ", ".join(
        text("report.scorecard.weight", figure=text(f"report.scorecard.figure_{name}"),
             weight=figures.number(weighting.weight[name]),
             worst=figures.number(weighting.worst[name]))
        for name in scorecard.FIGURES
    )  # fmt: skip
    yield paragraph(text("report.scorecard.weights", told=told))


def _card(row: dict[str, Any], names: Names, *, strong: bool) -> list[Cell]:
    trend = row["trend"]
    cells = [
        names.company(row["supplier"]), _mark(row["mark"]), figures.number(row["delivered"]),
        figures.number(row["inspected"]), figures.number(row["rejected"]),
        "–" if trend is None else ("+" if trend > 0 else "") + figures.share(trend),
        figures.number(row["complaints"]), figures.number(row["recalls"]),
        figures.number(row["unnumbered"]),
        figures.number(row["late_days"]), figures.plain_money(row["exposure"]),
    ]  # fmt: skip
    return [{"strong": cell} if strong else cell for cell in cells]


def _items(found: Exposure, supplier: str, names: Names) -> Iterator[Block]:
    lots = found.lots.filter(pl.col("supplier") == supplier)
    by_item = (
        lots.group_by("item")
        .agg(
            pl.len().alias("supplied"), pl.col("finished").max(), pl.col("customers").max(),
            worst=pl.col("cost").max(), mean=pl.col("cost").mean(),
        )
        .sort(["worst", "item"], descending=[True, False])
    )  # fmt: skip
    yield heading(text("report.scorecard.items"))
    yield table(
        [_column("item", 3), _column("delivered", 1, right=True),
         _column("finished_most", 1.2, right=True), _column("customers_most", 1.2, right=True),
         Column(text("report.scorecard.mean_in", currency=found.table.currency), 1.5, "right"),
         Column(text("report.scorecard.worst_in", currency=found.table.currency), 1.5, "right")],
        [
            [names.item(row["item"]), figures.number(row["supplied"]),
             figures.number(row["finished"]), figures.number(row["customers"]),
             figures.plain_money(row["mean"]), figures.plain_money(row["worst"])]
            for row in by_item.to_dicts()
        ],
    )  # fmt: skip


def _lots(found: Exposure, supplier: str, names: Names) -> Iterator[Block]:
    lots = found.lots.filter(pl.col("supplier") == supplier).sort(
        ["cost", "key"], descending=[True, False]
    )
    yield heading(text("report.scorecard.lots", n=len(lots)))
    yield table(
        [_column("item", 2.4), _column("supplier_lot", 1.8), _column("period", 1),
         _column("lots", 1, right=True), _column("finished", 1, right=True),
         _column("customers", 1, right=True),
         Column(text("report.scorecard.exposure_in", currency=found.table.currency), 1.6, "right")],
        [
            [names.item(row["item"]), row["lot_no"] or text("report.no_number"),
             row["period"] or text("report.unknown"), figures.number(row["lots"]),
             figures.number(row["finished"]), figures.number(row["customers"]),
             figures.plain_money(row["cost"])]
            for row in lots.to_dicts()
        ],
    )  # fmt: skip
