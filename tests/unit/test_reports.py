"""Audit pack, drill, scorecard, customer's and supplier's letters, statutory sheets."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import openpyxl
import polars as pl
import pytest

from api.reports import letters
from api.reports.audit_pack import audit_pack
from api.reports.document import Document
from api.reports.drill_report import drill_report
from api.reports.lot_record import LotRecord
from api.reports.names import Names
from api.reports.scorecard_report import scorecard_report
from api.reports.statutory import FSMA, SALES, food_law, fsma204
from graph_model.errors import BadInput, NotFound
from graph_model.i18n import text, use_language
from graph_model.schema import Inspection, Shipment
from queries import drill, partner, scorecard
from queries.recall.exposure import exposure
from queries.recall.scope import Scope
from tests.unit.reports_case import check, squeezed
from tests.unit.scopes_case import demo_scope
from tests.unit.test_recall_pack import edition

SEED = 3


def scope_of() -> Scope:
    return demo_scope(SEED)


def shipped_lot(scope: Scope) -> int:
    """A lot of the scope that was made here and shipped."""
    numbers = scope.held[np.isin(scope.held, scope.lineage.shipped["lot"].to_numpy())]
    made = scope.lineage.births["received"].to_numpy()[numbers]
    return int(numbers[~made][0])


def audit() -> Document:
    scope = scope_of()
    return audit_pack(scope.facts, scope.lineage, shipped_lot(scope), edition(scope))


def drilled() -> Document:
    scope = scope_of()
    traced = drill.run(scope.facts, scope.lineage, lots=2, seed=1)
    kept = [{"lot": one.lot, "direction": one.direction, "seconds": 1.5, "passed": one.passed}
            for one in traced]  # fmt: skip
    again = drill.again(scope.facts, scope.lineage, kept)
    return drill_report(again, scope.facts, edition(scope), target=drill.TARGET, seed=1)


def carded() -> Document:
    scope = scope_of()
    found = exposure(scope.facts, scope.lineage)
    rows = scorecard.scorecard(scope.facts, scope.lineage, found)
    return scorecard_report(scope.facts, found, rows, rows["supplier"][0], edition(scope))


def packed() -> Document:
    scope = scope_of()
    pack = partner.pack(scope, partner.customers(scope)[0])
    return letters.partner_pack(pack, edition(scope), "请先停用 𠮷 / Stop first\u200b")


def noticed() -> Document:
    scope = scope_of()
    pack = partner.pack(scope, partner.customers(scope)[0], name_suppliers=True)
    return letters.customer_notice(pack, edition(scope))


def claimed() -> Document:
    scope = scope_of()
    return letters.supplier_claim(scope, edition(scope), reply_by="2026-05-01")


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("made", [audit, drilled, carded, packed, noticed, claimed])
def test_every_page_is_whole_and_the_same_when_made_again(
    made: Callable[[], Document], lang: str
) -> None:
    use_language(lang)
    check(made())


# ---------------------------------------------------------------------------- audit pack


def test_an_audit_pack_has_every_recorded_movement_of_the_trace() -> None:
    use_language("en")
    scope = scope_of()
    lot = shipped_lot(scope)
    record = LotRecord(scope.facts, scope.lineage, lot)
    listed = [row["key"] for step in record.steps() for row in step.moved]
    recorded = pl.col("rule").is_null()
    before = scope.lineage.consumed.filter(recorded & pl.col("op").is_in(record.operations))
    out = scope.lineage.produced.filter(recorded & pl.col("op").is_in(record.operations))
    assert set(before["key"]) | set(out["key"]) <= set(listed)
    content = json.loads(audit().content())
    whole = squeezed(json.dumps(content["blocks"], ensure_ascii=False))
    done = scope.facts[Inspection].filter(pl.col("lot").is_in(record.keys.implode()))
    for number in done["inspection_no"]:
        assert number in whole
    for row in record.shipments():
        assert squeezed(row["delivery_no"]) in whole


def test_persons_without_a_name_stay_pseudonyms() -> None:
    use_language("en")
    scope = scope_of()
    lot = shipped_lot(scope)
    people = {row["person"] for step in LotRecord(scope.facts, scope.lineage, lot).steps()
              for row in step.moved if row["person"]}  # fmt: skip
    named = sorted(people)[0]
    names = Names.of(scope.facts, {named: "Mei Lan"})
    pack = audit_pack(scope.facts, scope.lineage, lot, edition(scope), names)
    content = pack.content()
    assert "Mei Lan" in content
    assert named not in content
    assert all(person in content for person in people - {named})


# ---------------------------------------------------------------------------- one customer


def told_to(scope: Scope, customer: str) -> list[str]:
    """All that the files of one customer hold, as texts."""
    pack = partner.pack(scope, customer)
    stream = io.BytesIO()
    letters.partner_sheet(pack, edition(scope), stream)
    cells = [
        str(cell)
        for sheet in openpyxl.load_workbook(stream)
        for row in sheet.iter_rows(values_only=True)
        for cell in row
        if cell is not None
    ]
    made = (letters.partner_pack, letters.customer_notice)
    return [*(one(pack, edition(scope)).content() for one in made), "\n".join(cells)]


@pytest.mark.parametrize("seed", [3, 5])
def test_a_customer_is_told_of_no_other(seed: int) -> None:
    use_language("en")
    scope = demo_scope(seed)
    shipments = scope.facts[Shipment].select("delivery_no", "customer").drop_nulls()
    lots = scope.lineage.shipped.select("lot", "shipment").join(
        scope.facts[Shipment].select("customer", shipment="key"), on="shipment"
    )
    got = lots.with_columns(lot_no=scope.lineage.lots["lot_no"][lots["lot"]])
    suppliers = set(scope.lineage.lots["owner"]) - {"Q"}
    for customer in partner.customers(scope):
        own = set(got.filter(pl.col("customer") == customer)["lot_no"])
        foreign = set(got["lot_no"]) - own - {""}
        others = set(shipments["customer"]) - {customer}
        notes = set(shipments.filter(pl.col("customer") != customer)["delivery_no"])
        for content in told_to(scope, customer):
            words = set(_words(content))
            assert not words & ((others | notes | foreign | suppliers) - {customer})


def _words(content: str) -> list[str]:
    """Codes and numbers in a text, each whole."""
    kept = "".join(char if char.isalnum() or char in "-_." else " " for char in content)
    return kept.split()


def test_who_got_nothing_gets_no_letter() -> None:
    with pytest.raises(NotFound):
        partner.pack(scope_of(), "NOBODY")


def test_a_claim_names_no_customer_and_wants_one_supplier() -> None:
    use_language("en")
    scope = scope_of()
    words = set(_words(claimed().content()))
    assert not words & set(partner.customers(scope))
    assert scope.lineage.lots["lot_no"][scope.roots.match][0] in words
    with pytest.raises(BadInput):
        letters.supplier_claim(scope, edition(scope), "NOBODY")


# ---------------------------------------------------------------------------- statutory sheets


def sheet_rows(stream: io.BytesIO, at: int) -> tuple[list[Any], list[dict[str, Any]]]:
    sheet = openpyxl.load_workbook(stream).worksheets[at]
    heads, *rows = sheet.iter_rows(values_only=True)
    return list(heads), [dict(zip(heads, row, strict=True)) for row in rows]


def test_the_sortable_sheet_marks_what_is_missing_and_invents_nothing() -> None:
    use_language("en")
    scope, stream = scope_of(), io.BytesIO()
    fsma204(scope.facts, scope.lineage, scope.roots.match, edition(scope), stream)
    heads, rows = sheet_rows(stream, 1)
    assert len(heads) == len(FSMA)
    events = {row["Critical tracking event (CTE)"] for row in rows}
    assert events == {"Receiving", "Transformation", "Shipping"}
    mark = text("report.missing_mark")
    for row in rows:
        gaps = row["Missing key data elements (KDE)"]
        assert (mark in row.values()) <= bool(gaps)
    # Raw material keeps the supplier's code until it is transformed.
    root = scope.lineage.lots["lot_no"][scope.roots.match][0]
    received = [row for row in rows if row["Critical tracking event (CTE)"] == "Receiving"]
    assert root in {row["Traceability lot code (TLC)"] for row in received}
    used = [row for row in rows if row["Role"] == "input" and row not in received]
    assert root in {row["Traceability lot code (TLC)"] for row in used}
    addresses = [row["TLC source"] for row in received]
    assert all(addresses)


def test_food_law_fields_are_marked_where_nothing_records_them() -> None:
    use_language("en")
    scope, stream = scope_of(), io.BytesIO()
    lot = shipped_lot(scope)
    food_law(scope.facts, scope.lineage, lot, edition(scope), stream)
    heads, bought = sheet_rows(stream, 1)
    assert "Supplier address" in heads
    assert len(bought) == len(LotRecord(scope.facts, scope.lineage, lot).sources())
    assert {row["Supplier contact"] for row in bought} == {text("report.missing_mark")}
    heads, sold = sheet_rows(stream, 2)
    assert len(heads) == len(SALES)
    assert len(sold) == len(LotRecord(scope.facts, scope.lineage, lot).shipments())
    assert all(row["Amount"] for row in sold)


def test_statutory_sheets_are_the_same_when_made_again() -> None:
    use_language("zh")
    scope = scope_of()
    made = []
    for _ in range(2):
        stream = io.BytesIO()
        fsma204(scope.facts, scope.lineage, scope.roots.match, edition(scope), stream)
        made.append(stream.getvalue())
    assert made[0] == made[1]


def test_a_drill_made_again_has_its_own_times_and_the_same_gaps() -> None:
    scope = scope_of()
    traced = drill.run(scope.facts, scope.lineage, lots=2, seed=1)
    kept = [{"lot": one.lot, "direction": one.direction, "seconds": 7.0, "passed": False}
            for one in traced]  # fmt: skip
    again = drill.again(scope.facts, scope.lineage, kept)
    assert {one.seconds for one in again} == {7.0}
    assert [one.gaps for one in again] == [one.gaps for one in traced]
    assert [one.ends for one in again] == [one.ends for one in traced]


def test_an_unknown_supplier_has_no_card() -> None:
    scope = scope_of()
    found = exposure(scope.facts, scope.lineage)
    rows = scorecard.scorecard(scope.facts, scope.lineage, found)
    with pytest.raises(NotFound):
        scorecard_report(scope.facts, found, rows, "NOBODY", edition(scope))
