"""project: bring graph and arrays up to date, load a stopped Neo4j server, or write Parquet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli import context
from api.cli.importing import progress
from graph_model import parquet
from graph_model.errors import BadInput
from graph_model.i18n import text

Offline = Annotated[bool, typer.Option("--offline", help=text("cli.project.offline"))]
Overwrite = Annotated[bool, typer.Option("--overwrite", help=text("cli.project.overwrite"))]
Parquet = Annotated[Path | None, typer.Option("--parquet", help=text("cli.project.parquet"))]


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(help=text("cli.project.help"))(project)


def project(offline: Offline = False, overwrite: Overwrite = False, to: Parquet = None) -> None:
    """Bring graph and arrays up to date with the ledger."""
    if to is not None and (offline or overwrite):
        raise BadInput("parquet_alone")
    if to is not None:
        _write_parquet(to)
        return
    if offline:
        _load_offline(overwrite=overwrite)
        return
    with context.plant() as plant:
        with progress() as tell:
            context.project(plant, tell)
        number, _ = plant.ledger.head()
    context.console.print(text("cli.rebuilt", batch=number))


def _load_offline(*, overwrite: bool) -> None:
    with context.plant() as plant:
        with progress() as tell:
            tell(text("cli.projecting"))

            def told(table: str, rows: int) -> None:
                name = table.partition(":")[0]
                step = "writing" if table else "loading"
                tell(text(f"cli.project.{step}", table=name, rows=rows))

            rows = plant.load_offline(overwrite=overwrite, told=told)
        address = plant.graph_name
    context.console.print(text("cli.project.loaded", rows=rows, graph=address))


def _write_parquet(folder: Path) -> None:
    with context.plant() as plant, progress() as tell:
        tell(text("cli.project.parquet_writing"))
        lineage = plant.lineage()
        parquet.write(plant.ledger, lineage, folder)
    context.console.print(
        text("cli.project.parquet_written", folder=str(folder), batch=lineage.batch)
    )
