"""The FSMA 204 sortable sheet (21 CFR part 1 subpart S): one row a lot in a tracking event.

Read as `lotgraph report fsma204` writes it, in English or Chinese, and as others fill the same
columns. A traceability lot is its source's lot under its number; times are as keyed in.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import polars as pl

from graph_model import keys
from graph_model.errors import BadFile
from graph_model.i18n import LANGUAGES, catalogue
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
SHEET, SOURCE = "fsma204", "fsma204"
FIELDS = (
    "cte", "event", "role", "tlc", "product", "quantity", "unit", "when", "location",
    "previous_source", "recipient", "tlc_source", "document",
)  # fmt: skip
_SAID = ("role", "tlc", "product", "quantity", "unit", "when", "document")
"""What tells the rows of one event apart."""
_NEEDED = ("cte", "tlc", "product")
_MOST_ABOVE = 30
"""Rows above the headings that are looked at."""
_EVENTS = ("receiving", "transformation", "shipping")
_COMPANY = r"^([^,，;；]+)"
_CODE = r"^(\S+)"
_UNTIL = re.compile(r"\s+(?:to|至)\s+")


def read(
    files: list[Path],
    options: Options,
    pseudonym: Callable[[str], str],
    progress: Callable[[str], None],
) -> Intake:
    """The events of the sheets. Raises BadFile where a file has no such columns."""
    out, findings, counts = Tables(), list[Finding](), {SHEET: Counts()}
    for file in files:
        progress(file.name)
        frames = [_body(grid.frame, file.name, options) for grid in read_grids(file, file.name)]
        found = [frame for frame in frames if frame is not None]
        if not found:
            raise BadFile("fsma204_shape", file=file.name)
        for frame in found:
            counts[SHEET].read += frame.height
            good = C("kind").is_not_null() & C("item_code").is_not_null() & (
                C("lot_no").is_not_null() | C("quantity").is_not_null()
            )  # fmt: skip
            bad = frame.filter(~good)
            counts[SHEET].set_aside += bad.height
            findings += _aside(bad, out)
            _facts(frame.filter(good), out)
    tabs = {(file.name, SHEET): SHEET for file in files}
    return Intake(SHEET, out.finish(), findings, counts, files, tabs=tabs)


def _heads(frame: pl.DataFrame) -> tuple[int, dict[str, str]] | None:
    """Number of the heading row and the column of each field; None where there is none."""
    words = {
        catalogue(language)[key].lower(): field
        for language in LANGUAGES
        for field in FIELDS
        if (key := _heading(field, language)) is not None
    }
    columns = [name for name in frame.columns if name != ROW]
    for number, cells in enumerate(frame.select(columns).head(_MOST_ABOVE).iter_rows()):
        found = {
            words[str(cell).strip().lower()]: column
            for cell, column in zip(cells, columns, strict=True)
            if cell is not None and str(cell).strip().lower() in words
        }
        if all(name in found for name in _NEEDED):
            return number, found
    return None


def _heading(field: str, language: str) -> str | None:
    known = catalogue(language)
    return next((k for k in (f"report.column.{field}", f"label.{field}") if k in known), None)


def _body(frame: pl.DataFrame, file: str, options: Options) -> pl.DataFrame | None:
    """The rows below the headings, as fields with what is read of them."""
    heads = _heads(frame)
    if heads is None:
        return None
    number, found = heads
    marks = [catalogue(language)["report.missing_mark"] for language in LANGUAGES]
    raw = frame.slice(number + 1).select(
        *(
            (C(found[name]) if name in found else pl.lit(None, pl.String)).alias(name)
            for name in FIELDS
        ),
        _file=pl.lit(file), _sheet=pl.lit(SHEET), _row=ROW,
    )  # fmt: skip
    texts = [clean_text(raw[name]) for name in FIELDS]
    rows = raw.with_columns(column.set(column.is_in(marks), None) for column in texts)
    return _read(rows.filter(C("cte").is_not_null()), options)


def _read(rows: pl.DataFrame, options: Options) -> pl.DataFrame:
    events = {
        catalogue(language)[f"report.cte.{event}"]: event
        for language in LANGUAGES
        for event in _EVENTS
    }
    zone = Zone(
        pl.repeat(options.timezone, rows.height, eager=True),
        pl.repeat(0, rows.height, eager=True),
    )
    ends = rows["when"].map_elements(lambda text: _UNTIL.split(text), pl.List(pl.String))
    first, last = ends.list.first(), ends.list.last()
    rows = rows.with_columns(
        kind=C("cte").replace_strict(events, default=None, return_dtype=pl.String),
        quantity=clean_number(rows["quantity"]),
        lot_no=clean_code(rows["tlc"]),
        item_code=C("product").str.extract(_CODE),
        item_name=C("product").str.extract(r"^\S+\s+(.+)$"),
        owner=C("tlc_source").str.extract(_COMPANY).str.strip_chars(),
        party=pl.coalesce("recipient", "previous_source").str.extract(_COMPANY).str.strip_chars(),
        site_code=C("location").str.extract(_CODE),
        earliest=read_times(first, zone)[0],
        latest=read_times(last, zone)[1],
    )
    parts = C("event").str.split("/")
    ours = pl.when(C("kind") == "shipping").then(parts.list.len() == 2).otherwise(
        parts.list.len() == 3
    )  # fmt: skip
    number = pl.coalesce("event", "document", pl.format("{}/{}", "_file", "_row"))
    default = {"receiving": "receive", "transformation": "produce"}
    named = ours.fill_null(False)
    return rows.with_columns(
        owner=C("owner").fill_null(options.company),
        company=pl.when(named).then(parts.list.first()).otherwise(pl.lit(options.company)),
        step=pl.when(named)
        .then(parts.list.get(1, null_on_oob=True))
        .otherwise(C("kind").replace_strict(default, default=None)),
        number=pl.when(named).then(parts.list.last()).otherwise(number),
        role=pl.when(C("role").str.to_lowercase().is_in(["output", "产出"]))
        .then(pl.lit("output"))
        .otherwise(pl.lit("input")),
    ).with_columns(
        item=keys.join_columns(C("owner"), C("item_code")),
        lot=keys.lot_key_column(C("owner"), C("item_code"), C("lot_no")),
        place=keys.join_columns(C("company"), C("site_code")),
        end=pl.when(C("kind") == "shipping")
        .then(keys.join_columns(C("company"), C("number")))
        .otherwise(keys.join_columns(C("company"), C("step"), C("number"))),
        tail=keys.join_columns(pl.concat_str(_SAID, separator="|", ignore_nulls=True)),
    )


def _aside(bad: pl.DataFrame, out: Tables) -> list[Finding]:
    text = pl.concat_str(*FIELDS[:5], separator=" ", ignore_nulls=True)
    place = {name: C(f"_{name}") for name in ("file", "sheet", "row")}
    key = pl.format("{}/{}/{}", "_file", "_sheet", "_row")
    rows = bad.select("_file", "_sheet", "_row", **place, key=key, rule=pl.lit("fsma204_row"),
                      text=text)  # fmt: skip
    out.add(SetAside, rows)
    return [
        Finding("fsma204_row", "error", row["file"], SHEET, row["row"], "", row["text"] or "")
        for row in rows.iter_rows(named=True)
    ]


def _facts(rows: pl.DataFrame, out: Tables) -> None:
    out.node(Item, rows, C("owner"), C("item_code"), item_name=C("item_name"))
    out.lots(rows, C("owner"), C("item_code"), C("lot_no"), item=C("item"))
    out.node(Site, rows.filter(C("site_code").is_not_null()), C("company"), C("site_code"))
    received, shipped = (rows.filter(kind=kind) for kind in ("receiving", "shipping"))
    out.node(Supplier, received, C("owner"))
    out.node(Customer, shipped.filter(C("party").is_not_null()), C("party"))
    _operations(rows.filter(C("kind") != "shipping"), out)
    out.node(
        Shipment, shipped, C("company"), C("number"), customer=keys.join_columns(C("party")),
        kind="delivery", status="shipped", ship_earliest=C("earliest"), ship_latest=C("latest"),
    )  # fmt: skip
    out.add(Shipped, _lines(shipped, "shipped"), shipment=C("end"), from_place=C("place"))


def _operations(rows: pl.DataFrame, out: Tables) -> None:
    """What was received stays the same lot; transformations take inputs and give outputs."""
    got = C("kind") == "receiving"
    into, made = (
        rows.filter(got | (C("role") == "input")),
        rows.filter(got | (C("role") != "input")),
    )
    names = (C("company"), C("step"), C("number"))
    out.node(
        Operation, made, *names, source=SOURCE, doc_no=C("document"), site=C("place"),
        earliest=C("earliest"), latest=C("latest"),
    )  # fmt: skip
    out.node(Operation, into, *names, source=SOURCE)
    basis = pl.when(got).then(pl.lit("exact")).otherwise(pl.lit("by_order"))
    out.add(Consumed, _lines(into, "in"), operation=C("end"), basis=basis, step=None)
    out.add(
        Produced, _lines(made, "out"), operation=C("end"), basis=basis, to_place=C("place"),
        output_kind="product", step=None,
    )  # fmt: skip


def _lines(rows: pl.DataFrame, side: str) -> pl.DataFrame:
    """Movement lines; equal rows of one event are told apart by their ordinal."""
    rows = rows.with_columns(ordinal=pl.int_range(pl.len()).over("end", "tail"))
    return rows.with_columns(
        key=pl.format("{}/{}/{}/{}", "end", pl.lit(side), "tail", "ordinal"),
        doc_no=C("document"), uom=C("unit"), source=pl.lit(SOURCE), status=pl.lit("posted"),
    )  # fmt: skip
