"""Text grids -> typed frames of a sheet: fields cleaned, times in µs UTC, keys of the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache

import duckdb
import polars as pl

from graph_model.keys import join_columns
from graph_model.quantity import canonical_unit
from loaders.cleaning import clean_code, clean_number, clean_text
from loaders.findings import Finding, Severity
from loaders.headings import Match, heading_row, match, unit_of, word_code
from loaders.plant.sheets import DATES, STAMPS, Sheet, type_of
from loaders.reading import ROW, Grid
from loaders.times import Zone, read_times

_MOST_FINDINGS = 10_000
PLACES = ("line", "tank", "site_code", "place", "to_place", "from_place")
_AMOUNTS = (
    "quantity", "counted_qty", "level_qty", "planned_qty", "reported_qty", "book_qty", "heel_qty",
)  # fmt: skip
PROVENANCE = ("_file", "_sheet", "_row")
_Column = pl.Expr | pl.Series
_MIDNIGHT = r"[ T]00:00(:00)?(\.0+)?\s*$"
_MANY = 5_000
"""Rows from which the fields of a sheet are worth several threads."""
_TYPES: dict[str, pl.DataType] = {"number": pl.Float64(), "flag": pl.Boolean()}


@dataclass
class Zones:
    """Time zone and start of the production day by place; a default for all others."""

    default: str
    timezone: dict[str, str] = field(default_factory=dict)
    start: dict[str, int] = field(default_factory=dict)

    def of(self, frame: pl.DataFrame) -> Zone:
        """Zone of each row by the first place it names."""
        rows = frame.height
        places = [pl.col(name) for name in PLACES if name in frame.columns]
        if not places or not (
            set(self.timezone.values()) - {self.default} or any(self.start.values())
        ):
            zone = pl.repeat(self.default, rows, dtype=pl.String, eager=True)
            return Zone(zone, pl.repeat(0, rows, dtype=pl.Int64, eager=True))
        place = pl.coalesce(places)
        found = frame.select(
            zone=place.replace_strict(self.timezone, default=self.default, return_dtype=pl.String),
            start=place.replace_strict(self.start, default=0, return_dtype=pl.Int64),
        )
        return Zone(found["zone"].fill_null(self.default), found["start"].fill_null(0))


def _note(
    frame: pl.DataFrame, bad: pl.Series, rule: str, severity: Severity, name: str, values: pl.Series
) -> list[Finding]:
    places = frame.select(PROVENANCE).with_columns(v=values).filter(bad)
    listed = [
        Finding(rule, severity, file, sheet, row, name, value or "")
        for file, sheet, row, value in places.head(_MOST_FINDINGS).iter_rows()
    ]
    if places.height > _MOST_FINDINGS:
        first = places.row(_MOST_FINDINGS)
        more = {"more": places.height - _MOST_FINDINGS}
        listed.append(Finding(rule, severity, first[0], first[1], 0, name, "", more))
    return listed


def picked(
    grid: Grid,
    sheet: Sheet,
    fields: Mapping[str, int] | None = None,
    constants: Mapping[str, str] | None = None,
) -> tuple[pl.DataFrame, list[Finding]]:
    """The sheet's fields as cleaned text with provenance; headings that cannot be used.

    `fields`: columns by field where headings stand in the first row and are read already;
    `constants`: values of fields that no column has. No rows where there are no headings.
    """
    texts = [name for name in grid.frame.columns if name != ROW]
    head = grid.head
    position = heading_row(head, sheet) if fields is None else 0
    schema = {name: pl.String() for name in (*sheet.fields, "_file", "_sheet")} | {ROW: pl.Int64()}
    if position is None:
        return pl.DataFrame(schema=schema), []
    headings = [cell or "" for cell in head[position]]
    found = match(headings, sheet) if fields is None else _chosen(headings, fields)
    at = grid.frame[ROW][position]
    kinds: tuple[tuple[str, Severity, tuple[int, ...]], ...] = (
        ("unknown_column", "info", found.unknown),
        ("duplicate_heading", "warning", found.repeated),
    )
    notes = [
        Finding(rule, severity, grid.file, grid.sheet, at, headings[index], headings[index])
        for rule, severity, indexes in kinds
        for index in indexes
    ]
    notes += [
        Finding("cell_too_long", "error", grid.file, grid.sheet, row, headings[int(name)])
        for row, name in grid.too_long
    ]
    # Column by column out of the grid, each in one piece (polars fails on text of which a filter
    # left an empty piece), so that memory holds no column twice.
    columns = [
        grid.frame.drop_in_place(texts[index]).slice(position + 1).rechunk().alias(name)
        for name, index in found.columns.items()
    ]
    rows = grid.frame[ROW].slice(position + 1).rechunk()
    frame = pl.DataFrame([rows, *columns]).with_columns(
        *(
            pl.lit((constants or {}).get(name), pl.String).alias(name)
            for name in sheet.fields
            if name not in found.columns
        ),
        _file=pl.lit(grid.file),
        _sheet=pl.lit(grid.sheet),
    )
    unit = _unit(headings, found.columns) if "uom" in sheet.fields else None
    if unit:
        written = pl.col("uom").str.strip_chars().replace("", None)
        frame = frame.with_columns(uom=written.fill_null(unit))
    return frame.select(ROW, *sheet.fields, "_file", "_sheet"), notes


def _chosen(headings: Sequence[str], fields: Mapping[str, int]) -> Match:
    used = set(fields.values())
    unknown = (at for at, heading in enumerate(headings) if heading and at not in used)
    return Match(dict(fields), tuple(unknown), ())


def _unit(headings: Sequence[str], columns: dict[str, int]) -> str | None:
    """The unit that headings of amounts state, for rows that state none; not if they differ."""
    stated = [unit_of(headings[columns[name]]) for name in _AMOUNTS if name in columns]
    units = {code: unit for unit in stated if unit and (code := canonical_unit(unit))}
    return next(iter(units.values())) if len(units) == 1 else None


def completed(rows: pl.DataFrame, sheet: Sheet) -> pl.DataFrame:
    """Rows with a column for every field of the sheet, as `picked` gives them."""
    texts = [
        pl.col(name) if name in rows.columns else pl.lit(None, pl.String).alias(name)
        for name in (*sheet.fields, "_file", "_sheet")
    ]
    return rows.select(pl.col(ROW).cast(pl.Int64), *texts)


def _word(column: pl.Series, name: str) -> pl.Series:
    written = column.unique().drop_nulls()
    codes = [word and word_code(name, word) for word in clean_text(written)]
    return column.replace_strict(written, codes, default=None, return_dtype=pl.String)


def _each(
    names: Iterable[str], act: Callable[[str], tuple[list[_Column], list[Finding]]], rows: int
) -> tuple[list[_Column], list[Finding]]:
    """Columns and findings of each field; fields do not touch each other, so all cores work."""
    if rows < _MANY:
        done = [act(name) for name in names]
    else:
        with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
            done = list(pool.map(act, names))
    return (
        [column for columns, _ in done for column in columns],
        [note for _, notes in done for note in notes],
    )


def typed(frame: pl.DataFrame, sheet: Sheet) -> tuple[pl.DataFrame, list[Finding]]:
    """All fields but times as values; times stay text."""

    def read(name: str) -> tuple[list[_Column], list[Finding]]:
        kind, raw = type_of(name), frame[name]
        if raw.null_count() == len(raw):
            # A constant takes no memory, whatever the number of rows.
            return [pl.lit(None, dtype=_TYPES.get(kind, pl.String())).alias(name)], []
        if kind in ("date", "stamp"):
            return [raw], []
        if kind in ("code", "text"):
            return [clean_code(raw) if kind == "code" else clean_text(raw)], []
        values = _value(raw, name, kind)
        rule = "unreadable_number" if kind == "number" else "unreadable_word"
        notes = _unread(frame, values, raw, rule, name)
        return [_doubted(values, raw) if name == "doc_status" else values], notes

    columns, notes = _each(sheet.fields, read, frame.height)
    return frame.with_columns(columns), notes


def _doubted(status: pl.Series, raw: pl.Series) -> pl.Series:
    """A status in words that nobody knows is no sign that the document was posted."""
    unknown = status.is_null() & clean_text(raw).is_not_null()
    return status.zip_with(~unknown, pl.repeat("draft", len(status), eager=True))


def _value(raw: pl.Series, name: str, kind: str) -> pl.Series:
    if kind == "number":
        return clean_number(raw)
    return _word(raw, name) if kind == "word" else _word(raw, "flag") == "true"


def _unread(
    frame: pl.DataFrame, read: pl.Series, raw: pl.Series, rule: str, name: str
) -> list[Finding]:
    """Findings of the cells in which something is written that could not be read."""
    if read.null_count() == raw.null_count():
        return []
    bad = read.is_null() & raw.is_not_null() & (raw.str.strip_chars() != "")
    return _note(frame, bad, rule, "warning", name, raw)


def timed(frame: pl.DataFrame, sheet: Sheet, zones: Zones) -> tuple[pl.DataFrame, list[Finding]]:
    """Times as `<field>` (earliest) and `<field>__latest`, in µs UTC."""
    zone = zones.of(frame)

    def read(name: str) -> tuple[list[_Column], list[Finding]]:
        raw, both = frame[name], (name, f"{name}__latest")
        if raw.null_count() == len(raw):
            return [pl.lit(None, dtype=pl.Int64).alias(each) for each in both], []
        if name in DATES and raw.str.contains("00:00", literal=True).any():
            # A date cell is handed over with midnight: it is the day, not the moment.
            raw = raw.str.replace(_MIDNIGHT, "")
        bounds = read_times(raw, zone)
        columns: list[_Column] = [
            column.alias(each) for column, each in zip(bounds, both, strict=True)
        ]
        if bounds[0].null_count() == raw.null_count():
            return columns, []
        written = clean_text(raw)
        bad = bounds[0].is_null() & written.is_not_null()
        return columns, _note(frame, bad, "unreadable_date", "warning", name, written)

    columns, notes = _each((n for n in sheet.fields if n in DATES | STAMPS), read, frame.height)
    return frame.with_columns(columns), notes


@cache
def _database() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def digest(frame: pl.DataFrame, names: Sequence[str]) -> pl.Series:
    """MD5 of each row's content; empty fields do not count."""
    filled = [name for name in sorted(names) if frame[name].null_count() < frame.height]
    content = frame.select(
        content=pl.concat_str(
            [pl.format(f"{name}={{}}", pl.col(name).cast(pl.String)) for name in filled],
            separator="\x1f",
            ignore_nulls=True,
        )
    )
    with _database().cursor() as connection:
        connection.register("content_rows", content.to_arrow())
        result = connection.sql("SELECT md5(content) AS digest FROM content_rows")
        answer = result.to_arrow_table().column("digest")
        connection.unregister("content_rows")
    return pl.Series("digest", answer, dtype=pl.String).rechunk()


def tails(
    frame: pl.DataFrame, sheet: Sheet, number: str = "doc_no", line: str = "doc_line_no"
) -> tuple[pl.DataFrame, list[Finding]]:
    """`_tail`: what makes the row's key unique in its company and sheet.

    Document and line where there is a line number; else document, content and the ordinal among
    equal rows of that file. `_repeated` marks rows that equal one of another part.
    """
    fields = [name for name in sheet.fields if name in frame.columns]
    empty = pl.lit(None, dtype=pl.String)
    document = (pl.col(number) if number in fields else empty).fill_null("-")
    lined = (pl.col(line) if line in fields else empty).is_not_null()
    if number in fields:
        lined &= pl.col(number).is_not_null()
    frame = frame.with_columns(
        _tail=pl.when(lined).then(
            pl.concat_str(document, pl.col(line) if line in fields else empty, separator="/")
        )
    )
    same = pl.col("_tail") if frame["company"].n_unique() < 2 else pl.struct("company", "_tail")
    duplicated = frame.select(same.is_duplicated()).to_series()
    needs = frame["_tail"].is_null() | duplicated
    if not needs.any():
        return frame.with_columns(_repeated=pl.lit(False)), []
    frame = frame.with_row_index("_at")
    part = frame.filter(needs)
    part = part.with_columns(digest(part, fields).alias("_digest"))
    part = part.with_columns(
        _n=pl.int_range(pl.len()).over("company", "_digest", "_file", "_sheet"),
        _many=pl.col("_digest").n_unique().over("company", "_tail"),
    )
    clash = part.select(pl.col("_tail").is_not_null() & (pl.col("_many") > 1)).to_series()
    notes = (
        _note(part, clash, "line_repeated", "warning", line, part[number]) if clash.any() else []
    )
    part = part.select(
        "_at",
        pl.when(pl.col("_tail").is_null())
        .then(pl.concat_str(document, "_digest", pl.col("_n").cast(pl.String), separator="/"))
        .when(pl.col("_many") > 1)
        .then(pl.concat_str("_tail", "_digest", separator="/"))
        .otherwise("_tail")
        .alias("_found"),
    )
    frame = frame.join(part, on="_at", how="left", maintain_order="left")
    frame = frame.with_columns(_tail=pl.coalesce("_found", "_tail")).drop("_at", "_found")
    again = frame.select(~pl.struct("company", "_tail").is_first_distinct()).to_series()
    if again.any():
        notes += _note(frame, again, "row_repeated", "info", "", frame["_tail"])
    return frame.with_columns(again.alias("_repeated")), notes


def with_key(frame: pl.DataFrame, sheet: Sheet) -> pl.DataFrame:
    """`key` from company, sheet and tail."""
    prefix = join_columns(pl.col("company"), sheet.name)
    return frame.with_columns(key=pl.concat_str(prefix, pl.col("_tail"), separator="/"))
