"""incident open, list, show, clocks, …: the case of a quality event."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from api import incidents
from api.cli import context
from api.cli.acting import show_difference
from api.cli.context import Json
from api.cli.importing import progress
from api.cli.keeping import By, Reason, Role
from api.cli.suspecting import Given, cost_table, moment, premises, suspecting, suspects
from api.incidents import Actor, Opening
from graph_model.i18n import text
from graph_model.plant import Plant
from queries.incidents import cases as reading

incident = typer.Typer(help=text("incident.help"), no_args_is_help=True, rich_markup_mode=None)

Number = Annotated[str, typer.Argument(help=text("incident.number"))]
At = Annotated[str | None, typer.Option("--at", help=text("incident.at"))]
Costs = Annotated[Path | None, typer.Option("--costs", help=text("cli.costs"))]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    incident.command("open", help=text("incident.open"))(suspecting(open_))
    incident.command("list", help=text("incident.list"))(list_)
    incident.command("show", help=text("incident.show"))(show)
    incident.command("clocks", help=text("incident.clocks"))(clocks)
    incident.command("event", help=text("incident.event"))(event)
    incident.command("classify", help=text("incident.classify"))(classify)
    incident.command("freeze", help=text("incident.freeze"))(freeze)
    incident.command("diff", help=text("incident.diff"))(diff)
    incident.command("suppose", help=text("incident.suppose"))(suspecting(suppose))
    incident.command("choose", help=text("incident.choose"))(choose)
    incident.command("close", help=text("incident.close"))(close)
    incident.command("reopen", help=text("incident.reopen"))(reopen)
    app.add_typer(incident, name="incident")


def at_of(content: str | None) -> int | None:
    """Microseconds UTC of a time typed by a person."""
    return moment(content, end=False) if content else None


def done(plant: Plant, told: str) -> None:
    """Brings the graph up to date and says what was done."""
    with progress() as tell:
        context.project(plant, tell, watch=False)
    if told:
        context.console.print(told, markup=False)


def open_(
    given: Given,
    title: Annotated[str, typer.Option("--title", help=text("incident.title"))],
    by: By,
    role: Role,
    reason: Reason,
    kind: Annotated[str, typer.Option("--kind", help=text("incident.kind"))] = "complaint",
    number: Annotated[str | None, typer.Option("--number", help=text("incident.number"))] = None,
    product: Annotated[str | None, typer.Option("--product", help=text("incident.product"))] = None,
    recall_class: Annotated[
        str | None, typer.Option("--class", help=text("incident.recall_class"))
    ] = None,
    jurisdiction: Annotated[
        list[str] | None, typer.Option("--jurisdiction", help=text("incident.jurisdiction"))
    ] = None,
    known_at: Annotated[
        str | None, typer.Option("--known-at", help=text("incident.known_at"))
    ] = None,
    costs: Costs = None,
    as_json: Json = False,
) -> None:
    """Open an incident; its first scope is frozen, its clocks start."""
    table, known = cost_table(costs), premises(given)
    with context.plant() as plant:
        opening = Opening(
            asked=suspects(plant, given), title=title, kind=kind, number=number,
            product_kind=product, recall_class=recall_class, hazard=known["hazard"],
            rules=_text_of(given.get("rules")), known_at=at_of(known_at),
            jurisdictions=tuple(code.upper() for code in jurisdiction or ()),
        )  # fmt: skip
        whole = incidents.open_incident(plant, Actor(by, role, reason), opening, table)
        with progress() as tell:
            context.project(plant, tell, watch=False)
        whole = reading.with_names(whole, plant.ledger.records.names)
    _tell(whole, as_json=as_json)


def _text_of(rules: Path | None) -> str | None:
    return None if rules is None else rules.read_text(encoding="utf-8-sig")


def list_(
    every: Annotated[bool, typer.Option("--all", help=text("incident.all"))] = False,
    as_json: Json = False,
) -> None:
    """Open incidents with their clocks; with --all closed ones too."""
    with context.plant() as plant:
        found = reading.listing(plant.facts(), incidents.home(plant), closed=every)
    if as_json:
        context.show_json(found)
        return
    rows: list[list[object]] = [
        [one["number"], text(f"incident.kinds.{one['kind']}") if one["kind"] else "",
         one["title"], text(f"incident.status.{one['status']}"), one["opened_at"],
         _urgent(one), _counts(one["scope"])]
        for one in found
    ]  # fmt: skip
    names = heads("number", "kind", "title", "status", "opened", "clock", "lots")
    context.show_table(text("incident.list"), names, rows)


def heads(*names: str) -> list[str]:
    """Headings of a table."""
    return [text(f"incident.head.{name}") for name in names]


def _urgent(one: dict[str, Any]) -> str:
    clock = one["clock"]
    return f"{clock['title']}: {_left(clock)}" if clock else "–"


def _left(clock: dict[str, Any]) -> str:
    """How much time is left, or how long ago it was over."""
    left = clock["left_seconds"]
    if left is None:
        return text(f"incident.state.{clock['state']}")
    hours, minutes = divmod(abs(left) // 60, 60)
    days, hours = divmod(hours, 24)
    span = text("incident.span_days" if days else "incident.span", days=days, hours=hours,
                minutes=minutes)  # fmt: skip
    return text("incident.left" if left >= 0 else "incident.over", span=span)


def _counts(scope: dict[str, Any] | None) -> str:
    if scope is None:
        return "–"
    return text("incident.counts", certain=scope["certain"], possible=scope["possible"])


def show(number: Number, as_json: Json = False) -> None:
    """One incident whole."""
    with context.plant() as plant:
        whole = reading.whole(plant.facts(), number, incidents.home(plant))
        whole = reading.with_names(whole, plant.ledger.records.names)
    _tell(whole, as_json=as_json)


def _tell(whole: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        context.show_json(whole)
        return
    say = context.console.print
    kind = text(f"incident.kinds.{whole['kind']}") if whole["kind"] else ""
    state = text(f"incident.status.{whole['status']}")
    say(f"{whole['number']} · {whole['title']} · {kind} · {state}", markup=False)
    asked = ", ".join(
        f"{name} {', '.join(value) if isinstance(value, list | tuple) else value}"
        for name, value in whole["asked"].items()
    )
    say(text("incident.asked", asked=asked), markup=False)
    for one in whole["hypotheses"]:
        key = "incident.hypothesis_chosen" if one["chosen"] else "incident.hypothesis"
        say(text(key, name=one["name"], reason=one["reason"]), markup=False)
    _show_clocks(whole["clocks"])
    rows: list[list[object]] = [
        [one["as_of"], one["at"], one["certain"], one["possible"], one["excluded"],
         one["customers"], one["cost"], text(f"incident.cause.{one['cause']}"), one["person"]]
        for one in whole["scopes"]
    ]  # fmt: skip
    names = heads("as_of", "at", "certain", "possible", "excluded", "customers", "cost", "cause",
                   "who")  # fmt: skip
    context.show_table(text("incident.scopes"), names, rows)
    rows = [
        [one["at"], text(f"incident.deed.{one['kind']}"), _subject(one), one.get("quantity"),
         one["person"], one["role"], one["reason"]]
        for one in whole["deeds"]
    ]  # fmt: skip
    names = heads("at", "deed", "subject", "quantity", "who", "role", "reason")
    context.show_table(text("incident.deeds"), names, rows)


def _subject(one: dict[str, Any]) -> str:
    if one["kind"] == "event":
        return f"{text('incident.events.' + one['subject'])} {one.get('happened_at', '')}"
    return str(one.get("lot") or one.get("document") or one.get("subject") or "")


def clocks(number: Number, as_json: Json = False) -> None:
    """The deadlines of an incident, most urgent first."""
    with context.plant() as plant:
        facts = plant.facts()
        row = reading.find(facts, number)
        found = [one.to_dict() for one in reading.clocks(facts, row, incidents.home(plant))]
    if as_json:
        context.show_json(found)
    else:
        _show_clocks(found)


def _show_clocks(found: list[dict[str, Any]]) -> None:
    rows: list[list[object]] = [
        [one["title"], ", ".join(one["because"]), text(f"incident.events.{one['trigger']}"),
         one["due"], _left(one), one["met"],
         " ".join([one["citation"], one["text_date"] or "", *one["notes"]]).strip()]
        for one in found
    ]  # fmt: skip
    names = heads("due_what", "because", "trigger", "due", "left", "met", "citation")
    context.show_table(text("incident.clocks"), names, rows)


# ---------------------------------------------------------------------------- deeds


def event(
    number: Number,
    name: Annotated[str, typer.Argument(help=text("incident.event_name"))],
    by: By,
    role: Role,
    reason: Reason,
    at: At = None,
) -> None:
    """State when a trigger event or an act was."""
    with context.plant() as plant:
        incidents.mark(plant, Actor(by, role, reason), number, name, at_of(at))
        done(plant, text("incident.marked", event=text(f"incident.events.{name}")))


def classify(
    number: Number,
    by: By,
    role: Role,
    reason: Reason,
    product: Annotated[str | None, typer.Option("--product", help=text("incident.product"))] = None,
    recall_class: Annotated[
        str | None, typer.Option("--class", help=text("incident.recall_class"))
    ] = None,
    jurisdiction: Annotated[
        list[str] | None, typer.Option("--jurisdiction", help=text("incident.jurisdiction"))
    ] = None,
) -> None:
    """State kind of product, class or further countries."""
    with context.plant() as plant:
        incidents.classify(
            plant, Actor(by, role, reason), number, product_kind=product,
            recall_class=recall_class,
            jurisdictions=tuple(code.upper() for code in jurisdiction or ()),
        )  # fmt: skip
        done(plant, text("incident.classified"))


def freeze(
    number: Number, by: By, role: Role, reason: Reason, costs: Costs = None, as_json: Json = False
) -> None:
    """Keep what the scope says as of now."""
    table = cost_table(costs)
    with context.plant() as plant:
        line = incidents.freeze(plant, Actor(by, role, reason), number, table)
        if as_json:
            context.show_json(line)
        told = text("incident.frozen", as_of=line["as_of"], counts=_counts(line))
        done(plant, "" if as_json else told)


def diff(
    number: Number,
    since: Annotated[int | None, typer.Option("--since", help=text("incident.since"))] = None,
    as_json: Json = False,
) -> None:
    """What differs now from a frozen scope, and why."""
    with context.plant() as plant:
        whole = incidents.differences(
            lambda batch: (plant.facts(batch), plant.lineage(batch)), plant.ledger, number, since
        )
    if as_json:
        context.show_json(whole)
    else:
        show_difference(whole)


def suppose(
    given: Given,
    number: Number,
    name: Annotated[str, typer.Option("--name", help=text("incident.name"))],
    by: By,
    role: Role,
    reason: Reason,
    choose: Annotated[bool, typer.Option("--choose", help=text("incident.choose_now"))] = False,
) -> None:
    """Add a hypothesis about the source."""
    with context.plant() as plant:
        asked = suspects(plant, given)
        incidents.suppose(plant, Actor(by, role, reason), number, name, asked, choose=choose)
        done(plant, text("incident.supposed", name=name))


def choose(
    number: Number,
    name: Annotated[str, typer.Argument(help=text("incident.name"))],
    by: By,
    role: Role,
    reason: Reason,
) -> None:
    """Take a hypothesis as the source; "" goes back to what was asked first."""
    with context.plant() as plant:
        incidents.choose(plant, Actor(by, role, reason), number, name)
        done(plant, text("incident.chosen", name=name or "–"))


def close(number: Number, by: By, role: Role, reason: Reason) -> None:
    """Close an incident; nothing is deleted."""
    with context.plant() as plant:
        incidents.close(plant, Actor(by, role, reason), number)
        done(plant, text("incident.closed", number=number))


def reopen(number: Number, by: By, role: Role, reason: Reason) -> None:
    """Open a closed incident again."""
    with context.plant() as plant:
        incidents.reopen(plant, Actor(by, role, reason), number)
        done(plant, text("incident.reopened", number=number))
