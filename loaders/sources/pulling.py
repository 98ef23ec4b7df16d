"""One pull: pages of a source -> rows of sheets -> ledger, each part with its cursor; then checks.

What a part states is appended together with the cursor that stands behind it, in one transaction.
Statements have keys of their own, so a page that is read twice changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import sqlalchemy as sa
from filelock import FileLock, Timeout

from graph_model.errors import Locked, LotgraphError, SourceError
from graph_model.i18n import text
from graph_model.plant import Plant
from graph_model.schema import KINDS, conform
from graph_model.settings import Settings
from loaders import checks, findings_workbook
from loaders.findings import Finding
from loaders.importing import count_known
from loaders.intake import Counts
from loaders.plant import folder
from loaders.sources import mapping
from loaders.sources.base import Page, Receiver, Source
from loaders.sources.config import Configured
from loaders.sources.exports import Exports
from loaders.sources.forms import retracting
from loaders.sources.jiandaoyun import Jiandaoyun
from loaders.sources.kingdee import Kingdee
from loaders.sources.state import States
from loaders.sources.u8 import U8
from loaders.sources.u8_tables import U8Tables

PART_ROWS = 20_000
"""So many rows are appended at a time, with the cursor behind them."""

Tell = Callable[[str], None]
Opener = Callable[[Configured, Settings], Source]
OPENERS: dict[str, Opener] = {
    "jiandaoyun": Jiandaoyun,
    "kingdee": Kingdee,
    "sie_mes": Exports,
    "u8": U8,
    "u8_tables": U8Tables,
    "yidu_wms": Exports,
}


@dataclass
class Pulled:
    """What a pull did. `batches`: the new ones; `rows`: by form, as the source gave them."""

    source: str
    dry_run: bool
    batches: list[int] = field(default_factory=list)
    counts: dict[str, Counts] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """As JSON, like that of an import."""
        return {
            "source": self.source,
            "dry_run": self.dry_run,
            "batch": self.batches[-1] if self.batches else None,
            "batches": self.batches,
            "rows": self.rows,
            "sheets": {
                name: {
                    "read": count.read,
                    "loaded": count.loaded,
                    "already_known": count.already_known,
                    "set_aside": count.set_aside,
                }
                for name, count in self.counts.items()
            },
            "findings": [findings_workbook.to_dict(found) for found in self.findings],
        }


def opened(configured: Configured, settings: Settings) -> Source:
    """The source, with its credentials. Raises BadInput where an option is missing."""
    return OPENERS[configured.kind](configured, settings)


@dataclass(frozen=True)
class How:
    """How to pull: all that the source has (`full`); keep nothing (`dry_run`).

    `accept_empty`: a form that had documents and gives none any more is believed.
    """

    full: bool = False
    dry_run: bool = False
    accept_empty: bool = False


_PLAINLY = How()


def pull(
    plant: Plant,
    configured: Configured,
    how: How = _PLAINLY,
    *,
    who: str,
    tell: Tell,
    opener: Opener = opened,
) -> Pulled:
    """Takes what is new in a source.

    What was taken before an error stays taken, and the next pull goes on behind it. The arrays are
    brought up to date, the graph is not. Raises SourceError, BadInput, and Locked while the source
    is being pulled.
    """
    lock = FileLock(plant.folder / f"pull-{configured.name}.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise Locked("pull_running", source=configured.name) from error
    states = States(plant.ledger.records)
    run = _Run(plant, configured.name, states, who, how, tell)
    try:
        source = opener(configured, plant.settings)
        try:
            run.all(source)
        finally:
            source.close()
    except LotgraphError as error:
        if not how.dry_run:
            states.set(configured.name, error=f"{error.code}: {error}")
        raise
    finally:
        lock.release()
    if not how.dry_run:
        states.set(configured.name, pulled_at=time.time(), error=None)
        run.check()
    return run.done


class _Run:
    """One pull under way: pages wait until they are many enough to be appended."""

    def __init__(
        self, plant: Plant, source: str, states: States, who: str, how: How, tell: Tell
    ) -> None:
        self.done = Pulled(source, how.dry_run)
        self._plant, self._source, self._states, self._who = plant, source, states, who
        self._how, self._tell = how, tell
        self._cursors: dict[str, Any] = {}
        self._waiting: list[mapping.Rows] = []
        self._sheets: dict[str, str] = {}
        self._deliveries: list[str] = []

    def all(self, source: Source) -> None:
        """Takes pushed documents first, then the pages of every form."""
        state = self._states.get(self._source)
        self._cursors = dict(state.cursors)
        if isinstance(source, Receiver):
            for delivery, pushed in self._states.waiting(self._source).items():
                page = source.received(pushed)
                if page is not None:
                    self._add(page)
                self._deliveries.append(delivery)
        for form in source.forms():
            before = state.cursors.get(form.name, {})
            count, asked = 0, True
            for page in source.pages(form, {} if self._how.full else before):
                asked = not page.unasked
                count += len(page.records)
                self.done.rows[form.name] = count
                self._add(page)
                self._stand(form.name, page, before, count)
                self._tell(text("pull.reading", form=form.title or form.name, rows=count))
                if sum(map(_height, self._waiting)) >= PART_ROWS:
                    self._append()
            if asked and not count and self._had(before):
                raise SourceError("source_empty", source=self._source, form=form.title or form.name)
        self._append()

    def _had(self, before: dict[str, Any]) -> bool:
        """Whether an answer without any document is a fault.

        Not where a pull that was cut off goes on behind its last page.
        """
        whole = self._how.full or "after" not in before
        return bool(before.get("had")) and whole and not self._how.accept_empty

    def _add(self, page: Page) -> None:
        """The rows of a page wait; a deletion that no row can state is a finding."""
        form = retracting(page.form) if page.deleted else page.form
        name = f"{self._source}:{page.form.name}"
        if form is None:
            self.done.findings += [
                Finding("source_deleted", "warning", name, str(record.get(page.form.document)), 0)
                for record in page.records
            ]
            return
        zone = self._plant.settings.timezone
        found = mapping.rows(form, page.records, self._source, zone)
        self._waiting.append(found)

    def _stand(self, form: str, page: Page, before: dict[str, Any], count: int) -> None:
        """The cursor behind a page; it remembers whether the form ever had documents."""
        had = bool(count) or before.get("had", False)
        self._cursors[form] = {**page.cursor, "had": had}

    def _append(self) -> None:
        """Appends what waits, with the cursor behind it."""
        rows = mapping.together(self._waiting)
        self._waiting = []
        ledger, state = self._plant.ledger, dict(self._cursors)

        def also(connection: sa.Connection, batch: int | None = None) -> None:
            values = {} if batch is None else {"batch": batch}
            self._states.set(self._source, connection, cursors=state, **values)
            self._states.taken(self._source, self._deliveries, connection)

        tables, names = self._tables(rows)
        if self.done.dry_run:
            return
        known = ledger.known(tables, source=self._source)
        if not any(len(frame) > len(known[name]) for name, frame in tables.items()):
            with ledger.records.engine.begin() as connection:
                also(connection)
        else:
            self._tell(text("cli.appending"))
            batch = ledger.append(
                tables, source=self._source, who=self._who,
                note=text("pull.note", source=self._source), names=names, also=also,
            )  # fmt: skip
            self.done.batches.append(batch.number)
        self._deliveries = []

    def _tables(self, rows: mapping.Rows) -> tuple[dict[str, pl.DataFrame], dict[str, str]]:
        """Facts of the rows, counted by sheet and by what this source said before."""
        pseudonym = self._plant.ledger.records.pseudonym
        taken = folder.read_rows(rows, self._plant.settings, pseudonym, self._tell)
        tables = {
            name: conform(KINDS[name], frame, provenance=True)
            for name, frame in taken.tables.items()
        }
        place = [frame.select("_file", sheet=pl.lit(name)) for name, frame in rows.items()]
        if place:
            # A form may give rows of two sheets: what it has taken back is in another one.
            self._sheets |= dict(pl.concat(place).unique(maintain_order=True).iter_rows())
            known = self._plant.ledger.known(tables, source=self._source)
            count_known(known, tables, taken.counts, lambda file, _: self._sheets.get(file))
        for name, count in taken.counts.items():
            total = self.done.counts.setdefault(name, Counts())
            total.read += count.read
            total.already_known += count.already_known
            total.set_aside += count.set_aside
        self.done.findings += taken.findings
        return tables, taken.names

    def check(self) -> None:
        """Adds what the checks find in rows of this source, if it said anything new."""
        if not self.done.batches:
            return
        plant = self._plant
        self._tell(text("cli.folding"))
        plant.lineage()
        self._tell(text("cli.checking"))
        found = checks.run(plant.facts(), plant.settings.company, timezone=plant.settings.timezone)
        own = f"{self._source}:"
        self.done.findings += [each for each in found if each.file.startswith(own) or not each.file]


def _height(rows: mapping.Rows) -> int:
    return sum(len(frame) for frame in rows.values())
