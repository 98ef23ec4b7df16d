"""The strip of five figures that comes first: unaccounted, leaving, waiting, to hold, changed."""

from __future__ import annotations

from typing import Any

from dash import html

from dashboard import words
from dashboard.components.parts import attrs, cell, chip, icon, largest
from dashboard.url import State
from dashboard.visit import Visit
from dashboard.workbench import holding
from dashboard.workbench.question import Question
from graph_model.i18n import text
from queries.recall import overview, places
from queries.recall.unaccounted import PARTS

DECISIONS = ("cannot_rule_out", "near", "delay_unconfirmed", "proposed_lot", "ambiguous", "draft",
             "time_conflict")  # fmt: skip
"""Gaps that a named person can close by a decision."""


def strip(visit: Visit, question: Question, state: State) -> html.Div:
    """The five cells."""
    return html.Div(
        [
            _unaccounted(question),
            _leaving(visit, question),
            _waiting(question, state),
            holding.figures(visit, question) or _to_hold(question),
            _since(visit, question, state),
        ],
        className="strip panel",
    )


def _unaccounted(question: Question) -> html.Div:
    """Shipped without an answer, searched and not found, unexplained by the balance."""
    told = question.recorded.told["totals"]
    amounts = {unit: amount for unit, amount in told["unaccounted"].items() if amount}
    figure, others = largest(amounts)
    by_part: dict[str, dict[str, float]] = {}
    for unit, parts in told["unaccounted_parts"].items():
        for name in PARTS:
            by_part.setdefault(name, {})[unit] = parts[name]
    lines = [
        html.Div(text(f"screen.unaccounted.{name}", amount=words.amounts(sums)))
        for name, sums in by_part.items()
        if any(sums.values())
    ]
    if told["unaccounted_unknown"]:
        unknown = words.counted("screen.unaccounted.unknown", told["unaccounted_unknown"])
        lines.append(html.Div(unknown))
    return cell(text("screen.recall.unaccounted"), figure, others, *lines)


def _place(found: overview.Overview, *wanted: str) -> dict[str, float]:
    sums: dict[str, float] = {}
    for place in wanted:
        for amounts in found.places.get(place, {}).values():
            for unit, amount in amounts.items():
                sums[unit] = sums.get(unit, 0) + amount
    return sums


def _leaving(visit: Visit, question: Question) -> html.Div:
    amounts, documents, lines = question.recorded.once("leaving", overview.leaving_next)
    figure, others = largest(amounts)
    times = sorted(str(line["when"]) for line in lines.values() if line["when"])
    below: list[Any] = []
    if times:
        first, now = words.stamp(times[0]), words.now()
        due = text("screen.recall.was_due" if first < now else "screen.recall.leaves_at",
                   when=words.moment(first, visit.zone), age=words.ago(first, now))  # fmt: skip
        below.append(chip([icon("truck"), due], "urgent"))
    beside = text("screen.recall.documents", count=documents, lots=len(lines)) if lines else ""
    return cell(
        text("screen.recall.leaving"), figure, [others, " " if others else "", beside], *below
    )


def _waiting(question: Question, state: State) -> html.Div:
    missing = [entry for entry in question.recorded.told["missing"] if entry["kind"] in DECISIONS]
    count = sum(entry["count"] for entry in missing)
    lines = [
        html.Div(words.counted(f"screen.waits.{entry['kind']}", entry["count"]))
        for entry in missing[:2]
    ]
    more = html.A(text("screen.footer.list"), href=state.link(gaps=1) + "#gaps")
    return cell(
        text("screen.recall.waiting"), words.number(count, 0) if count else words.NONE,
        more if missing else "", *lines,
    )  # fmt: skip


def _to_hold(question: Question) -> html.Div:
    """Lots of the scope that are here still and can be held."""
    scope = question.recorded.scope
    lots = overview.located(scope, places.ON_HAND, places.IN_PROCESS, places.PICKED)
    found = question.recorded.once("overview", overview.overview)
    amounts = _place(found, places.ON_HAND, places.IN_PROCESS, places.PICKED)
    return cell(
        text("screen.recall.hold_list"), words.number(lots, 0),
        text("screen.recall.of_lots", total=words.number(len(scope.held), 0)),
        words.amounts(amounts),
    )  # fmt: skip


def _since(visit: Visit, question: Question, state: State) -> html.Div:
    """What came in and left since an earlier batch; computed when it is asked for."""
    batch = question.recorded.scope.facts.batch
    title = text("screen.recall.since", batch=max(batch - 1, 1))
    before = state.whole("since")
    if batch < 2:
        return cell(title, words.NONE, text("screen.recall.first_batch"))
    if before is None:
        link = html.A(text("screen.recall.show_difference"), href=state.link(since=batch - 1),
                      **attrs(data_act="d"))  # fmt: skip
        return cell(title, words.NONE, link)
    came, left = changes(visit, question, before)
    net = len(came) - len(left)
    sign = "+" if net > 0 else ""
    return cell(
        text("screen.recall.since", batch=before), f"{sign}{words.number(net, 0)}",
        text("screen.lots"),
        text("screen.recall.came_left", came=len(came), left=len(left)),
        html.A(text("screen.recall.hide_difference"), href=state.link(since=None),
               **attrs(data_act="d")),
    )  # fmt: skip


def changes(visit: Visit, question: Question, before: int) -> tuple[list[str], list[str]]:
    """Keys of lots that came into the scope and that left it since a batch."""
    now = question.recorded.scope
    then = visit.scope(question.asked, before, hazard=now.case.hazard, rules=question.rules).scope
    is_, was = (set(s.lineage.lots["key"][s.held].to_list()) for s in (now, then))
    return sorted(is_ - was), sorted(was - is_)
