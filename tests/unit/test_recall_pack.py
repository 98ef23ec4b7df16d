"""The recall pack: whole, legible, in both languages, and the same when it is made again."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from api.reports import pdf
from api.reports.document import Document
from api.reports.edition import Edition
from api.reports.genealogy import drawing
from api.reports.recall_pack import recall_pack
from api.reports.scope_fields import ScopeFields
from graph_model.i18n import use_language
from queries.recall import report
from tests.unit.reports_case import check, seen, squeezed, text_of
from tests.unit.scopes_case import demo_scope

SEALED = datetime(2026, 4, 20, 8, tzinfo=UTC)


def edition(scope: Any) -> Edition:
    head = f"{scope.facts.batch}:{scope.facts.head or 'a' * 64}"
    return Edition(scope.facts.batch, head, SEALED, ZoneInfo("Asia/Shanghai"), "PLANT")


def pack(lang: str, seed: int = 3) -> Document:
    use_language(lang)
    scope = demo_scope(seed)
    return recall_pack(scope, edition(scope))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_page_is_whole_and_the_same_when_made_again(lang: str) -> None:
    document = pack(lang)
    pages = check(document)
    last = pages[-1]
    assert ("Signatures" if lang == "en" else "签字") in last
    rows = sum(len(block["rows"]) for block in document.blocks if block["type"] == "table")
    told = [re.search(r"(?:Rows|第) ?(\d+) ?(?:to|至) ?(\d+) ?(?:of|行，共) ?(\d+)", page)
            for page in pages]  # fmt: skip
    spans = [tuple(map(int, found.groups())) for found in told if found]
    assert spans[0][0] == 1
    assert spans[-1][1] == rows
    assert all(total == rows for _, _, total in spans)
    assert all(one[1] + 1 == two[0] for one, two in pairwise(spans))


def test_it_lists_every_lot_of_the_scope_with_its_reason() -> None:
    pages = squeezed("".join(text_of(pdf.render(pack("en")))))
    whole = report.to_dict(demo_scope(3))
    for lot in whole["lots"]:
        assert squeezed(lot["lot_no"]) in pages
    for entry in whole["missing"]:
        for key in entry["rows"]:
            assert seen(key, pages)


def test_the_drawing_counts_every_lot() -> None:
    for seed in (3, 5):
        scope = demo_scope(seed)
        found = drawing(ScopeFields(scope))
        assert found.lots == len(scope.lots)
        per_column = Counter(node.column for node in found.nodes)
        assert max(per_column.values()) <= 14
        places = [(node.column, node.row) for node in found.nodes]
        assert len(set(places)) == len(places)


def test_the_hold_list_has_each_place_of_each_lot_that_can_be_held() -> None:
    scope = demo_scope(3)
    listed = ScopeFields(scope).hold_list()
    whole = report.to_dict(scope)
    wanted = Counter(
        lot["key"]
        for lot in whole["lots"]
        if lot["tier"] != "excluded"
        for place, amount in lot["places"].items()
        if place in {"on_hand", "in_process", "picked", "returned", "search"}
        for _ in (amount if isinstance(amount, dict) else [0])
    )
    assert Counter(row["key"] for row in listed) == wanted


def test_tiers_of_the_summary_add_up() -> None:
    fields = ScopeFields(demo_scope(3))
    assert sum(fields.counts().values()) == len(fields.lots)
    whole = fields.whole["totals"]["cost"]
    total = sum(amount for tier in whole.values() for of in tier.values() for amount in of.values())
    assert sum(fields.costs.values()) == pytest.approx(total, abs=0.5)


def test_texts_of_both_languages_differ_and_numbers_do_not() -> None:
    english, chinese = (json.loads(pack(lang).content()) for lang in ("en", "zh"))
    assert english["title"] != chinese["title"]
    assert english["head"] == chinese["head"]
    counts = [
        [len(block["rows"]) for block in one["blocks"] if block["type"] == "table"]
        for one in (english, chinese)
    ]
    assert counts[0] == counts[1]
