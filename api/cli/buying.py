"""cover: can we go on making when a supplier's goods are suspect?"""

from __future__ import annotations

from typing import Any

import typer

from api.cli import context
from api.cli.asking import ROWS
from api.cli.context import AsOf, Json, Output
from api.cli.scope_view import show_missing
from api.cli.suspecting import Given, premises, suspecting, suspects
from graph_model.errors import BadInput
from graph_model.i18n import text
from queries import purchasing
from queries.recall.scope import compute
from queries.recall.words import moment

_TABLES = {
    "items": (
        "item", "on_hand", "suspect", "unclear", "clean", "uom", "daily_use", "days", "short",
    ),
    "to_come": ("item", "on_order", "uom", "next_at", "on_order_suspect"),
    "orders": ("purchase_order_no", "supplier", "item", "ordered", "open", "promised_at"),
    "alternates": ("item", "supplier", "approval", "lots", "last_at"),
    "instead": ("item", "alternate", "parent"),
    "replan": ("work_order", "product", "item", "need", "left"),
}  # fmt: skip
_TIMES = ("next_at", "promised_at", "last_at")


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(help=text("buying.help"))(suspecting(cover))


def cover(given: Given, as_of: AsOf = None, output: Output = None, as_json: Json = False) -> None:
    """Clean stock, what is to come, days of cover, alternates and orders that run short."""
    if not given.get("supplier"):
        raise BadInput("no_supplier")
    with context.plant() as plant:
        facts, lineage = plant.facts(as_of), plant.lineage(as_of)
        asked = suspects(plant, given)
        suspect = None
        if set(asked.given()) != {"supplier"}:
            suspect = compute(facts, lineage, asked, **premises(given)).held
        whole = purchasing.to_dict(purchasing.cover(facts, lineage, given["supplier"], suspect))
    if output is not None:
        context.write(output, text("buying.help"), whole["items"], whole)
    if as_json:
        context.show_json(whole)
    elif output is None:
        _show(whole)


def _show(whole: dict[str, Any]) -> None:
    for name, columns in _TABLES.items():
        found = whole["items" if name == "to_come" else name]
        rows = [[_cell(column, row[column]) for column in columns] for row in found[:ROWS]]
        heads = [text(f"buying.head.{column}") for column in columns]
        title = text(f"buying.{name}", supplier=whole["supplier"])
        context.show_table(title, heads, rows, len(found))
    show_missing(whole["missing"])
    context.console.print(text("cli.stands_on", head=whole["head"]))


def _cell(column: str, value: Any) -> object:
    if value is None:
        return text("buying.unknown")
    if column == "approval":
        return text(f"buying.approval.{value}")
    if column in _TIMES:
        return (moment(value) or text("buying.unknown"))[:10]
    return f"{value:,.6g}" if isinstance(value, float) else value
