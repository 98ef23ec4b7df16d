"""How many columns of workbooks are recognised: `python -m bench.recognition`.

Measured on the demo plant's messy workbook, and on `tests/workbooks`: ten workbooks as factories
write them, described before the code that reads them was looked at. The first five were at hand
while it was written; the others were held back until it was done. A column is right when the field
proposed for it is what it means; *flagged* when a person is asked to confirm it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openpyxl.utils import column_index_from_string
from rich.console import Console
from rich.table import Table

from graph_model.i18n import LANGUAGES, text
from loaders import demo_plant
from loaders.headings import sheet_named
from loaders.mapping import TableMap
from loaders.plant.sheets import BY_NAME, Sheet
from loaders.proposing import Proposal, proposals
from loaders.reading import read_grids
from tests.workbooks import FILES, described, write

Described = dict[str, Any]
SEEN = 5
"""So many of the workbooks were at hand while recognition was written."""
_DAYS = {"business_date", "event_time"}
_PLACES = {"place", "to_place", "from_place", "site_code"}
_PEOPLE = {"operator", "inspector"}
_FIELDS: dict[str, set[str]] = {
    "received": _DAYS, "issued": _DAYS, "produced": _DAYS, "tested": _DAYS, "date": _DAYS,
    "shipped": {*_DAYS, "ship_date"}, "supplier": {"supplier_code"}, "item": {"item_code"},
    "supplier_lot": {"supplier_lot_no"}, "lot": {"lot_no"}, "made": {"label_date"},
    "expires": {"expiry_date"}, "quantity": {"quantity", "counted_qty"}, "person": _PEOPLE,
    "note": {"remark"}, "unit": {"uom"}, "purchase_order": {"purchase_order_no"},
    "warehouse": _PLACES, "bin": _PLACES, "order": {"work_order_no"}, "equipment": {"line"},
    "status": {"doc_status"}, "document": {"doc_no"}, "shift": {"shift"},
    "output_lot": {"output_lot_no"}, "input_lot": {"lot_no"}, "input_quantity": {"quantity"},
    "container": {"container_no"}, "customer": {"customer_code"}, "shipment": {"delivery_no"},
    "test": {"inspection_item"}, "value": {"measured_value"}, "result": {"result"},
    "limit": {"spec_limit"}, "phone": {"contact_phone"}, "address": {"address"},
}  # fmt: skip
"""What the words of the descriptions are called here. All others have no field here."""
_MADE = {"output_lot": "lot_no", "output_item_name": "item_code", "output_quantity": "quantity"}
"""In the second reading of a list of pairs, as what was made."""
_KINDS = {"stock": {"stock", "counts", "opening_stock"}, "pairs": {"issues"}}


@dataclass(frozen=True)
class Judged:
    """One column: where it stands, what it means, what is proposed, whether a person is asked."""

    where: str
    meant: str
    proposed: str | None
    right: bool
    flagged: bool


def _meant(word: str, words: Iterable[str], kind: str) -> set[str | None]:
    fields = BY_NAME[kind].fields
    if word.endswith("_name"):
        code = word.removesuffix("_name")
        own = {f"{code.removeprefix('input_')}_code", word} & set(fields)
        if code in words:  # the code has a column of its own
            return {None, word} if word in fields else {None}
        return set(own) or {None}
    if word in ("supplier", "customer"):
        return {f"{word}_code"}
    return {name for name in _FIELDS.get(word, ()) if name in fields} or {None}


def _pairs(sheet: Described, found: list[Proposal]) -> Iterator[tuple[Described, list[TableMap]]]:
    """Each described table with the proposals for the first table at its column."""
    for table in sheet.get("table", []):
        first = column_index_from_string(next(iter(table["columns"]))) - 1
        here = [each for each in found if each.table.block.columns[0] == first]
        mine = [each for each in here if each.table is here[0].table]
        for each in mine:
            found.remove(each)
        yield table, [each.map for each in mine]


def judged(file: Path, folder: Path) -> tuple[list[Judged], list[str]]:
    """The columns of a described workbook, and what else is wrong: kinds, rows, totals."""
    path = write(file, folder)
    grids = {grid.sheet: grid for grid in read_grids(path, path.name)}
    columns: list[Judged] = []
    wrong: list[str] = []
    for sheet in described(file):
        where = f"{file.stem[:2]} {sheet['name']}"
        found = proposals(grids[sheet["name"]], path.stem)
        for table, maps in _pairs(sheet, found):
            columns += _judge(where, table, maps)
            wrong += _other(where, table, maps)
        wrong += [f"{where}: a table that is none, as {each.map.kind}" for each in found
                  if each.map.kind]  # fmt: skip
    return columns, wrong


def _judge(where: str, table: Described, maps: list[TableMap]) -> Iterator[Judged]:
    words = list(table["columns"].values())
    first = maps[0] if maps else None
    kinds = _KINDS.get(table["kind"], {table["kind"]})
    placed = [*words]
    if across := table.get("across"):
        placed += [across["heading"], *across["values"]]
    if first is None or first.kind not in kinds or len(first.columns) < len(placed):
        for word in placed:
            yield Judged(where, word, None, False, first is None or not first.sure)
        return
    second = maps[1] if len(maps) > 1 else None
    for at, word in enumerate(placed):
        column = first.columns[at]
        right = column.field in _meant(word, placed, first.kind or "")
        flagged = not (column.sure and first.sure)
        if word.startswith("output_") and word != "output_lot":
            made = second.columns[at].field if second else None
            right = (made or "") == _MADE[word] and column.field is None
            flagged = True
        if not word and column.field == "doc_line_no":
            right = True  # a running number is a line number without a document
        yield Judged(f"{where} · {column.heading}", word, column.field, right, flagged)


def _other(where: str, table: Described, maps: list[TableMap]) -> Iterator[str]:
    if not maps:
        yield f"{where}: no table found for {table['kind']}"
        return
    one = maps[0]
    if one.kind not in _KINDS.get(table["kind"], {table["kind"]}):
        asked = "UNFLAGGED" if one.sure else "flagged"
        yield f"{where}: {table['kind']} taken for {one.kind}, {asked}"
    for what, meant, counted in (("rows", table["rows"], one.rows),
                                 ("totals", table.get("totals", 0), len(one.totals))):  # fmt: skip
        if meant != counted:
            yield f"{where}: {counted} {what}, not {meant}"


def messy(folder: Path) -> list[Judged]:
    """The columns of the demo plant's messy workbook; its headings are labels of fields."""
    made = demo_plant.write_plant(folder / "plant", 400, 7)
    path = folder / "messy.xlsx"
    demo_plant.write_messy(made, path)
    columns: list[Judged] = []
    for file in sorted(folder.glob("*.xlsx")) + sorted(folder.glob("*.csv")):
        for grid in read_grids(file, file.name):
            sheet = sheet_named(grid.sheet)
            found = proposals(grid, file.stem)
            if sheet is None or not found:
                continue
            columns += _labelled(sheet, found[0].map)
    return columns


def _labelled(sheet: Sheet, mapped: TableMap) -> Iterator[Judged]:
    names = [(name, lang) for name in sheet.fields for lang in LANGUAGES]
    labels = {text(f"import.field.{name}", lang): name for name, lang in names}
    seen: set[str] = set()
    for column in mapped.columns:
        meant = labels.get(column.heading)
        if meant in seen:
            meant = None  # the same heading again
        seen |= {meant} if meant else set()
        right = mapped.kind == sheet.name and column.field == meant
        flagged = not (column.sure and mapped.sure)
        yield Judged(f"{sheet.name} · {column.heading}", meant or "", column.field, right, flagged)


def main() -> None:
    """Prints the shares and the wrong ones."""
    console = Console()
    table = Table(title="Columns recognised")
    for head in ("workbooks", "columns", "right", "share", "wrong", "wrong and unflagged"):
        table.add_column(head, justify="left" if head == "workbooks" else "right")
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        groups: list[tuple[str, list[Judged]]] = [("the generator's messy ones", messy(folder))]
        for title, files in (("five at hand", FILES[:SEEN]), ("five held back", FILES[SEEN:])):
            columns: list[Judged] = []
            for file in files:
                more, others = judged(file, folder)
                columns += more
                wrong += others
            groups.append((title, columns))
    for title, columns in groups:
        bad = [each for each in columns if not each.right]
        silent = [each for each in bad if not each.flagged]
        share = f"{1 - len(bad) / len(columns):.1%}"
        table.add_row(title, str(len(columns)), str(len(columns) - len(bad)), share,
                      str(len(bad)), str(len(silent)))  # fmt: skip
        wrong += [
            f"{each.where}: means {each.meant or 'no field'}, read as {each.proposed or 'nothing'}"
            f"{'' if each.flagged else '  UNFLAGGED'}"
            for each in bad
        ]
    console.print(table)
    for line in wrong:
        console.print(line, highlight=False, markup=False)


if __name__ == "__main__":
    main()
