"""A kill step, a label and decisions at the command line, from import to revocation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.cli.app import app
from graph_model.errors import BadInput, NotFound

MOVE = "event_time,posting_method,source"
SHEETS = {
    "items": "item_code,lot_tracked,homogeneous,uom,measure\nEGG,true,true,kg,bulk\n"
    "CREAM,true,true,kg,bulk\n",
    "receipts": f"{MOVE},supplier_code,item_code,lot_no,quantity,uom\n"
    "2026-03-01 08:00,scanner_clock,r,S1,EGG,E1,100,kg\n",
    # A line of its own each: what stays on a line is another matter.
    "work_orders": "work_order_no,item_code,order_status,line\n1,CREAM,closed,L1\n"
    "2,CREAM,closed,L2\n3,CREAM,closed,L3\n",
    "issues": f"{MOVE},work_order_no,item_code,lot_no,quantity,uom,operation\n"
    "2026-03-02 08:00,scanner_clock,i,1,EGG,E1,30,kg,pasteurise\n"
    "2026-03-02 08:00,scanner_clock,i,2,EGG,E1,30,kg,pasteurise\n"
    "2026-03-02 08:00,scanner_clock,i,3,EGG,E1,30,kg,\n",
    "outputs": f"{MOVE},work_order_no,item_code,lot_no,quantity,uom\n"
    "2026-03-02 10:00,scanner_clock,o,1,CREAM,K1,30,kg\n"
    "2026-03-02 10:00,scanner_clock,o,2,CREAM,K2,30,kg\n"
    "2026-03-02 10:00,scanner_clock,o,3,CREAM,K3,30,kg\n",
    "process_values": "work_order_no,operation,process_param,measured_value,uom,event_time\n"
    + "".join(
        f"{order},pasteurise,temp_c,{degrees},CEL,2026-03-02 09:00\n"
        f"{order},pasteurise,seconds,16,s,2026-03-02 09:00\n"
        for order, degrees in ((1, 74.2), (2, 70.1), (3, 74.2))
    ),
}
RULES = """
[[kill]]
site = "canteen"
[[kill_step]]
step = "pasteurise"
agent = "Salmonella"
limits = { min_temp_c = 72.0, min_seconds = 15 }
"""
GERM = ("--lot", "E1", "--hazard", "microbial:Salmonella")
ANN = ("--by", "Ann", "--role", "QA", "--reason", "checked")
BOB = ("--by", "Bob", "--role", "QM", "--reason", "agreed")


def run(data: Path, *words: str) -> Any:
    """What a command prints as JSON. Raises what it raises."""
    done = CliRunner().invoke(app, ["--data", str(data), *words, "--json"])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def by_recipe(scope: Any) -> set[str]:
    """Lots that the suspect one came into other than by what it left on a line."""
    held = [lot for lot in scope["lots"] if lot["tier"] != "excluded"]
    return {lot["lot_no"] for lot in held if lot["grade"] != "contact"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with one import; rules.toml lies beside it."""
    folder, plant = tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("plant")
    for name, content in SHEETS.items():
        (plant / f"{name}.csv").write_text(content, encoding="utf-8")
    (folder / "rules.toml").write_text(RULES, encoding="utf-8")
    run(folder / "data", "load", str(plant))
    return folder / "data"


def test_rules_of_a_file_or_the_ledger_cut_by_measured_values(data: Path) -> None:
    rules = str(data.parent / "rules.toml")
    assert by_recipe(run(data, "scope", *GERM)) == {"E1", "K1", "K2", "K3"}
    found = run(data, "scope", *GERM, "--rules", rules)
    # The second order was too cold, and nobody knows at which step the third one got its egg.
    assert by_recipe(found) == {"E1", "K2", "K3"}
    # The line was touched all the same: there the lot stays possible, by contact.
    assert found["totals"]["lots"]["possible"]["contact"] == 1
    assert found["rules"]["origin"] == "rules.toml"
    assert "rules_ignored" in {entry["kind"] for entry in found["missing"]}
    assert run(data, "rules", "show")["key"] == "defaults"
    kept = run(data, "rules", "set", rules, *ANN)
    again = run(data, "scope", *GERM)
    assert (by_recipe(again), again["rules"]["origin"]) == (by_recipe(found), kept["key"])
    assert again["evidence"][0]["persons"] == ["Ann"]
    one, two = run(
        data, "compare", "--case", "germ: lot=E1 hazard=microbial:Salmonella", "--case",
        "egg: lot=E1 hazard=allergen:egg",
    )["hypotheses"]  # fmt: skip
    assert (one["hazard"], two["hazard"]) == ("microbial:Salmonella", "allergen:egg")
    assert two["lots"]["certain"] == one["lots"]["certain"] + 1


def test_a_judgement_acts_with_two_persons_and_a_scope_grows_when_it_is_revoked(
    data: Path,
) -> None:
    before = by_recipe(run(data, "scope", *GERM))
    told = run(data, "evidence", "add", "decision", "K3", "--hazard", "microbial:Salmonella", *ANN)
    assert (told["state"], told["person"]) == ("proposed", "Ann")
    assert by_recipe(run(data, "scope", *GERM)) == before
    with pytest.raises(BadInput):
        run(data, "evidence", "accept", told["key"], *ANN)
    assert run(data, "evidence", "accept", told["key"], *BOB)["state"] == "accepted"
    found = run(data, "scope", *GERM)
    assert by_recipe(found) == before - {"K3"}
    assert found["totals"]["lots"]["excluded_by"]["judgement"] == 1
    piece = next(one for one in found["evidence"] if one["rule"] == "decision")
    assert (piece["by"], piece["persons"], piece["lots"]) == ("judgement", ["Ann", "Bob"], 1)
    shown = CliRunner().invoke(app, ["--data", str(data), "scope", *GERM]).stdout
    assert "Ann, Bob" in shown.replace("\n", " ")
    run(data, "evidence", "revoke", told["key"], *BOB)
    assert by_recipe(run(data, "scope", *GERM)) == before
    assert run(data, "evidence", "list")[-1]["state"] == "revoked"


def test_what_cannot_be_meant_is_refused(data: Path) -> None:
    for words in (
        ("decision", "K3"), ("decision", "K3", "--hazard", "unknown"),
        ("inspection", "K3", "--result", "perhaps"),
    ):  # fmt: skip
        with pytest.raises(BadInput):
            run(data, "evidence", "add", *words, *ANN)
    for words in (("record", "none"), ("invalidation", "none"), ("cleaning", "none")):
        more = ("--result", "pass") if words[0] == "cleaning" else ()
        with pytest.raises(NotFound):
            run(data, "evidence", "add", *words, *more, *ANN)
