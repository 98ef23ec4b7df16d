"""A plant of any size: hall after hall, each with its own stores, lines and numbers.

Halls share items, recipes, people, suppliers and customers, and no goods. So a plant of ten million
lots needs the memory of one hall, and what happened in a hall is the whole truth about its lots.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl

from loaders.demo_plant.plant import Plant, generate
from loaders.demo_plant.spec import Dirt
from loaders.plant.sheets import BY_NAME

HALL = 100_000
"""Lots of a hall at most."""
SHARED = ("items", "bom", "suppliers", "customers", "people", "shifts", "approved_suppliers")
_NUMBERS = (
    "lot_no",
    "parent_lot_no",
    "child_lot_no",
    "to_lot_no",
    "content_lot_no",
    "output_lot_no",
    "supplier_lot_no",
    "printed_code",
    "container_no",
    "work_order_no",
    "doc_no",
    "delivery_no",
    "sales_order_no",
    "purchase_order_no",
    "inspection_no",
    "complaint_no",
)
_PLACES = ("site_code", "place", "from_place", "to_place", "line", "tank")
_PLANT = "PLANT-1"


def halls(
    lots: int,
    seed: int,
    dirt: Dirt | None = None,
    kind: str = "food",
    confirm_delays: bool = True,
) -> Iterator[Plant]:
    """The halls of a plant of this size; numbers of all but the first end in the hall's own."""
    count = -(-lots // HALL)
    for hall in range(count):
        size = lots // count + (hall < lots % count)
        made = generate(size, seed + 1_000_003 * hall, dirt, kind, confirm_delays)
        yield made if hall == 0 else _named(made, hall)


def _named(plant: Plant, hall: int) -> Plant:
    """A hall's records under its own numbers and places; its truth is not needed for the first."""
    mark = f"-H{hall}"
    sheets = {}
    for name, frame in plant.sheets.items():
        if name in SHARED:
            continue
        numbers = [(pl.col(n) + mark).alias(n) for n in _NUMBERS if n in frame.columns]
        places = [
            pl.when(pl.col(n) == _PLANT).then(n).otherwise(pl.col(n) + mark).alias(n)
            for n in _PLACES
            if n in frame.columns
        ]
        frame = frame.with_columns(numbers + places)
        if name == "sites":
            frame = frame.filter(pl.col("site_code") != _PLANT)
        sheets[name] = frame
    return replace(plant, sheets=sheets)


def write_plant(
    folder: Path,
    lots: int,
    seed: int,
    dirt: Dirt | None = None,
    kind: str = "food",
    confirm_delays: bool = True,
) -> Plant:
    """Writes a plant of any size as CSV files, hall by hall, into a folder made if need be.

    Returns the first hall with its incident and truth, and with the lots and delays of all.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if lots <= HALL:
        small = generate(lots, seed, dirt, kind, confirm_delays)
        small.write(folder)
        return small
    first: Plant | None = None
    begun: set[str] = set()
    delays: dict[str, tuple[int, int]] = {}
    total = 0
    for hall in halls(lots, seed, dirt, kind, confirm_delays):
        first = first or hall
        _append(hall, folder, begun)
        total += hall.lots
        for source, (late, early) in hall.delays.items():
            before = delays.get(source, (0, 0))
            delays[source] = (max(before[0], late), max(before[1], early))
    assert first is not None
    return replace(first, lots=total, delays=dict(sorted(delays.items())))


def _append(hall: Plant, folder: Path, begun: set[str]) -> None:
    """The hall's rows below those of the halls before; every file has all columns of its sheet."""
    for name, frame in hall.sheets.items():
        whole = frame.select(
            field if field in frame.columns else pl.lit(None, pl.String).alias(field)
            for field in BY_NAME[name].fields
        )
        with (folder / f"{name}.csv").open("ab" if name in begun else "wb") as stream:
            whole.write_csv(stream, include_header=name not in begun)
        begun.add(name)
