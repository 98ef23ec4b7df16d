"""The side panel of a node: all facts, lines with their basis, people, checks, documents, acts."""

from __future__ import annotations

from typing import Any

from dash import html

from dashboard import words
from dashboard.components.parts import (
    amount,
    attrs,
    button,
    chip,
    empty,
    glyph,
    icon,
    lot_no,
    tier_of,
)  # fmt: skip
from dashboard.tracing.question import Tracing
from dashboard.url import link
from graph_model import keys
from graph_model.i18n import text
from queries import dossier
from queries.dossier import Dossier
from queries.floor import labels
from queries.names import Names, placeless
from queries.recall.words import why

LINES = 12
_SKIP = {"key", "rule", "item", "owner", "lot_no", "item_code", "quantity", "uom", "sublot",
         "number", "n"}  # fmt: skip
_TIMES = {"label_date", "expiry_date", "earliest", "latest", "ship_earliest", "ship_latest",
          "released_at", "arrival_earliest", "arrival_latest"}  # fmt: skip


def panel(tracing: Tracing) -> html.Section:
    """The panel of the chosen node, or of the root."""
    node = tracing.chosen or f"L:{tracing.lineage.lots['key'][int(tracing.roots[0])]}"
    kind, key = node[:1], node[2:]
    names = tracing.visit.names(tracing.state.whole("as_of"))
    if kind == "L":
        return _lot(tracing, key, names)
    if kind == "O":
        facts = tracing.visit.facts(tracing.state.whole("as_of"))
        return _operation(tracing, dossier.of_operation(facts, tracing.lineage, key), names)
    return _other(tracing, node, names)


def _lot(tracing: Tracing, key: str, names: Names) -> html.Section:
    number = int(tracing.lineage.number([key])[0])
    if number < 0:
        return html.Section(empty(text("screen.trace.no_node")), className="panel lot-panel")
    facts = tracing.visit.facts(tracing.state.whole("as_of"))
    found = dossier.of_lot(facts, tracing.lineage, number)
    _, item, lot, sublot = keys.lot_parts(key)
    tier = _tier(tracing, number)
    body: list[Any] = [
        html.Div([names.item(found.own.get("item"), item), " · ",
                  names.company(found.own.get("owner"))], className="meta"),
        *_verdict(tracing, number, tier),
        *_came(tracing, found, names), *_went(tracing, found, names),
        *_where(tracing, found, names), *_people(tracing, found, names), *_checks(tracing, found),
        *_process(found), *_documents(found), *_facts(tracing, found),
    ]  # fmt: skip
    title: list[Any] = [glyph(tier)] if tier else [icon("lot")]
    title.append(html.H2(lot_no(lot + (f" #{sublot}" if sublot else ""))))
    acts = [
        button(text("screen.trace.label"), tracing.state.link(label=1), kind="small"),
        button(text("screen.direction.backward"),
               link("/trace", lot=key, direction="backward", as_of=_batch(tracing)),
               kind="small", key="B", act="b"),
        button(text("screen.direction.forward"), link("/trace", lot=key, as_of=_batch(tracing)),
               kind="small", key="F", act="f"),
        html.Span(className="grow"),
        button(text("screen.start.recall"), link("/recall", lot=key, as_of=_batch(tracing)),
               kind="small"),
    ]  # fmt: skip
    label = [_label(tracing, key, names)] if tracing.state.one("label") else []
    return _framed(tracing, title, [*label, *body], acts)


def _batch(tracing: Tracing) -> int | None:
    return tracing.state.whole("as_of")


def _framed(tracing: Tracing, title: list[Any], body: list[Any], acts: list[Any]) -> html.Section:
    named = text("screen.close")
    close = html.A(icon("close"), href=tracing.state.link(sel=None, label=None), className="aside",
                   title=named, **attrs(aria_label=named))  # fmt: skip
    return html.Section(
        [html.Div([*title, close if tracing.chosen else None], className="panel-head"),
         html.Div(body, className="panel-body", tabIndex=0),
         html.Div(acts, className="panel-foot") if acts else None],
        className="panel lot-panel", **attrs(aria_label=text("screen.trace.panel")),
    )  # fmt: skip


def _tier(tracing: Tracing, number: int) -> str | None:
    if tracing.judged is None:
        return None
    tier = tracing.judged.scope.tiers.get(number)
    if tier is None:
        return None
    key = tracing.lineage.lots["key"][number]
    return tier_of(tier, tracing.tiers.get(f"L:{key}"))


def _verdict(tracing: Tracing, number: int, tier: str | None) -> list[Any]:
    if tracing.judged is None or tier is None:
        return []
    scope = tracing.judged.scope
    lines = why(scope, number)
    told = tracing.judged.told["lots"]
    key = scope.lineage.lots["key"][number]
    reason = next(lot["reason"] for lot in told if lot["key"] == key)
    kind = "cuts" if tier == "excluded" else "witness"
    return [
        html.Div([html.B(text(f"tier.{scope.tiers[number]}")), html.Div(reason)],
                 className=f"verdict {tier}"),
        html.H3(text(f"screen.lot.{kind}")),
        html.Ol([html.Li(line) for line in lines], className="witness"),
    ]  # fmt: skip


def _section(title: str, rows: list[Any], total: int) -> list[Any]:
    """A heading with its rows; says how many of how many."""
    if not rows:
        return []
    more = text("screen.showing", shown=len(rows), total=total) if len(rows) < total else ""
    return [html.H3([title, " ", html.Span(more, className="meta")]),
            html.Div(rows, className="lines")]  # fmt: skip


def _line(tracing: Tracing, line: dict[str, Any], names: Names, other: str) -> html.Div:
    """One movement: which lot, how much, how we know, who, which document."""
    mixed = keys.lot_parts(other)[2] == keys.MIXED
    number = text("screen.node.pool") if mixed else keys.lot_parts(other)[2] or words.unknown()
    node = None if mixed else tracing.state.link(sel=other, label=None)
    basis = line["basis"] or "inferred"
    how: list[Any] = [html.Span(className=f"stroke {basis}"), text(f"screen.basis.{basis}")]
    if line["rule"]:
        how.append(f" · {words.labelled('screen.rule', line['rule'])}")
    person = _person(tracing, line["person"])
    when = words.brief(line["earliest"], tracing.visit.zone) if line["earliest"] else ""
    return html.Div(
        [
            html.Div([html.A(lot_no(number), href=node) if node else html.B(number), " ",
                      html.Span(names.item(line["item_key"], line["code"]), className="meta")]),
            html.Div(amount(line["quantity"], line["uom"]), className="end"),
            html.Div(how, className="meta how"),
            html.Div(" · ".join(part for part in (when, person, line["doc_no"] or "") if part),
                     className="meta end"),
        ],
        className="line",
    )  # fmt: skip


def _person(tracing: Tracing, pseudonym: str | None) -> str:
    """The name of a person, for those who may see it."""
    if not pseudonym:
        return ""
    if not tracing.visit.can("person.see"):
        return text("screen.hidden")
    return _name(tracing, pseudonym)


def _name(tracing: Tracing, pseudonym: str) -> str:
    desk = tracing.visit.desk
    known = desk.on(None, "people", lambda facts, _: desk.people(facts))
    return known.get(pseudonym, pseudonym)


def _came(tracing: Tracing, found: Dossier, names: Names) -> list[Any]:
    rows = [_line(tracing, line, names, line["other"]) for line in _once(found.came)]
    return _section(text("screen.trace.came"), rows[:LINES], len(rows))


def _went(tracing: Tracing, found: Dossier, names: Names) -> list[Any]:
    rows = []
    for line in _once(found.went):
        made = [key for key in line.get("made", []) if keys.lot_parts(key)[2] != keys.MIXED]
        step = line["step_number"] or words.labelled("operation", line["step_kind"])
        rows.append(
            html.Div(
                [
                    html.Div([html.B(words.labelled("operation", line["step_kind"])), " ",
                              html.Span(step, className="lot-no"), " → ",
                              words.counted("screen.trace.made", len(made))]),
                    html.Div(amount(line["quantity"], line["uom"]), className="end"),
                    html.Div([html.Span(className=f"stroke {line['basis'] or 'inferred'}"),
                              text(f"screen.basis.{line['basis'] or 'inferred'}")],
                             className="meta how"),
                    html.Div(" · ".join(part for part in (
                        _person(tracing, line["person"]), line["doc_no"] or "") if part),
                        className="meta end"),
                ],
                className="line",
            )
        )  # fmt: skip
    return _section(text("screen.trace.went"), rows[:LINES], len(rows))


def _once(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Recorded lines all; of what rules derived one a place, as its contents follow each other."""
    seen: set[tuple[str, str]] = set()
    kept = []
    for line in sorted(lines, key=lambda one: one["rule"] is not None):
        place = keys.lot_parts(line["other"])[3].partition("@")[0]
        mark = (line["rule"] or line["key"], place)
        if line["rule"] is None or mark not in seen:
            kept.append(line)
        seen.add(mark)
    return kept


def _where(tracing: Tracing, found: Dossier, names: Names) -> list[Any]:
    zone = tracing.visit.zone
    rows = [
        html.Div([html.Div([html.B(names.site(row["site"]) or words.unknown()), " ",
                            chip(words.labelled("screen.quality", row["quality_status"]))
                            if row["quality_status"] else None]),
                  html.Div(amount(row["quantity"], row["uom"]), className="end"),
                  html.Div(text("screen.trace.stock_as_of",
                                when=words.moment(row["as_of"], zone)), className="meta")],
                 className="line")
        for row in found.stock
    ]  # fmt: skip
    for row in found.shipped:
        to = names.company((row["customer"] or "").rpartition("/")[2]) or words.unknown()
        rows.append(
            html.Div([html.Div([html.B(row["delivery_no"] or words.unknown(),
                                       className="lot-no"), " → ", to]),
                      html.Div(amount(row["quantity"], row["uom"]), className="end"),
                      html.Div([words.labelled("screen.status", row["status"]), " · ",
                                words.moment(row["ship_earliest"], zone)], className="meta")],
                     className="line")
        )  # fmt: skip
    return _section(text("screen.trace.where"), rows[:LINES], len(rows))


def _people(tracing: Tracing, found: Dossier, names: Names) -> list[Any]:
    zone = tracing.visit.zone
    rows = []
    for step in found.steps:
        if step["rule"]:
            continue
        span = words.moment(step["earliest"], zone)
        if step["latest"] and step["latest"] != step["earliest"]:
            span = f"{span} → {words.brief(step['latest'], zone)}"
        what = f"{words.labelled('operation', step['kind'])} {step['number'] or ''}"
        place = names.site(step["site"]) if step["site"] else ""
        rows.append(_fact(what, " · ".join(part for part in (span, place) if part)))
    named = [_person(tracing, one) for one in found.persons]
    if named:
        rows.append(_fact(text("screen.trace.persons"),
                          text("screen.comma").join(dict.fromkeys(named))))  # fmt: skip
    return _section(text("screen.trace.people"), rows, len(rows))


def _fact(name: str, value: Any) -> html.Div:
    return html.Div([html.Span(name, className="meta"), html.Span(value, className="end")],
                    className="fact")  # fmt: skip


def _checks(tracing: Tracing, found: Dossier) -> list[Any]:
    rows = []
    for one in found.inspections:
        plan = f"n={words.number(one['sample_size'])}, c={words.number(one['acceptance'])}"
        result = words.labelled("screen.quality", one["result"])
        when = words.moment(one["earliest"], tracing.visit.zone)
        rows.append(
            html.Div([html.Div([html.B(one["inspection_item"] or one["inspection_no"]), " ",
                                chip(result)]),
                      html.Div(plan if one["sample_size"] is not None else "", className="end"),
                      html.Div([one["inspection_no"], " · ", when, " · ",
                                _person(tracing, one["person"])], className="meta")],
                     className="line")
        )  # fmt: skip
    return _section(text("screen.trace.inspections"), rows[:LINES], len(rows))


def _process(found: Dossier) -> list[Any]:
    rows = [
        _fact(one["process_param"] or words.unknown(),
              f"{one['measured_value'] or words.unknown()} {words.unit(one['uom'])}"
              + (f" ({text('screen.trace.set')} {one['set_value']})" if one["set_value"] else ""))
        for one in found.process
    ]  # fmt: skip
    return _section(text("screen.trace.process"), rows[:LINES], len(rows))


def _documents(found: Dossier) -> list[Any]:
    chips = [chip([icon("document"), number]) for number in found.documents]
    if not chips:
        return []
    more = found.documents[LINES:]
    shown = html.Div(chips[:LINES], className="chips")
    rest = html.Details([html.Summary(text("screen.stop.more", count=len(more))),
                         html.Div(chips[LINES:], className="chips")]) if more else None  # fmt: skip
    return [html.H3(text("screen.trace.documents")), shown, rest]


def _facts(tracing: Tracing, found: Dossier) -> list[Any]:
    """Every other recorded field."""
    rows = []
    for name, value in found.own.items():
        if name in _SKIP or name.startswith("_") or value is None or value == "":
            continue
        shown = words.moment(value, tracing.visit.zone) if name in _TIMES else str(value)
        rows.append(_fact(words.labelled("label", name), shown))
    if found.own.get("_file"):
        place = f"{found.own['_file']} · {found.own['_sheet']} · {found.own['_row']}"
        rows.append(_fact(text("screen.trace.read_from"), place))
    return _section(text("screen.trace.facts"), rows, len(rows))


def _operation(tracing: Tracing, found: Dossier, names: Names) -> html.Section:
    own = found.own
    number = own.get("work_order_no") or own.get("doc_no") or keys.parts(found.key)[-1]
    title = [icon("operation"), html.H2([words.labelled("operation", own.get("kind")), " ",
                                         lot_no(number)])]  # fmt: skip
    made = [_line(tracing, line, names, line["other"]) for line in _once(found.went)]
    body: list[Any] = [
        html.Div(names.item(own.get("item")), className="meta"),
        *_came(tracing, found, names),
        *_section(text("screen.trace.outputs"), made[:LINES], len(made)),
        *_people(tracing, found, names), *_checks(tracing, found), *_process(found),
        *_documents(found), *_facts(tracing, found),
    ]  # fmt: skip
    address = link("/recall", operation=found.key, as_of=_batch(tracing))
    recall = button(text("screen.start.recall"), address, kind="small")
    return _framed(tracing, title, body, [recall])


def _other(tracing: Tracing, node: str, names: Names) -> html.Section:
    """A supplier, shipment, customer or place: what it is, and the lots on its edges."""
    edges = tracing.net.edges.filter(
        (tracing.net.edges["source"] == node) | (tracing.net.edges["target"] == node)
    )
    rows = []
    for source, target, quantity, uom in edges.select(
        "source", "target", "quantity", "uom"
    ).iter_rows():
        other = target if source == node else source
        rows.append(
            html.Div([html.Div(["→ " if source == node else "← ",
                                html.A(_named(other, names),
                                       href=tracing.state.link(sel=other, label=None))]),
                      html.Div(amount(quantity, uom) if quantity else "", className="end")],
                     className="line")
        )  # fmt: skip
    kinds = {"S": "supplier", "D": "shipment", "C": "customer", "P": "pool"}
    kind = kinds.get(node[:1], "lot")
    title = [icon(kind if kind != "pool" else "data"),
             html.H2([text(f"screen.node.{kind}"), " ", _named(node, names)])]  # fmt: skip
    return _framed(tracing, title,
                   _section(text("screen.trace.edges"), rows[:40], len(rows)), [])  # fmt: skip


def _named(node: str, names: Names) -> str:
    kind, key = node[:1], node[2:]
    if kind == "L":
        return keys.lot_parts(key)[2] or words.unknown()
    if kind == "P":
        item, _, place = key.partition("@")
        return placeless(item, place) or f"{names.item(None, item)} · {names.site(place)}"
    if kind in "SC":
        return names.company(key)
    return keys.parts(key)[-1]


def _label(tracing: Tracing, key: str, names: Names) -> html.Div:
    """A label to print: scanning its code opens the trace of the lot."""
    address = tracing.visit.address + link("/trace", lot=key)
    _, item, lot, _ = keys.lot_parts(key)
    return html.Div(
        [html.Img(src=labels.picture(address), alt=text("screen.trace.code", lot=lot)),
         html.Div([html.Div(lot, className="lot-no"), html.Div(names.item(None, item)),
                   html.Button([icon("print"), text("screen.print")],
                               className="button small no-print", **attrs(data_print="label"))])],
        className="qr-label",
    )  # fmt: skip
