"""The FSMA 204 sheet that we write is read again as the same tracking events."""

from __future__ import annotations

import io
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from openpyxl import load_workbook

from api.reports.edition import Edition
from api.reports.statutory import fsma204
from graph_model import network
from graph_model.errors import BadFile
from graph_model.i18n import use_language
from graph_model.ledger import Facts, Ledger
from graph_model.lineage import Lineage
from graph_model.schema import KINDS, Shipment, conform
from loaders.intake import Intake, read
from tests.conformance import plant

EDITION = Edition(1, "1:x", datetime(2026, 1, 1, tzinfo=UTC), ZoneInfo("Asia/Shanghai"), "P")
_KEPT = (0, 2, 3, 4, 6, 7, 8)
"""Columns that must come back: event and its key, role, lot code, amount, unit, time."""


def written(facts: Facts) -> bytes:
    lineage = Lineage.of(network.build(facts))
    roots = np.flatnonzero(lineage.lots["rule"].is_null().to_numpy())
    target = io.BytesIO()
    fsma204(facts, lineage, roots, EDITION, target)
    return target.getvalue()


def rows(content: bytes) -> list[tuple[object, ...]]:
    """The rows below the headings of the last sheet."""
    cells = list(load_workbook(io.BytesIO(content)).worksheets[-1].iter_rows(values_only=True))
    head = next(n for n, row in enumerate(cells) if row[3] and row[5] and row[4])
    return sorted((tuple(row[n] for n in _KEPT) for row in cells[head + 1 :]), key=str)


def taken(content: bytes, folder: Path) -> Intake:
    path = folder / "sheet.xlsx"
    path.write_bytes(content)
    return read(path, "fsma204")


def folded(intake: Intake) -> Facts:
    tables = {n: conform(KINDS[n], t, provenance=True) for n, t in intake.tables.items()}
    with tempfile.TemporaryDirectory() as folder, Ledger(Path(folder)) as ledger:
        ledger.append(tables, source="fsma204", who="test")
        return ledger.fold()


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_the_sheet_comes_back_as_the_same_events(language: str, tmp_path: Path) -> None:
    use_language(language)
    try:
        first = written(plant.facts())
        intake = taken(first, tmp_path)
        assert not intake.findings
        assert intake.counts["fsma204"].loaded == len(rows(first))
        again = folded(intake)
        assert rows(written(again)) == rows(first)
    finally:
        use_language("en")


def test_lots_customers_and_times_are_read(tmp_path: Path) -> None:
    facts = folded(taken(written(plant.facts()), tmp_path))
    sent = facts[Shipment].select("delivery_no", "customer").sort("delivery_no")
    assert sent.rows() == [("V1", "K1"), ("V2", "K2"), ("V4", None)]
    lineage = Lineage.of(network.build(facts))
    made = lineage.number(["P/C/C2"])
    behind = lineage.lots[lineage.backward(made).lots]
    assert {"77", "F2"} & set(behind.filter(pl.col("rule").is_null())["lot_no"])


def test_other_workbooks_and_rows_are_told(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(BadFile) as refused:
        read(path, "fsma204")
    assert refused.value.code == "fsma204_shape"
    head = "Critical tracking event (CTE),Traceability lot code (TLC),Product description\n"
    path.write_text(head + "Receiving,L1,F Flour\nEating,L1,F\nShipping,,\n")
    intake = read(path, "fsma204")
    assert (intake.counts["fsma204"].read, intake.counts["fsma204"].set_aside) == (3, 2)
    assert [finding.row for finding in intake.findings] == [3, 4]
