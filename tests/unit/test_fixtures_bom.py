"""Bills of material explode as their sources say after they were read."""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from tests.fixtures import fixture_dir
from tests.unit.plant_case import Row, loaded

Line = tuple[int, str, float]


def components(rows: Sequence[Row], folder: Path, day: str | None = None) -> dict[str, list[Any]]:
    """Components with amounts by parent, as read; on a day in the plant's time zone if given."""
    table = loaded(folder, {"bom": rows}, False).tables["Component"]
    assert table.height == len(rows)
    if day:
        there = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo("Asia/Shanghai"))
        moment = int(there.timestamp()) * 1_000_000
        table = table.filter(
            (pl.col("valid_from") <= moment) & (pl.col("valid_to").fill_null(moment) >= moment)
        )
    found: dict[str, list[Any]] = {}
    for parent, item, quantity in table.select("parent", "item", "quantity").iter_rows():
        found.setdefault(parent, []).append((item, quantity))
    return found


def exploded(
    of: dict[str, list[Any]], parent: str, times: float = 1, level: int = 1
) -> Iterator[Line]:
    """Level, item and amount of each line below a parent, amounts multiplied along the path."""
    for item, quantity in of.get(f"PLANT/{parent}", ()):
        code = item.removeprefix("PLANT/")
        yield level, code, times * quantity
        yield from exploded(of, code, times * quantity, level + 1)


def summed(lines: list[Line]) -> dict[str, float]:
    total: dict[str, float] = defaultdict(float)
    for _, code, quantity in lines:
        total[code] += quantity
    return dict(total)


@pytest.mark.parametrize("part", ["00", "01"])
def test_part_list_explodes(part: str, tmp_path: Path) -> None:
    folder = fixture_dir("bom_partlist_ibm")
    with (folder / "partlist.csv").open(encoding="utf-8") as stream:
        rows = [
            {
                "parent_item_code": row["part"],
                "item_code": row["subpart"],
                "quantity": row["quantity"],
            }
            for row in csv.DictReader(stream)
        ]
    wanted = json.loads((folder / "expected" / "explosion.json").read_text(encoding="utf-8"))
    lines = list(exploded(components(rows, tmp_path), part))
    assert summed(lines) == wanted["summarized_explosion"][part]
    for level, amounts in wanted["by_level"][part].items():
        assert summed([line for line in lines if line[0] == int(level)]) == amounts


def bicycles(folder: Path) -> list[Row]:
    """The source's lines of parents, as written there (`749.0`, midnight stamps, padded units)."""
    names = ("", "parent_item_code", "item_code", "valid_from", "valid_to", "uom", "", "quantity")
    with (folder / "BillOfMaterials.csv").open(encoding="utf-8") as stream:
        cells = [dict(zip(names, row, strict=False)) for row in csv.reader(stream, delimiter="\t")]
    return [
        {name: cell for name, cell in row.items() if name}
        for row in cells
        if row["parent_item_code"]
    ]


@pytest.mark.parametrize("product", ["775", "800"])
@pytest.mark.parametrize("day", ["2010-08-01", "2014-01-01"])
def test_bicycle_explodes_on_a_day(product: str, day: str, tmp_path: Path) -> None:
    folder = fixture_dir("adventureworks_bom")
    wanted = json.loads((folder / "expected" / "bom.json").read_text(encoding="utf-8"))
    answer = wanted["explosion"][f"{product}@{day}"]
    lines = list(exploded(components(bicycles(folder), tmp_path, day), product))
    assert len(lines) == answer["lines"]
    levels = Counter(str(level) for level, _, _ in lines)
    assert dict(levels) == answer["lines_per_level"]
    amounts = summed(lines)
    assert len(amounts) == answer["distinct_components"]
    assert sum(amounts.values()) == float(answer["total_units_of_leaves_and_subassemblies"])
    if answer["quantity"]:  # stated in full for one product only
        assert amounts == {code: float(amount) for code, amount in answer["quantity"].items()}
