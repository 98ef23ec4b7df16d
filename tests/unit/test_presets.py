"""A mapping that a person confirmed is applied, kept, found again by its headings, and told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.cli.app import app
from graph_model.errors import BadInput, NotFound
from graph_model.plant import Plant
from graph_model.settings import Settings
from loaders.importing import Loaded, Mapping, load
from loaders.mapping import parsed_map, read_map
from loaders.presets import Presets
from tests.unit.test_layout import Rows, book

LOG: Rows = [["Milk log"], ["Rcvd", "From", "Item", "Lot code", "Kgs in", "Note"],
             ["13/03/2026", "Hill Farm", "Milk", "M1", 40, None],
             ["14/03/2026", "Hill Farm", "Milk", "M2", 50, None],
             ["Total", None, None, None, 90]]  # fmt: skip


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    return Plant(Settings(data=tmp_path / "data"))


def loaded(plant: Plant, path: Path, *, dry: bool = False, **said: Any) -> Loaded:
    return load(plant, path, kind=None, source=None, who="Q", dry_run=dry, tell=lambda _: None,
                mapping=Mapping(**said))  # fmt: skip


def test_a_confirmed_mapping_is_kept_and_read_by_ever_after(plant: Plant, tmp_path: Path) -> None:
    path = book(tmp_path / "march.xlsx", LOG, tab="March")
    proposed = loaded(plant, path, dry=True)
    assert proposed.batch is None
    given = [table.to_dict() for table in proposed.maps]
    assert given[0]["dates"] == "dmy"
    given[0]["constants"]["uom"] = "kg"
    done = loaded(plant, path, given=tuple(read_map(given)), keep_as="Milk")
    assert done.counts["receipts"].loaded == 2
    kept = Presets(plant.ledger.records).get("Milk")
    assert (kept.who, [table.kind for table in kept.tables]) == ("Q", ["receipts"])
    assert "Hill Farm" not in json.dumps(kept.to_dict())

    # Another month, another tab, other titles above: the headings are the same.
    later: Rows = [["April"], [], *LOG[1:2], ["02/04/2026", "Hill Farm", "Milk", "M3", 60, None]]
    again = loaded(plant, book(tmp_path / "april.xlsx", later, tab="April 2026"))
    assert again.counts["receipts"].loaded == 1
    told = [note for note in again.findings if note.rule == "preset_used"]
    assert told[0].params["said"] == "Milk"
    assert [(table.why, table.said) for table in again.maps] == [("preset", "Milk")]


def test_a_correction_counts_and_a_table_left_out_is_told(plant: Plant, tmp_path: Path) -> None:
    path = book(tmp_path / "march.xlsx", LOG, tab="March")
    given = [table.to_dict() for table in loaded(plant, path, dry=True).maps]
    given[0]["columns"][4]["field"] = None
    done = loaded(plant, path, given=tuple(read_map(given)))
    assert done.counts["receipts"].loaded == 2
    given[0]["kind"] = None
    left = loaded(plant, path, given=tuple(read_map(given)))
    assert {note.rule for note in left.findings} >= {"table_skipped"}
    (count,) = left.counts.values()
    assert (count.read, count.set_aside) == (2, 2)


def test_a_preset_of_other_headings_or_for_another_kind_is_not_applied(
    plant: Plant, tmp_path: Path
) -> None:
    heads: list[object] = ["日期", "物料编码", "批号", "数量"]
    row: list[object] = ["2026-03-01", "A", "A1", 5]
    path = book(tmp_path / "a.xlsx", [heads, row], tab="台账")
    (table,) = loaded(plant, path, dry=True).maps
    given = table.to_dict() | {"kind": "issues", "columns": [
        {"heading": heading, "field": field} for heading, field in
        zip(map(str, heads), ("business_date", "item_code", "lot_no", "quantity"), strict=True)
    ]}  # fmt: skip
    loaded(plant, path, given=tuple(read_map([given])), keep_as="台账")
    stock = loaded(plant, book(tmp_path / "b.xlsx", [heads, row], tab="库存"), dry=True)
    assert [(one.kind, one.why) for one in stock.maps] == [("stock", "name")]
    other = loaded(plant, book(tmp_path / "c.xlsx", [[*heads, "备注"], row], tab="台账"), dry=True)
    assert other.maps[0].why != "preset"
    with pytest.raises(BadInput, match="headings"):
        loaded(plant, tmp_path / "c.xlsx", preset="台账")


@pytest.mark.parametrize(
    ("change", "code"),
    [({"kind": "cakes"}, "mapping_kind"), ({"kind": ["a"]}, "mapping_kind"),
     ({"fingerprint": 5}, "mapping_shape"),
     ({"columns": [{"heading": "a", "field": "lot_no"}, {"heading": "b", "field": "lot_no"}]},
      "mapping_twice"),
     ({"columns": [{"heading": "a", "field": "cake"}]}, "mapping_field"),
     ({"constants": {"cake": "1"}}, "mapping_field"), ({"dates": "ydm"}, "mapping_dates"),
     ({"columns": 5}, "mapping_shape"), ({"columns": ["a"]}, "mapping_shape")],
)  # fmt: skip
def test_what_is_no_mapping_is_refused_with_a_reason(change: dict[str, Any], code: str) -> None:
    given = {"fingerprint": "f", "kind": "receipts", "columns": []} | change
    with pytest.raises(BadInput) as refused:
        read_map([given])
    assert refused.value.code == code


@pytest.mark.parametrize("given", ["", "{", "[" * 100_000, "9" * 5_000, "[]", "5"])
def test_text_that_is_no_mapping_is_refused_with_a_reason(given: str) -> None:
    with pytest.raises(BadInput) as refused:
        parsed_map(given)
    assert refused.value.code == "mapping_shape"


def test_from_proposal_to_preset_on_the_command_line(tmp_path: Path) -> None:
    path = book(tmp_path / "march.xlsx", LOG, tab="March")

    def run(*said: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, ["--data", str(tmp_path / "data"), *said])
        assert done.exit_code == code, done.output
        return done.stdout

    proposed = json.loads(run("load", str(path), "--dry-run", "--json"))
    (tmp_path / "map.json").write_text(json.dumps(proposed))
    run("load", str(path), "--map", str(tmp_path / "map.json"), "--save-preset", "Milk")
    assert json.loads(run("preset", "list", "--json"))[0]["name"] == "Milk"
    assert "Hill" not in run("preset", "show", "Milk")
    run("load", str(path), "--preset", "Milk")
    run("preset", "delete", "Milk")
    assert json.loads(run("preset", "list", "--json")) == []
    with pytest.raises(NotFound):
        CliRunner().invoke(
            app, ["--data", str(tmp_path / "data"), "preset", "show", "Milk"],
            catch_exceptions=False,
        )  # fmt: skip
