"""One import from files to findings: read, append, check, project; the same at every door."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from graph_model.errors import BadFile, BadInput
from graph_model.i18n import text
from graph_model.ledger import BatchInfo
from graph_model.plant import Plant
from graph_model.schema import KINDS, conform
from loaders import checks, findings_workbook, intake
from loaders.findings import Finding
from loaders.known import known
from loaders.mapping import Reading, TableMap
from loaders.presets import Presets


@dataclass(frozen=True)
class Loaded:
    """What a load did: counts by sheet, findings, `maps` of its tables; no batch in a dry run."""

    kind: str
    batch: BatchInfo | None
    counts: dict[str, intake.Counts]
    findings: list[Finding]
    maps: list[TableMap] = field(default_factory=list)

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
            "tables": [told.to_dict() for told in self.maps],
        }


@dataclass(frozen=True)
class Mapping:
    """What is said about how tables are read.

    `given`: tables as a person confirmed them; `preset`: the only preset to go by (None: all of
    them, the newest first; "": none); `keep_as`: the name under which `given` is kept.
    """

    given: tuple[TableMap, ...] = ()
    preset: str | None = None
    keep_as: str | None = None

    def maps(self, presets: Presets) -> list[TableMap]:
        """All tables that count, in their order. Raises NotFound and BadInput."""
        if self.keep_as and not self.given:
            raise BadInput("preset_without_mapping")
        if self.preset is None:
            asked = presets.all()
        else:
            asked = [presets.get(self.preset)] if self.preset else []
        return [*self.given, *(table for one in asked for table in one.maps)]

    def check(self, read: Sequence[TableMap]) -> None:
        """Raises BadInput where tables were given, or a preset named, and fit none of the file."""
        meant = "chosen" if self.given else "preset"
        if (self.given or self.preset) and not any(table.why == meant for table in read):
            there = {", ".join(column.heading for column in table.columns) for table in read}
            raise BadInput("mapping_unused", headings="; ".join(sorted(there)) or "–")


AS_PROPOSED = Mapping()


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
    mapping: Mapping = AS_PROPOSED,
    judge: Callable[[Plant, dict[str, pl.DataFrame]], None] | None = None,
) -> Loaded:
    """Reads, appends and checks; what was read, loaded, known and set aside.

    The arrays are brought up to date, the graph is not. `note` stands in the manifest; default:
    the name of the file or folder. `mapping` says how tables are read. `judge` sees the tables
    before they are kept, may take rows out or raise. Raises BadInput, BadFile, NotFound and Locked;
    nothing is kept then.
    """
    presets = Presets(plant.ledger.records)
    reading = Reading(mapping.maps(presets), known(plant.facts) if dry_run else None)
    taken = intake.read(
        path, kind, plant.settings, pseudonym=plant.ledger.records.pseudonym, progress=tell,
        reading=reading,
    )  # fmt: skip
    mapping.check(taken.maps)
    if not (taken.tables or taken.findings):
        raise BadFile("nothing_to_read", path=str(path))
    tables = {
        name: conform(KINDS[name], frame, provenance=True) for name, frame in taken.tables.items()
    }
    if judge is not None:
        judge(plant, tables)
    count_known(
        plant.ledger.known(tables),
        tables,
        taken.counts,
        lambda file, tab: taken.tabs.get((file, tab), tab),
    )
    if dry_run:
        return Loaded(taken.kind, None, taken.counts, taken.findings, taken.maps)
    tell(text("cli.appending"))
    batch = plant.ledger.append(
        tables, source=source or taken.kind, who=who, note=note or path.name, names=taken.names
    )
    if mapping.keep_as:
        presets.keep(mapping.keep_as, [one for one in taken.maps if one.why == "chosen"], who)
    taken.tables.clear()  # the ledger has them: memory for what is derived from them
    tables.clear()
    tell(text("cli.folding"))
    plant.lineage()
    tell(text("cli.checking"))
    files = {file.name for file in taken.files}
    found = checks.run(plant.facts(), plant.settings.company, timezone=plant.settings.timezone)
    mine = [finding for finding in found if finding.file in files or not finding.file]
    return Loaded(taken.kind, batch, taken.counts, taken.findings + mine, taken.maps)


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
