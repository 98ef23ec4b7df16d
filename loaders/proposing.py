"""What the tables of a workbook are: the kind of each, the field of each column, and why.

What headings say in listed words is sure, and read by itself. All else is proposed: a person
confirms it, since a wrong time or number could make a set smaller than it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from graph_model.quantity import canonical_unit
from loaders.cells import is_day, is_number
from loaders.flattening import Flat, flat
from loaders.headings import likely, match, meanings, partly, word_code
from loaders.layout import blocks
from loaders.mapping import Column, Known, TableMap, applied, fingerprint
from loaders.plant.dates import order_of
from loaders.plant.sheets import BY_NAME, DATES, NUMBERS, STAMPS, WORDS, Sheet
from loaders.reading import Grid
from loaders.recognition import among, recognise, recognise_likely

_SHOWN = 3
_LONGEST = 60
_MOST = 0.6
_TIMES = re.compile(r"\d{1,4}\s*[-/.年月]\s*\d{1,2}|\d{1,2}:\d{2}|^\d{1,2}[- ][A-Za-z]{3}")
_STORE = re.compile(r"(库|仓|区|柜|架)$|\b(wh|warehouse|store|silo|tank|room|bin)\b", re.IGNORECASE)
_PUT_IN = re.compile(
    r"原料|材料|投|领|耗|component|ingredient|input|raw|used|consumed", re.IGNORECASE
)
_AMOUNT_FIELDS = ("quantity", "counted_qty", "level_qty", "planned_qty")
_PLACE_FIELDS = ("place", "to_place", "from_place", "site_code", "tank")
_OTHER_LOTS = {"supplier_lot_no", "parent_lot_no", "child_lot_no"}
AGAIN = "again"
"""What told the second reading of a table."""
READ = ("heading", "content", "role")
"""Why a column is read without a person who confirms it."""
_DAY_FIELDS = ("business_date", "ship_date", "as_of", "event_time", "day")


@dataclass(frozen=True)
class Proposal:
    """A table as it stands, and what is proposed for it."""

    table: Flat
    map: TableMap

    @property
    def confirmed(self) -> bool:
        """Whether a person said how the table is read."""
        return self.map.why in ("chosen", "preset")

    @property
    def looked_at(self) -> tuple[int, ...]:
        """Columns of the sheet that a heading speaks for, or all that a person saw."""
        block = self.table.block
        heads = zip(block.columns, block.headings, strict=True)
        return tuple(column for column, heading in heads if heading or self.confirmed)

    @property
    def read(self) -> dict[str, int]:
        """Fields by column of what is read: what was confirmed, else what is sure."""
        return {
            column.field: at for at, column in enumerate(self.map.columns)
            if column.field and (self.confirmed or column.sure or column.why in READ)
        }  # fmt: skip


def proposals(
    grid: Grid, stem: str, maps: Sequence[TableMap] = (), known: Known | None = None
) -> list[Proposal]:
    """The tables of a sheet, each with what it is taken for; `stem`: name of the file.

    `maps`: what persons have confirmed for tables with these headings. A table may be read twice,
    as what went in and as what was made.
    """
    found = blocks(grid)
    flats = [flat(grid, block, alone=len(found) == 1) for block in found]
    flats = [each for each in flats if each.height or each.totals or each.notes]
    made: list[Proposal] = []
    for each in flats:
        mapped = _proposed(grid, each, stem, len(flats) == 1, known)
        told = applied(mapped, maps) if maps else []
        if not told:
            second = _outputs_too(each, mapped)
            told = [mapped, second] if second else [mapped]
        made += [Proposal(each, one) for one in told]
    return made


def _proposed(grid: Grid, table: Flat, stem: str, alone: bool, known: Known | None) -> TableMap:
    sheet, why, said = _kind(grid, table, stem, alone)
    across = table.block.across
    columns = _columns(table, sheet, known) if sheet else _unread(table)
    return TableMap(
        file=grid.file,
        sheet=grid.sheet,
        row=table.row,
        rows=table.height,
        kind=sheet.name if sheet else None,
        why=why,
        said=said,
        sure=why in ("name", "word", "title", "headings") and (across is None or across.days),
        columns=tuple(columns),
        constants=_constants(table, sheet, columns) if sheet else {},
        dates=_order(table, columns),
        across=across is not None,
        fingerprint=fingerprint(table),
        totals=table.totals,
        notes=table.notes,
    )


# ---------------------------------------------------------------------------- kind


def _kind(grid: Grid, table: Flat, stem: str, alone: bool) -> tuple[Sheet | None, str, str]:
    """(sheet, what told it, the words that did)."""
    head = [table.block.said]
    if _pairs(table.block.said):
        return BY_NAME["issues"], "pairs", ""
    titles = table.block.titles
    if alone and (found := recognise(grid.sheet, head)) and found.by != "headings":
        return found.sheet, found.by, grid.sheet
    for title in titles[: len(titles) if alone else 1]:
        if sheet := among(title, head):
            return sheet, "title", title
    if found := recognise(grid.sheet, head):
        return found.sheet, found.by, ""
    if stem != grid.sheet and (sheet := among(stem, head)):
        return sheet, "title", stem
    words = (grid.sheet, *titles, stem)
    if sheet := recognise_likely(words, table.block.said):
        return sheet, "likely", ""
    return None, "unknown", ""


# ---------------------------------------------------------------------------- columns


def _pairs(headings: Sequence[str]) -> dict[str, str]:
    """Of a list of what went into what the headings of the two lots, by field of issues."""
    lots = [
        heading for heading in headings
        if "lot_no" in likely(heading) or any(name.endswith("lot_no") for name in meanings(heading))
    ]  # fmt: skip
    lots = [heading for heading in lots if not meanings(heading) & _OTHER_LOTS]
    put_in = [heading for heading in lots if _PUT_IN.search(heading)]
    made = [heading for heading in lots if not _PUT_IN.search(heading)]
    if len(put_in) == len(made) == 1:
        return {"lot_no": put_in[0], "output_lot_no": made[0]}
    return {}


def _unread(table: Flat) -> list[Column]:
    return [
        Column(shown, None, "unknown", False, _shown(heading, samples))
        for shown, heading, samples in zip(table.shown, table.headings, table.samples, strict=True)
    ]


def _columns(table: Flat, sheet: Sheet, known: Known | None) -> list[Column]:
    headings, across = table.headings, table.block.across
    samples = table.samples
    chosen = _Chosen(sheet)
    if sheet.name == "issues":
        _put_together(table, chosen)
    repeated = _by_headings(table, sheet, samples, chosen)
    if across:
        _across(table, sheet, chosen)
    rest = [at for at in range(len(headings)) if at not in chosen.fields and headings[at]]
    for at in rest:  # where no column has codes, names stand for items
        if "item_name" in meanings(headings[at]) and at not in repeated:
            chosen.take(at, "item_code", "names")
    for read in (partly, likely):
        for at in rest:
            if not meanings(headings[at]) or at in repeated or read is likely:
                for name in read(headings[at]):
                    if _agrees(_own(sheet, name), samples[at]):
                        chosen.take(at, name, "likely")
    if known is not None:
        for at in (at for at in rest if at not in chosen.fields and samples[at]):
            shares = known(samples[at])
            for name in sorted(shares, key=lambda name: -shares[name]):
                if shares[name] >= _MOST:
                    chosen.take(at, name, "known")
    return [
        _column(table, at, chosen.fields.get(at), samples[at], again=at in repeated)
        for at in range(len(headings))
    ]


def _column(
    table: Flat, at: int, chosen: tuple[str, str] | None, samples: Sequence[str], *, again: bool
) -> Column:
    across = table.block.across
    name, why = chosen or ("", "repeated" if again else "unknown")
    if why == "heading" and not _agrees(name, samples):
        why = "content"
    elif why == "heading" and name.endswith("lot_no"):
        why = "role" if _of_another(table.headings[at], name) else why
    sure = why == "heading" or (why == "across" and across is not None and across.days)
    return Column(table.shown[at], name or None, why, sure, _shown(table.headings[at], samples))


def _shown(heading: str, samples: Sequence[str]) -> tuple[str, ...]:
    """The first cells of a column; those that may be names of persons are not shown."""
    persons = {"operator", "inspector", "person_name", "responsible", "contact_phone"}
    if persons & {*meanings(heading), *likely(heading)}:
        return ()
    return tuple(sample[:_LONGEST] for sample in samples[:_SHOWN])


def _put_together(table: Flat, chosen: _Chosen) -> None:
    """The two lots of a list of what went into what, and the item and amount that went in."""
    pairs = _pairs(table.block.said)
    for name, heading in pairs.items():
        at = table.headings.index(heading)
        other = {"input_lot_no"} if name == "lot_no" else set()
        named = bool(meanings(heading) & {name, *other})
        chosen.take(at, name, "heading" if named else "likely")
    if not pairs:
        return
    made = [at for at, heading in enumerate(table.headings) if heading and _is_made(heading)]
    for at in made:
        chosen.fields.setdefault(at, ("", "unknown"))
    for at, heading in enumerate(table.headings):
        if _PUT_IN.search(heading):
            for name in ("item_code", "item_name", "quantity"):
                if name in likely(heading):
                    chosen.take(at, name, "likely")


def _is_made(heading: str) -> bool:
    """Whether a heading tells the item or amount of what was made."""
    said = {*meanings(heading), *likely(heading)}
    return bool(said & {"item_name", "item_code", "quantity"}) and not _PUT_IN.search(heading)


@dataclass
class _Chosen:
    """(field, why) by column; a field is taken once."""

    sheet: Sheet
    fields: dict[int, tuple[str, str]] = field(default_factory=dict)

    def take(self, at: int, name: str | None, why: str) -> None:
        """Takes the field of the sheet that `name` stands for, if it and the column are free."""
        own = _own(self.sheet, name) if name else None
        if own and at not in self.fields and own not in {name for name, _ in self.fields.values()}:
            self.fields[at] = own, why


def _by_headings(
    table: Flat, sheet: Sheet, samples: Sequence[Sequence[str]], chosen: _Chosen
) -> set[int]:
    """Takes what headings say in listed words; the columns that repeat a field.

    Of two columns with one field the first has it, unless only the other holds what it can be.
    """
    found = match(table.headings, sheet)
    repeated = set(found.repeated)
    for name, first in found.columns.items():
        at = first
        if not _agrees(name, samples[at]):
            others = [
                other for other in (*found.repeated, *found.unknown)
                if name in {_own(sheet, said) for said in meanings(table.headings[other])}
                and _agrees(name, samples[other])
            ]  # fmt: skip
            at = others[0] if others else at
        if at != first:
            repeated = (repeated - {at}) | {first}
        chosen.take(at, name, "heading")
    return repeated


def _of_another(heading: str, name: str) -> bool:
    """Whether a heading says whose lot it is, and another one than the field: a maker's number."""
    said = meanings(heading)
    return bool(said) and not said & {name, "lot_no"}


def _own(sheet: Sheet, name: str) -> str | None:
    """The field of this sheet that a field of the dictionary stands for."""
    if name in sheet.fields:
        return name
    if name == "item_name" and "item_code" in sheet.fields:
        return "item_code"
    return next((own for own, also in sheet.also.items() if name in also), None)


def _agrees(name: str | None, values: Sequence[str]) -> bool:
    """Whether what stands below a heading can be what the field holds."""
    if not values or name is None:
        return True
    if name in WORDS:
        return _share(values, lambda text: bool(word_code(name, text))) >= _MOST
    if name == "contact_phone":
        return _share(values, lambda text: sum(map(str.isdigit, text)) > 4) >= _MOST
    if name in DATES | STAMPS:
        return _share(values, lambda text: bool(_TIMES.search(text)) or _serial(text)) >= _MOST
    if name in NUMBERS:
        return _share(values, lambda text: any(sign.isdigit() for sign in text)) >= _MOST
    if name == "uom":
        return _share(values, lambda text: not is_number(text)) >= _MOST
    if name.endswith("lot_no"):
        return _share(values, lambda text: not _dated(text)) >= 1 - _MOST
    return True


def _dated(text: str) -> bool:
    return is_day(text) and not text.isdigit()


def _serial(text: str) -> bool:
    """A day as spreadsheets count them, or digits like 20260301."""
    return text.isdigit() and (len(text) == 8 or 30_000 < int(text) < 70_000)


def _share(values: Sequence[str], fits: Callable[[str], bool]) -> float:
    return sum(map(fits, values)) / len(values)


def _across(table: Flat, sheet: Sheet, chosen: _Chosen) -> None:
    """The field of the labels of columns across, and of their values."""
    across = table.block.across
    if across is None:
        return
    first = len(table.headings) - 1 - len(across.heads)
    if across.days:
        names: tuple[str, ...] = _DAY_FIELDS
    elif _share(across.labels, lambda label: bool(_STORE.search(label))) >= _MOST:
        names = _PLACE_FIELDS
    else:
        names = ("item_code",)
    for name in names:
        if name in sheet.fields:
            chosen.take(first, name, "across")
    if across.heads == ("",):
        for name in _AMOUNT_FIELDS:
            chosen.take(first + 1, name, "across")


def _constants(table: Flat, sheet: Sheet, columns: Sequence[Column]) -> dict[str, str]:
    """What is written above the table for all its rows: its unit, order or date."""
    have = {column.field for column in columns}
    found: dict[str, str] = {}
    for label, value in table.block.labelled.items():
        names = meanings(label)
        own = [name for name in sheet.fields if name in names]
        own += [name for name, also in sheet.also.items() if names & set(also)]
        if "item_name" in names and sheet.name in ("outputs", "items"):
            own.append("item_code")
        name = next((name for name in own if name not in have | set(found)), None)
        if name and (name != "uom" or canonical_unit(value)):
            found[name] = value
    return found


def _order(table: Flat, columns: Sequence[Column]) -> str:
    """Whether day or month stands first in the dates of a table."""
    values = [
        value
        for column, samples in zip(columns, table.samples, strict=True)
        if column.field in DATES | STAMPS
        for value in samples
    ]
    values += table.block.labelled.values()
    named = any(re.match(r"\d{1,2}[-/. ][A-Za-z]{3}", value) for value in values)
    return order_of(values) or ("dmy" if named else "")


def _outputs_too(table: Flat, mapped: TableMap) -> TableMap | None:
    """A list of what went into what also says what was made: its lot, item and amount."""
    if mapped.kind != "issues" or "output_lot_no" not in mapped.fields:
        return None
    shared = ("business_date", "event_time", "work_order_no", "shift")
    chosen = _Chosen(BY_NAME["outputs"])
    for at, column in enumerate(mapped.columns):
        if column.field == "output_lot_no":
            chosen.take(at, "lot_no", "likely")
        elif column.field in shared:
            chosen.take(at, column.field, "likely")
        elif column.field is None and at < len(table.headings) and _is_made(table.headings[at]):
            said = {*meanings(table.headings[at]), *likely(table.headings[at])}
            amount = "quantity" in said and not said & {"item_name", "item_code"}
            chosen.take(at, "quantity" if amount else "item_code", "likely")
    columns = [
        replace(column, field=name, why=why, sure=False)
        for column, (name, why) in (
            (column, chosen.fields.get(at, (None, "unknown")))
            for at, column in enumerate(mapped.columns)
        )
    ]
    return replace(mapped, kind="outputs", why="pairs", said=AGAIN, sure=False,
                   columns=tuple(columns), constants={})  # fmt: skip
