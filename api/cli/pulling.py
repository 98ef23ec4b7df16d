"""pull: take what is new from a source system, or list the sources and where they stand."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from contextlib import closing
from typing import Annotated, Any

import typer

from api.cli import context
from api.cli.context import Json
from api.cli.importing import progress, show_findings, show_sheets
from graph_model.errors import BadInput
from graph_model.i18n import text, time_text
from graph_model.plant import Plant
from loaders.sources import config, pulling
from loaders.sources.base import Proposer
from loaders.sources.forms import written
from loaders.sources.pulling import Pulled
from loaders.sources.standing import standing


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(help=text("pull.help"))(pull)


def pull(
    name: Annotated[str | None, typer.Argument(help=text("pull.name"))] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=text("cli.dry_run"))] = False,
    full: Annotated[bool, typer.Option("--full", help=text("pull.full"))] = False,
    accept_empty: Annotated[
        bool, typer.Option("--accept-empty", help=text("pull.accept_empty"))
    ] = False,
    propose: Annotated[bool, typer.Option("--propose", help=text("pull.propose"))] = False,
    confirm: Annotated[bool, typer.Option("--confirm", help=text("pull.confirm"))] = False,
    offers: Annotated[bool, typer.Option("--offers", help=text("pull.offers"))] = False,
    by: Annotated[str | None, typer.Option("--by", help=text("cli.by"))] = None,
    as_json: Json = False,
) -> None:
    """Pull one source, look at what it has, or list all."""
    if name is None:
        _list(as_json)
    elif propose or confirm:
        _propose(name, confirm, as_json)
    elif offers:
        _offers(name, as_json)
    else:
        source = config.one(context.settings(), name)
        with context.plant(new=True) as plant, progress() as tell:
            how = pulling.How(full=full, dry_run=dry_run, accept_empty=accept_empty)
            done = _taken(plant, source, how, by or getpass.getuser(), tell)
        _show(done, as_json)


def _taken(
    plant: Plant,
    source: config.Configured,
    how: pulling.How,
    who: str,
    tell: Callable[[str], None],
) -> Pulled:
    """The pull, then the graph: also of what was taken before an error."""
    before = plant.ledger.head()
    try:
        return pulling.pull(plant, source, how, who=who, tell=tell)
    finally:
        if plant.ledger.head() != before:
            context.project(plant, tell)


def _show(done: Pulled, as_json: bool) -> None:
    if as_json:
        context.show_json(done.to_dict())
        return
    whole = done.to_dict()
    if done.dry_run:
        title = text("pull.dry", source=done.source)
    elif done.batches:
        title = text("pull.done", source=done.source, batch=", ".join(map(str, done.batches)))
    else:
        title = text("pull.nothing_new", source=done.source)
    show_sheets(title, whole["sheets"])
    show_findings(whole["findings"])


def _list(as_json: bool) -> None:
    settings = context.settings()
    known = config.read(settings)
    if not known:
        if as_json:
            context.show_json([])
        else:
            context.console.print(text("pull.none", file=str(config.path(settings))))
        return
    with context.plant(new=True) as plant:
        found = standing(plant.ledger.records, known)
    if as_json:
        context.show_json(found)
        return
    names = ("source", "kind", "address", "every", "pulled_at", "batch", "cursor", "error")
    rows: list[list[object]] = [[_cell(one, each) for each in names] for one in found]
    context.show_table(text("pull.sources"), [text(f"pull.head.{each}") for each in names], rows)


def _cell(one: dict[str, Any], name: str) -> object:
    value = one["name"] if name == "source" else one[name]
    if name == "pulled_at" and value is not None:
        return time_text(round(value * 1e6))
    if name == "cursor":
        return "; ".join(f"{form} {high}" for form, high in value.items())
    return value


def _offers(name: str, as_json: bool) -> None:
    settings = context.settings()
    with closing(pulling.opened(config.one(settings, name), settings)) as source:
        found = source.offers()
    if as_json:
        context.show_json([vars(each) for each in found])
        return
    heads = [text(f"pull.head.{each}") for each in ("form", "title", "sheet", "fields")]
    rows: list[list[object]] = [
        [each.name, each.title, each.sheet, ", ".join(each.fields)] for each in found
    ]
    context.show_table(name, heads, rows)


def _propose(name: str, confirm: bool, as_json: bool) -> None:
    settings = context.settings()
    with closing(pulling.opened(config.one(settings, name), settings)) as source:
        if not isinstance(source, Proposer):
            raise BadInput("source_proposes_nothing", source=name)
        proposed = source.propose()
    known = config.one(settings, name)
    fresh = [each for each in proposed.proposals if each.form.name not in known.own_forms]
    file = config.path(settings)
    if confirm:
        with file.open("a", encoding="utf-8") as stream:
            stream.writelines("\n" + written(name, each.form) for each in fresh)
    if as_json:
        context.show_json({
            "forms": [
                {"form": each.form.name, "sheet": each.form.sheet, "part": each.form.part,
                 "fields": {key: names[0] for key, names in each.form.fields.items()},
                 "unknown": list(each.unknown)}
                for each in fresh
            ],
            "unread": list(proposed.unread),
            "written": str(file) if confirm else None,
        })  # fmt: skip
        return
    if not proposed.proposals:
        context.console.print(text("pull.nothing_proposed", file=str(file)))
    for each in fresh:
        context.console.print(written(name, each.form), markup=False)
        if each.unknown:
            titles = ", ".join(each.unknown)
            context.console.print(text("pull.unknown", form=each.form.name, titles=titles))
    if proposed.unread:
        context.console.print(text("pull.unread", forms=", ".join(proposed.unread)))
    if confirm:
        context.console.print(text("pull.confirmed", count=len(fresh), file=str(file)))
