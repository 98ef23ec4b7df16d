"""Who has goods of the scope: what they got, whether they were told, what they answered."""

from __future__ import annotations

from typing import Any

from dash import html

from dashboard import words
from dashboard.components import parts
from dashboard.components.forms import choice, dialog, field, form, reason
from dashboard.components.parts import button, chip, empty, glyph, panel
from dashboard.url import State
from dashboard.visit import Visit
from dashboard.workbench.question import Question
from graph_model import cases
from graph_model.i18n import text
from queries.incidents import notices

SHOWN = 25
DOCUMENTS = 3


def listing(visit: Visit, question: Question, state: State) -> html.Section:
    """Rows of who has it; with an incident also how far its notices are."""
    title = text("screen.recall.customers")
    if not visit.can("contact.see") and not visit.can("price.see"):
        return panel(title, empty(text("screen.recall.customers_hidden")))
    told = question.recorded.told["customers"]
    if not told:
        return panel(title, empty(text("screen.recall.no_customers")))
    noticed = _noticed(visit, question)
    shown = told if state.one("all_customers") else told[:SHOWN]
    rows = [_row(visit, one, noticed, state) for one in shown]
    heads = ["", text("screen.kind.customer"), f">{text('screen.head.lots')}",
             f">{text('screen.head.amount')}", text("screen.head.documents")]  # fmt: skip
    if noticed is not None:
        heads += [text("screen.notice.state"), f">{text('screen.notice.open')}", ""]
    aside: list[Any] = [parts.shown_of(len(shown), len(told))]
    if len(shown) < len(told):
        aside.append(html.A(text("screen.show_all"), href=state.link(all_customers=1)))
    return panel(title, parts.table(heads, rows, label=title, kind="customers"),
                 aside=[*aside, *_acts(visit, noticed, state)])  # fmt: skip


def _noticed(visit: Visit, question: Question) -> dict[str, dict[str, Any]] | None:
    """Notices of the incident by customer; None without an incident."""
    if question.incident is None:
        return None
    key, batch = question.incident["incident"], question.recorded.scope.facts.batch
    found = visit.desk.on(batch, ("notices", key), lambda facts, _: notices.listing(facts, key))
    return {one["customer"]: one for one in found}


def _row(
    visit: Visit, one: dict[str, Any], noticed: dict[str, dict[str, Any]] | None, state: State
) -> list[Any]:
    names = visit.names(state.whole("as_of"))
    row: list[Any] = [
        glyph("certain" if one["tier"] == "certain" else "recorded"),
        names.company(one["customer"].rpartition("/")[2]),
        words.number(len(one["lots"]), 0),
        words.number(one["quantity"]),
        _documents([str(number) for number in one["shipments"]]),
    ]
    if noticed is None:
        return row
    notice = noticed.get(one["customer"])
    if notice is None:
        return [*row, words.unknown(), words.unknown(), None]
    open_ = {unit: sums["unaccounted"] for unit, sums in notice["amounts"].items()}
    act = None
    if visit.can("notice.write") and notice["notice"] and state.whole("as_of") is None:
        act = button(text("screen.notice.answer"),
                     state.link(ask="answer", party=one["customer"]), kind="small")  # fmt: skip
    row[3] = words.amounts({unit: sums["shipped"] for unit, sums in notice["amounts"].items()})
    return [*row, chip(text(f"incident.notice.{notice['state']}")), words.amounts(open_), act]


def _documents(numbers: list[str]) -> Any:
    """Delivery numbers: few as they are, many as a count that opens."""
    if len(numbers) <= DOCUMENTS:
        return text("screen.comma").join(numbers)
    return html.Details(
        [html.Summary(text("screen.recall.deliveries", count=words.number(len(numbers), 0))),
         text("screen.comma").join(numbers)]
    )  # fmt: skip


def _acts(visit: Visit, noticed: dict[str, dict[str, Any]] | None, state: State) -> list[Any]:
    if noticed is None or not visit.can("notice.write") or state.whole("as_of") is not None:
        return []
    states = [one["state"] for one in noticed.values()]
    made = []
    if "not_told" in states:
        made.append(button(text("screen.notice.prepare"), state.link(ask="notify"), kind="small"))
    if "prepared" in states or "sent" in states:
        made.append(button(text("screen.notice.tell"), state.link(ask="told"), kind="small"))
    return made


# ---------------------------------------------------------------------------- what is asked


def asked(visit: Visit, question: Question, state: State) -> Any:
    """The dialog to prepare notices, to state that they were sent, or what a party answers."""
    if question.incident is None or not visit.can("notice.write"):
        return None
    base, close = f"/api/v1/incidents/{question.incident['number']}", state.link(
        ask=None, party=None)  # fmt: skip
    ask = state.one("ask")
    if ask == "notify":
        return _notify(base, close)
    if ask == "told":
        return _told(base, close)
    noticed = _noticed(visit, question) or {}
    if ask == "answer" and state.one("party") in noticed:
        return _answer(visit, base, close, noticed[state.one("party")])
    return None


def _notify(base: str, close: str) -> html.Div:
    depths = [(one, text(f"screen.notice.depth_{one}")) for one in cases.DEPTHS]
    levels = [(one, text(f"screen.notice.level_{one}")) for one in cases.LEVELS]
    made = form(
        f"{base}/notify",
        [choice("depth", text("screen.notice.depth"), depths),
         choice("level", text("screen.notice.level"), levels),
         field("share", text("screen.notice.share"), decimal=True, hint="0.3"), reason()],
        text("screen.notice.prepare"), numbers=("share",), close=close, then=close,
        done=text("screen.form.done"),
    )  # fmt: skip
    return dialog(text("screen.notice.prepare"), html.P(text("screen.notice.prepare_does")), made,
                  close=close)  # fmt: skip


def _told(base: str, close: str) -> html.Div:
    whats = [(one, text(f"screen.notice.what_{one}")) for one in ("sent", "confirmed")]
    made = form(
        f"{base}/told",
        [choice("what", text("screen.notice.what"), whats),
         field("channel", text("screen.notice.channel")),
         field("document", text("screen.hold.document")),
         field("at", text("screen.evidence.field.at"), hint="2026-10-20T14:00"), reason()],
        text("screen.notice.tell"), close=close, then=close, done=text("screen.form.done"),
    )  # fmt: skip
    return dialog(text("screen.notice.tell"), html.P(text("screen.notice.tell_does")), made,
                  close=close)  # fmt: skip


def _answer(visit: Visit, base: str, close: str, notice: dict[str, Any]) -> html.Div:
    name = visit.names().company(notice["customer"].rpartition("/")[2])
    lots = [("", text("screen.notice.all_lots")),
            *((one["lot"], one["lot"].rpartition("/")[2] or one["lot"])
              for one in notice["lots"] if one["lot"])]  # fmt: skip
    units = [(unit, words.unit(unit)) for unit in notice["amounts"]]
    amounts = [field(f"amounts.{one}", text(f"screen.notice.{one}"), decimal=True)
               for one in cases.OUTCOMES]  # fmt: skip
    made = form(
        f"{base}/answers",
        [*amounts, choice("uom", text("screen.head.unit"), units),
         choice("lot", text("screen.head.lot"), lots), reason()],
        text("screen.notice.answer"), fixed={"customer": notice["customer"]},
        numbers=[f"amounts.{one}" for one in cases.OUTCOMES], close=close, then=close,
        done=text("screen.form.done"),
    )  # fmt: skip
    open_ = {unit: sums["unaccounted"] for unit, sums in notice["amounts"].items()}
    told = text("screen.notice.still_open", amount=words.amounts(open_))
    return dialog(text("screen.notice.answer_of", name=name), html.P(told), made, close=close)
