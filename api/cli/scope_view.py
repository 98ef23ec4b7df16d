"""A scope on the screen: tiers, places, cost, saving, and what is missing."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from api.cli import context
from api.reports import figures
from graph_model.i18n import catalogue, language, text
from queries.recall import acting
from queries.recall.rulebook import DEFAULTS
from queries.recall.scope import Scope
from queries.recall.unaccounted import PARTS
from queries.recall.worlds import GRADES

LINES = 12


def show_scope(whole: dict[str, Any]) -> None:
    """What is unaccounted, three tiers with their lots, customers, cost, saving, completeness."""
    say = context.console.print
    _show_unaccounted(whole["totals"])
    roots = whole["roots"]["match"]
    say(text("cli.roots_line", roots=_listed(roots) or "-"), markup=False)
    counts = whole["totals"]["released_on_test"]
    tested = any(counts.values())
    for tier in ("certain", "possible", "excluded"):
        lots = [lot for lot in whole["lots"] if lot["tier"] == tier]
        rows: list[list[object]] = [
            [lot["item"], lot["lot_no"], lot["quantity"], lot["unit"], _places(lot),
             *([_state(lot)] if tested else []), lot["reason"]]
            for lot in lots[:LINES]
        ]  # fmt: skip
        names = ("item", "lot_no", "quantity", "unit", "places", "state", "reason")
        heads = [text(f"cli.head.{name}") for name in names if tested or name != "state"]
        context.show_table(
            text("cli.tier_title", tier=text(f"tier.{tier}"), count=len(lots)) + _grades(lots),
            heads,
            rows,
            len(lots),
        )
    if tested:
        say(text("evidence.released", **counts))
    for bound in whole["at_most"]:
        say(text("bound.pieces", **bound), markup=False)
    _show_actions(whole["actions"])
    _show_evidence(whole)
    _show_customers(whole)
    _show_cost(whole)
    say(text("cli.complete" if whole["complete"] else "cli.incomplete"))
    show_missing(whole["missing"])
    say(text("cli.stands_on", head=whole["head"]))


def _show_unaccounted(totals: dict[str, Any]) -> None:
    """Amounts by unit with their parts, and what may hide more of them."""
    say = context.console.print
    amounts = [
        text("unaccounted.amount", total=f"{row['total']:g}", in_scope=f"{row['in_scope']:g}",
             unit=unit, parts=_parts(row))
        for unit, row in totals["unaccounted_parts"].items()
        if row["total"]
    ]  # fmt: skip
    told = text("cli.semicolon").join(amounts) or text("unaccounted.none")
    say(text("unaccounted.line", amounts=told), markup=False)
    if totals["unaccounted_unknown"]:
        say("  " + text("unaccounted.unknown", count=totals["unaccounted_unknown"]))
    balances = totals["balance"].values()
    off, over = (sum(row[name] for row in balances) for name in ("off", "off_over"))
    if off:
        say("  " + text("unaccounted.off", count=off, over=over))


def _parts(row: dict[str, float]) -> str:
    return text("cli.comma").join(
        text(f"unaccounted.{part}", amount=f"{row[part]:g}") for part in PARTS if row[part]
    )


def show_missing(missing: list[dict[str, Any]]) -> None:
    """What is missing, a line each, with the first lots that it is about."""
    for entry in missing:
        names = list(dict.fromkeys(figures.mixed_stock(key) or key for key in entry["lots"]))
        lots = f" ({_listed(names)})" if names else ""
        context.console.print(f"· {entry['text']}{lots}", markup=False)


def _grades(lots: list[dict[str, Any]]) -> str:
    """How many possible lots each way reaches: what records show stays apart from contact."""
    counts = Counter(lot["grade"] for lot in lots if lot["tier"] == "possible")
    if not counts:
        return ""
    parts = [f"{text(f'grade.{name}')} {counts[name]}" for name in GRADES if counts[name]]
    return text("cli.in_grades", grades=text("cli.comma").join(parts))


def _listed(names: list[str]) -> str:
    """The first names, and how many there are where some are left out."""
    listed = text("cli.comma").join(names[:LINES])
    if len(names) <= LINES:
        return listed
    return text("cli.listed", listed=listed, shown=LINES, total=len(names))


def _places(lot: dict[str, Any]) -> str:
    parts = []
    for place, amount in lot["places"].items():
        amounts = list(amount.values()) if isinstance(amount, dict) else [amount]
        total = None if None in amounts else sum(amounts)
        shown = text("cli.amount_unknown") if total is None else f"{total:g}" if total else ""
        parts.append(f"{text(f'place.{place}')} {shown}".strip())
    return text("cli.comma").join(parts)


def _show_evidence(whole: dict[str, Any]) -> None:
    """What acts, on what it rests and what it took out."""
    if whole["evidence"]:
        rows: list[list[object]] = [
            [text(f"evidence.kind.{one['kind']}"), text(f"evidence.table.{one['by']}"),
             text("cli.comma").join(one["persons"]), one["lots"], one["cost"], one["key"]]
            for one in whole["evidence"][:LINES]
        ]  # fmt: skip
        names = ("kind", "by", "persons", "lots", "cost")
        heads = [*(text(f"evidence.table.{name}") for name in names), text("evidence.head.key")]
        count = len(whole["evidence"])
        context.show_table(text("evidence.table.title", count=count), heads, rows, count)
    excluded = whole["totals"]["lots"]["excluded_by"]
    if excluded["judgement"]:
        context.console.print(text("evidence.table.excluded", **excluded))
    about = whole["rules"]
    if about["origin"] != DEFAULTS:
        told = text("evidence.table.rules", origin=about["origin"], hazard=about["hazard"])
        context.console.print(told, markup=False)


def _state(lot: dict[str, Any]) -> str:
    """Released on test: by the sample that is least likely to have missed the hazard."""
    if not lot["state"]:
        return ""
    best = lot["tests"][0]
    known = best["chance_missed"] is not None
    return text(
        "evidence.passed",
        state=text(f"evidence.state.{lot['state']}"),
        n=_figure(best["n"]), c=_figure(best["c"]), prevalence=f"{best['prevalence']:.2%}",
        chance=f"{best['chance_missed']:.1%}" if known else text("evidence.unknown"),
    )  # fmt: skip


def _figure(value: float | None) -> str:
    return text("evidence.unknown") if value is None else f"{value:g}"


def _show_actions(actions: list[dict[str, Any]]) -> None:
    rows: list[list[object]] = [
        [text(f"action.{one['action']}"), figures.mixed_stock(one["lot"]) or one["lot"],
         one["quantity"], one["unit"],
         one["place"], one["document"], _when(one["when"]), text(f"tier.{one['tier']}")]
        for one in actions[:LINES]
    ]  # fmt: skip
    own = {name: text(f"action_head.{name}") for name in ("action", "place", "document", "when")}
    names = ("action", "lot_no", "quantity", "unit", "place", "document", "when", "tier")
    heads = [own.get(name) or text(f"cli.head.{name}") for name in names]
    context.show_table(text("action.title"), heads, rows, len(actions))


def _when(moment: str | None) -> str | None:
    """In the plant's time, as reports and screens have it."""
    if moment is None:
        return None
    return figures.stamp(datetime.fromisoformat(moment), ZoneInfo(context.settings().timezone))


def _show_customers(whole: dict[str, Any]) -> None:
    rows: list[list[object]] = [
        [c["customer"], text(f"tier.{c['tier']}"), len(c["lots"]), c["quantity"],
         _listed([str(number) for number in c["shipments"]])]
        for c in whole["customers"][:LINES]
    ]  # fmt: skip
    heads = [
        text(f"cli.head.{head}") for head in ("customer", "tier", "lots", "quantity", "shipments")
    ]
    context.show_table(text("cli.customers_title"), heads, rows, len(whole["customers"]))


def _show_cost(whole: dict[str, Any]) -> None:
    totals = whole["totals"]
    rows: list[list[object]] = []
    for tier, places in totals["cost"].items():
        total = sum(amount for types in places.values() for amount in types.values())
        if places:
            rows.append([text(f"tier.{tier}"), text("cli.total"), "", f"{total:,.2f}"])
        for place, types in places.items():
            for cost_type, amount in types.items():
                rows.append(
                    [
                        text(f"tier.{tier}"),
                        text(f"place.{place}"),
                        _cost_type(cost_type),
                        f"{amount:,.2f}",
                    ]
                )
    heads = [text(f"cli.head.{head}") for head in ("tier", "place", "cost_type", "cost")]
    context.show_table(text("cli.cost_title", currency=totals["currency"]), heads, rows)
    _show_range(totals)
    saved = whole["saved"]
    at_best = text("cli.at_best") if saved["at_best"] else ""
    for yardstick in ("blanket", "reachable"):
        share = saved[yardstick]
        line = "cli.saved" if share is not None else "cli.saved_unknown"
        lots = whole[yardstick]["lots"]
        cost = whole[yardstick]["cost"]
        context.console.print(
            text(
                line,
                yardstick=text(f"cli.yardstick.{yardstick}"),
                share=f"{(share or 0) * 100:.1f} %",
                lots=lots,
                cost=f"{cost:,.2f}",
                at_best=at_best,
            )
        )


def _show_range(totals: dict[str, Any]) -> None:
    """Fixed cost, what comes back, the sum, and how far unknown amounts leave it open."""
    say = context.console.print
    for name in ("fixed", "recovered"):
        for cost_type, amount in totals[f"cost_{name}"].items():
            say(text(f"bill.{name}", cost_type=_cost_type(cost_type), amount=f"{amount:,.2f}"))
    net = totals["cost_total"]["net"]
    shown = {name: f"{amount:,.2f}" for name, amount in net.items()}
    say(text("bill.net" if net["low"] == net["high"] else "bill.range", **shown))
    if totals["cost_unbounded"]:
        say(text("bill.unbounded", count=totals["cost_unbounded"]))


def _cost_type(name: str) -> str:
    """The label of a cost type; one that a plant's own table adds stands as written there."""
    key = f"cost.{name}"
    return text(key) if key in catalogue(language()) else name


def show_why(scope: Scope, reference: str, *, as_json: bool) -> None:
    """The whole witness of a lot, or its cuts."""
    told = acting.why(scope, reference)
    if as_json:
        context.show_json(told)
        return
    context.console.print(f"{told['lot']}: {text('tier.' + told['tier'])}")
    for line in told["why"]:
        context.console.print(f"  {line}")
