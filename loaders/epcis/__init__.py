"""EPCIS events: 2.0 in JSON-LD and XML, 1.2 in XML.

Transformations are operations, despatches are shipments, aggregations are containment. Each event
is kept as it came, under its id and the hash of what it says, so that loading it again in any
order, form or file changes nothing; what errors declare is taken out when the ledger is folded.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl

from graph_model.errors import BadFile
from graph_model.identifiers import party, place, thing
from graph_model.keys import join
from graph_model.schema import Customer, Item, SetAside, Site
from loaders.epcis.content import TYPES, as_json
from loaders.epcis.documents import Document, document, is_epcis
from loaders.epcis.mapping import map_event
from loaders.epcis.reading import Read
from loaders.epcis.reading import read as read_event
from loaders.epcis.rows import Place, Rows
from loaders.findings import Finding
from loaders.intake import Counts, Intake, Options

SHEET = "events"
_CHUNK = 10_000
_LONGEST = 2_000
_PLACES = ("location", "businesslocation", "readpoint")


def read(
    files: list[Path],
    options: Options,
    pseudonym: Callable[[str], str],
    progress: Callable[[str], None],
) -> Intake:
    """The facts of the files' events. Raises BadFile where a file as a whole cannot be read."""
    rows, counts = Rows(), {SHEET: Counts()}
    notes = _Notes()
    seen: list[pl.DataFrame] = []
    for file in files:
        progress(file.name)
        paper = document(file)
        before = counts[SHEET].read
        for number, event in enumerate(paper.events(), start=1):
            counts[SHEET].read += 1
            where = (file.name, SHEET, number)
            if event.get("type") not in TYPES:
                counts[SHEET].set_aside += 1
                notes.unreadable(where, event, rows)
                continue
            one = read_event(event, paper.prefixes, where)
            map_event(one, rows)
            notes.look(one)
            if number % _CHUNK == 0:
                progress(f"{file.name}: {number}")
                seen.append(notes.flush())
                rows.flush()
        _master(paper, (file.name, SHEET, 0), rows)
        if counts[SHEET].read == before and not paper.master.names:
            raise BadFile("epcis_no_events", file=file.name)
        seen.append(notes.flush())
        rows.flush()
    repeated = _repeated(pl.concat(seen))
    counts[SHEET].already_known = int(repeated["more"].sum())
    findings = notes.findings + [
        Finding("event_repeated", "info", file, sheet, row, "", value, {"count": more + 1})
        for value, more, file, sheet, row in repeated.iter_rows()
    ]
    findings.sort(key=lambda one: (one.file, one.row))
    return Intake("epcis", rows.out.finish(), findings, counts, files)


class _Notes:
    """What is noticed while events are read; each strange identifier once."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self._told: set[str] = set()
        self._names: list[tuple[str, str | None, bool, str, str, int]] = []

    def look(self, one: Read) -> None:
        """Notices what is missing or odd in the event."""
        declared = "errorDeclaration" in one.event
        self._names.append((one.name.key, one.name.event_id, declared, *one.place))
        if one.earliest is None:
            value = str(one.event.get("eventTime") or "")
            self.findings.append(
                Finding("event_time_missing", "error", *one.place, "eventTime", value)
            )
        for line in one.goods:
            rule = (
                "event_id_unread" if not line.thing.known
                else "event_lot_missing" if not line.thing.lot
                else ""
            )  # fmt: skip
            if rule and line.text not in self._told:
                self._told.add(line.text)
                self.findings.append(Finding(rule, "warning", *one.place, line.role, line.text))

    def unreadable(self, where: Place, event: object, rows: Rows) -> None:
        """Sets the event aside."""
        text = as_json(event)[:_LONGEST]
        rule = "event_unreadable"
        rows.add(SetAside, where, "/".join(map(str, where)), *where, rule, text)
        self.findings.append(Finding(rule, "error", *where, "type", text[:200]))

    def flush(self) -> pl.DataFrame:
        """key, event_id, declared and place of the events since the last call."""
        schema = {
            "key": pl.String, "event_id": pl.String, "declared": pl.Boolean, "file": pl.String,
            "sheet": pl.String, "row": pl.Int64,
        }  # fmt: skip
        names, self._names = self._names, []
        return pl.DataFrame(names, schema=schema, orient="row")


def _repeated(events: pl.DataFrame) -> pl.DataFrame:
    """value, more, file, sheet, row of events that came again; an error and its event are two."""
    groups = events.group_by("key", "declared").agg(
        pl.col("event_id", "file", "sheet", "row").last(), more=pl.len().cast(pl.Int64) - 1
    )
    value = pl.coalesce("event_id", "key")
    return groups.filter(pl.col("more") > 0).select(value, "more", "file", "sheet", "row")


def _master(paper: Document, where: Place, rows: Rows) -> None:
    """Names of items, places and companies, as the document's header has them."""
    for kind, names in paper.master.names.items():
        for text, name in names.items():
            if kind == "epcclass" and (one := thing(text)).item:
                rows.add(Item, where, one.item, one.owner, one.item_code, name)
            elif kind in _PLACES:
                company, code = place(text)
                rows.add(Site, where, join(company, code), company, code, name)
            elif kind == "party":
                code = party(text)
                rows.add(Customer, where, join(code), code, name)


__all__ = ["TYPES", "is_epcis", "read"]
