"""The demo plant: sizes, records that load, and a truth that fits them."""

from pathlib import Path

import polars as pl
import pytest

from graph_model.errors import BadInput
from graph_model.i18n import LANGUAGES, use_language
from loaders import checks
from loaders.demo_plant import Dirt, generate, halls, write_messy, write_plant
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
    if name in ("residue_on_line", "leftover_labels"):
        assert same
        assert not dirty.truth.residue.is_empty()
        return
    assert not same
    dirty.write(tmp_path)
    intake = read(tmp_path, pseudonym=lambda name: name)
    assert [finding.rule for finding in intake.findings] == []
    roots = dirty.truth.supplier_lot(dirty.incident.supplier, dirty.incident.supplier_lot_no)
    assert dirty.truth.contaminated(roots) <= set(intake.tables["Lot"]["key"])


def test_every_planted_fault_is_found_by_its_rule(tmp_path: Path) -> None:
    folder = tmp_path / "messy"
    planted = write_messy(generate(200, 3, Dirt.none()), folder / "plant.xlsx")
    intake = read(folder, pseudonym=lambda name: name)
    found = {
        (finding.file, finding.sheet, finding.row, finding.rule)
        for finding in [*intake.findings, *checks.run(fold(intake.tables))]
    }
    faults = {(fault.file, fault.sheet, fault.row, fault.rule) for fault in planted}
    assert len(faults) == len(planted) == 24
    assert faults - found == set()
    listed = pl.read_csv(tmp_path / "messy-faults.csv")
    assert set(listed.select("file", "sheet", "row", "rule").iter_rows()) == faults
    assert set(intake.counts) == set(generate(200, 3, Dirt.none()).sheets)


RECORDED = {
    "lot_changes", "moves", "customer_returns", "supplier_returns", "scrap", "counts", "cleaning",
    "process_values", "equipment_use", "shifts", "people", "inspections", "complaints",
}  # fmt: skip


@pytest.mark.parametrize("kind", ["food", "electronics"])
def test_ordinary_life_is_recorded_and_true(kind: str) -> None:
    plant = generate(2_000, 3, Dirt.none(), kind=kind)
    sheets = plant.sheets
    assert set(sheets) >= RECORDED
    assert set(sheets["lot_changes"]["change_kind"]) == {"split", "merge"}
    assert set(sheets["scrap"]["scrap_kind"]) == {"sample", "by_product", "scrap"}
    number = pl.concat_str(pl.lit("PLANT"), "item_code", "lot_no", separator="/")
    for sheet, before, after in (
        ("lot_changes", "parent_lot_no", "child_lot_no"),
        ("customer_returns", "lot_no", "to_lot_no"),
    ):
        for code, old, new in sheets[sheet].select("item_code", before, after).iter_rows():
            assert f"PLANT/{code}/{new}" in plant.truth.contaminated([f"PLANT/{code}/{old}"])
    for sheet, party in (("supplier_returns", "supplier_code"), ("scrap", "destination")):
        sent = sheets[sheet].filter(pl.col(party).is_not_null()).select(number, party)
        assert not sent.is_empty()
        for lot, code in sent.iter_rows():
            assert code in plant.truth.customers([lot])


@pytest.mark.parametrize("seed", range(3))
def test_no_residue_goes_past_a_verified_cleaning(seed: int) -> None:
    """Of goods that were on their line only when they were made, by the records."""
    plant = generate(400, seed, Dirt(residue_on_line=1.0))
    sheets, truth = plant.sheets, plant.truth
    orders = sheets["work_orders"].select("work_order_no", "line", "started_at", "finished_at")
    made = sheets["outputs"].join(orders, on="work_order_no").select(
        "line", "started_at", "event_time",
        key=pl.concat_str(pl.lit("PLANT"), "item_code", "lot_no", separator="/"),
    ).join(truth.labels, on="key")  # fmt: skip
    pairs = truth.residue.join(made, left_on="src", right_on="lot").join(
        made, left_on="dst", right_on="lot", suffix="_next"
    )
    used = truth.parts["src"].implode()
    own = pairs.filter((pl.col("line") == pl.col("line_next")) & ~pl.col("src").is_in(used))
    assert own.height > 50
    assert (own["event_time"] <= own["event_time_next"]).all()
    cleaned = sheets["cleaning"].filter(pl.col("verified"))
    between = own.join(cleaned, left_on="line", right_on="site_code", suffix="_cleaned").filter(
        (pl.col("event_time") < pl.col("event_time_cleaned"))
        & (pl.col("event_time_cleaned") < pl.col("started_at_next"))
    )
    assert between.is_empty()


def test_a_zero_count_is_true_by_the_movements() -> None:
    """Everything that came to a place had left it again when nothing was counted there."""
    sheets = generate(2_000, 4, Dirt.none()).sheets
    came = {"receipts": "to_place", "outputs": "to_place", "moves": "to_place"}
    left = {"issues": "from_place", "moves": "from_place", "supplier_returns": "from_place"}
    left |= {"shipments": "from_place"}
    scrap = sheets["scrap"].filter(pl.col("scrap_kind") != "by_product")
    parts = [(sheets[name], place, 1) for name, place in came.items()]
    parts += [(sheets[name], place, -1) for name, place in left.items()]
    parts += [(scrap, "from_place", -1)]
    flows = pl.concat(
        [
            frame.select("item_code", "event_time", place=place, qty=pl.col("quantity") * sign)
            for frame, place, sign in parts
        ]
    )
    zeros = sheets["counts"].filter(pl.col("counted_qty") == 0).unique(["place", "item_code"])
    zeros = zeros.filter(pl.col("place").is_in(["WH-RM", "WH-SF"]))
    assert zeros.height > 3
    for code, place, moment in zeros.select("item_code", "place", "event_time").iter_rows():
        before = flows.filter(item_code=code, place=place).filter(pl.col("event_time") < moment)
        assert before["qty"].sum() == pytest.approx(0, abs=1e-6)


def test_what_is_missing_from_the_books_shows_in_a_count() -> None:
    counts = generate(400, 5, Dirt.only("count_difference")).sheets["counts"]
    assert counts.filter(pl.col("book_qty") > pl.col("counted_qty")).height > 0
    clean = generate(400, 5, Dirt.none()).sheets["counts"]
    assert clean["book_qty"].equals(clean["counted_qty"])


def test_exact_orders_say_for_which_output_an_issue_is() -> None:
    issues = generate(400, 5, Dirt.none(), exact=0.5).sheets["issues"]
    exact = issues.filter(pl.col("output_lot_no").is_not_null())
    assert 0.35 < exact["work_order_no"].n_unique() / issues["work_order_no"].n_unique() < 0.65


def test_a_large_plant_is_written_hall_by_hall(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(halls, "HALL", 200)
    plant = write_plant(tmp_path, 500, 3, Dirt.none())
    assert abs(plant.lots - 500) <= 50
    intake = read(tmp_path, pseudonym=lambda name: name)
    assert [finding.rule for finding in intake.findings] == []
    assert checks.run(fold(intake.tables)) == []
    own = intake.tables["Lot"].filter(pl.col("owner") == "PLANT")["lot_no"]
    assert {number.rpartition("-H")[2] for number in own if "-H" in number} == {"1", "2"}
    roots = plant.truth.supplier_lot(plant.incident.supplier, plant.incident.supplier_lot_no)
    assert plant.truth.contaminated(roots) <= set(intake.tables["Lot"]["key"])
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    write_plant(tmp_path, 500, 3, Dirt.none())
    assert first == {path.name: path.read_bytes() for path in tmp_path.iterdir()}


def test_names_are_in_the_language_in_force() -> None:
    names = set()
    for lang in reversed(LANGUAGES):
        use_language(lang)
        names.add(tuple(generate(60, 1, Dirt.none()).sheets["items"]["item_name"]))
    assert len(names) == len(LANGUAGES)


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


@pytest.mark.parametrize(
    ("lots", "seed", "kind"), [(0, 1, "food"), (100, -1, "food"), (100, 1, "steel")]
)
def test_a_plant_that_cannot_be_is_refused(lots: int, seed: int, kind: str) -> None:
    with pytest.raises(BadInput):
        generate(lots, seed, kind=kind)
