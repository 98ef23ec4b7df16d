"""project: bring the graph up to date by itself, or load it into a stopped Neo4j server."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli import context
from api.cli.importing import progress
from graph_model.i18n import text

Offline = Annotated[bool, typer.Option("--offline", help=text("cli.project.offline"))]
Overwrite = Annotated[bool, typer.Option("--overwrite", help=text("cli.project.overwrite"))]


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(help=text("cli.project.help"))(project)


def project(offline: Offline = False, overwrite: Overwrite = False) -> None:
    """Bring graph and arrays up to date with the ledger."""
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
