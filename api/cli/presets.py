"""preset list, show, delete; and how the tables of a file are taken, in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from api.cli import context
from api.cli.context import Json
from graph_model.i18n import catalogue, language, text
from loaders.findings_workbook import field_name
from loaders.mapping import Column, TableMap
from loaders.presets import Presets

preset = typer.Typer(help=text("mapping.help"), no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(help=text("mapping.name"))]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    preset.command("list", help=text("mapping.list"))(list_)
    preset.command("show", help=text("mapping.show"))(show)
    preset.command("delete", help=text("mapping.delete"))(delete)
    app.add_typer(preset, name="preset")


def list_(as_json: Json = False) -> None:
    """All presets, the newest first."""
    with context.plant() as plant:
        found = Presets(plant.ledger.records).all()
    if as_json:
        context.show_json([one.to_dict() for one in found])
        return
    rows: list[list[object]] = [
        [one.name, ", ".join(dict.fromkeys(kind_name(table.kind) for table in one.tables)),
         one.who, f"{datetime.fromtimestamp(one.at, UTC):%Y-%m-%d %H:%M}"]
        for one in found
    ]  # fmt: skip
    heads = [text(f"mapping.head.{name}") for name in ("preset", "kind", "who", "at")]
    context.show_table(text("mapping.list"), heads, rows)


def show(name: Name, as_json: Json = False) -> None:
    """How one preset reads tables; its JSON serves as `load --map`."""
    with context.plant() as plant:
        found = Presets(plant.ledger.records).get(name)
    if as_json:
        context.show_json(found.to_dict())
        return
    show_tables(found.maps)


def delete(name: Name) -> None:
    """Forgets a preset; what was read by it stays."""
    with context.plant() as plant:
        Presets(plant.ledger.records).delete(name)
    context.console.print(text("mapping.deleted", name=name), markup=False)


def kind_name(kind: str | None) -> str:
    """A kind of table as people know it; those of other formats stand as written there."""
    if kind is None:
        return text("mapping.none")
    return catalogue(language()).get(f"import.sheet.{kind}", kind)


def why_kind(table: TableMap) -> str:
    """What told the kind of a table."""
    return text(f"mapping.kind.{table.why}", said=table.said)


def why_column(column: Column) -> str:
    """What told the field of a column."""
    return text(f"mapping.column.{column.why}")


def show_tables(tables: Sequence[TableMap]) -> None:
    """Each table with its columns, what they are taken for, and why."""
    for table in tables:
        place = text("mapping.at", file=table.file, sheet=table.sheet, row=table.row,
                     rows=table.rows)  # fmt: skip
        asks = "" if table.sure else text("mapping.asks")
        title = f"{place}: {kind_name(table.kind)} ({why_kind(table)}) {asks}"
        rows: list[list[object]] = [
            [column.heading, " · ".join(column.samples),
             field_name(column.field) if column.field else text("mapping.none"),
             why_column(column), "" if column.sure or not column.field else text("mapping.asks")]
            for column in table.columns
        ]  # fmt: skip
        rows += [
            ["", value, field_name(name), text("mapping.column.above"), ""]
            for name, value in table.constants.items()
        ]
        heads = [text(f"mapping.head.{name}") for name in ("heading", "cells", "field", "why", "")]
        context.show_table(title, heads, rows)
