"""One import from files to findings: read, append, check, project; the same at every door."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from graph_model.errors import BadFile
from graph_model.i18n import text
from graph_model.ledger import BatchInfo
from graph_model.plant import Plant
from graph_model.schema import KINDS, conform
from loaders import checks, findings_workbook, intake
from loaders.findings import Finding


@dataclass(frozen=True)
class Loaded:
    """What a load did: counts by sheet, findings, and the batch unless it was a dry run."""

    kind: str
    batch: BatchInfo | None
    counts: dict[str, intake.Counts]
    findings: list[Finding]

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "kind": self.kind,
            "batch": self.batch.number if self.batch else None,
            "head": self.batch.hash if self.batch else None,
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


def load(
    plant: Plant,
    path: Path,
    *,
    kind: str | None,
    source: str | None,
    who: str,
    dry_run: bool,
    tell: Callable[[str], None],
    note: str | None = None,
    judge: Callable[[Plant, dict[str, pl.DataFrame]], None] | None = None,
) -> Loaded:
    """Reads, appends and checks; what was read, loaded, known and set aside.

    The arrays are brought up to date, the graph is not. `note` stands in the manifest; default:
    the name of the file or folder. `judge` sees the tables before they are kept, may take rows out
    or raise. Raises BadInput, BadFile and Locked; nothing is kept then.
    """
    taken = intake.read(
        path, kind, plant.settings, pseudonym=plant.ledger.records.pseudonym, progress=tell
    )
    if not (taken.tables or taken.findings):
        raise BadFile("nothing_to_read", path=str(path))
    tables = {
        name: conform(KINDS[name], frame, provenance=True) for name, frame in taken.tables.items()
    }
    if judge is not None:
        judge(plant, tables)
    known = plant.ledger.known(tables)
    count_known(known, tables, taken.counts, lambda file, tab: taken.tabs.get((file, tab), tab))
    if dry_run:
        return Loaded(taken.kind, None, taken.counts, taken.findings)
    tell(text("cli.appending"))
    batch = plant.ledger.append(
        tables, source=source or taken.kind, who=who, note=note or path.name, names=taken.names
    )
    taken.tables.clear()  # the ledger has them: memory for what is derived from them
    tables.clear()
    tell(text("cli.folding"))
    plant.lineage()
    tell(text("cli.checking"))
    files = {file.name for file in taken.files}
    found = checks.run(plant.facts(), plant.settings.company, timezone=plant.settings.timezone)
    mine = [finding for finding in found if finding.file in files or not finding.file]
    return Loaded(taken.kind, batch, taken.counts, taken.findings + mine)


def count_known(
    known: dict[str, pl.DataFrame],
    tables: dict[str, pl.DataFrame],
    counts: dict[str, intake.Counts],
    sheet: Callable[[str, str], str | None],
) -> None:
    """Rows whose every statement is known already count as known, not as loaded.

    `sheet`: which of `counts` rows belong to, from the file and the sheet they were read from.
    """
    place = ["_file", "_sheet", "_row"]
    schema = {"_file": pl.String, "_sheet": pl.String, "_row": pl.Int64}
    seen, new = [pl.DataFrame(schema=schema)], [pl.DataFrame(schema=schema)]
    for name, frame in tables.items():
        if name == "SetAside":
            continue
        seen.append(frame.join(known[name], on="key", how="semi").select(place).drop_nulls())
        new.append(frame.join(known[name], on="key", how="anti").select(place).drop_nulls())
    rows = pl.concat(seen).unique().join(pl.concat(new), on=place, how="anti")
    for file, tab, count in rows.group_by("_file", "_sheet").len().iter_rows():
        found = counts.get(sheet(file, tab) or "")
        if found is not None:
            found.already_known += min(count, found.loaded)
