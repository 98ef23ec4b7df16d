"""report: documents for auditors, authorities, customers and suppliers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli import context
from api.cli.context import AsOf
from api.cli.suspecting import Given, premises, suspecting, suspects
from api.reports import pdf
from api.reports.document import Document
from api.reports.edition import Edition
from api.reports.names import everybody
from api.reports.recall_pack import recall_pack
from graph_model.errors import BadInput
from graph_model.i18n import text
from graph_model.plant import Plant
from queries.recall import cost
from queries.recall.scope import Scope, compute

report = typer.Typer(help=text("report.cli.help"), no_args_is_help=True, rich_markup_mode=None)
Target = Annotated[Path, typer.Option("--output", help=text("report.cli.output"))]
Costs = Annotated[Path | None, typer.Option("--costs", help=text("cli.costs"))]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    report.command("recall", help=text("report.cli.recall"))(suspecting(recall))
    app.add_typer(report, name="report")


def _print(document: Document, target: Path) -> None:
    """Sets the document and says where it is, and the hash that it prints."""
    _save(target, pdf.render(document), ".pdf")
    context.console.print(text("report.cli.written", path=str(target)), markup=False)
    context.console.print(text("report.print.hash", digest=document.digest()), markup=False)


def _save(target: Path, content: bytes, suffix: str) -> None:
    if target.suffix.lower() != suffix:
        raise BadInput("report_kind", path=str(target), suffix=suffix)
    try:
        target.write_bytes(content)
    except OSError as error:
        raise BadInput("output_unwritable", path=str(target)) from error


def _scope(plant: Plant, given: Given, as_of: int | None, costs: Path | None) -> Scope:
    asked = suspects(plant, given)
    facts, lineage = plant.facts(as_of), plant.lineage(as_of)
    return compute(facts, lineage, asked, cost.load(costs), **premises(given))


def recall(given: Given, output: Target, costs: Costs = None, as_of: AsOf = None) -> None:
    """The recall pack of a scope."""
    with context.plant() as plant:
        scope = _scope(plant, given, as_of, costs)
        document = recall_pack(scope, Edition.of(plant, as_of), everybody(plant, scope.facts))
    _print(document, output)
