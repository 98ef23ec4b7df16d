"""contain, next-test, compare and diff at the command line, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.test_cli import FOLDER, answer, lotgraph

DAY = {
    "open_deliveries": "delivery_no,customer_code,ship_date,item_code,lot_no,quantity,uom,"
    "from_place,shipment_status\nDN9,K3,2026-02-01,CAKE,C2,10,pcs,FG,planned\n",
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with two batches."""
    data = tmp_path_factory.mktemp("acting") / "data"
    for sheets in (FOLDER, DAY):
        folder = tmp_path_factory.mktemp("plant")
        for name, content in sheets.items():
            (folder / f"{name}.csv").write_text(content, encoding="utf-8")
        done = lotgraph(data, "load", str(folder), "--json")
        assert done.returncode == 0, done.stderr
    return data


def test_contain_says_where_to_act_first_and_keeps_the_hold_list(
    data: Path, tmp_path: Path
) -> None:
    lot = ("--lot", "F2", "--hazard", "dimension")
    found = answer(data, "contain", *lot, "--output", str(tmp_path / "cut.xlsx"))
    assert (found["state"], found["hold_list"]) == ("cut", 3)
    # The flour that is left is cheapest to hold; cakes made of it lie in a delivery already.
    assert [step["lot_no"] for step in found["cut"]] == ["F2"]  # type: ignore[attr-defined]
    assert found["cut"][0]["customers"] == ["K2", "K3"]  # type: ignore[index]
    assert [(one["document"], one["lot"]) for one in found["pull"]] == [  # type: ignore[attr-defined]
        ("DN9", "PLANT/CAKE/C2")
    ]
    assert (tmp_path / "cut.xlsx").stat().st_size
    shown = lotgraph(data, "contain", *lot, "--by", "amount").stdout
    assert "It does not shorten the hold list: all 3 lots" in shown
    chinese = lotgraph(data, "--lang", "zh", "contain", *lot).stdout
    assert "不缩短扣留清单" in chinese
    assert lotgraph(data, "contain", "--lot", "F2", "--by", "beauty").returncode == 2
    assert lotgraph(data, "contain").returncode == 2


def test_next_test_ranks_lots_with_stock_and_says_whether_results_come_in_time(data: Path) -> None:
    found = answer(
        data, "next-test", "--lot", "F1", "--tests", "2", "--turnaround", "2d",
        "--deadline", "2020-01-01", "--probability", "0.5", "--method", "sieve",
    )  # fmt: skip
    assert (found["in_time"], found["method"]) == (False, "sieve")
    first = found["candidates"][0]  # type: ignore[index]
    # Everything that F1 reaches leaves with it; half of its flour is used already.
    assert (first["key"], first["covers"], first["leaving"]) == ("PLANT/FLOUR/F1", "part", 5)
    assert first["expected_cost"] == pytest.approx(first["cost"] / 2, abs=0.01)
    assert found["plan"]["tests"] == ["PLANT/FLOUR/F1"]  # type: ignore[index]
    shown = lotgraph(data, "next-test", "--lot", "F1").stdout
    assert "released on test" in shown
    assert "检验放行" in lotgraph(data, "--lang", "zh", "next-test", "--lot", "F1").stdout


def test_compare_needs_two_hypotheses_and_tells_what_they_differ_in(data: Path) -> None:
    cases = ("--case", "whole batch: supplier=S1 supplier-lot=SF-77", "--case", "one lot: lot=D2")
    found = answer(data, "compare", *cases, "--hazard", "dimension")
    assert [one["name"] for one in found["hypotheses"]] == ["whole batch", "one lot"]  # type: ignore[attr-defined]
    shown = lotgraph(data, "compare", *cases, "--hazard", "dimension").stdout
    assert "Held under every hypothesis: 2 lots" in shown
    for wrong in (cases[:2], ("--case", "a: colour=red", *cases[:2])):
        done = lotgraph(data, "compare", *wrong)
        assert done.returncode == 2
        assert "--case" in done.stderr or "NAME:" in done.stderr


def test_diff_says_that_nothing_differs_and_what_lies_between(data: Path) -> None:
    found = answer(data, "diff", "--lot", "F2", "--as-of", "1")
    assert (found["added"], found["removed"], found["changed"]) == ([], [], [])
    assert [one["batch"] for one in found["batches"]] == [2]  # type: ignore[attr-defined]
    shown = lotgraph(data, "diff", "--lot", "F2", "--as-of", "1").stdout
    assert "No lot differs between the two." in shown
