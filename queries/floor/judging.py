"""What an entry means, and whether it may be done: its lot, its order, what speaks against it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from graph_model import floor, keys
from graph_model.errors import BadInput
from graph_model.floor import Entry
from graph_model.settings import Settings
from queries.floor import labels, numbering
from queries.floor.records import FloorHold, KnownLot, Order, Records
from queries.floor.stops import Stop, stops

_NEEDED = {
    "receive": ("quantity",),
    "issue": ("order", "quantity"),
    "make": ("order", "quantity"),
    "move": ("quantity", "to_place"),
    "count": ("quantity", "place"),
    "ship": ("quantity",),
    "inspect": ("result",),
    floor.HOLD: ("reason",),
    floor.LIFT: ("reason",),
}
_ONE_OF = {"receive": ("item", "code"), "ship": ("delivery", "customer"), "count": ("code", "item")}
_BY_CODE = ("issue", "move", "ship", "inspect", floor.HOLD, floor.LIFT)


@dataclass(frozen=True)
class Judged:
    """An entry with its lot and order, and all that speaks against it; `choices`: lots it may be.

    `entry` is completed: number, item and unit as they are recorded.
    """

    entry: Entry
    lot: KnownLot | None
    item: str | None
    order: Order | None
    stops: tuple[Stop, ...]
    choices: tuple[KnownLot, ...] = ()


def judge(records: Records, entry: Entry, settings: Settings) -> Judged:
    """`settings`: of the plant, for its time zone and its rule of lot numbers.

    Raises BadInput for an entry that lacks what its step needs.
    """
    _check(entry)
    order, found = _order(records, entry)
    choices: tuple[KnownLot, ...] = ()
    if entry.step == "receive":
        entry, lot = _received(records, entry, settings)
    elif entry.step == "make":
        entry, lot = _made(records, entry, order, settings)
    else:
        lot, choices = _meant(records, entry, order)
        entry = replace(entry, lot_no=lot.lot_no if lot else _number(entry), item=lot.item_code
                        if lot else entry.item)  # fmt: skip
        if lot is None and entry.code:
            found.append(_unknown(entry, choices))
    found += stops(records, entry, lot, order)
    item = keys.join(records.company, entry.item) if entry.item else None
    return Judged(_with_unit(records, entry), lot, item, order, tuple(found), choices)


def learn(records: Records, judged: Judged, person: str) -> None:
    """What later entries of the same list may stand on; `person`: pseudonym of whose list it is."""
    entry = judged.entry
    if judged.lot is not None:
        records.learn_lot(judged.lot)
        if entry.step in (floor.HOLD, floor.LIFT):
            hold = FloorHold(person, entry.reason) if entry.step == floor.HOLD else None
            records.learn_hold(judged.lot.key, hold)
    if judged.order is not None:
        records.learn_order(judged.order)


def _check(entry: Entry) -> None:
    needed = list(_NEEDED[entry.step])
    missing = [name for name in needed if getattr(entry, name) in ("", None)]
    one_of = _ONE_OF.get(entry.step, ())
    if one_of and not any(getattr(entry, name) for name in one_of):
        missing += one_of
    if entry.step in _BY_CODE and not (entry.code or entry.lot):
        missing.append("code")
    if missing:
        raise BadInput("floor_incomplete", fields=", ".join(missing))
    least = 0 if entry.step == "count" else 1e-9
    if entry.quantity is not None and entry.quantity < least:
        raise BadInput("bad_amount", amount=entry.quantity)


def _order(records: Records, entry: Entry) -> tuple[Order | None, list[Stop]]:
    if not entry.order:
        return None, []
    order = records.order(entry.order)
    if order is None:
        key = keys.join(records.company, "produce", entry.order)
        order = Order(key, entry.order, entry.order_item, "produce", None)
        if not entry.order_item:
            return order, [Stop("order_unknown", {"order": entry.order})]
    return order, []


def _received(records: Records, entry: Entry, settings: Settings) -> tuple[Entry, KnownLot | None]:
    """Ours gets the supplier's number where nothing else is said."""
    label = labels.read(entry.code) if entry.code else labels.Label("")
    theirs = entry.supplier_lot or label.lot_no
    entry = replace(
        entry, supplier_lot=theirs, expiry=entry.expiry or label.expiry,
        made_on=entry.made_on or label.made_on,
    )  # fmt: skip
    if not entry.item:
        raise BadInput("floor_incomplete", fields="item")
    number = keys.plain(entry.lot_no) or theirs or _following(records, entry, settings)
    return replace(entry, lot_no=number), _lot(records, entry.item, number)


def _made(
    records: Records, entry: Entry, order: Order | None, settings: Settings
) -> tuple[Entry, KnownLot | None]:
    item = entry.item or (order.item_code if order else "")
    if not item:
        raise BadInput("floor_incomplete", fields="item")
    entry = replace(entry, item=item)
    if entry.result == "scrap" and not entry.lot_no:
        return entry, None
    number = keys.plain(entry.lot_no) or _following(records, entry, settings)
    return replace(entry, lot_no=number), _lot(records, item, number)


def _following(records: Records, entry: Entry, settings: Settings) -> str:
    return numbering.following(
        settings.lot_rule, records.numbers(entry.item), at=entry.at, zone=settings.timezone,
        order=entry.order, item=entry.item, line=entry.line,
    )  # fmt: skip


def _lot(records: Records, item: str, number: str) -> KnownLot:
    key = keys.lot_key(records.company, item, number)
    return records.lot(key) or KnownLot(key, item, number)


def _meant(
    records: Records, entry: Entry, order: Order | None
) -> tuple[KnownLot | None, tuple[KnownLot, ...]]:
    """The lot that a label is of; several that it may be of, where that is not certain."""
    if entry.lot:
        return records.lot(entry.lot), ()
    if not entry.code:
        return None, ()
    found = records.lots(entry.code)
    if entry.item:
        of_item = [lot for lot in found if records.usual(lot.item_code) == records.usual(
            entry.item)]  # fmt: skip
        # The item is said: a number that no lot of it carries is a lot that nobody stated yet.
        found = of_item or [_lot(records, entry.item, _number(entry))]
    elif len(found) > 1 and order is not None and order.item_code:
        needs = records.needs(order.item_code, entry.at) or set()
        fitting = [lot for lot in found if records.usual(lot.item_code) in needs]
        found = fitting or found
    return (found[0], ()) if len(found) == 1 else (None, tuple(found))


def _number(entry: Entry) -> str:
    return labels.read(entry.code).lot_no or keys.plain(entry.code) if entry.code else ""


def _unknown(entry: Entry, choices: tuple[KnownLot, ...]) -> Stop:
    if choices:
        return Stop("lot_ambiguous", {"code": entry.code, "count": len(choices)})
    return Stop("lot_unknown", {"code": entry.code})


def _with_unit(records: Records, entry: Entry) -> Entry:
    """An amount without a unit is in the unit in which the item is kept."""
    if entry.uom or entry.quantity is None or not entry.item:
        return entry
    item = records.item(entry.item)
    unit = item["uom"] if item else None
    return replace(entry, uom=str(unit)) if unit else entry
