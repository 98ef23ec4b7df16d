"""Two states of one scope, and several scopes of one state, side by side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bench.trials import MATERIAL
from graph_model.errors import NotFound
from graph_model.plant import Plant
from graph_model.settings import Settings
from loaders import intake
from queries.recall import compare, difference
from queries.recall.roots import Suspects
from queries.recall.scope import Premises, Scope, compute
from tests.unit.test_cli import FOLDER

LATER = {
    "work_orders": "work_order_no,item_code,order_status\nW4,CAKE,closed\n",
    "issues": FOLDER["issues"].splitlines()[0]
    + "\nI4,1,2026-01-06 08:00,scanner_clock,scanned,W4,DOUGH,D2,10,kg,WH\n",
    "outputs": FOLDER["outputs"].splitlines()[0]
    + "\nO4,1,2026-01-06 12:00,scanner_clock,W4,CAKE,C3,20,pcs,FG\n",
}
CORRECTED = {
    "issues": FOLDER["issues"].splitlines()[0]
    + "\nI1,2,2026-01-02 09:00,scanner_clock,scanned,W1,FLOUR,F2,50,kg,WH\n",
}
F2 = Suspects(lots=("F2",))


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    """Batch 1 a plant, 2 a further order, 3 takes it back, 4 corrects a time."""
    with Plant(Settings(data=tmp_path_factory.mktemp("data"))) as plant:
        for number, sheets in enumerate((FOLDER, LATER, CORRECTED)):
            if number == 2:
                plant.ledger.undo(2, who="Mei", reason="wrong plant")
            folder = tmp_path_factory.mktemp("sheets")
            for name, content in sheets.items():
                (folder / f"{name}.csv").write_text(content, encoding="utf-8")
            read = intake.read(folder, "plant", pseudonym=plant.ledger.records.pseudonym)
            plant.ledger.append(read.tables, source="plant", who="Mei")
        yield plant


def scope(plant: Plant, batch: int) -> Scope:
    """The scope of F2 as of a batch."""
    return compute(plant.facts(batch), plant.lineage(batch), F2, hazard=MATERIAL)


def told(plant: Plant, first: int, last: int) -> dict[str, list[dict[str, Any]]]:
    """The difference of two batches."""
    between = plant.ledger.batches()[first:last]
    stated = {batch.number: plant.ledger.stated(batch.number) for batch in between}
    return difference.to_dict(scope(plant, first), scope(plant, last), between, stated)


@pytest.mark.parametrize(
    ("first", "last", "added", "removed", "causing"),
    [
        (1, 2, {"C3"}, set(), {2}),
        (2, 3, set(), {"C3"}, {3}),
        (1, 3, set(), set(), set()),
        (3, 4, {"D1", "C1"}, set(), {4}),
        (2, 4, {"D1", "C1"}, {"C3"}, {3, 4}),
        (4, 4, set(), set(), set()),
    ],
)
def test_a_difference_adds_up_and_names_the_batches_that_did_it(
    plant: Plant, first: int, last: int, added: set[str], removed: set[str], causing: set[int]
) -> None:
    found = told(plant, first, last)
    assert {one["lot_no"] for one in found["added"]} == added
    assert {one["lot_no"] for one in found["removed"]} == removed
    keys = {name: {one["lot"] for one in found[name]} for name in ("added", "removed")}
    before, after = (
        {state.lineage.lots["key"][lot] for lot in state.held.tolist()}
        for state in (scope(plant, first), scope(plant, last))
    )
    assert (before | keys["added"]) - keys["removed"] == after
    assert not keys["added"] & before
    assert not keys["removed"] - before
    assert {one["batch"] for one in found["batches"] if one["touching"]} == causing
    assert found["untold"] == []


def test_goods_of_the_scope_that_went_on_are_told(plant: Plant) -> None:
    found: dict[str, Any] = told(plant, 1, 2)
    (one,) = found["went_on"]
    assert (one["kind"], one["lot"], one["document"]) == ("issued", "PLANT/DOUGH/D2", "W4")
    assert found["growth"] == ["PLANT/CAKE/C3"]
    assert told(plant, 2, 3)["went_on"] == []


def test_a_tier_that_changed_is_told_with_the_movement_that_changed_it(plant: Plant) -> None:
    found = told(plant, 3, 4)
    changed = {one["lot_no"]: (one["before"], one["after"]) for one in found["changed"]}
    # Both flours may now have gone into both doughs, so that D2 and C2 are certain no longer.
    assert changed == {"D2": ("certain", "possible"), "C2": ("certain", "possible")}
    for one in (*found["added"], *found["changed"]):
        assert any("I1" in fact for fact in one["facts"])


def test_hypotheses_share_and_differ_as_their_scopes_do(plant: Plant) -> None:
    guesses = {
        "flour": F2,
        "dough": Suspects(lots=("D1", "D2")),
        "nothing": Suspects(supplier="NOBODY"),
    }
    facts, lineage = plant.facts(1), plant.lineage(1)
    by = {name: Premises(hazard=MATERIAL, rulebook=None) for name in guesses}
    found = compare.to_dict(compare.compare(facts, lineage, guesses, premises=by))
    by_name = {one["name"]: one for one in found["hypotheses"]}
    assert by_name["flour"]["customers"] == ["K2"]
    assert by_name["dough"]["customers"] == ["K1", "K2"]
    assert (by_name["nothing"]["matches"], by_name["nothing"]["cost"]) == (False, 0.0)
    assert found["shared"] == []
    pairs = {(one["of"], one["against"]): one for one in found["differences"]}
    assert len(pairs) == 4
    assert [key.split("/")[-1] for key in pairs["dough", "flour"]["lots"]] == ["C1", "D1"]
    assert pairs["dough", "flour"]["customers"] == ["K1"]
    assert pairs["flour", "dough"]["customers"] == []
    for one in found["differences"]:
        of = compute(facts, lineage, guesses[one["of"]], hazard=MATERIAL)
        left = set(of.lineage.lots["key"][of.held].to_list()) - set(one["lots"])
        kept = of.lineage.number(sorted(left))
        assert one["cost"] == pytest.approx(of.cost_of(of.held) - of.cost_of(kept), abs=0.01)
    both = compare.to_dict(
        compare.compare(
            facts, lineage, {name: guesses[name] for name in ("flour", "dough")}, premises=by
        )
    )
    assert {key.split("/")[-1] for key in both["shared"]} == {"D2", "C2"}


def test_a_number_that_nothing_carries_is_an_error_of_the_hypothesis(plant: Plant) -> None:
    with pytest.raises(NotFound):
        compare.compare(plant.facts(1), plant.lineage(1), {"slip": Suspects(lots=("F9",))})
