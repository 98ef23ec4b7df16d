"""What every command needs: the settings, the plant, JSON or tables out, files out."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from api import watching
from api.reports import answers, sheets
from api.reports.edition import Edition
from graph_model.errors import BadInput
from graph_model.i18n import text
from graph_model.plant import Plant
from graph_model.settings import Settings

_settings = Settings()
console = Console(soft_wrap=True, highlight=False)

Json = Annotated[bool, typer.Option("--json", help=text("cli.json"))]
Output = Annotated[Path | None, typer.Option("--output", help=text("cli.output"))]
AsOf = Annotated[int | None, typer.Option("--as-of", help=text("cli.as_of"))]


def start(data: Path | None) -> None:
    """Takes the shared options."""
    global _settings
    _settings = Settings(data=data) if data is not None else Settings()


def settings() -> Settings:
    """The settings of this run."""
    return _settings


def demo_folder() -> Path:
    """The folder of the demo, emptied; one that holds other data is refused."""
    if "data" not in _settings.model_fields_set:
        start(Path("lotgraph-demo"))
    folder = _settings.data
    mark = folder / "demo"
    if folder.exists() and any(folder.iterdir()) and not mark.exists():
        raise BadInput("demo_folder_taken", folder=str(folder))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    mark.touch()
    return folder


def plant(*, new: bool = False) -> Plant:
    """The plant of the data folder. Raises BadInput where there is none, unless `new`."""
    if not new and not _settings.database_url and not (_settings.data / "ledger.sqlite").exists():
        raise BadInput("no_data", folder=str(_settings.data))
    return Plant(_settings)


def project(
    plant: Plant, tell: Callable[[str], None], *, rebuild: bool = False, watch: bool = True
) -> None:
    """Brings graph and arrays up to date with the ledger; tells how far and for how long.

    Unless told otherwise, open incidents are looked at again first, and new alerts told.
    """
    if watch and not rebuild:
        tell(text("incident.rerun"))
        fresh = watching.rerun(plant)
        if fresh:
            print(text("incident.alerted", count=len(fresh)), file=sys.stderr)
    tell(text("cli.projecting"))
    begun: dict[str, float] = {}

    def told(table: str, done: int, total: int) -> None:
        began = begun.setdefault(table, time.monotonic())
        left = round((time.monotonic() - began) / done * (total - done))
        name = table.partition(":")[0]
        tell(text("cli.projecting_rows", table=name, done=done, total=total, left=left))

    def waits(host: str, pid: int) -> None:
        tell(text("cli.projecting_waits", host=host, pid=pid))

    plant.graph(rebuild=rebuild, progress=told, waiting=waits).close()
    plant.lineage(rebuild=rebuild)


def show_json(value: Any) -> None:
    """One JSON document on standard output."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def show_table(title: str, heads: list[str], rows: list[list[object]], of: int = 0) -> None:
    """A table; says how many of how many when rows were left out, and where there are none."""
    if not rows:
        console.print(title, markup=False)
        console.print(text("cli.no_rows"))
        return
    table = Table(title=title, title_justify="left", header_style="bold")
    for head in heads:
        table.add_column(head, overflow="fold")
    for row in rows:
        table.add_row(*(Text(_shown(cell)) for cell in row))
    console.print(table)
    if of > len(rows):
        console.print(text("cli.showing", shown=len(rows), total=of))


def _shown(cell: object) -> str:
    if isinstance(cell, float):
        return f"{cell:.12g}"
    return "" if cell is None else str(cell)


def write(
    path: Path,
    title: str,
    rows: list[dict[str, Any]],
    whole: Any,
    edition: Edition | None = None,
) -> None:
    """All rows to .xlsx, .csv or .parquet, or the whole answer to .json. Raises BadInput.

    `edition` is needed only where the answer itself does not say which batch it stands on.
    """
    if edition is None and isinstance(whole, dict) and isinstance(whole.get("as_of"), int):
        with plant() as opened:
            edition = Edition.of(opened, whole["as_of"])
    sheets.write(path, rows, whole, answers.about(title, whole, edition))
