"""FoodChain-Lab networks: JSON version 1, or stations, deliveries and delivery_relations as CSV.

A delivery is a lot with sublot = delivery id, and a shipment to its recipient; a relation is an
operation inside the station that received one delivery and sent the other.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from graph_model.errors import BadFile
from graph_model.keys import join_columns, lot_key_column
from graph_model.schema import (
    Consumed,
    Customer,
    Item,
    Operation,
    Produced,
    SetAside,
    Shipment,
    Shipped,
    Site,
    Supplier,
)
from loaders.cleaning import clean_code, clean_number, clean_text
from loaders.findings import Finding
from loaders.intake import Counts, Intake, Options
from loaders.plant.tables import Tables
from loaders.reading import ROW, read_grids
from loaders.times import Zone, read_times

C = pl.col
_SHEETS = {
    "stations": ("stations", ("ID", "Name", "Country", "Address", "type of business")),
    "deliveries": (
        "deliveries",
        (
            "ID",
            "from",
            "to",
            "Name",
            "Lot ID",
            "Lot Number",
            "Date Delivery",
            "Date Delivery Arrival",
            "Amount",
            "_Lieferungen.Delivery_Amount",
            "_Lieferungen.Delivery_Unit",
        ),
    ),
    "delivery_relations": ("deliveryRelations", ("from", "to")),
}


def read(
    files: list[Path],
    options: Options,
    pseudonym: Callable[[str], str],
    progress: Callable[[str], None],
) -> Intake:
    """The network of the files as tables; a recorded relation is kept even against its dates."""
    frames: dict[str, pl.DataFrame] = {}
    for file in files:
        progress(file.name)
        frames |= _from_json(file) if file.suffix.lower() == ".json" else _from_csv(file)
    for name in ("stations", "deliveries"):
        if name not in frames:
            raise BadFile("foodchainlab_shape", file=files[0].name, missing=name)
    out, findings = Tables(), list[Finding]()
    counts = {name: Counts(read=frame.height) for name, frame in frames.items()}
    _stations(frames["stations"], out)
    deliveries = _deliveries(frames["deliveries"], out)
    if "delivery_relations" in frames:
        relations = frames["delivery_relations"]
        lost = _relations(relations, deliveries, out, findings)
        counts["delivery_relations"].set_aside = lost
    return Intake("foodchainlab", out.finish(), findings, counts, files)


def _from_json(file: Path) -> dict[str, pl.DataFrame]:
    try:
        data = json.loads(file.read_text(encoding="utf-8-sig"))["data"]
        tables = {name: data[source]["data"] for name, (source, _) in _SHEETS.items()}
        return {
            name: _frame(
                [{cell["id"]: cell.get("value") for cell in row} for row in rows], name, file.name
            )
            for name, rows in tables.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadFile("foodchainlab_shape", file=file.name, missing=str(error)) from error


def _frame(rows: list[dict[str, Any]], name: str, file: str) -> pl.DataFrame:
    fields = _SHEETS[name][1]
    texts = {
        field: [None if row.get(field) is None else str(row[field]) for row in rows]
        for field in fields
    }
    frame = pl.DataFrame(texts, schema={field: pl.String() for field in fields})
    numbers = pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias(ROW)
    return frame.with_columns(pl.lit(file).alias("_file"), pl.lit(name).alias("_sheet"), numbers)


def _from_csv(file: Path) -> dict[str, pl.DataFrame]:
    name = file.stem.lower()
    if name not in _SHEETS:
        return {}
    frame = next(iter(read_grids(file, file.name))).frame
    texts = [column for column in frame.columns if column != ROW]
    found = {
        str(value).strip(): column
        for column, value in zip(texts, frame.select(texts).row(0), strict=True)
    }
    fields = _SHEETS[name][1]
    missing = [field for field in ("ID", "from", "to") if field in fields and field not in found]
    if missing:
        raise BadFile("foodchainlab_shape", file=file.name, missing=", ".join(missing))
    columns = [
        (C(found[field]) if field in found else pl.lit(None, dtype=pl.String)).alias(field)
        for field in fields
    ]
    body = frame.slice(1).select(*columns, ROW, _file=pl.lit(file.name), _sheet=pl.lit(name))
    return {name: body}


def _stations(frame: pl.DataFrame, out: Tables) -> None:
    frame = frame.with_columns(clean_code(frame["ID"]), clean_text(frame["Name"]))
    stated = {"name": C("Name"), "country": C("Country"), "kind": C("type of business")}
    for kind in (Supplier, Customer):
        out.node(kind, frame, C("ID"), address=C("Address"), **stated)
    out.node(Site, frame, C("ID"), C("ID"), name=C("Name"))


def _deliveries(frame: pl.DataFrame, out: Tables) -> pl.DataFrame:
    """Lots, shipments and their lines. A missing arrival takes the departure, and the reverse."""
    frame = frame.with_columns(
        *(clean_code(frame[name]) for name in ("ID", "from", "to", "Lot ID", "Lot Number")),
        clean_text(frame["Name"]),
    )
    utc = Zone(pl.repeat("UTC", frame.height, eager=True), pl.repeat(0, frame.height, eager=True))
    departure = read_times(frame["Date Delivery"], utc)
    arrival = read_times(frame["Date Delivery Arrival"], utc)
    amount = clean_text(frame["Amount"]).str.extract_groups(r"^([\d.,]+)\s*([^\d\s]+)$").struct
    usable = clean_number(frame["_Lieferungen.Delivery_Amount"]).round(3)
    frame = frame.with_columns(
        dep=departure[0],
        dep_to=departure[1],
        arr=arrival[0],
        arr_to=arrival[1],
        quantity=usable.fill_null(clean_number(amount.field("1"))),
        uom=frame["_Lieferungen.Delivery_Unit"].fill_null(amount.field("2")),
        number=C("Lot Number").fill_null(""),
        item_code=C("Name").fill_null(""),
    ).with_columns(
        lot=lot_key_column(C("from"), C("item_code"), C("number"), C("ID")),
        item=join_columns(C("from"), C("item_code")),
        shipment=join_columns(C("from"), C("ID")),
    )
    times = {
        "ship_earliest": pl.coalesce("dep", "arr"),
        "ship_latest": pl.coalesce("dep_to", "arr_to"),
        "arrival_earliest": pl.coalesce("arr", "dep"),
        "arrival_latest": pl.coalesce("arr_to", "dep_to"),
    }
    frame = frame.with_columns(**times)
    out.node(Item, frame, C("from"), C("item_code"), item_name=C("Name"))
    more = {"item": C("item"), "supplier": join_columns(C("from"))}
    more |= {"source_lot_id": C("Lot ID"), "quantity": C("quantity"), "uom": C("uom")}
    out.lots(frame, C("from"), C("item_code"), C("number"), sublot=C("ID"), **more)
    stated = {name: C(name) for name in times}
    out.node(
        Shipment,
        frame,
        C("from"),
        C("ID"),
        customer=join_columns(C("to")),
        kind="delivery",
        status="shipped",
        **stated,
    )
    _line(frame, out, Shipped, "shipment", C("shipment"), "ship", C("shipment"))
    return frame


def _line(
    frame: pl.DataFrame, out: Tables, kind: type, name: str, of: pl.Expr, at: str, key: pl.Expr
) -> None:
    rows = frame.select(
        key.alias("key"),
        of.alias(name),
        "lot",
        "item",
        "quantity",
        "uom",
        *("_file", "_sheet", "_row"),
        owner=C("from"),
        lot_no=C("number"),
        earliest=C(f"{at}_earliest"),
        latest=C(f"{at}_latest"),
        source=pl.lit("network"),
        status=pl.lit("posted"),
        posting_method=pl.lit("network"),
        basis=pl.lit("exact"),
    )
    out.add(kind, rows)


def _relations(
    frame: pl.DataFrame, deliveries: pl.DataFrame, out: Tables, findings: list[Finding]
) -> int:
    """Operations at the station between two deliveries; how many rows were set aside."""
    frame = frame.select(
        "_file", "_sheet", "_row", a=clean_code(frame["from"]), b=clean_code(frame["to"])
    )
    known = deliveries.select(a="ID", station="to")
    after = deliveries.select(b="ID", _sender="from")
    joined = frame.join(known, on="a", how="left").join(after, on="b", how="left")
    good = C("station").is_not_null() & C("_sender").is_not_null()
    lost = joined.filter(~good)
    kept = joined.filter(good).with_columns(number=pl.concat_str("a", "b", separator=">"))
    key = join_columns(C("station"), "produce", C("number"))
    out.node(
        Operation,
        kept,
        C("station"),
        "produce",
        C("number"),
        site=join_columns(C("station"), C("station")),
        source="network",
    )
    for kind, end, at in ((Consumed, "a", "arrival"), (Produced, "b", "ship")):
        side = kept.select("_file", "_sheet", "_row", operation=key, ID=end).join(
            deliveries.drop("_file", "_sheet", "_row"), on="ID"
        )
        _line(side, out, kind, "operation", C("operation"), at, C("operation") + pl.lit(f"/{at}"))
    text = pl.concat_str("a", "b", separator=" ", ignore_nulls=True)
    place = pl.format("{}/{}/{}", "_file", "_sheet", "_row")
    out.add(
        SetAside,
        lost,
        key=place,
        file=C("_file"),
        sheet=C("_sheet"),
        row=C("_row"),
        rule="relation_broken",
        text=text,
    )
    for row in lost.iter_rows(named=True):
        value = f"{row['a']} > {row['b']}"
        place_of = (row["_file"], row["_sheet"], row["_row"])
        findings.append(Finding("relation_broken", "error", *place_of, "", value))
    return lost.height
