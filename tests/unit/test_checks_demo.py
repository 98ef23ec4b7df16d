"""The checks on the demo plant: silent on true records, heard on each deviation they can see."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.trials import facts_of
from graph_model.i18n import LANGUAGES
from loaders.checks import run
from loaders.demo_plant import Dirt, generate
from loaders.findings import Finding
from loaders.findings_workbook import told
from loaders.intake import read

SEEN = {
    "issue_after_weekend": "posting_delay_hidden",
    "whole_reel_leftover": "mass_balance",
    "unposted_return": "mass_balance",
    "month_end_date": "time_inversion",
    "night_shift_date": "time_inversion",
    "scan_upload_time": "posting_delay_hidden",
    "borrowed_between_orders": "mass_balance",
    "partial_scanning": "bom_item_never_consumed",
    "mixed_pallet": "missing_lot_number",
    "consignment_draw": "posting_delay_hidden",
    "fifo_proposed_lot": "consumed_more_than_exists",
    "book_zero_stock": "bom_item_never_consumed",
    "issue_without_lot": "missing_lot_number",
    "shipment_without_lot": "missing_lot_number",
    "two_suppliers_one_number": "duplicate_lot_number",
}
SILENT = sorted(
    {
        "topped_up_lot",
        "lot_changed_at_transfer",
        "residue_on_line",
        "tools_and_agents",
        "leftover_labels",
        "line_unrecorded",
        "sample_missed",
        "heel_recorded",
        "heel_unrecorded",
        "rework_tomorrow",
        "opened_bag_returned",
        "opening_stock",
        "first_piece_scrap",
        "draft_documents",
        "count_difference",
    }
)
"""What is recorded as it was, or is a gap that the scope tells of and no row is wrong about."""


def findings(folder: Path, dirt: Dirt, kind: str = "food") -> list[Finding]:
    """What the checks find in a demo plant."""
    generate(300, 5, dirt, kind=kind).write(folder)
    tables = read(folder, pseudonym=lambda name: name).tables
    return run(facts_of(tables))


@pytest.mark.parametrize("kind", ["food", "electronics"])
def test_true_records_have_no_findings(kind: str, tmp_path: Path) -> None:
    assert findings(tmp_path, Dirt.none(), kind) == []


def test_each_deviation_is_either_seen_or_silent() -> None:
    assert {*SEEN, *SILENT} == set(Dirt.kinds())


@pytest.mark.parametrize("name", SILENT)
def test_records_without_a_wrong_row_have_no_findings(name: str, tmp_path: Path) -> None:
    assert findings(tmp_path, Dirt.only(name)) == []


@pytest.mark.parametrize("name", SEEN)
def test_a_deviation_is_found_at_its_row(name: str, tmp_path: Path) -> None:
    found = findings(tmp_path, Dirt.only(name))
    assert SEEN[name] in {finding.rule for finding in found}
    assert all(finding.row > 1 for finding in found if finding.file)
    for lang in LANGUAGES:
        assert all("{" not in told(finding, "text", lang) for finding in found)
