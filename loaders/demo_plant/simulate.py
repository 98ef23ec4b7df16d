"""What physically happens: lots, orders, and which lot went into which, in columns.

The plant is planned backward from its finished lots: the needs of all outputs of an item, in the
order of time, are cut into lots, and each lot is there before its first use. So every amount is
true, every lot is made before it is used, and nothing is computed row by row.
Amounts are thousandths of a unit, times microseconds UTC.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from loaders.demo_plant.spec import CUSTOMERS, SUPPLIERS, Model

Ints = NDArray[np.int64]
MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
BEGIN = 1_772_323_200_000_000
"""2026-03-01 00:00 UTC."""
_PITCH = 2 * HOUR
"""Between the outputs of one order."""
_PAUSE, _WINDOW = 4 * HOUR, 10 * DAY
"""An item that nobody needs for so long is used up before, once in so many days."""
_TANK_WINDOW = 8 * HOUR
"""What stands in a tank is used up more often, so that the tank can be cleaned."""


@dataclass(frozen=True)
class World:
    """`lots`: lot (row number), item, seq, qty, ready, order (-1: bought), supplier.

    `orders`: order, item, start, end. `parts`: src, dst, qty, t: so much of lot `src` went into lot
    `dst` at t. `ships`: lot, qty, t, customer. `horizon`: the moment the records were drawn.
    """

    model: Model
    lots: pl.DataFrame
    orders: pl.DataFrame
    parts: pl.DataFrame
    ships: pl.DataFrame
    horizon: int


class _Floor:
    """The plant while it is planned."""

    def __init__(self, model: Model, rng: np.random.Generator) -> None:
        self.model, self.rng = model, rng
        self.lots: list[pl.DataFrame] = []
        self.orders: list[pl.DataFrame] = []
        self.parts: list[pl.DataFrame] = []
        self.needs: dict[int, list[tuple[Ints, Ints, Ints]]] = {}
        self.lot_count = self.order_count = 0

    def add_lots(self, item: int, qty: Ints, ready: Ints, order: Ints) -> Ints:
        """New lots of an item; for those made, their needs."""
        ids = np.arange(self.lot_count, self.lot_count + len(qty), dtype=np.int64)
        self.lot_count += len(qty)
        supplier = (ids * 7 + item * 3) % 2 + item % (len(SUPPLIERS) - 1)
        columns = {
            "lot": ids,
            "item": np.full(len(qty), item, np.int64),
            "seq": np.arange(1, len(qty) + 1, dtype=np.int64),
            "qty": qty,
            "ready": ready,
            "order": order,
            "supplier": np.where(order < 0, supplier, -1),
        }
        self.lots.append(pl.DataFrame(columns))
        code = self.model.items[item].code
        entered = ready - self.rng.integers(40, 80, len(qty)) * MINUTE
        for component, rate in self.model.recipe.get(code, {}).items():
            need = (ids, entered, qty * rate // 1000)
            self.needs.setdefault(self.model.index(component), []).append(need)
        return ids

    def add_orders(self, item: int, sizes: Ints, end: Ints) -> tuple[Ints, Ints]:
        """New orders with `sizes` outputs each; order and finish of each output."""
        ids = np.arange(self.order_count, self.order_count + len(sizes), dtype=np.int64)
        self.order_count += len(sizes)
        start = end - sizes * _PITCH
        columns = {
            "order": ids,
            "item": np.full(len(sizes), item, np.int64),
            "start": start,
            "end": end,
        }
        self.orders.append(pl.DataFrame(columns))
        order = np.repeat(ids, sizes)
        place = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        left = np.repeat(sizes, sizes) - 1 - place
        return order, np.repeat(end, sizes) - left * _PITCH

    def finished(self, orders: int) -> None:
        """The finished lots of so many orders, over ten days to a year."""
        products = [i for i, item in enumerate(self.model.items) if item.kind == "finished"]
        per_day = max(min(16.0, orders / 10), orders / 365)
        for place, item in enumerate(products):
            each = max(1, (orders + place) // len(products))
            sizes = self.rng.integers(2, 5, each)
            gaps = self.rng.uniform(0.6, 1.4, each) * DAY * len(products) / per_day
            end = BEGIN + 20 * DAY + np.cumsum(gaps).astype(np.int64) // MINUTE * MINUTE
            order, ready = self.add_orders(item, sizes, end)
            size = self.model.items[item].lot_size
            qty = self.rng.integers(size * 6 // 10, size * 14 // 10, len(order)) * 1000
            self.add_lots(item, qty, ready, order)

    def supply(self, item: int) -> None:
        """Lots that meet all needs of an item."""
        needs = self.needs.get(item)
        if not needs:
            return
        dst, t, amount = (np.concatenate(column) for column in zip(*needs, strict=True))
        spec = self.model.items[item]
        order = pl.concat(self.lots).sort("lot")["order"].to_numpy()[dst]
        by_time = np.lexsort((t, order)) if spec.fresh else np.argsort(t, kind="stable")
        dst, t, amount, order = dst[by_time], t[by_time], amount[by_time], order[by_time]
        pauses = _pauses(t, _TANK_WINDOW if spec.tank else _WINDOW)
        if spec.fresh:
            pauses = np.flatnonzero(np.diff(order))
        source, need, part, sizes = _cut(amount, spec.lot_size, self.rng, pauses)
        first_use = t[need[np.searchsorted(source, np.arange(len(sizes)))]]
        if spec.tank:
            order, ready = self._filled(item, first_use, _after_pause(t[pauses], first_use))
        elif spec.kind == "semi_finished":
            order, ready = self._made(item, first_use)
        else:
            order = np.full(len(sizes), -1, np.int64)
            ready = first_use - self.rng.integers(6 * 60, 6 * 24 * 60, len(sizes)) * MINUTE
            if not spec.fresh:
                ready = np.maximum(ready, _after_pause(t[pauses], first_use))
        ids = self.add_lots(item, sizes, ready, order)
        self.parts.append(
            pl.DataFrame({"src": ids[source], "dst": dst[need], "qty": part, "t": t[need]})
        )

    def _made(self, item: int, first_use: Ints) -> tuple[Ints, Ints]:
        sizes = self.rng.integers(1, 4, len(first_use))
        sizes = sizes[: int(np.searchsorted(np.cumsum(sizes), len(first_use))) + 1]
        sizes[-1] -= sizes.sum() - len(first_use)
        firsts = np.cumsum(sizes) - sizes
        lead = self.rng.integers(60, 20 * 60, len(sizes)) * MINUTE
        return self.add_orders(item, sizes, first_use[firsts] - lead)

    def _filled(self, item: int, first_use: Ints, after: Ints) -> tuple[Ints, Ints]:
        """Lots that a tank takes: each of an order of its own, after what was used up before."""
        lead = self.rng.integers(60, 20 * 60, len(first_use)) * MINUTE
        end = np.maximum(first_use - lead, after)
        return self.add_orders(item, np.ones(len(first_use), np.int64), end)


def _pauses(t: Ints, window: int) -> Ints:
    """The needs after which there is a pause: the first in each window."""
    long = np.flatnonzero(np.diff(t) >= _PAUSE)
    return long[np.unique(t[long] // window, return_index=True)[1]]


def _after_pause(stops: Ints, first_use: Ints) -> Ints:
    """What is used after a pause came after the last need before it."""
    before = np.searchsorted(stops, first_use, "left") - 1
    early = np.full(len(first_use), np.iinfo(np.int64).min)
    return np.where(before >= 0, stops[before] + 2 * HOUR, early) if len(stops) else early


def _cut(
    amount: Ints, size: int, rng: np.random.Generator, pauses: Ints
) -> tuple[Ints, Ints, Ints, Ints]:
    """Needs in sequence cut into lots: (lot, need, amount) of each part, and the lots' sizes."""
    total = int(amount.sum())
    sizes = rng.integers(size * 7 // 10, size * 13 // 10 + 1, total // (size * 700) + 2) * 1000
    needed, until = np.cumsum(amount), np.cumsum(sizes)
    last = until[np.searchsorted(until, total)]
    ends = np.union1d(until[until < last], needed[pauses])
    ends = np.append(ends, max(last, total))
    cuts = np.union1d(needed, ends[:-1])
    starts = np.concatenate([np.zeros(1, np.int64), cuts[:-1]])
    source = np.searchsorted(ends, starts, "right")
    need = np.searchsorted(needed, starts, "right")
    return source, need, cuts - starts, np.diff(ends, prepend=0)


def _ships(world: pl.DataFrame, kinds: list[int], rng: np.random.Generator) -> pl.DataFrame:
    """One or two deliveries of most finished lots."""
    made = world.filter(pl.col("item").is_in(kinds))
    lot, qty, ready = (made[name].to_numpy() for name in ("lot", "qty", "ready"))
    shares = rng.choice([0, 1, 2], len(lot), p=[0.1, 0.55, 0.35])
    sold = np.where(shares == 2, 1.0, rng.choice([1.0, 0.6], len(lot)))
    first = (qty * np.where(shares == 2, 0.5, sold)).astype(np.int64) // 1000 * 1000
    again = shares == 2
    lots = np.concatenate([lot[shares > 0], lot[again]])
    amounts = np.concatenate([first[shares > 0], (qty - first)[again]])
    base = np.concatenate([ready[shares > 0], ready[again]])
    t = base + rng.integers(8 * 60, 6 * 24 * 60, len(lots)) * MINUTE
    customer = rng.integers(0, len(CUSTOMERS), len(lots))
    return pl.DataFrame({"lot": lots, "qty": amounts, "t": t, "customer": customer}).sort(
        "t", "lot", maintain_order=True
    )


def simulate(model: Model, orders: int, rng: np.random.Generator) -> World:
    """A plant with so many orders of finished goods, and all that these need."""
    floor = _Floor(model, rng)
    floor.finished(orders)
    for item, spec in enumerate(model.items):
        if spec.kind != "finished":
            floor.supply(item)
    all_lots, parts = pl.concat(floor.lots), pl.concat(floor.parts)
    kinds = [i for i, item in enumerate(model.items) if item.kind == "finished"]
    ships = _ships(all_lots, kinds, rng)
    horizon = int(np.max(ships["t"].to_numpy(), initial=BEGIN)) + DAY
    return World(model, all_lots, pl.concat(floor.orders), parts, ships, horizon)
