"""Files -> tables of facts: `read` finds the format, reads, maps and counts.

For each sheet: read = loaded + already known + set aside. Persons appear under pseudonyms;
their names are in `Intake.names` only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

import polars as pl

from graph_model.errors import BadFile, BadInput
from loaders.findings import Finding
from loaders.mapping import AS_IT_STANDS, Reading, TableMap
from loaders.reading import SUFFIXES

EVENT_FILES = (".jsonld", ".xml")
"""Suffixes that only files of events have; in others they are told by their content."""


class Options(Protocol):
    """The settings that reading needs; `graph_model.settings.Settings` has them."""

    @property
    def company(self) -> str:
        """Company of rows that name no organisation."""

    @property
    def timezone(self) -> str:
        """IANA time zone of places that name none."""


@dataclass(frozen=True)
class Defaults:
    """Options for a plant that has set none."""

    company: str = "PLANT"
    timezone: str = "Asia/Shanghai"


@dataclass
class Counts:
    """Rows of one sheet."""

    read: int = 0
    already_known: int = 0
    set_aside: int = 0

    @property
    def loaded(self) -> int:
        """Rows that became facts."""
        return self.read - self.already_known - self.set_aside


@dataclass
class Intake:
    """What was read: `tables` by kind, set-aside rows among them as `SetAside`.

    `tabs` says of each file and tab under which name its rows are counted, if not the tab's own;
    `maps` how each table of a workbook was taken.
    """

    kind: str
    tables: dict[str, pl.DataFrame]
    findings: list[Finding]
    counts: dict[str, Counts]
    files: list[Path]
    names: dict[str, str] = field(default_factory=dict)
    tabs: dict[tuple[str, str], str] = field(default_factory=dict)
    maps: list[TableMap] = field(default_factory=list)

    @property
    def set_aside(self) -> pl.DataFrame | None:
        """Rows that could not be read as facts."""
        return self.tables.get("SetAside")


def unnamed(name: str) -> str:
    """No pseudonym service: persons are left out altogether."""
    return ""


def input_files(path: Path) -> list[Path]:
    """The readable files of a folder, or the file itself, by name. Raises BadInput."""
    from loaders import epcis

    if not path.exists():
        raise BadInput("path_missing", path=str(path))
    if path.is_file():
        return [path]
    found = [
        file
        for file in sorted(path.iterdir())
        if file.is_file()
        and not file.name.startswith((".", "~$"))
        and (
            file.suffix.lower() in (*SUFFIXES, ".json")
            or (file.suffix.lower() in EVENT_FILES and epcis.is_epcis(file))
        )
    ]
    if not found:
        raise BadFile("nothing_to_read", path=str(path))
    return found


def kind_of(files: list[Path]) -> str:
    """`epcis` for events, `foodchainlab` for its JSON or its three files, else `plant`.

    Raises BadInput where events and other files stand together.
    """
    from loaders import epcis

    events = [file for file in files if epcis.is_epcis(file)]
    if events and len(events) < len(files):
        raise BadInput("import_mixed", files=", ".join(file.name for file in files))
    if events:
        return "epcis"
    names = {file.stem.lower() for file in files}
    network = {"stations", "deliveries"} <= names or any(
        file.suffix.lower() == ".json" for file in files
    )
    return "foodchainlab" if network else "plant"


def read(
    path: Path,
    kind: str | None = None,
    options: Options | None = None,
    *,
    pseudonym: Callable[[str], str] = unnamed,
    progress: Callable[[str], None] = lambda name: None,
    reading: Reading = AS_IT_STANDS,
) -> Intake:
    """Read a file or folder. `kind`: plant, foodchainlab, epcis, found out when not given;
    fsma204 has to be named.

    `pseudonym` is called once a distinct name; `progress` with each file or sheet begun;
    `reading` says how tables of a plant are read.
    Raises BadInput and BadFile with what to do; nothing is read then.
    """
    from loaders import epcis, foodchainlab, fsma204
    from loaders.plant import folder

    files = input_files(Path(path))
    readers: dict[str, Callable[..., Intake]] = {
        "plant": partial(folder.read, reading=reading),
        "foodchainlab": foodchainlab.read,
        "epcis": epcis.read,
        "fsma204": fsma204.read,
    }
    chosen = kind or kind_of(files)
    if chosen not in readers:
        raise BadInput("import_kind_unknown", kind=chosen)
    return readers[chosen](files, options or Defaults(), pseudonym, progress)
