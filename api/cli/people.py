"""person list, erase, keep: names of people, how long they are kept, and making one unreadable."""

from __future__ import annotations

from typing import Annotated

import typer

from api import privacy
from api.cli import context
from api.cli.context import Json
from api.cli.incidents import done, heads
from api.cli.keeping import By, Reason, Role
from api.incidents import Actor
from graph_model.i18n import text
from queries import retention

person = typer.Typer(help=text("person.help"), no_args_is_help=True, rich_markup_mode=None)


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    person.command("list", help=text("person.list"))(list_)
    person.command("erase", help=text("person.erase"))(erase)
    person.command("keep", help=text("person.keep"))(keep)
    app.add_typer(person, name="person")


def list_(
    due: Annotated[bool, typer.Option("--due", help=text("person.due"))] = False,
    as_json: Json = False,
) -> None:
    """Everyone the ledger names, and until when the name is kept."""
    with context.plant() as plant:
        found = privacy.listing(plant.facts(), plant.ledger.records.names, due=due)
    if as_json:
        context.show_json(found)
        return
    rows: list[list[object]] = [
        [one["person"], one["name"] or text("person.erased"), text(f"person.as.{one['subject']}"),
         one["last"], one["until"], text("person.is_due") if one["due"] else ""]
        for one in found
    ]  # fmt: skip
    names = heads("key", "name", "kind", "last", "until", "state")
    context.show_table(text("person.list"), names, rows)


def erase(
    who: Annotated[str, typer.Argument(help=text("person.who"))], by: By, role: Role, reason: Reason
) -> None:
    """Make a person unreadable; the ledger stays as it is."""
    with context.plant() as plant:
        pseudonym = privacy.erase(plant, Actor(by, role, reason), who)
        done(plant, text("person.erased_done", person=pseudonym))


def keep(
    rule: Annotated[str | None, typer.Argument(help=text("person.rule"))] = None,
    by: Annotated[str, typer.Option("--by", help=text("cli.decide.by"))] = "",
    role: Annotated[str, typer.Option("--role", help=text("cli.decide.role"))] = "",
    reason: Annotated[str, typer.Option("--reason", help=text("cli.decide.reason"))] = "",
    subject: Annotated[str | None, typer.Option("--subject", help=text("person.subject"))] = None,
    months: Annotated[
        float | None, typer.Option("--months", min=0, help=text("person.months"))
    ] = None,
    citation: Annotated[
        str | None, typer.Option("--citation", help=text("incident.rule.citation"))
    ] = None,
    checked: Annotated[
        str | None, typer.Option("--checked", help=text("incident.rule.checked"))
    ] = None,
    as_json: Json = False,
) -> None:
    """Without a name: how long personal data are kept. With one: state it."""
    with context.plant() as plant:
        if rule is not None:
            privacy.keep(plant, Actor(by, role, reason), rule, subject=subject, months=months,
                         citation=citation, checked=checked)  # fmt: skip
            done(plant, text("incident.rule.stated", rule=rule))
            return
        known = retention.rules(plant.facts())
    if as_json:
        context.show_json([vars(one) for one in known.values()])
        return
    rows: list[list[object]] = [
        [one.rule, text(f"person.as.{one.subject}"), one.months, one.citation,
         one.checked or text("incident.note.not_checked")]
        for one in known.values()
    ]  # fmt: skip
    names = heads("rule", "kind", "months", "citation", "checked")
    context.show_table(text("person.keep"), names, rows)
