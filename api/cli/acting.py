"""contain, next-test, narrow, compare, diff: what to do about a scope."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli import context
from api.cli.asking import ROWS
from api.cli.context import AsOf, Json, Output
from api.cli.importing import progress
from api.cli.suspecting import (
    Given,
    HazardOption,
    RulesOption,
    cost_table,
    guess,
    moment,
    premises,
    suspecting,
    suspects,
)
from graph_model.errors import BadInput
from graph_model.i18n import text
from queries.given import duration
from queries.recall import acting as answers
from queries.recall import compare as comparing
from queries.recall import containment
from queries.recall.scope import compute

Costs = Annotated[Path | None, typer.Option("--costs", help=text("cli.costs"))]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command(help=text("acting.contain"))(suspecting(contain))
    app.command("next-test", help=text("acting.next_test"))(suspecting(propose))
    app.command(help=text("narrow.help"))(suspecting(narrow))
    app.command(help=text("acting.compare"))(compare)
    app.command(help=text("acting.diff"))(suspecting(diff))


def _heads(*names: str) -> list[str]:
    return [text(f"acting.head.{name}") for name in names]


def _tell_missing(missing: list[dict[str, Any]]) -> None:
    for entry in missing:
        context.console.print(f"· {entry['text']}", markup=False)


# ---------------------------------------------------------------------------- contain


def contain(
    given: Given,
    by: Annotated[str, typer.Option("--by", help=text("acting.by"))] = containment.COST,
    costs: Costs = None,
    as_of: AsOf = None,
    output: Output = None,
    as_json: Json = False,
) -> None:
    """The cheapest cut between what is suspected and customers."""
    table = cost_table(costs)
    with context.plant() as plant:
        asked = suspects(plant, given)
        facts, lineage = plant.facts(as_of), plant.lineage(as_of)
        scope = compute(facts, lineage, asked, table, **premises(given))
    whole = containment.to_dict(containment.contain(scope, by))
    if output is not None:
        context.write(output, text("acting.contain"), whole["cut"], whole)
    if as_json:
        context.show_json(whole)
    elif output is None:
        _show_cut(whole)


def _show_cut(whole: dict[str, Any]) -> None:
    say = context.console.print
    if whole["state"] != "cut":
        say(text(f"acting.{whole['state']}"))
    else:
        rows: list[list[object]] = [
            [step["item"], step["lot_no"], text(f"tier.{step['tier']}"), _amounts(step["held"]),
             f"{step[whole['by']]:,.2f}", step["beyond"], ", ".join(step["customers"]),
             ", ".join(str(line["document"]) for line in step["leaving"])]
            for step in whole["cut"][:ROWS]
        ]  # fmt: skip
        heads = _heads("item", "lot_no", "tier", "held", whole["by"], "beyond", "customers",
                       "leaving")  # fmt: skip
        unit = whole["currency"] if whole["by"] == containment.COST else "/".join(whole["units"])
        weight = f"{whole[whole['by']]:,.2f}"
        title = text("acting.cut_title", count=len(whole["cut"]), weight=weight,
                     unit=unit)  # fmt: skip
        context.show_table(title, heads, rows, len(whole["cut"]))
    if len(whole["units"]) > 1:
        say(text("acting.units", units=", ".join(whole["units"])))
    for line in whole["pull"]:
        say(text("acting.pull", document=line["document"], lot=line["lot"],
                 when=line["when"] or "-"), markup=False)  # fmt: skip
    for customer in whole["left"]["customers"]:
        say(text("acting.left", customer=customer["customer"], lots=len(customer["lots"]),
                 shipments=", ".join(map(str, customer["shipments"]))), markup=False)  # fmt: skip
    say(text("acting.hold_list", count=whole["hold_list"]))
    _tell_missing(whole["missing"])
    say(text("cli.stands_on", head=whole["head"]))


def _amounts(held: dict[str, float]) -> str:
    return ", ".join(f"{text(f'place.{place}')} {amount:g}" for place, amount in held.items())


# ---------------------------------------------------------------------------- next-test


def propose(
    given: Given,
    tests: Annotated[int, typer.Option("--tests", min=1, help=text("acting.tests"))] = 1,
    method: Annotated[str, typer.Option("--method", help=text("acting.method"))] = "",
    turnaround: Annotated[str, typer.Option("--turnaround", help=text("acting.turnaround"))] = "0",
    deadline: Annotated[str | None, typer.Option("--deadline", help=text("acting.deadline"))]
    = None,
    probability: Annotated[
        float | None, typer.Option("--probability", min=0, max=1, help=text("acting.probability"))
    ] = None,
    costs: Costs = None,
    as_of: AsOf = None,
    output: Output = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Which lot to test next."""
    table = cost_table(costs)
    ready = answers.ready_at(duration(turnaround))
    limit = moment(deadline, end=True) if deadline else None
    with context.plant() as plant:
        asked = suspects(plant, given)
        facts, lineage = plant.facts(as_of), plant.lineage(as_of)
        scope = compute(facts, lineage, asked, table, **premises(given))
    whole = answers.next_tests(
        scope, count=tests, method=method, ready=ready, deadline=limit, probability=probability
    )
    if output is not None:
        context.write(output, text("acting.next_test"), whole["candidates"], whole)
    if as_json:
        context.show_json(whole)
    elif output is None:
        _show_tests(whole, probability is not None)


def _show_tests(whole: dict[str, Any], expected: bool) -> None:
    say, found = context.console.print, whole["candidates"]
    if not found:
        say(text("acting.no_candidate"))
    else:
        rows: list[list[object]] = [
            [row["key"], text(f"tier.{row['tier']}"), f"{row['on_hand']:g} {row['uom'] or ''}",
             text(f"acting.covers.{row['covers']}"), row["leaving"],
             ", ".join(f"{amount:g} {unit}" for unit, amount in row["amounts"].items()),
             f"{row['cost']:,.2f}", *([f"{row['expected_cost']:,.2f}"] if expected else []),
             f"{row['inspected']} / {row['failed']}"]
            for row in found[:ROWS]
        ]  # fmt: skip
        heads = _heads("lot", "tier", "on_hand", "covers", "lots", "amounts", "cost",
                       *(["expected"] if expected else []), "inspected")  # fmt: skip
        title = text("acting.tests_title", currency=whole["currency"])
        context.show_table(title, heads, rows, len(found))
        say(text("acting.sample"))
    if whole["plan"] and whole["plan"]["tests"]:
        plan = whole["plan"]
        cost_, bound = f"{plan['cost']:,.2f}", f"{plan['cost_bound']:,.2f}"
        tests = ", ".join(plan["tests"])
        told = text("acting.plan", tests=tests, lots=len(plan["lots"]), cost=cost_, bound=bound)
        say(told, markup=False)
    if whole["in_time"] is not None:
        answer = "in_time" if whole["in_time"] else "too_late"
        say(text(f"acting.{answer}", ready=whole["ready"], method=whole["method"] or "-"))
    _tell_missing(whole["missing"])
    say(text("cli.stands_on", head=whole["head"]))


# ---------------------------------------------------------------------------- narrow


def narrow(given: Given, as_of: AsOf = None, output: Output = None, as_json: Json = False) -> None:
    """Which missing records cost the scope the most lots."""
    with context.plant() as plant:
        asked = suspects(plant, given)
        facts, lineage = plant.facts(as_of), plant.lineage(as_of)
        scope = compute(facts, lineage, asked, **premises(given))
    with progress() as tell:
        whole = answers.narrowed(
            scope, lambda done, of: tell(text("narrow.weighing", done=done, of=of))
        )
    if output is not None:
        context.write(output, text("narrow.help"), whole["gaps"], whole)
    if as_json:
        context.show_json(whole)
    elif output is None:
        _show_gaps(whole)


def _show_gaps(whole: dict[str, Any]) -> None:
    say, lots = context.console.print, whole["lots"]
    if not whole["gaps"]:
        say(text("narrow.none", count=lots))
    else:
        rows: list[list[object]] = [
            [gap["text"], gap["alone"], gap["leaving"], lots - gap["leaving"]]
            for gap in whole["gaps"][:ROWS]
        ]
        heads = [text(f"narrow.head.{name}") for name in ("record", "alone", "leaving", "left")]
        context.show_table(text("narrow.title", count=lots), heads, rows, len(whole["gaps"]))
        say(text("narrow.at_best", count=lots, least=whole["least"]))
    _tell_missing(whole["missing"])
    say(text("cli.stands_on", head=whole["head"]))


# ---------------------------------------------------------------------------- compare


def compare(
    case: Annotated[list[str] | None, typer.Option("--case", help=text("acting.case"))] = None,
    hazard: HazardOption = "unknown",
    rules: RulesOption = None,
    costs: Costs = None,
    as_of: AsOf = None,
    output: Output = None,
    as_json: Json = False,
) -> None:
    """Hypotheses side by side."""
    guesses = [guess(words) for words in case or []]
    if len({name for name, _ in guesses}) < max(2, len(guesses)):
        raise BadInput("too_few_cases")
    table = cost_table(costs)
    with context.plant() as plant:
        asked = {name: suspects(plant, given) for name, given in guesses}
        shared = {"hazard": hazard, "rules": rules}
        by = {name: premises(shared | dict(given)) for name, given in guesses}
        facts, lineage = plant.facts(as_of), plant.lineage(as_of)
        whole = comparing.to_dict(comparing.compare(facts, lineage, asked, table, by))
    whole |= {"as_of": facts.batch, "head": f"{facts.batch}:{facts.head}"}
    if output is not None:
        context.write(output, text("acting.compare"), whole["hypotheses"], whole)
    if as_json:
        context.show_json(whole)
    elif output is None:
        _show_comparison(whole)


def _show_comparison(whole: dict[str, Any]) -> None:
    say = context.console.print
    rows: list[list[object]] = [
        [one["name"], one["lots"]["certain"], one["lots"]["possible"],
         ", ".join(one["customers"]), _by_unit(one["quantity"]), f"{one['cost']:,.2f}",
         text("acting.matches" if one["matches"] else "acting.no_match")]
        for one in whole["hypotheses"]
    ]  # fmt: skip
    heads = _heads("hypothesis", "certain", "possible", "customers", "amounts", "cost", "found")
    context.show_table(text("acting.compare_title"), heads, rows)
    say(text("acting.shared", count=len(whole["shared"])))
    rows = [
        [one["of"], one["against"], len(one["lots"]), ", ".join(one["customers"]),
         _by_unit(one["quantity"]), f"{one['cost']:,.2f}"]
        for one in whole["differences"]
    ]  # fmt: skip
    heads = _heads("of", "against", "lots", "customers", "amounts", "cost")
    context.show_table(text("acting.differences"), heads, rows)
    _tell_missing(whole["missing"])
    say(text("cli.stands_on", head=whole["head"]))


def _by_unit(amounts: dict[str, float]) -> str:
    return ", ".join(f"{amount:g} {unit}" for unit, amount in amounts.items())


# ---------------------------------------------------------------------------- diff


def diff(
    given: Given,
    as_of: Annotated[int, typer.Option("--as-of", min=0, help=text("acting.diff_as_of"))],
    with_: Annotated[int | None, typer.Option("--with", min=0, help=text("acting.diff_with"))]
    = None,
    costs: Costs = None,
    output: Output = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """What came, went or changed tier between two states of the ledger, and why."""
    table = cost_table(costs)
    with context.plant() as plant:
        asked = suspects(plant, given)
        number, _ = plant.ledger.head()
        first, last = sorted((as_of, number if with_ is None else with_))
        old, new = (
            compute(plant.facts(one), plant.lineage(one), asked, table, **premises(given))
            for one in (first, last)
        )
        whole = answers.difference(plant.ledger, old, new)
    rows = [*whole["added"], *whole["removed"], *whole["changed"]]
    if output is not None:
        context.write(output, text("acting.diff"), rows, whole)
    if as_json:
        context.show_json(whole)
    elif output is None:
        show_difference(whole)


def show_difference(whole: dict[str, Any]) -> None:
    """What came, went or changed tier, the batches between, and cost before and after."""
    say, before, after = context.console.print, whole["before"], whole["after"]
    for kind in ("added", "removed", "changed"):
        rows: list[list[object]] = [
            [one["item"], one["lot_no"], _tier(one["before"]), _tier(one["after"]),
             ", ".join(one["facts"][:3])]
            for one in whole[kind][:ROWS]
        ]  # fmt: skip
        if rows:
            heads = _heads("item", "lot_no", "before", "after", "facts")
            title = text(f"acting.{kind}", count=len(whole[kind]))
            context.show_table(title, heads, rows, len(whole[kind]))
    if not any(whole[kind] for kind in ("added", "removed", "changed")):
        say(text("acting.no_difference"))
    _show_warnings(whole)
    rows = [
        [batch["batch"], batch["at"], batch["source"], batch["note"],
         ", ".join(f"{kind} {count}" for kind, count in batch["changed"].items()),
         len(batch["touching"])]
        for batch in whole["batches"][:ROWS]
    ]  # fmt: skip
    if rows:
        heads = _heads("batch", "at", "source", "note", "facts", "touching")
        context.show_table(text("acting.between"), heads, rows, len(whole["batches"]))
    say(text("acting.cost_change", before=f"{before['cost']:,.2f}", after=f"{after['cost']:,.2f}",
             currency=after["currency"]))  # fmt: skip
    say(text("cli.stands_on", head=after["head"]))


def _show_warnings(whole: dict[str, Any]) -> None:
    """What came into the scope, and what went on of goods that it had already."""
    if whole["growth"]:
        context.console.print(text("onward.growth", count=len(whole["growth"])))
    rows: list[list[object]] = [
        [text(f"onward.{one['kind']}"), one["lot"], one["quantity"], one["unit"], one["document"],
         one["when"]]
        for one in whole["went_on"][:ROWS]
    ]  # fmt: skip
    if rows:
        names = ("what", "lot", "amount", "unit", "document", "when")
        heads = [text(f"onward_head.{name}") for name in names]
        title = text("onward.title", count=len(whole["went_on"]))
        context.show_table(title, heads, rows, len(whole["went_on"]))


def _tier(tier: str | None) -> str:
    return text(f"tier.{tier}") if tier else text("acting.outside")
