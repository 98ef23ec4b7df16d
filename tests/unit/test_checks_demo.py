"""The checks on the demo plant: silent on true records, heard on each deviation they can see."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from graph_model.i18n import LANGUAGES
from graph_model.ledger.fold import Facts
from graph_model.schema import KINDS, frame_schema
from loaders.checks import run
from loaders.demo_plant import Dirt, generate
from loaders.findings import Finding
from loaders.findings_workbook import told
from loaders.intake import read

SEEN = {
    "issue_after_weekend": "posting_delay_hidden",
    "whole_reel_leftover": "mass_balance",
    "unposted_return": "mass_balance",
    "fifo_proposed_lot": "consumed_more_than_exists",
    "book_zero_stock": "bom_item_never_consumed",
    "issue_without_lot": "missing_lot_number",
    "shipment_without_lot": "missing_lot_number",
    "two_suppliers_one_number": "duplicate_lot_number",
}


def findings(folder: Path, dirt: Dirt, kind: str = "food") -> list[Finding]:
    """What the checks find in a demo plant."""
    generate(300, 5, dirt, kind=kind).write(folder)
    tables = read(folder, pseudonym=lambda name: name).tables
    whole = {
        name: tables.get(name, pl.DataFrame(schema=frame_schema(kind, provenance=True)))
        for name, kind in KINDS.items()
    }
    return run(Facts(1, "", whole))


@pytest.mark.parametrize("kind", ["food", "electronics"])
def test_true_records_have_no_findings(kind: str, tmp_path: Path) -> None:
    assert findings(tmp_path, Dirt.none(), kind) == []


@pytest.mark.parametrize("name", SEEN)
def test_a_deviation_is_found_at_its_row(name: str, tmp_path: Path) -> None:
    found = findings(tmp_path, Dirt.only(name))
    assert SEEN[name] in {finding.rule for finding in found}
    assert all(finding.row > 1 for finding in found if finding.file)
    for lang in LANGUAGES:
        assert all("{" not in told(finding, "text", lang) for finding in found)
