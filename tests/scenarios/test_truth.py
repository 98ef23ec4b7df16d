"""The demo plant knows what physically happened: no scope may miss it, none may claim too much.

Every kind of deviation is tried alone, all together and none, on food and electronics, with posting
delays confirmed and not. `make test-truth` tries many more plants than the suite does.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from bench.trials import (
    FALSE_RECORDS,
    GERM,
    LABELS,
    MATERIAL,
    TRACES,
    Site,
    Trial,
    facts_of,
    try_all,
)
from graph_model import network
from graph_model.lineage import Lineage
from loaders import intake
from loaders.demo_plant import Dirt, generate
from queries.recall.roots import Suspects
from queries.recall.scope import CERTAIN, EXCLUDED, POSSIBLE, compute

PLANTS = int(os.environ.get("LOTGRAPH_TEST_PLANTS", "66"))
OTHERS = int(os.environ.get("LOTGRAPH_TEST_INCIDENTS", "0"))
"""Incidents tried beside the planted one of each plant."""
TOGETHER = 33
"""Plants read at once."""
LOTS = 60
RECORDS = ("none", "default", "all", "none", *Dirt.kinds())


def site(number: int) -> Site:
    """The plant of this number: its seed, its dirt in turn, and what it makes."""
    dirt = RECORDS[number % len(RECORDS)]
    kinds = {"none": Dirt.none(), "default": Dirt.default(), "all": Dirt.all()}
    many = dirt in ("default", "all")
    plant = generate(
        LOTS,
        number,
        kinds.get(dirt) or Dirt.only(dirt),
        kind="electronics" if number % 5 == 4 else "food",
    )
    return Site(f"H{number:04d}", plant, dirt, not many and dirt not in FALSE_RECORDS)


@pytest.fixture(scope="module", params=range(0, PLANTS, TOGETHER))
def trials(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Trial]:
    """Scopes of some plants' incidents, each beside the truth."""
    first: int = request.param
    sites = [site(number) for number in range(first, min(first + TOGETHER, PLANTS))]
    return list(try_all(sites, tmp_path_factory.mktemp("plants"), others=OTHERS))


def told(trial: Trial, lots: frozenset[str]) -> str:
    """Which plant it was, so that it can be made again, and the lots."""
    delays = "confirmed" if trial.confirmed else "unconfirmed"
    return f"{trial.site.company} {trial.site.dirt} {delays} {trial.supplier_lot_no} {sorted(lots)}"


def test_no_scope_misses_what_left_a_trace_in_the_records(trials: list[Trial]) -> None:
    assert [told(trial, trial.traced) for trial in trials if trial.traced] == []


def test_what_left_no_trace_is_told_of_in_missing(trials: list[Trial]) -> None:
    assert [told(trial, trial.untraced) for trial in trials if not trial.told()] == []


def test_what_is_certain_is_true_wherever_the_records_are(trials: list[Trial]) -> None:
    true = [trial for trial in trials if trial.site.true_records]
    assert [told(trial, trial.false_certain) for trial in true if trial.false_certain] == []
    assert any(len(trial.certain) > 1 for trial in true)


def test_everyone_who_got_suspect_material_is_named(trials: list[Trial]) -> None:
    missed = [told(trial, trial.customers_missed) for trial in trials if trial.customers_missed]
    assert missed == []


def test_scopes_are_smaller_than_all_that_can_be_reached(trials: list[Trial]) -> None:
    """Some lots are cut off, and no scope holds the truth by holding nearly everything."""
    assert sum(trial.excluded for trial in trials) > 0
    assert all(len(trial.held) <= trial.blanket for trial in trials)
    lots = sum(trial.site.plant.lots for trial in trials)
    assert sum(len(trial.held) for trial in trials) < lots * 2 / 3


# ---------------------------------------------------------------------------- residue

RESIDUE = Dirt(residue_on_line=0.5, tools_and_agents=0.3, leftover_labels=0.5)
BESIDE = (
    None, "line_unrecorded", "sample_missed", "scan_upload_time", "issue_without_lot",
    "unposted_return", "topped_up_lot", "opening_stock", "all",
)  # fmt: skip


def left_behind(number: int, beside: str | None) -> Site:
    """A heated plant that leaves residue, with one more kind of dirt."""
    dirt = Dirt.all() if beside == "all" else RESIDUE
    if beside not in (None, "all"):
        dirt = replace(RESIDUE, **{beside or "": 0.3})
    plant = generate(LOTS, number, dirt, heated=True)
    return Site(f"R{number:03d}", plant, f"residue and {beside}", true_records=beside != "all")


@pytest.fixture(scope="module")
def residues(tmp_path_factory: pytest.TempPathFactory) -> list[Trial]:
    """Scopes of hazards that leave traces, come with labels, or are killed by heat."""
    sites = [left_behind(number, beside) for number, beside in enumerate(BESIDE)]
    folder = tmp_path_factory.mktemp("residue")
    return list(try_all(sites, folder, others=3, hazards=(TRACES, LABELS, GERM)))


def test_no_scope_misses_residue_that_records_tell_of(residues: list[Trial]) -> None:
    missed = [(str(one.hazard), told(one, one.traced)) for one in residues if one.traced]
    assert missed == []
    assert [told(one, one.untraced) for one in residues if not one.told()] == []
    assert [told(one, one.customers_missed) for one in residues if one.customers_missed] == []


def test_residue_reaches_more_than_material_and_nothing_becomes_certain_by_it(
    residues: list[Trial],
) -> None:
    further = dict.fromkeys(("chemical", "label"), 0)
    for trial in residues:
        if trial.hazard.kind in further:
            truth = trial.site.truth
            roots = truth.supplier_lot(trial.supplier, trial.supplier_lot_no)
            further[trial.hazard.kind] += len(trial.truth - truth.contaminated(roots))
        if trial.site.true_records:
            assert not trial.false_certain, told(trial, trial.false_certain)
    assert further["chemical"] > 20, further
    assert further["label"] > 0, further
    assert any(trial.excluded for trial in residues)


# ---------------------------------------------------------------------------- smallest cases

ITEMS = "item_code,lot_tracked,homogeneous,uom\nSUGAR,true,true,kg\nDOUGH,true,true,kg\n"
MOVE = "event_time,posting_method,source"


def tiers(folder: Path, sheets: dict[str, str], root: str) -> dict[str, str]:
    """Tier of each lot of a plant written by hand."""
    for name, rows in sheets.items():
        (folder / f"{name}.csv").write_text(rows, "utf-8")
    tables = intake.read(folder, "plant", pseudonym=lambda name: name).tables
    facts = facts_of(tables)
    lineage = Lineage.of(network.build(facts))
    scope = compute(facts, lineage, Suspects(lots=(root,)), hazard=MATERIAL)
    names = (CERTAIN, POSSIBLE, EXCLUDED)
    return {lineage.lots["lot_no"][lot]: name for name in names for lot in scope.tier(name)}


def test_a_by_product_of_an_exact_order_is_possible(tmp_path: Path) -> None:
    found = tiers(
        tmp_path,
        {
            "items": ITEMS,
            "receipts": f"{MOVE},supplier_code,item_code,lot_no,quantity,uom\n"
            "2026-03-01 08:00,scanner_clock,r,S1,SUGAR,A,10,kg\n",
            "work_orders": "work_order_no,item_code,order_status\n1,DOUGH,closed\n",
            "issues": f"{MOVE},work_order_no,item_code,lot_no,quantity,uom,output_lot_no\n"
            "2026-03-02 08:00,scanner_clock,i,1,SUGAR,A,10,kg,D\n",
            "outputs": f"{MOVE},work_order_no,item_code,lot_no,quantity,uom\n"
            "2026-03-02 10:00,scanner_clock,o,1,DOUGH,D,9,kg\n",
            "scrap": f"{MOVE},work_order_no,item_code,lot_no,quantity,uom,scrap_kind,destination\n"
            "2026-03-02 11:00,scanner_clock,s,1,DOUGH,CRUMBS,1,kg,by_product,FEED\n",
        },
        "SUGAR/A",
    )
    assert found["D"] == CERTAIN
    assert found.get("CRUMBS") in (CERTAIN, POSSIBLE)


def test_what_was_made_before_a_lot_was_topped_up_is_not_certain(tmp_path: Path) -> None:
    found = tiers(
        tmp_path,
        {
            "items": ITEMS,
            "receipts": f"{MOVE},supplier_code,item_code,lot_no,quantity,uom\n"
            "2026-03-01 08:00,scanner_clock,r,S1,SUGAR,A,10,kg\n"
            "2026-03-01 09:00,scanner_clock,r,S2,SUGAR,B,10,kg\n",
            "work_orders": "work_order_no,item_code,order_status\n1,DOUGH,closed\n2,DOUGH,closed\n",
            "issues": f"{MOVE},work_order_no,item_code,lot_no,quantity,uom\n"
            "2026-03-02 08:00,scanner_clock,i,1,SUGAR,A,5,kg\n"
            "2026-03-04 08:00,scanner_clock,i,2,SUGAR,A,15,kg\n",
            "outputs": f"{MOVE},work_order_no,item_code,lot_no,quantity,uom\n"
            "2026-03-02 10:00,scanner_clock,o,1,DOUGH,BEFORE,5,kg\n"
            "2026-03-04 10:00,scanner_clock,o,2,DOUGH,AFTER,15,kg\n",
            "lot_changes": f"{MOVE},change_kind,item_code,parent_lot_no,child_lot_no,quantity,uom\n"
            "2026-03-03 08:00,scanner_clock,l,top_up,SUGAR,B,A,10,kg\n",
        },
        "SUGAR/B",
    )
    assert found["AFTER"] == CERTAIN
    assert found.get("BEFORE") != CERTAIN
