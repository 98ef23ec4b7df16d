"""What the checks look at: the facts, and what several rules compute from them, once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl

from graph_model import interval, network, quantity
from graph_model.ledger.fold import Facts
from graph_model.schema import (
    MOVEMENTS,
    Consumed,
    Decision,
    Item,
    Lot,
    Operation,
    Produced,
    Returned,
    Shipment,
    Shipped,
)

C = pl.col
WHERE = ("_file", "_sheet", "_row")
ORDERS = ("produce", "rework")
"""Kinds of operation that are orders of production."""
NAMELESS = "?/"
"""How the number of an operation begins whose rows name no work order."""
ORIGINS = ("receive", "opening", *ORDERS)
"""Kinds of operation that a lot begins with."""


@dataclass(frozen=True)
class Records:
    """The facts under check. `company`: whose records they are; `now`: µs UTC."""

    facts: Facts
    company: str
    timezone: str
    now: int

    _kept: dict[Callable[[Records], pl.DataFrame], pl.DataFrame] = field(default_factory=dict)

    def once(self, act: Callable[[Records], pl.DataFrame]) -> pl.DataFrame:
        """What `act` computes from these records, computed when first asked for."""
        if act not in self._kept:
            self._kept[act] = act(self)
        return self._kept[act]

    @cached_property
    def own(self) -> list[str]:
        """Companies that keep records here; lots of all others are not judged by amounts."""
        return sorted({self.company, *self.facts[Operation]["company"].drop_nulls().to_list()})

    @cached_property
    def moves(self) -> dict[type, pl.DataFrame]:
        """Standing movements with `t0`, `t1`: as recorded, widened by confirmed bounds only."""
        confirmed = list(interval.confirmed_bounds(self.facts[Decision]))
        moves = network.standing_movements(_Narrow(self.facts))
        known = C("source").is_in(confirmed) | C("posting_method").is_in(
            ["network", "scanner_clock"]
        )
        for kind, frame in moves.items():
            moves[kind] = frame.with_columns(
                t0=pl.when(known).then("t0").otherwise(C("earliest").fill_null(interval.MIN)),
                t1=pl.when(known).then("t1").otherwise(C("latest").fill_null(interval.MAX)),
                amount=self.amount(frame),
            )
        return moves

    def amount(self, frame: pl.DataFrame) -> pl.Series:
        """The quantity in the item's own unit, null where it cannot be converted."""
        rows = frame.select("item", "uom", "quantity")
        return quantity.to_item_unit(rows, self.facts[Item])["amount"]

    @cached_property
    def lines(self) -> dict[type, pl.DataFrame]:
        """Standing movements of orders of production with `order`, `order_kind` and `made`."""
        return {
            kind: self.moves[kind]
            .select(_LINE[kind])
            .join(self.orders, on="operation", how="inner", maintain_order="left")
            for kind in _LINE
        }

    @cached_property
    def orders(self) -> pl.DataFrame:
        """Orders of production and their parts: `operation` -> `order`, `order_kind`, `made`.

        Rows without work order are no orders: what went into them is not known.
        """
        named = ~C("number").str.starts_with(NAMELESS).fill_null(False)
        operations = self.facts[Operation].filter(C("kind").is_in(list(ORDERS)) & named)
        return operations.select(
            operation="key", order=pl.coalesce("order", "key"), order_kind="kind", made="item"
        )

    @cached_property
    def closed(self) -> pl.DataFrame:
        """Orders of production that are closed: `order`, `number`."""
        operations = self.facts[Operation]
        whole = operations.filter(C("kind").is_in(list(ORDERS)) & C("order").is_null())
        return whole.filter(C("status") == "closed").select(order="key", number="number")

    @cached_property
    def flows(self) -> pl.DataFrame:
        """What came into and went out of each own lot: `side` +1 or -1, `amount`, `t0`, `t1`.

        `sure` is false for drafts and for deliveries that have not left. Goods that come back
        from a customer are left out as consumption: they were not in stock.
        """
        moves = self.moves
        kinds = self.facts[Operation].select(operation="key", kind="kind")
        taken = moves[Consumed].join(kinds, on="operation", how="left", maintain_order="left")
        taken = taken.filter(C("kind").fill_null("") != "return")
        made = moves[Produced].filter(C("quantity").is_not_null() | C("basis").ne_missing("exact"))
        left = self.facts[Shipment].filter(C("status").is_in(["planned", "picked", "cancelled"]))
        waiting = left.select(shipment="key", waiting=pl.lit(True))
        shipped = moves[Shipped].join(waiting, on="shipment", how="left", maintain_order="left")
        names = ["lot", "amount", "t0", "t1", "status", *WHERE]
        parts = [
            made.select(*names, side=pl.lit(1), waiting=pl.lit(False)),
            moves[Returned].select(*names, side=pl.lit(1), waiting=pl.lit(False)),
            taken.select(*names, side=pl.lit(-1), waiting=pl.lit(False)),
            shipped.select(*names, side=pl.lit(-1), waiting=C("waiting").fill_null(False)),
        ]
        flows = pl.concat(parts).filter(C("lot").is_not_null())
        sure = (C("status").fill_null("posted") == "posted") & ~C("waiting")
        return flows.with_columns(sure=sure).join(
            self.own_lots, on="lot", how="semi", maintain_order="left"
        )

    @cached_property
    def own_lots(self) -> pl.DataFrame:
        """`lot`, `owner`, `item` of lots under the plant's own numbering, containers aside."""
        lots = self.facts[Lot].filter(
            C("owner").is_in(self.own) & (C("kind").fill_null("material") != "container")
        )
        return lots.select("owner", "item", lot="key")

    @cached_property
    def origins(self) -> pl.DataFrame:
        """Movements that give a lot, `lot` known."""
        return self.moves[Produced].filter(C("lot").is_not_null())

    @cached_property
    def uses(self) -> pl.DataFrame:
        """Movements that take a lot, `lot` known, with the columns that both kinds have."""
        names = ["lot", "item", "lot_no", "t0", "t1", *WHERE]
        both = [
            self.moves[kind].select(*names, field=lot_field(kind)) for kind in (Consumed, Shipped)
        ]
        return pl.concat(both).filter(C("lot").is_not_null())

    def shown(self, column: str) -> pl.Expr:
        """A time in µs UTC as people of the plant read it."""
        local = C(column).cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(self.timezone)
        inside = (C(column) > interval.MIN) & (C(column) < interval.MAX)
        return pl.when(inside).then(local.dt.strftime("%Y-%m-%d %H:%M"))


_SHARED = [
    *("key", "lot", "item", "lot_no", "owner", "quantity", "uom", "status", "earliest", "latest"),
    *("entered_at", "person", "source", "posting_method", "from_place", "to_place"),
    *("doc_no", "reversed_doc_no"),
]
_OWN = {
    Consumed: ("operation", "basis"),
    Produced: ("operation", "basis", "output_kind"),
    Returned: ("operation",),
    Shipped: ("shipment",),
}
_LINE_OF = ["operation", "lot", "item", "lot_no", "t0", "t1", "amount", *WHERE]
_LINE = {
    Consumed: _LINE_OF,
    Produced: [*_LINE_OF, "output_kind"],
    Returned: _LINE_OF,
}


@dataclass(frozen=True)
class _Narrow:
    """Facts whose movements have only the columns that checks look at: copies stay small."""

    facts: Facts

    @property
    def batch(self) -> int:
        return self.facts.batch

    @property
    def head(self) -> str:
        return self.facts.head

    def __getitem__(self, kind: type) -> pl.DataFrame:
        frame = self.facts[kind]
        return frame.select(*_SHARED, *_OWN[kind], *WHERE) if kind in _OWN else frame


_LOT_FIELD = {
    ("lot_changes", Consumed): "parent_lot_no",
    ("lot_changes", Produced): "child_lot_no",
}


def sheet_of() -> pl.Expr:
    """The canonical sheet of a movement, from its key `company/sheet/…`."""
    return C("key").str.split("/").list.get(1, null_on_oob=True)


def lot_field(kind: type) -> pl.Expr:
    """The field of the sheet that holds the lot number of a movement."""
    fields = {sheet: name for (sheet, of), name in _LOT_FIELD.items() if of is kind}
    return sheet_of().replace_strict(fields, default="lot_no", return_dtype=pl.String)


def place(
    frame: pl.DataFrame, column: str | pl.Expr, value: str | pl.Expr, *params: str, **more: pl.Expr
) -> pl.DataFrame:
    """The place columns of a finding and parameters. `column`: name of a field of the sheet.

    Parameters that are keys of items and lots become numbers as people know them.
    """
    name = pl.lit(column) if isinstance(column, str) else column
    cell = C(value) if isinstance(value, str) else value
    known = [number_of(key, _PARTS[key]).alias(key) if key in _PARTS else C(key) for key in params]
    return frame.select(
        *WHERE, *known, column=name, value=cell.cast(pl.String).fill_null(""), **more
    )


_PARTS = {"item": 1, "lot": 2}


def number_of(key: str, parts: int = 1) -> pl.Expr:
    """The number in a key, its last parts: without the company it belongs to."""
    number = C(key).str.split("/").list.tail(parts).list.join(" ").str.strip_chars()
    for char, code in (("#", "%23"), ("/", "%2F"), ("%", "%25")):
        number = number.str.replace_all(code, char, literal=True)
    return number


def all_of(frames: list[pl.DataFrame]) -> pl.DataFrame:
    """Frames of one rule, one below the other."""
    return pl.concat(frames, how="diagonal_relaxed")


def moved(records: Records, *kinds: type) -> list[tuple[type, pl.DataFrame]]:
    """The standing movements of some kinds; of all when none are named."""
    return [(kind, records.moves[kind]) for kind in kinds or MOVEMENTS]
