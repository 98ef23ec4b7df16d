"""incident alerts, seen, rerun: what imports showed about open incidents."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from api import watching
from api.cli import context
from api.cli.asking import ROWS
from api.cli.context import Json
from api.cli.incidents import done, heads
from api.cli.keeping import By, Reason, Role
from api.incidents import Actor
from graph_model.i18n import text
from queries.incidents import alerts
from queries.incidents import cases as reading


def register(incident: typer.Typer) -> None:
    """Adds the commands."""
    incident.command("alerts", help=text("incident.alerts"))(alerts_)
    incident.command("seen", help=text("incident.seen"))(seen)
    incident.command("rerun", help=text("incident.rerun_help"))(rerun)


def alerts_(
    number: Annotated[str | None, typer.Argument(help=text("incident.number"))] = None,
    every: Annotated[bool, typer.Option("--all", help=text("incident.alerts_all"))] = False,
    as_json: Json = False,
) -> None:
    """Alerts that nobody saw yet, newest first; with --all also the others."""
    with context.plant() as plant:
        facts = plant.facts()
        key = None if number is None else reading.find(facts, number)["key"]
        found = alerts.listing(facts, key, seen=every)
    _show_alerts(found, as_json=as_json)


def _show_alerts(found: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        context.show_json(found)
        return
    rows: list[list[object]] = [
        [one["number"], text(f"incident.alert.{one['kind']}"), one["lot"], one["quantity"],
         one["count"], one["happened_at"], _sure(one), one["alert"]]
        for one in found[:ROWS]
    ]  # fmt: skip
    names = heads("number", "alert", "lot", "quantity", "count", "happened", "sure", "key")
    context.show_table(text("incident.alerts"), names, rows, len(found))


def _sure(one: dict[str, Any]) -> str:
    if one["sure"] is None:
        return ""
    return text("incident.sure" if one["sure"] else "incident.unsure")


def seen(
    alert: Annotated[str, typer.Argument(help=text("incident.alert_key"))],
    by: By,
    role: Role,
    reason: Reason,
) -> None:
    """State that an alert was seen, and what is done about it."""
    with context.plant() as plant:
        watching.see(plant, Actor(by, role, reason), alert)
        done(plant, text("incident.seen_done"))


def rerun(as_json: Json = False) -> None:
    """Look at open incidents again, as every import does."""
    with context.plant() as plant:
        found = watching.rerun(plant)
        done(plant, "")
    _show_alerts(found, as_json=as_json)
