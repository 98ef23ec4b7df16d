"""U8's tables in SQLite, under their own names and columns: documents, orders, allocations."""

from __future__ import annotations

import csv
import itertools
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl

from loaders.sources.forms import Form, profile
from loaders.sources.u8_tables import _Query
from tests.emulators import carrying
from tests.emulators.carrying import AUDITED

Tables = dict[str, list[dict[str, Any]]]
_FIRST_ID = 1_000_000_001


def carried(sheets: Mapping[str, pl.DataFrame], today: str) -> carrying.Sheets:
    """The sheets with what the tables carry. There is no cancelled document: it is deleted."""
    kept = {
        name: frame.filter(pl.col("doc_status") != "cancelled")
        if "doc_status" in frame.columns
        else frame
        for name, frame in sheets.items()
    }
    changes = {"shipments": {"delivery_no": pl.col("doc_no")}}
    forms = [form for form in profile("u8_tables").values() if form.sheet != "lots"]
    return carrying.carried(kept, forms, today, changes)


def tables_of(sheets: Mapping[str, pl.DataFrame]) -> Tables:
    """The rows of all tables."""
    found: Tables = {name: [] for form in profile("u8_tables").values() for name in _names(form)}
    details = {}
    for form in profile("u8_tables").values():
        ids = itertools.count(_FIRST_ID)
        documents: dict[Any, int] = {}
        for row, sign in _rows(form, sheets):
            record = _record(form, row, sign)
            number = documents.setdefault(row.get("doc_no", object()), next(ids))
            _store(form, record, number, next(ids), found)
            if form.name == "mom_order":
                details[row["work_order_no"]] = found["mom_orderdetail"][-1]["MoDId"]
            elif record.get("_order") is not None:
                _linked(form, details[record["_order"]], next(ids), found)
    found["Inventory"] = found["Inventory"] or []
    return found


def _names(form: Form) -> list[str]:
    return [form.query["head"], *(name for name, _, _ in form.query["joins"])]


def _rows(form: Form, sheets: Mapping[str, pl.DataFrame]) -> Iterator[tuple[dict[str, Any], int]]:
    for row in sheets.get(form.sheet, pl.DataFrame()).to_dicts():
        yield row, 1
    # What goes back into an order is a sheet of the order's issues otherwise.
    if form.red is not None and form.red.sheet != "issues":
        back = {new: old for old, new in form.red.rename.items()}
        for row in sheets.get(form.red.sheet, pl.DataFrame()).to_dicts():
            yield {back.get(name, name): value for name, value in row.items()}, -1


def _record(form: Form, row: Mapping[str, Any], sign: int) -> dict[str, Any]:
    """The row by table.column, and its order as `_order`."""
    record = dict.fromkeys(_Query(form).names)
    for name, (key, *_) in form.fields.items():
        words = {code: word for word, code in form.values.get(name, {}).items()}
        if record.get(key) is None:
            record[key] = words.get(str(row.get(name)), row.get(name))
    if "quantity" in form.fields and row.get("quantity") is not None:
        record[form.fields["quantity"][0]] = sign * row["quantity"]
    if "handler" in form.query:
        record[form.query["handler"]] = None if row.get("doc_status") == "draft" else "审核人"
    for name in form.query["changes"]:
        key = f"{form.query['head']}.{name}"
        record[key] = record.get(key) or AUDITED
    return record


def _store(form: Form, record: Mapping[str, Any], number: int, line: int, found: Tables) -> None:
    head, own = form.query["head"], form.query["id"]
    parts: dict[str, dict[str, Any]] = {}
    for name, value in record.items():
        table, dot, column = name.partition(".")
        if dot:
            parts.setdefault(table, {})[column] = value
    if form.query["joins"] and form.query["joins"][0][1] == f"{head}.{own}":
        lines = form.query["joins"][0][0]
        key = "MoDId" if lines == "mom_orderdetail" else "AutoID"
        parts[lines] |= {own: number, key: line, "iMPoIds": None}
        found[lines].append(parts[lines])
    parts[head].setdefault(own, number)
    if form.name == "mom_order":
        parts[head]["MoCode"], parts["mom_orderdetail"]["SortSeq"] = record["_order"], 1
    if not any(row[own] == parts[head][own] for row in found[head][-1:]):
        found[head].append(parts[head])


def _linked(form: Form, detail: int, allocation: int, found: Tables) -> None:
    """Output lines name the line of their order, issue lines an allocation of it."""
    line = found[form.query["joins"][0][0]][-1]
    if "mom_moallocate" in _names(form):
        found["mom_moallocate"].append({"AllocateId": allocation, "MoDId": detail})
        line["iMPoIds"] = allocation
    else:
        line["iMPoIds"] = detail


def write_database(tables: Tables, file: Path) -> str:
    """Its SQLAlchemy address."""
    with closing(sqlite3.connect(file)) as connection:
        for name, rows in tables.items():
            columns = columns_of(name, rows)
            connection.execute(f"CREATE TABLE {name} ({', '.join(columns)})")
            marks = ", ".join("?" * len(columns))
            values = [[row.get(column) for column in columns] for row in rows]
            connection.executemany(f"INSERT INTO {name} VALUES ({marks})", values)
        connection.commit()
    return f"sqlite:///{file}"


def write_exports(tables: Tables, folder: Path) -> None:
    """The tables as files in the encoding of an old Windows, as people export them."""
    folder.mkdir(parents=True)
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", encoding="gb18030", newline="") as file:
            writer = csv.DictWriter(file, columns_of(name, rows))
            writer.writeheader()
            writer.writerows(rows)


def columns_of(table: str, rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """All columns of a table that any form asks for, and those of its rows."""
    asked = [
        column
        for form in profile("u8_tables").values()
        for name in [*_Query(form).names, *_keys(form)]
        for own, _, column in [name.partition(".")]
        if own == table
    ]
    return list(dict.fromkeys([*asked, *(name for row in rows for name in row)]))


def _keys(form: Form) -> list[str]:
    query = form.query
    keys = [f"{query['head']}.{query['id']}"]
    return keys + [key for name, left, own in query["joins"] for key in (left, f"{name}.{own}")]
