"""The demo plant: sizes, records that load, and a truth that fits them."""

from pathlib import Path

import polars as pl
import pytest

from loaders import checks
from loaders.demo_plant import Dirt, generate, write_messy
from loaders.intake import read
from tests.facts import fold


@pytest.mark.parametrize("seed", range(20))
def test_true_records_load_and_hold_the_truth(seed: int, tmp_path: Path) -> None:
    plant = generate(60, seed, Dirt.none(), kind=("food", "electronics")[seed % 2])
    plant.write(tmp_path)
    intake = read(tmp_path, pseudonym=lambda name: name)
    assert set(plant.sheets) == set(intake.counts)
    for name, counts in intake.counts.items():
        assert (counts.read, counts.loaded) == (plant.sheets[name].height,) * 2, name
    assert [finding.rule for finding in intake.findings] == []
    roots = plant.truth.supplier_lot(plant.incident.supplier, plant.incident.supplier_lot_no)
    assert len(roots) >= 2
    assert plant.truth.contaminated(roots) <= set(intake.tables["Lot"]["key"])
    assert plant.truth.contaminated(roots) > set(roots)
    assert plant.truth.customers(roots) <= set(intake.tables["Customer"]["key"])
    assert set(plant.delays.values()) == {(0, 0)}
    assert plant.untraceable == []


@pytest.mark.parametrize("name", Dirt.kinds())
def test_each_deviation_changes_the_records(name: str, tmp_path: Path) -> None:
    clean, dirty = generate(400, 5, Dirt.none()), generate(400, 5, Dirt.only(name))
    same = clean.sheets.keys() == dirty.sheets.keys() and all(
        frame.equals(dirty.sheets[sheet]) for sheet, frame in clean.sheets.items()
    )
    if name == "heel_unrecorded":
        assert {kind for kind, _ in dirty.untraceable} == {name}
        return
    assert not same
    dirty.write(tmp_path)
    intake = read(tmp_path, pseudonym=lambda name: name)
    assert [finding.rule for finding in intake.findings] == []
    roots = dirty.truth.supplier_lot(dirty.incident.supplier, dirty.incident.supplier_lot_no)
    assert dirty.truth.contaminated(roots) <= set(intake.tables["Lot"]["key"])


def test_every_planted_fault_is_found_by_its_rule(tmp_path: Path) -> None:
    planted = write_messy(generate(200, 3, Dirt.none()), tmp_path / "plant.xlsx")
    intake = read(tmp_path, pseudonym=lambda name: name)
    found = {
        (finding.file, finding.sheet, finding.row, finding.rule)
        for finding in [*intake.findings, *checks.run(fold(intake.tables))]
    }
    faults = {(fault.file, fault.sheet, fault.row, fault.rule) for fault in planted}
    assert len(faults) == 18
    assert faults - found == set()
    assert set(intake.counts) == set(generate(200, 3, Dirt.none()).sheets)


def test_the_same_arguments_give_the_same_plant() -> None:
    one, two = generate(200, 9), generate(200, 9)
    assert one.sheets.keys() == two.sheets.keys()
    assert all(frame.equals(two.sheets[name]) for name, frame in one.sheets.items())
    assert (one.incident, one.delays, one.untraceable) == (
        two.incident,
        two.delays,
        two.untraceable,
    )
    assert not generate(200, 8).sheets["issues"].equals(one.sheets["issues"])
    assert generate(200, 9, confirm_delays=False).delays == {}


@pytest.mark.parametrize("kind", ["food", "electronics"])
def test_size_is_within_a_tenth(kind: str) -> None:
    for lots in (100, 300, 2_000):
        assert abs(generate(lots, 4, kind=kind).lots - lots) <= lots / 10


def test_an_incident_of_a_plant_of_some_size_reaches_some_dozens_of_lots() -> None:
    for seed in range(5):
        plant = generate(2_000, seed)
        roots = plant.truth.supplier_lot(plant.incident.supplier, plant.incident.supplier_lot_no)
        assert 12 <= len(plant.truth.contaminated(roots)) <= 100


@pytest.mark.parametrize("kind", ["food", "electronics"])
def test_confirmed_delays_cover_what_truly_happened(kind: str, tmp_path: Path) -> None:
    """A true time is never outside its record, widened by the delay of its source."""
    clean, dirty = generate(300, 2, Dirt.none(), kind), generate(300, 2, Dirt.all(0.2), kind)
    for sheet in ("issues", "outputs"):
        true = clean.sheets[sheet].select("doc_no", true=stamp("event_time"))
        posted = dirty.sheets[sheet].join(true, on="doc_no")
        first = pl.coalesce(stamp("event_time"), stamp("business_date"))
        last = pl.coalesce(stamp("event_time"), stamp("business_date").dt.offset_by("1d"))
        for source, rows in posted.group_by("source"):
            late, early = dirty.delays[str(source[0])]
            assert rows.select(
                (first - pl.duration(microseconds=late) <= pl.col("true")).all()
            ).item()
            assert rows.select(
                (last + pl.duration(microseconds=early) >= pl.col("true")).all()
            ).item()


def stamp(name: str) -> pl.Expr:
    """A column of local times."""
    return pl.col(name).str.to_datetime(strict=False)
