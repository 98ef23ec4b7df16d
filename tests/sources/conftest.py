"""A plant that pulls, and the same plant from files to compare with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa

from graph_model import projection, records
from graph_model.plant import Plant
from graph_model.settings import Settings
from loaders import demo_plant, importing
from loaders.plant.sheets import BY_NAME
from loaders.sources import config, pulling
from loaders.sources.base import Source
from loaders.sources.config import Configured
from loaders.sources.door import Pace

LOTS = 150
QUICK = Pace(per_second=1000, first_wait=0.005, seconds=5)
"""Faults are met at once in tests."""


@pytest.fixture(scope="session")
def demo() -> demo_plant.Plant:
    """A small plant."""
    return demo_plant.generate(LOTS, 7)


Sheets = dict[str, pl.DataFrame]


def sourced(sheets: Sheets, source: str) -> Sheets:
    """The sheets as a source states them: its own name is the source of each row."""
    found = {}
    for name, frame in sheets.items():
        has = "source" in BY_NAME[name].fields
        label = pl.lit(f"{source}.{name}").alias("source")
        found[name] = frame.with_columns(label) if has else frame
    return found


def entered(sheets: Sheets) -> Sheets:
    """The sheets with an entry time in every movement, as systems have it."""
    late = pl.lit("2026-11-20 12:00:00")
    return {
        name: frame.with_columns(
            entered_at=pl.coalesce(*(["entered_at"] if "entered_at" in frame.columns else []), late)
        )
        if BY_NAME[name].movement
        else frame
        for name, frame in sheets.items()
    }


def named(folder: Path) -> Path:
    """A data folder whose pseudonyms are those of all others here, so that graphs can be equal."""
    folder.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(f"sqlite:///{folder / 'ledger.sqlite'}")
    records.META.create_all(engine)
    with engine.begin() as connection:
        connection.execute(sa.insert(records.SECRET).values(name="pseudonym", value="07" * 32))
    engine.dispose()
    return folder


def graph_hash(plant: Plant) -> str:
    """What the hash of the plant's graph is."""
    return projection.facts_hash(plant.network(), plant.facts())


@contextmanager
def from_files(sheets: Sheets, folder: Path) -> Iterator[Plant]:
    """A plant that loads the sheets as files."""
    (folder / "files").mkdir(parents=True)
    for name, frame in sheets.items():
        frame.write_csv(folder / "files" / f"{name}.csv")
    with Plant(Settings(data=named(folder / "data"))) as plant:
        importing.load(
            plant, folder / "files", kind="plant", source=None, who="Tester", dry_run=False,
            tell=lambda _: None,
        )  # fmt: skip
        yield plant


class Puller:
    """A plant with a `sources.toml`. `settings` has the secrets of its sources."""

    def __init__(self, folder: Path, toml: str, secrets: dict[str, str]) -> None:
        (named(folder) / config.FILE).write_text(toml, encoding="utf-8")
        self.settings = Settings.model_validate({"data": folder, "source_secrets": secrets})
        self.plant = Plant(self.settings)

    def configured(self, name: str) -> Configured:
        """A source as the file has it now."""
        return config.one(self.settings, name)

    def open(self, name: str) -> Any:
        """The source, asked without waiting."""
        configured = self.configured(name)
        return quick(configured, self.settings)

    def pull(self, name: str, **options: Any) -> pulling.Pulled:
        """One pull."""
        return pulling.pull(
            self.plant, self.configured(name), pulling.How(**options), who="Tester",
            tell=lambda _: None, opener=quick,
        )  # fmt: skip


def quick(configured: Configured, settings: Settings) -> Source:
    """Opens a source that waits for nothing."""
    opener: Any = pulling.OPENERS[configured.kind]
    source: Source = opener(configured, settings, QUICK)
    return source


NewPuller = Callable[[str, dict[str, str]], Puller]


@pytest.fixture
def puller(tmp_path: Path) -> Iterator[NewPuller]:
    """`puller(toml, secrets)`: plants in folders of their own."""
    with ExitStack() as stack:

        def new(toml: str, secrets: dict[str, str]) -> Puller:
            made = Puller(tmp_path / f"pull{len(list(tmp_path.iterdir()))}", toml, secrets)
            stack.callback(made.plant.close)
            return made

        yield new
