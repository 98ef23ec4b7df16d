"""On which line each order runs: one after another, with time to change over and to clean."""

from __future__ import annotations

from collections import defaultdict

import polars as pl

from loaders.demo_plant.simulate import MINUTE
from loaders.demo_plant.spec import Model

CHANGE_OVER = 90 * MINUTE
"""Between the end of an order and the start of the next one on its line."""


def laid_out(orders: pl.DataFrame, model: Model) -> pl.Series:
    """The number of each order's line, from 1: one that stands free, or else one more.

    Finished and semi-finished goods have lines of their own. A line that made the item last comes
    first, since it need not be changed over; then the one that has been free for longest.
    """
    free: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
    lines: dict[int, int] = {}
    rows = orders.select("order", "item", "start", "end").sort("start", "order")
    for order, item, start, end in rows.iter_rows():
        mine = free[model.items[item].kind]
        able = [line for line in mine if line[0] + CHANGE_OVER <= start]
        same = [line for line in able if line[2] == item]
        chosen = min(same or able, default=None)
        if chosen is not None:
            mine.remove(chosen)
        number = chosen[1] if chosen is not None else sum(map(len, free.values())) + 1
        mine.append((end, number, item))
        lines[order] = number
    return orders["order"].replace_strict(lines, return_dtype=pl.Int64).alias("line")
