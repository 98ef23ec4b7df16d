"""What was entered on the floor as facts: a row of the sheet of its step, and the entry beside it.

The row goes the way of a row of a file, so it has the same checks and keys. Its document is the
number that the device gave the entry: an entry that comes twice states the same facts.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import polars as pl

from graph_model import floor, keys
from graph_model.floor import Entry, FloorAnswer, FloorEntry
from graph_model.interval import SCANNER_CLOCK
from graph_model.schema import KINDS, conform
from loaders.entries import fact, now
from loaders.intake import Options
from loaders.plant import folder

Tables = dict[str, pl.DataFrame]


@dataclass(frozen=True, kw_only=True)
class Taken:
    """An entry that is recorded: with whom, by which clocks, what it means and what it is against.

    `person`, `responsible`, `second_person`: pseudonyms. `sent_at`: the device's clock when it was
    sent, `received_at` ours when it came; their difference is how far the device's clock is off.
    """

    entry: Entry
    device: str
    person: str
    responsible: str
    second_person: str = ""
    sent_at: int
    received_at: int
    lot: str | None = None
    item: str | None = None
    order: str | None = None
    against: tuple[str, ...] = ()

    @property
    def timed(self) -> bool:
        """Whether the device's clock says when it was: a scan, by a clock that goes right."""
        off = abs(self.received_at - self.sent_at)
        return self.entry.scanned and off < SCANNER_CLOCK and self.entry.at <= self.sent_at


def tables(taken: Iterable[Taken], options: Options, *, cancelled: bool = False) -> Tables:
    """The facts of entries; `cancelled`: their movements, retracted.

    Raises ValueError where a row did not become a fact: what is sent on was checked before.
    """
    rows: dict[str, list[dict[str, str]]] = defaultdict(list)
    listed = list(taken)
    for one in listed:
        sheet = floor.SHEETS.get(one.entry.step)
        if sheet is not None:
            rows[sheet].append(_row(one, sheet, cancelled))
        if one.entry.order_item and one.entry.order:
            rows["work_orders"].append(_order(one))
    frames = {name: pl.DataFrame(part, infer_schema_length=None) for name, part in rows.items()}
    made: Tables = {}
    if frames:
        # A person is known by pseudonym already.
        intake = folder.read_rows(frames, options, lambda name: name, lambda name: None)
        if intake.set_aside is not None:
            raise ValueError(f"set aside: {intake.set_aside['text'].to_list()}")
        made = {
            name: conform(KINDS[name], frame, provenance=True)
            for name, frame in intake.tables.items()
        }
    if listed and not cancelled:
        made[FloorEntry.__name__] = pl.concat([_entry(one) for one in listed])
    return made


def _row(one: Taken, sheet: str, cancelled: bool) -> dict[str, str]:
    """The row of a step, as text."""
    entry = one.entry
    named = {
        "item_code": keys.parts(one.item)[-1] if one.item else "",
        "lot_no": entry.lot_no,
        "quantity": _number(entry.quantity),
        "uom": entry.uom,
    }
    about = _STEP[entry.step](entry)
    if entry.step == "inspect":
        named = {name: named[name] for name in ("item_code", "lot_no")}
        about |= {"event_time": _time(entry.at), "inspector": one.person}
    else:
        about |= {
            "event_time": _time(entry.at),
            "entered_at": _time(one.received_at),
            "doc_status": "cancelled" if cancelled else "posted",
            "doc_no": entry.id,
            "doc_line_no": "1",
            "lot_source": "scanned" if entry.scanned else "typed",
            "posting_method": "scanner_clock" if one.timed
            else "scan_upload" if entry.scanned else "manual",
            "operator": one.person,
            "source": f"{floor.SOURCE}.{sheet}",
        }  # fmt: skip
    told = {name: value for name, value in (named | about).items() if value}
    return told | _provenance(one)


def _provenance(one: Taken) -> dict[str, Any]:
    return {"_file": f"{floor.SOURCE}:{one.device}", "_sheet": one.entry.id, "_row": 1}


_STEP: dict[str, Callable[[Entry], dict[str, str]]] = {
    "receive": lambda entry: {
        "supplier_code": entry.supplier, "supplier_lot_no": entry.supplier_lot,
        "purchase_order_no": entry.purchase_order, "to_place": entry.to_place,
        "label_date": entry.made_on, "expiry_date": entry.expiry,
    },
    "issue": lambda entry: {
        "work_order_no": entry.order, "from_place": entry.place, "line": entry.line,
    },
    "make": lambda entry: {
        "work_order_no": entry.order, "to_place": entry.to_place, "line": entry.line,
        "output_kind": "scrap" if entry.result == "scrap" else "product",
        "label_date": entry.made_on, "expiry_date": entry.expiry,
    },
    "move": lambda entry: {"from_place": entry.place, "to_place": entry.to_place},
    "count": lambda entry: {"place": entry.place, "counted_qty": _number(entry.quantity)},
    "ship": lambda entry: {
        "delivery_no": entry.delivery, "customer_code": entry.customer, "from_place": entry.place,
    },
    "inspect": lambda entry: {
        "inspection_no": entry.id, "inspection_item": entry.check, "result": entry.result,
        "measured_value": entry.value, "reject_reason": entry.reason, "place": entry.place,
    },
}  # fmt: skip
"""The fields of the sheet that only one step has."""


def _order(one: Taken) -> dict[str, Any]:
    """An order that somebody opens by working on it."""
    told = {"work_order_no": one.entry.order, "item_code": one.entry.order_item,
            "order_status": "open", "line": one.entry.line}  # fmt: skip
    return {name: value for name, value in told.items() if value} | _provenance(one)


def _entry(one: Taken) -> pl.DataFrame:
    entry = one.entry
    return fact(
        FloorEntry, floor.key(entry.id), entry_no=entry.id, device=one.device, step=entry.step,
        lot=one.lot, item=one.item, operation=one.order, quantity=entry.quantity,
        uom=entry.uom or None, occurred_at=entry.at, sent_at=one.sent_at,
        received_at=one.received_at, scanned=entry.scanned, waited=entry.waited,
        against=";".join(one.against) or None, proposed=entry.proposed or None,
        person=one.person, responsible=one.responsible, second_person=one.second_person or None,
        reason=entry.reason or None,
        content=json.dumps(entry.content(), ensure_ascii=False, sort_keys=True),
    )  # fmt: skip


def answer(entry: str, kind: str, *, person: str, role: str, reason: str) -> Tables:
    """What a person says of an entry (by its key)."""
    at = now()
    made = fact(
        FloorAnswer, keys.join("floor_answer", kind, entry, str(at)), entry=entry, kind=kind,
        person=person, role=role, reason=reason, at=at,
    )  # fmt: skip
    return {FloorAnswer.__name__: made}


def again(row: dict[str, Any]) -> Taken:
    """A recorded entry as it was taken, by its row in the ledger."""
    entry = Entry(**json.loads(row["content"]))
    return Taken(
        entry=entry, device=row["device"], person=row["person"], responsible=row["responsible"],
        second_person=row["second_person"] or "", sent_at=row["sent_at"],
        received_at=row["received_at"], lot=row["lot"], item=row["item"], order=row["operation"],
        against=tuple((row["against"] or "").split(";")) if row["against"] else (),
    )  # fmt: skip


def _time(moment: int) -> str:
    return f"{datetime.fromtimestamp(moment // 1_000_000, UTC):%Y-%m-%d %H:%M:%S}Z"


def _number(amount: float | None) -> str:
    return "" if amount is None else format(amount, ".15g")
