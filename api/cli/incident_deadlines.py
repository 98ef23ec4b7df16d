"""incident deadline: time limits by law, standard or customer."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from api import incidents
from api.cli import context
from api.cli.context import Json
from api.cli.incidents import done, heads
from api.incidents import Actor
from graph_model.i18n import text
from queries.incidents import deadlines


def register(incident: typer.Typer) -> None:
    """Adds the command."""
    incident.command("deadline", help=text("incident.deadline"))(deadline)


def _option(name: str, flag: str) -> Any:
    return typer.Option(flag, help=text(f"incident.rule.{name}"))


def deadline(
    rule: Annotated[str | None, typer.Argument(help=text("incident.rule.name"))] = None,
    by: Annotated[str, typer.Option("--by", help=text("cli.decide.by"))] = "",
    role: Annotated[str, typer.Option("--role", help=text("cli.decide.role"))] = "",
    reason: Annotated[str, typer.Option("--reason", help=text("cli.decide.reason"))] = "",
    jurisdiction: Annotated[str | None, _option("jurisdiction", "--jurisdiction")] = None,
    product: Annotated[str | None, _option("product", "--product")] = None,
    recall_class: Annotated[str | None, _option("recall_class", "--class")] = None,
    customer: Annotated[str | None, _option("customer", "--customer")] = None,
    binding: Annotated[str | None, _option("binding", "--binding")] = None,
    trigger: Annotated[str | None, _option("trigger", "--trigger")] = None,
    act: Annotated[str | None, _option("act", "--act")] = None,
    hours: Annotated[float | None, _option("hours", "--hours")] = None,
    working_days: Annotated[int | None, _option("working_days", "--working-days")] = None,
    calendar: Annotated[str | None, _option("calendar", "--calendar")] = None,
    timezone: Annotated[str | None, _option("timezone", "--timezone")] = None,
    title: Annotated[str | None, _option("title", "--title")] = None,
    title_zh: Annotated[str | None, _option("title_zh", "--title-zh")] = None,
    citation: Annotated[str | None, _option("citation", "--citation")] = None,
    text_date: Annotated[str | None, _option("text_date", "--text-date")] = None,
    checked: Annotated[str | None, _option("checked", "--checked")] = None,
    active: Annotated[
        bool | None, typer.Option("--active/--inactive", help=text("incident.rule.active"))
    ] = None,
    as_json: Json = False,
) -> None:
    """Without a name: all time limits. With one: state it, or change the shipped one."""
    values = {
        "jurisdiction": jurisdiction, "product_kind": product, "recall_class": recall_class,
        "customer": customer, "binding": binding or ("customer" if customer else None),
        "trigger": trigger, "act": act, "hours": hours, "working_days": working_days,
        "calendar": calendar, "timezone": timezone, "title_en": title, "title_zh": title_zh,
        "citation": citation, "text_date": text_date, "checked": checked, "active": active,
    }  # fmt: skip
    with context.plant() as plant:
        if rule is not None:
            incidents.set_deadline(plant, Actor(by, role, reason), rule, values)
            done(plant, text("incident.rule.stated", rule=rule))
            return
        known = deadlines.rules(plant.facts())
    if as_json:
        context.show_json([vars(one) for one in known.values()])
        return
    rows: list[list[object]] = [
        [one.rule, one.jurisdiction, one.product_kind, one.recall_class, one.title, _span(one),
         text(f"incident.events.{one.trigger}"), text(f"incident.events.{one.act}"),
         one.citation, one.checked or text("incident.note.not_checked"),
         text("incident.rule.on" if one.active else "incident.rule.off")]
        for one in known.values()
    ]  # fmt: skip
    names = heads("rule", "jurisdiction", "product", "class", "due_what", "span", "trigger",
                   "act", "citation", "checked", "active")  # fmt: skip
    context.show_table(text("incident.deadline"), names, rows)


def _span(one: deadlines.Rule) -> str:
    if one.working_days is not None:
        return text("incident.in_working_days", days=one.working_days)
    return text("incident.in_hours", hours=f"{one.hours or 0:g}")
