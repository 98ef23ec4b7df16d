"""Contact of orders whose issues say for which output they are: each part ran within its order."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from bench.scope_quality import RESIDUE
from bench.trials import Site, facts_of, write
from graph_model import network
from graph_model.ledger import Facts
from graph_model.lineage import Lineage
from loaders import entries, intake
from loaders.demo_plant import generate
from queries.recall.hazard import Hazard
from queries.recall.roots import Suspects
from queries.recall.scope import compute

MOVE = "event_time,posting_method,source"
CLOCK = "scanner_clock,s"


@pytest.mark.parametrize("paired", [True, False])
def test_a_cleaning_ends_the_contact_of_paired_parts_too(*, paired: bool, tmp_path: Path) -> None:
    pair = ",output_lot_no" if paired else ""
    of_p, of_q = (",P1", ",Q1") if paired else ("", "")
    sheets = {
        "sites": "site_code,site_kind\nL,line\n",
        "receipts": f"{MOVE},supplier_code,item_code,lot_no,quantity,uom\n"
        f"2026-03-01 08:00,{CLOCK},V,A,A1,10,kg\n2026-03-01 08:00,{CLOCK},V,B,B1,10,kg\n",
        "work_orders": "work_order_no,item_code,order_status,line,started_at,finished_at,source\n"
        "1,P,closed,L,2026-03-02 08:00,2026-03-02 11:00,s\n"
        "2,Q,closed,L,2026-03-03 08:00,2026-03-03 11:00,s\n",
        "issues": f"{MOVE},work_order_no,item_code,lot_no,quantity,uom{pair}\n"
        f"2026-03-02 08:10,{CLOCK},1,A,A1,10,kg{of_p}\n"
        f"2026-03-03 08:10,{CLOCK},2,B,B1,10,kg{of_q}\n",
        "outputs": f"{MOVE},work_order_no,item_code,lot_no,quantity,uom\n"
        f"2026-03-02 10:00,{CLOCK},1,P,P1,10,kg\n2026-03-03 10:00,{CLOCK},2,Q,Q1,10,kg\n",
        "cleaning": "site_code,event_time,result,verified,clearance,source\n"
        "L,2026-03-02 20:00,conforming,true,true,s\n",
    }
    for name, rows in sheets.items():
        (tmp_path / f"{name}.csv").write_text(rows, "utf-8")
    tables = intake.read(tmp_path, "plant").tables
    sure = entries.decision(
        "delay", "s", person="manager", role="quality", reason="measured", late=0, early=0
    )
    facts = facts_of({**tables, "Decision": sure})
    lineage = Lineage.of(network.build(facts))
    scope = compute(facts, lineage, Suspects(lots=("A/A1",)), hazard=Hazard(kind="chemical"))
    tiers = {lineage.lots["lot_no"][lot]: tier for lot, tier in scope.tiers.items()}
    assert tiers["P1"] == "certain"
    assert tiers["Q1"] == "excluded"


def test_exact_records_never_widen_a_scope(tmp_path: Path) -> None:
    # Scrap of an order with pairs may be of all that its parts took, so plants have none here.
    dirt = replace(RESIDUE, first_piece_scrap=0.0)
    sites = [
        Site(f"Q{seed}", generate(150, seed, dirt, exact=1.0, heated=True), "default", True)
        for seed in range(6)
    ]
    held = []
    for paired in (True, False):
        folder = tmp_path / str(paired)
        write(sites, folder)
        if not paired:
            issues = pl.read_csv(folder / "issues.csv", infer_schema=False)
            issues.drop("output_lot_no").write_csv(folder / "issues.csv")
        tables = intake.read(folder, "plant", pseudonym=lambda name: f"p-{name}").tables
        decided = pl.concat([delay for site in sites for delay in site.delays()])
        facts = facts_of({**tables, "Decision": decided})
        lineage = Lineage.of(network.build(facts))
        held.append([_held(facts, lineage, site) for site in sites])
    assert all(exact <= by_order for exact, by_order in zip(*held, strict=True))
    assert any(exact < by_order for exact, by_order in zip(*held, strict=True))


def _held(facts: Facts, lineage: Lineage, site: Site) -> set[str]:
    """Lots that a chemical in the planted incident's lot may be in."""
    incident = site.plant.incident
    asked = Suspects(
        supplier=f"{site.company}-{incident.supplier}", supplier_lot=incident.supplier_lot_no
    )
    scope = compute(facts, lineage, asked, hazard=Hazard(kind="chemical"))
    return set(lineage.lots["key"][scope.held])
