"""Recorded residue from order to order, against a plain search of what can have gone where."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from graph_model import network
from graph_model.lineage import Lineage
from graph_model.schema import CarriesOver, Consumed, Item, Lot, Operation, Produced
from loaders import intake
from queries import drawing
from queries.recall import report
from queries.recall.hazard import Hazard
from queries.recall.roots import Suspects
from queries.recall.scope import Scope, compute
from queries.recall.words import why
from tests.facts import fold, stated

MATERIAL = Hazard(kind="dimension")
LAST = 20


@dataclass(frozen=True)
class Residue:
    """From one order to a later one, of a lot or of any goods, at a moment."""

    before: int
    after: int
    lot: str | None
    at: int | None


@dataclass
class Plant:
    """Orders with the moments of what went in and what came out, and residue between them."""

    inputs: list[dict[str, int]] = field(default_factory=list)
    outputs: list[dict[str, int]] = field(default_factory=list)
    carried: list[Residue] = field(default_factory=list)


def random_plant(seed: int) -> Plant:
    """A few open orders: what their times leave no way for is not believed elsewhere."""
    rng = random.Random(seed)
    plant, made = Plant(), list[str]()
    for number in range(rng.randint(3, 5)):
        able = [*made, *(f"A{lot}" for lot in range(5))]
        plant.inputs.append({lot: rng.randrange(LAST) for lot in rng.sample(able, 2)})
        outputs = {f"P{number}{at}": rng.randrange(LAST) for at in range(rng.randint(1, 2))}
        plant.outputs.append(outputs)
        made += outputs
    for _ in range(rng.randint(1, 4)):
        before, after = rng.sample(range(len(plant.inputs)), 2)
        lots = [None, None, *plant.inputs[before], *plant.outputs[before]]
        at = rng.choice([None, rng.randrange(LAST)])
        plant.carried.append(Residue(before, after, rng.choice(lots), at))
    return plant


def reached(plant: Plant, root: str) -> set[str]:
    """Lots that the root can be in, going from movement to movement."""
    entered: list[tuple[str, int, int | None]] = [
        (lot, order, at) for order, lots in enumerate(plant.inputs) for lot, at in lots.items()
    ]
    left: list[tuple[str, int, int | None]] = [
        (lot, order, at) for order, lots in enumerate(plant.outputs) for lot, at in lots.items()
    ]
    for number, one in enumerate(plant.carried):
        name = one.lot or f"residue {number}"
        entered.append((name, one.after, one.at))
        if one.lot is None:
            left.append((name, one.before, one.at))
    follows = defaultdict[str, set[str]](set)
    for lot, order, came in entered:
        for other, same, went in left:
            if order == same and (came is None or went is None or came <= went):
                follows[lot].add(other)
    for number, one in enumerate(plant.carried):
        for lot in plant.outputs[one.before] if one.lot is None else ():
            follows[lot].add(f"residue {number}")
    found, fresh = {root}, {root}
    while fresh:
        fresh = {other for lot in fresh for other in follows[lot]} - found
        found |= fresh
    return {lot for lot in found if not lot.startswith("residue")}


def facts_of(plants: list[Plant]) -> Any:
    """The plants side by side, a company each; all times are exact."""
    rows: dict[type, list[dict[str, object]]] = defaultdict(list)
    for number, plant in enumerate(plants):
        own = f"X{number}"
        rows[Item] += [{"key": f"{own}/{i}", "company": own, "item_code": i} for i in "AP"]
        lots = {lot for some in (*plant.inputs, *plant.outputs) for lot in some}
        rows[Lot] += [
            {"key": key(own, lot), "owner": own, "item_code": lot[0], "lot_no": lot[1:],
             "item": f"{own}/{lot[0]}"} for lot in lots
        ]  # fmt: skip
        for order in range(len(plant.inputs)):
            step = f"{own}/produce/{order}"
            rows[Operation].append(
                {"key": step, "company": own, "kind": "produce", "number": str(order),
                 "status": "open"}
            )  # fmt: skip
            for kind, moved in ((Consumed, plant.inputs), (Produced, plant.outputs)):
                rows[kind] += [
                    {"key": f"{step}-{lot}", "lot": key(own, lot), "item": f"{own}/{lot[0]}",
                     "operation": step, "earliest": at, "latest": at, "basis": "by_order",
                     "posting_method": "network"} for lot, at in moved[order].items()
                ]  # fmt: skip
        rows[CarriesOver] += [
            {"key": f"{own}-c{at}", "operation": f"{own}/produce/{one.before}",
             "next_operation": f"{own}/produce/{one.after}", "lot": one.lot and key(own, one.lot),
             "earliest": one.at, "latest": one.at, "posting_method": "network"}
            for at, one in enumerate(plant.carried)
        ]  # fmt: skip
    return stated(rows)


def key(company: str, lot: str) -> str:
    """Key of a lot."""
    return f"{company}/{lot[0]}/{lot[1:]}"


def test_residue_reaches_what_a_plain_search_reaches() -> None:
    plants = [random_plant(seed) for seed in range(50)]
    facts = facts_of(plants)
    lineage = Lineage.of(network.build(facts))
    bare = Lineage.of(network.build(facts_of([Plant(p.inputs, p.outputs) for p in plants])))
    more = timed = 0
    for number, plant in enumerate(plants):
        own = f"X{number}"
        for root in {lot for some in (*plant.inputs, *plant.outputs) for lot in some}:
            expected = reached(plant, root)
            asked = Suspects(lots=(key(own, root),))
            found = compute(facts, lineage, asked, hazard=MATERIAL)
            assert held(found) == {key(own, lot) for lot in expected}, (number, root)
            without = Plant(plant.inputs, plant.outputs)
            more += len(expected - reached(without, root))
            timeless = [Residue(one.before, one.after, one.lot, None) for one in plant.carried]
            timed += expected < reached(Plant(plant.inputs, plant.outputs, timeless), root)
    assert len(bare.lots) < len(lineage.lots)
    assert min(more, timed) > 20


def held(scope: Scope) -> set[str]:
    """Keys of the lots held."""
    return set(scope.lineage.lots["key"][scope.held])


# ---------------------------------------------------------------------------- from the sheet

MOVE = "work_order_no,item_code,lot_no,quantity,uom"
SHEETS = {
    "items": "item_code,uom,measure\nA,kg,bulk\nP,kg,bulk\nQ,kg,bulk\n",
    "work_orders": "work_order_no,item_code,order_status\nW1,P,closed\nW2,Q,closed\n",
    "issues": f"{MOVE}\nW1,A,S1,60,kg\nW2,A,S2,98,kg\n",
    "outputs": f"{MOVE}\nW1,P,P1,60,kg\nW2,Q,Q1,100,kg\n",
}
CARRIED = "work_order_no,next_work_order_no,item_code,lot_no,quantity,uom,doc_status\n"


def scope_of(folder: Path, carried: str, lot: str, **sheets: str) -> Scope:
    """The scope of a lot with these rows of residue, and other sheets than the usual ones."""
    for name, content in (SHEETS | sheets | {"carry_over": CARRIED + carried}).items():
        (folder / f"{name}.csv").write_text(content, encoding="utf-8")
    facts = fold(intake.read(folder, "plant").tables)
    lineage = Lineage.of(network.build(facts))
    return compute(facts, lineage, Suspects(lots=(lot,)), hazard=MATERIAL)


@pytest.mark.parametrize(
    ("row", "root", "tier"),
    [
        ("W1,W2,P,P1,2,kg,\n", "P/P1", "certain"),
        ("W1,W2,P,P1,2,kg,\n", "A/S1", "possible"),
        ("W1,W2,P,P1,2,kg,draft\n", "P/P1", "possible"),
        ("W1,W2,P,P1,2,kg,cancelled\n", "P/P1", None),
        ("W1,W2,,,2,kg,\n", "A/S1", "possible"),
        ("W1,W2,,,2,kg,\n", "P/P1", "possible"),
        ("W1,W2,,,2,kg,cancelled\n", "A/S1", None),
        ("W1,W1,,,2,kg,\n", "A/S1", None),
        ("W1,,,,2,kg,\n", "A/S1", None),
    ],
)
def test_residue_takes_its_lot_or_any_goods_of_the_order_along(
    row: str, root: str, tier: str | None, tmp_path: Path
) -> None:
    scope = scope_of(tmp_path, row, root)
    lots = {lot["lot_no"]: lot for lot in report.to_dict(scope)["lots"]}
    assert (lots["Q1"]["tier"] if "Q1" in lots else None) == tier
    if tier is not None:
        assert lots["Q1"]["grade"] == "recorded"
        assert set(lots) <= {"S1", "P1", "Q1"}


PAIRED = "work_order_no,item_code,lot_no,quantity,uom,output_lot_no"


@pytest.mark.parametrize("outputs", [SHEETS["outputs"], f"{MOVE}\nW1,P,P1,60,kg\n", f"{MOVE}\n"])
@pytest.mark.parametrize("paired", ["W1", "W2", "W1 W2"])
def test_residue_knows_the_exact_parts_of_orders(paired: str, outputs: str, tmp_path: Path) -> None:
    """An issue that names its output is a part of the order; its goods are the order's too."""
    made = {"W1": "P1", "W2": "Q1"}
    issues = "".join(
        f"{order},A,{lot},60,kg,{made[order] if order in paired else ''}\n"
        for order, lot in (("W1", "S1"), ("W2", "S2"))
    )
    scope = scope_of(
        tmp_path, "W1,W2,,,2,kg,\n", "A/S1", issues=f"{PAIRED}\n{issues}", outputs=outputs
    )
    assert ("PLANT/Q/Q1" in held(scope)) is ("Q1" in outputs or "W2" in paired)


def test_the_share_of_residue_follows_from_its_amount(tmp_path: Path) -> None:
    scope = scope_of(tmp_path, "W1,W2,,,2,kg,\n", "A/S1")
    lots = {lot["lot_no"]: lot for lot in report.to_dict(scope)["lots"]}
    assert lots["Q1"]["affected_share"] == pytest.approx(0.02)
    number = int(scope.lineage.number(["PLANT/Q/Q1"])[0])
    assert why(scope, number) == [
        "through residue of order W1",
        "Q/Q1: what was left of A/S1 was carried over into order W2",
    ]


def test_residue_of_each_order_is_a_node_of_its_own(tmp_path: Path) -> None:
    scope = scope_of(tmp_path, "W1,W2,,,2,kg,\nW2,W1,,,1,kg,\nW1,W2,,,1,kg,\n", "A/S1")
    drawn = drawing.net(scope.lineage, scope.roots.match, "forward")
    nodes = {id_ for id_ in drawn.nodes["id"] if id_.startswith("P:")}
    assert nodes == {"P:W1@residue>W2", "P:W2@residue>W1"}
    lot = scope.lineage.number(["PLANT//W1#residue>W2"])
    assert scope.lineage.consumed["quantity"][scope.lineage.uses.at(lot)].to_list() == [3.0]


def test_a_row_without_its_later_order_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "carry_over.csv").write_text(f"{CARRIED}W1,,P,P1,2,kg,\n", encoding="utf-8")
    found = intake.read(tmp_path, "plant")
    assert [(one.sheet, one.rule) for one in found.findings if one.severity == "error"] == [
        ("carry_over", "incomplete")
    ]
    assert "CarriesOver" not in found.tables or found.tables["CarriesOver"].is_empty()
