"""find, trace, ask, scope: commands that read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli import context
from api.cli.context import AsOf, Json, Output
from api.cli.scope_view import show_missing, show_scope, show_why
from api.cli.suspecting import (
    Given,
    RootsFile,
    cost_table,
    premises,
    references,
    suspecting,
    suspects,
)
from api.reports.edition import Edition
from graph_model.errors import BadInput, NotFound
from graph_model.i18n import catalogue as catalogue_of
from graph_model.i18n import language, text
from graph_model.plant import Plant
from queries import catalogue, traces
from queries.given import arguments
from queries.given import lots as given_lots
from queries.given import rows as answer_rows
from queries.recall import evidence, report
from queries.recall.inspections import PREVALENCE
from queries.recall.scope import compute

ROWS = 40
"""Rows that a table on the screen shows; JSON and files always have all."""


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command(help=text("cli.trace"))(trace)
    app.command(help=text("cli.ask"))(ask)
    app.command(help=text("cli.scope"))(suspecting(scope))
    app.command(help=text("cli.find"))(find)


def trace(
    lots: Annotated[list[str] | None, typer.Argument(help=text("cli.lots"))] = None,
    roots: RootsFile = None,
    backward: Annotated[bool, typer.Option("--backward", help=text("cli.backward"))] = False,
    both: Annotated[bool, typer.Option("--both", help=text("cli.both"))] = False,
    each: Annotated[bool, typer.Option("--each", help=text("cli.each"))] = False,
    as_of: AsOf = None,
    output: Output = None,
    as_json: Json = False,
) -> None:
    """Where lots went, or came from."""
    named = references(lots, roots)
    if not named:
        raise BadInput("no_lot_named")
    direction = "both" if both else "backward" if backward else "forward"
    with context.plant() as plant:
        facts, lineage = plant.facts(as_of), plant.lineage(as_of)
        if each:
            for name in named:
                found = traces.to_dict(facts, lineage, given_lots(lineage, [name]), direction)
                typer.echo(json.dumps(found, ensure_ascii=False))
            return
        found = traces.to_dict(facts, lineage, given_lots(lineage, named), direction)
    if output is not None:
        context.write(output, text("cli.trace"), found["lots"], found)
    if as_json:
        context.show_json(found)
    elif output is None:
        _show_trace(found)


def _show_trace(found: dict[str, Any]) -> None:
    title = text(f"cli.trace_{found['direction']}", roots=", ".join(found["roots"]))
    rows = [
        [lot["distance"], lot["item"], lot["lot_no"], lot["owner"], lot["sublot"]]
        for lot in found["lots"]
    ]
    heads = [text(f"cli.head.{name}") for name in ("steps", "item", "lot_no", "owner", "sublot")]
    context.show_table(title, heads, rows[:ROWS], len(rows))
    if found["customers"]:
        context.console.print(text("cli.customers", customers=", ".join(found["customers"])))
    show_missing(found["missing"])
    context.console.print(text("cli.stands_on", head=found["head"]))


def ask(
    name: Annotated[str | None, typer.Argument(help=text("cli.question"))] = None,
    values: Annotated[list[str] | None, typer.Argument(help=text("cli.values"))] = None,
    output: Output = None,
    as_json: Json = False,
) -> None:
    """Any question by name; without a name, all questions in words."""
    known = catalogue.questions()
    if name is None:
        if as_json:
            context.show_json(
                [
                    {"name": q.name, "title": q.title, "params": dict(q.params)}
                    for q in known.values()
                ]
            )
        else:
            rows: list[list[object]] = [
                [q.name, " ".join(f"{p}=…" for p in q.params), q.title] for q in known.values()
            ]
            heads = [text(f"cli.head.{head}") for head in ("question", "values", "words")]
            context.show_table(text("cli.questions"), heads, rows)
        return
    if name not in known:
        raise BadInput("no_such_question", name=name)
    question = known[name]
    with context.plant() as plant, plant.graph() as graph:
        answer = question.function(graph, **_arguments(plant, question, values or []))
        edition = Edition.of(plant)
    found = answer_rows(answer)
    if output is not None:
        context.write(output, question.title, found, found, edition)
    _tell(question.title, found, as_json=as_json, quiet=output is not None)


def _tell(
    title: str, rows_out: list[dict[str, Any]], *, as_json: bool, quiet: bool = False
) -> None:
    if as_json:
        context.show_json(rows_out)
    elif not quiet:
        known = catalogue_of(language())
        heads = [known.get(f"label.{name}", name) for name in rows_out[0]] if rows_out else []
        cells = [list(row.values()) for row in rows_out[:ROWS]]
        context.show_table(title, heads, cells, len(rows_out))


def _arguments(plant: Plant, question: catalogue.Question, values: list[str]) -> dict[str, Any]:
    given: dict[str, str | list[str]] = {}
    for value in values:
        name, equals, content = value.partition("=")
        if not equals or name not in question.params:
            raise BadInput("bad_value", value=value, params=", ".join(question.params))
        given[name] = plant.ledger.records.person(content) if name == "person" else content
    return arguments(question, given, plant.lineage(), plant.settings.timezone)


def find(
    number: Annotated[str, typer.Argument(metavar="TEXT", help=text("cli.number"))],
    as_json: Json = False,
) -> None:
    """Anything that carries a number."""
    question = catalogue.questions()["find"]
    with context.plant() as plant, plant.graph() as graph:
        found = answer_rows(question.function(graph, number=number))
    if not found or not number.strip():
        raise NotFound("number_not_found", number=number)
    _tell(question.title, found, as_json=as_json)


def scope(
    given: Given,
    why: Annotated[str | None, typer.Option("--why", help=text("cli.why"))] = None,
    costs: Annotated[Path | None, typer.Option("--costs", help=text("cli.costs"))] = None,
    prevalence: Annotated[
        float,
        typer.Option("--prevalence", min=0, max=1, help=text("evidence.option.prevalence")),
    ] = PREVALENCE,
    as_of: AsOf = None,
    output: Output = None,
    as_json: Json = False,
) -> None:
    """The minimal recall scope."""
    table = cost_table(costs)
    with context.plant() as plant:
        asked = suspects(plant, given)
        facts, lineage = plant.facts(as_of), plant.lineage(as_of)
        found = compute(facts, lineage, asked, table, prevalence=prevalence, **premises(given))
        signed = [name for piece in evidence.pieces(found) for name in piece.persons]
        names = plant.ledger.records.names(signed)
    if why is not None:
        show_why(found, why, as_json=as_json)
        return
    whole = report.to_dict(found)
    for piece in whole["evidence"]:
        piece["persons"] = [names.get(person, person) for person in piece["persons"]]
    if output is not None:
        context.write(output, text("cli.scope"), whole["lots"], whole)
    if as_json:
        context.show_json(whole)
    elif output is None:
        show_scope(whole)
