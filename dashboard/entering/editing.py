"""Tables of the plant: costs, rules, weights, deadlines; changed here, with their history."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dash import html

from dashboard import words
from dashboard.components import parts
from dashboard.components.forms import area, choice, dialog, field, form, reason
from dashboard.components.parts import button, chip, empty, panel
from dashboard.url import State
from dashboard.visit import Visit
from graph_model.i18n import text
from queries.incidents import deadlines
from queries.recall import places, tables
from queries.recall.cost import FIXED, RECOVERED, CostTable

WRITE = {"costs": "cost.write", "rules": "rules.write", "weights": "rules.write"}
WAYS = ("per_unit", "share", "price_share", "per_party", "amount", "cost_share")
TYPES = ("retrieve", "freight", "storage", "sorting", "test", "scrap", "replace", "credit",
         "penalty", "notify")  # fmt: skip
_WHOSE = {"shipped": "shipped"}
_LIMIT = ("jurisdiction", "product_kind", "recall_class", "customer", "trigger", "act", "hours",
          "working_days", "title_en", "title_zh", "citation", "checked")  # fmt: skip


def listing(visit: Visit, state: State, *names: str) -> html.Section:
    """The tables with who set them last; deadlines have one row each of their own."""
    title = text("screen.table.title")
    if not visit.can("rules.read"):
        return panel(title, empty(text("screen.data.hidden")))
    lines = [_line(visit, name, state) for name in names or tuple(WRITE)]
    if not names:
        count = len(deadlines.rules(visit.facts()))
        act = button(text("screen.table.open"), state.link(edit="deadlines"), kind="small")
        lines.append([html.B(text("screen.table.deadlines")),
                      words.counted("screen.table.limits", count), words.NONE, act])  # fmt: skip
    heads = [text("screen.table.table"), text("screen.table.whose"), text("screen.table.last"), ""]
    return panel(title, parts.table(heads, lines, label=title))


def _line(visit: Visit, name: str, state: State) -> list[Any]:
    history = tables.history(visit.facts(), name)
    own = tables.own(visit.facts(), name) is not None
    last = words.NONE
    if history:
        last = f"{words.day(history[-1]['decided_at'], visit.zone)} · {_who(visit, history[-1])}"
    edit = text("screen.table.edit" if visit.can(WRITE[name]) else "screen.table.open")
    whose = text("screen.table.own" if own else "screen.table.shipped")
    act = button(edit, state.link(edit=name), kind="small")
    return [html.B(text(f"screen.table.{name}")), chip(whose), last, act]


def _who(visit: Visit, row: dict[str, Any]) -> str:
    if not visit.can("person.see"):
        return words.NONE
    return visit.desk.people(visit.facts()).get(row["person"] or "", words.unknown())


def asked(visit: Visit, state: State) -> Any:
    """The table that the address opens, to be read or changed."""
    name = state.one("edit")
    if not visit.can("rules.read"):
        return None
    if name == "deadlines":
        return _deadlines(visit, state)
    return _table(visit, name, state) if name in WRITE else None


def _table(visit: Visit, name: str, state: State) -> html.Div:
    facts, close = visit.facts(), state.link(edit=None, as_text=None)
    found = tables.own(facts, name)
    content = tables.shipped(name) if found is None else found
    may = visit.can(WRITE[name])
    costs = tables.costs(facts)
    by_field = name == "costs" and not state.one("as_text") and not costs.sources
    parts_: list[Any] = [html.P(text(f"screen.table.{name}_is"), className="meta")]
    if name == "costs" and not costs.sources:
        other = "screen.table.as_text" if by_field else "screen.table.as_fields"
        parts_.append(html.A(text(other), href=state.link(as_text=1 if by_field else None)))
    if not may:
        parts_.append(html.Pre(content, className="code"))
    else:
        fields = (
            list(_figures(costs)) if by_field else [area("content", "TOML", content, code=True)]
        )
        parts_.append(form(
            f"/api/v1/{name}", [*fields, reason()], text("screen.table.set"), method="PUT",
            close=close, then=close, done=text("screen.form.done"),
            toml="content" if by_field else "",
        ))  # fmt: skip
        if found is not None:
            parts_.append(form(f"/api/v1/{name}", [reason()], text("screen.table.unset"),
                               method="DELETE", button="small", kind="inline", then=close,
                               done=text("screen.form.done")))  # fmt: skip
    parts_ += _history(visit, name)
    return dialog(text(f"screen.table.{name}"), *parts_, close=close, wide=True)


def _figures(table: CostTable) -> Iterator[Any]:
    """Each figure as a field, and an empty line for one more."""
    for name in ("currency", "date", "source"):
        yield field(name, text(f"screen.table.{name}"), value=getattr(table, name))
    for place, types in table.figures.items():
        for kind, ways in types.items():
            for way, figure in ways.items():
                label = f"{_place(place)} · {words.labelled('cost', kind)} · {_way(way)}"
                yield field(f"{place}.{kind}.{way}", label, value=f"{figure:g}", decimal=True)
    where = [*places.ACTIVE, FIXED, RECOVERED]
    yield choice("new_place", text("screen.table.new_place"),
                 [("", words.NONE), *((one, _place(one)) for one in where)])  # fmt: skip
    yield choice("new_type", text("screen.table.new_type"),
                 [(one, words.labelled("cost", one)) for one in TYPES])  # fmt: skip
    yield choice("new_way", text("screen.table.new_way"), [(one, _way(one)) for one in WAYS])
    yield field("new_figure", text("screen.table.new_figure"), decimal=True)


def _place(place: str) -> str:
    return words.labelled("place", place) if place not in (FIXED, RECOVERED) else text(
        f"screen.table.{place}")  # fmt: skip


def _way(way: str) -> str:
    return text(f"screen.table.way.{way}")


def _history(visit: Visit, name: str) -> list[Any]:
    rows = tables.history(visit.facts(), name)[::-1]
    if not rows:
        return [html.P(text("screen.table.no_history"), className="meta")]
    lines = [
        [words.moment(row["decided_at"], visit.zone), _who(visit, row), row["reason"] or words.NONE,
         html.Details([html.Summary(text("screen.table.content")),
                       html.Pre(row["content"], className="code")])
         if row["content"] else text("screen.table.shipped")]
        for row in rows
    ]  # fmt: skip
    heads = [text("screen.data.when"), text("screen.audit.who"), text("screen.data.reason"), ""]
    title = text("screen.table.history")
    return [html.H3(title), parts.table(heads, lines, label=title)]


# ---------------------------------------------------------------------------- deadlines


def _deadlines(visit: Visit, state: State) -> html.Div:
    rules = deadlines.rules(visit.facts())
    close, chosen = state.link(edit=None, rule=None), state.one("rule")
    title = text("screen.table.deadlines")
    may = visit.can("rules.write")
    if may and (chosen in rules or chosen == "new"):
        back = state.link(rule=None)
        return dialog(title, _limit(rules.get(chosen), back), close=back, wide=True)
    lines = [
        [html.B(rule.title, title=name), rule.jurisdiction, rule.citation or words.NONE,
         _span(rule), chip(text(f"screen.table.{_WHOSE.get(rule.origin, 'own')}")),
         text("screen.table.in_force" if rule.active else "screen.table.off"),
         button(text("screen.table.edit"), state.link(rule=name), kind="small") if may else None]
        for name, rule in rules.items()
    ]  # fmt: skip
    heads = [text(f"screen.table.{one}") for one in ("limit", "country", "cited", "span", "whose",
                                                     "state")] + [""]  # fmt: skip
    add = (
        button(text("screen.table.add_limit"), state.link(rule="new"), kind="small")
        if may
        else None
    )
    return dialog(title, html.Div(add), parts.table(heads, lines, label=title), close=close,
                  wide=True)  # fmt: skip


def _span(rule: deadlines.Rule) -> str:
    if rule.hours is not None:
        return text("incident.in_hours", hours=f"{rule.hours:g}")
    return text("incident.in_working_days", days=rule.working_days)


def _limit(rule: deadlines.Rule | None, close: str) -> Any:
    """One time limit to be changed, or a new one."""

    def value(name: str) -> str:
        found = getattr(rule, name) if rule else None
        return "" if found is None else f"{found:g}" if isinstance(found, float) else str(found)

    fields = [field(name, text(f"screen.table.field.{name}"), value=value(name),
                    decimal=name in ("hours", "working_days")) for name in _LIMIT]  # fmt: skip
    if rule is None:
        fields.insert(0, field("rule", text("screen.table.field.rule"), required=True))
    active = choice("active", text("screen.table.state"),
                    [("true", text("screen.table.in_force")), ("false", text("screen.table.off"))],
                    "true" if rule is None or rule.active else "false")  # fmt: skip
    return form(
        f"/api/v1/deadlines/{rule.rule if rule else '{rule}'}", [*fields, active, reason()],
        text("screen.table.set"), method="PUT", numbers=("hours", "working_days"), close=close,
        then=close, done=text("screen.form.done"),
    )  # fmt: skip
