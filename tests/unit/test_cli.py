"""The command line end to end: a folder in, answers, files and statuses out."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import polars as pl
import pytest
from python_calamine import CalamineWorkbook
from xlsxwriter import Workbook

from api.cli import main

FOLDER = {
    "items": "item_code,measure,homogeneous,uom,unit_cost,sales_price\n"
    "FLOUR,bulk,true,kg,2,\nDOUGH,bulk,true,kg,4,\nCAKE,pieces,true,pcs,5,9\n",
    "bom": "parent_item_code,item_code,quantity,uom,per_quantity\n"
    "DOUGH,FLOUR,1,kg,1\nCAKE,DOUGH,0.5,kg,1\n",
    "receipts": "doc_no,doc_line_no,event_time,posting_method,supplier_code,item_code,lot_no,"
    "supplier_lot_no,quantity,uom,to_place\n"
    "R1,1,2026-01-01 08:00,scanner_clock,S1,FLOUR,F1,SF-77,100,kg,WH\n"
    "R1,2,2026-01-01 08:05,scanner_clock,S1,FLOUR,F2,SF-78,100,kg,WH\n",
    "work_orders": "work_order_no,item_code,order_status\nW1,DOUGH,closed\nW2,CAKE,closed\n"
    "W3,CAKE,closed\n",
    "issues": "doc_no,doc_line_no,event_time,posting_method,lot_source,work_order_no,item_code,"
    "lot_no,quantity,uom,from_place\n"
    "I1,1,2026-01-02 08:00,scanner_clock,scanned,W1,FLOUR,F1,50,kg,WH\n"
    "I1,2,2026-01-02 12:00,scanner_clock,scanned,W1,FLOUR,F2,50,kg,WH\n"
    "I2,1,2026-01-03 08:00,scanner_clock,scanned,W2,DOUGH,D1,50,kg,WH\n"
    "I3,1,2026-01-03 10:00,scanner_clock,scanned,W3,DOUGH,D2,50,kg,WH\n",
    "outputs": "doc_no,doc_line_no,event_time,posting_method,work_order_no,item_code,lot_no,"
    "quantity,uom,to_place\n"
    "O1,1,2026-01-02 10:00,scanner_clock,W1,DOUGH,D1,50,kg,WH\n"
    "O1,2,2026-01-02 14:00,scanner_clock,W1,DOUGH,D2,50,kg,WH\n"
    "O2,1,2026-01-03 12:00,scanner_clock,W2,CAKE,C1,100,pcs,FG\n"
    "O3,1,2026-01-03 14:00,scanner_clock,W3,CAKE,C2,100,pcs,FG\n",
    "shipments": "delivery_no,doc_line_no,customer_code,event_time,posting_method,item_code,"
    "lot_no,quantity,uom,from_place\n"
    "DN1,1,K1,2026-01-04 08:00,scanner_clock,CAKE,C1,60,pcs,FG\n"
    "DN2,1,K2,2026-01-05 08:00,scanner_clock,CAKE,C2,70,pcs,FG\n",
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the plant loaded."""
    folder = tmp_path_factory.mktemp("plant")
    for name, content in FOLDER.items():
        (folder / f"{name}.csv").write_text(content, encoding="utf-8")
    data = tmp_path_factory.mktemp("cli") / "data"
    done = lotgraph(data, "load", str(folder), "--json")
    assert done.returncode == 0, done.stderr
    loaded = json.loads(done.stdout)
    for sheet in loaded["sheets"].values():
        assert sheet["read"] == sheet["loaded"] + sheet["already_known"] + sheet["set_aside"]
    again = json.loads(lotgraph(data, "load", str(folder), "--json").stdout)
    assert all(sheet["loaded"] == 0 for sheet in again["sheets"].values())
    return data


def lotgraph(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """One run of the command, within this process: starting one takes longer than most answers."""
    out, err, status = io.StringIO(), io.StringIO(), 0
    line = ["lotgraph", "--data", str(data), *arguments]
    with redirect_stdout(out), redirect_stderr(err), pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "argv", line)
        patched.setenv("COLUMNS", "200")
        try:
            main()
        except SystemExit as ended:
            status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return subprocess.CompletedProcess(line, status, out.getvalue(), err.getvalue())


def process(*arguments: str) -> subprocess.CompletedProcess[str]:
    """One run of the command as a process of its own, as its texts of help need it."""
    return subprocess.run(
        [sys.executable, "-c", "from api.cli import main; main()", *arguments],
        capture_output=True, text=True, check=False, timeout=120,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "COLUMNS": "200"},
    )  # fmt: skip


def answer(data: Path, *arguments: str) -> dict[str, object]:
    """The JSON of one run."""
    done = lotgraph(data, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def tiers(scope: dict[str, object]) -> dict[str, str]:
    """Lot number -> tier."""
    lots = scope["lots"]
    assert isinstance(lots, list)
    return {lot["lot_no"]: lot["tier"] for lot in lots}


def test_scope_excludes_what_was_finished_before_the_suspect_was_issued(data: Path) -> None:
    found = answer(data, "scope", "--lot", "F2", "--hazard", "dimension")
    assert tiers(found) == {
        "F2": "certain", "D2": "certain", "C2": "certain", "D1": "excluded", "C1": "excluded",
    }  # fmt: skip
    cut = next(lot for lot in found["lots"] if lot["lot_no"] == "D1")["cuts"][0]  # type: ignore[attr-defined]
    assert (cut["rule"], cut["by"], cut["from"]) == ("time", "records", "PLANT/FLOUR/F2")
    assert cut["records"]
    saved = found["saved"]
    assert isinstance(saved, dict)
    assert 0 < saved["reachable"] < saved["blanket"] < 1


def test_what_ran_later_on_a_line_that_no_order_names_is_possible_by_contact(data: Path) -> None:
    found = answer(data, "scope", "--lot", "F2")
    assert tiers(found)["D1"] == "excluded"
    contact = next(lot for lot in found["lots"] if lot["lot_no"] == "C1")  # type: ignore[attr-defined]
    assert (contact["tier"], contact["grade"], contact["rule"]) == (
        "possible", "contact", "contact_nowhere",
    )  # fmt: skip
    assert found["totals"]["lots"]["possible"]["contact"] == 1  # type: ignore[index]
    assert "line_unknown" in {entry["kind"] for entry in found["missing"]}  # type: ignore[attr-defined]
    shown = " ".join(lotgraph(data, "scope", "--lot", "F2").stdout.split())
    assert "Possibly contains suspect material: 1 (contact 1)" in shown


def test_scope_of_a_suppliers_lot_names_its_customers(data: Path) -> None:
    found = answer(data, "scope", "--supplier", "S1", "--supplier-lot", "SF-77")
    # F1 went into W1 before both outputs were finished.
    assert tiers(found)["C1"] == "certain"
    assert tiers(found)["C2"] == "possible"
    assert {c["customer"]: c["tier"] for c in found["customers"]} == {  # type: ignore[attr-defined]
        "K1": "certain", "K2": "possible",
    }  # fmt: skip


def test_trace_leaves_the_root_out_and_names_customers(data: Path) -> None:
    found = answer(data, "trace", "F1")
    lots = found["lots"]
    assert isinstance(lots, list)
    assert {lot["lot_no"]: lot["distance"] for lot in lots} == {"D1": 1, "D2": 1, "C1": 2, "C2": 2}
    assert found["customers"] == ["K1", "K2"]
    back = answer(data, "trace", "C1", "--backward")["lots"]
    assert isinstance(back, list)
    assert {lot["lot_no"] for lot in back} == {"D1", "F1", "F2", "SF-77", "SF-78"}


def test_an_effect_names_no_source(data: Path) -> None:
    found = answer(data, "scope", "--customer", "K1")
    assert found["source"] == "undetermined"
    assert found["saved"]["blanket"] is None  # type: ignore[index]
    assert set(tiers(found).values()) == {"possible"}


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("trace", "NONE"), 4),
        (("scope", "--why", "C1"), 2),
        (("--lang", "fr", "info"), 2),
        (("template", "/nowhere/plant.csv"), 2),
        (("ask", "nothing"), 2),
        (("ask", "customers_of_supplier_lot", "supplier=S1"), 2),
        (("load", "/nowhere"), 2),
        (("scope", "--lot", "F1", "--from", "yesterday"), 2),
        (("scope", "--lot", "F1", "--from", "2024-01-01"), 2),
        (("scope", "--customer", "K1", "--from", "2024-01-01"), 2),
        (("scope", "--supplier", "S1", "--from", "2024-02-02", "--to", "2024-02-01"), 2),
        (("scope", "--supplier", "S1", "--machine", "L1"), 2),
        (("scope", "--supplier", "S1", "--customer", "K1"), 2),
        (("scope", "--item", "NONE"), 4),
        (("scope", "--operator", "nobody"), 4),
        (("scope", "--customer", "K1", "--item", "FLOUR"), 4),
        (("scope", "--lot", "F1", "--output", "/nowhere/scope.csv"), 2),
        (("scope", "--lot", "F1", "--output", "/nowhere/scope.xlsx"), 2),
        (("trace", "F1", "--as-of", "0"), 4),
        (("find", "NONE"), 4),
        (("find", " "), 4),
        (("ask", "forward", "lots=NONE"), 4),
        (("ask", "forward", "lots="), 2),
    ],
)
def test_errors_say_what_to_do(data: Path, arguments: tuple[str, ...], status: int) -> None:
    done = lotgraph(data, *arguments)
    assert done.returncode == status, done.stderr
    assert done.stderr.strip()
    assert "Traceback" not in done.stderr


def test_a_process_ends_with_the_status_of_its_error(data: Path) -> None:
    done = process("--data", str(data), "find", "NONE")
    assert (done.returncode, done.stdout) == (4, "")
    assert "NONE" in done.stderr


def test_a_question_takes_lots_as_they_are_written_everywhere(data: Path) -> None:
    for written in ("F1", "FLOUR/F1", "PLANT/FLOUR/F1"):
        done = lotgraph(data, "ask", "forward", f"lots={written}", "--json")
        assert {row["lot_no"] for row in json.loads(done.stdout)} == {"D1", "D2", "C1", "C2"}


def test_a_workbook_of_another_name_comes_back_as_a_workbook(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    with Workbook(folder / "issues.csv") as book:
        sheet = book.add_worksheet("issues")
        sheet.write_row(0, 0, ["work_order_no", "item_code", "lot_no", "quantity"])
        sheet.write_row(1, 0, ["W1", "FLOUR", "F1", "many"])
    marked = tmp_path / "marked"
    done = lotgraph(tmp_path / "data", "load", str(folder), "--marked", str(marked))
    assert done.returncode == 0, done.stderr
    assert "many" in done.stdout
    assert CalamineWorkbook.from_path(str(marked / "issues.xlsx")).sheet_names == ["issues"]


def test_answers_go_into_files(data: Path, tmp_path: Path) -> None:
    for suffix in (".xlsx", ".csv", ".parquet", ".json"):
        path = tmp_path / f"scope{suffix}"
        assert lotgraph(data, "scope", "--lot", "F2", "--output", str(path)).returncode == 0
        assert path.stat().st_size
    assert len(pl.read_parquet(tmp_path / "scope.parquet")) == 5


def test_decisions_are_kept_listed_and_revoked(data: Path) -> None:
    signed = ("--by", "Mei Lan", "--role", "QA", "--reason", "measured")
    done = lotgraph(data, "decide", "delay", "--source", "issues", "--late", "3d", *signed)
    assert done.returncode == 0, done.stderr
    listed = json.loads(lotgraph(data, "decide", "list", "--json").stdout)
    assert [(d["kind"], d["subject"], d["person"]) for d in listed] == [
        ("delay", "issues", "Mei Lan")
    ]
    assert lotgraph(data, "decide", "revoke", listed[0]["key"], *signed).returncode == 0
    assert json.loads(lotgraph(data, "decide", "list", "--json").stdout) == []
    renamed = lotgraph(data, "decide", "alias", "MEHL", "FLOUR", *signed)
    assert renamed.returncode == 0, renamed.stderr
    known = json.loads(lotgraph(data, "decide", "list", "--json").stdout)
    assert [(d["subject"], d["target"]) for d in known] == [("PLANT/MEHL", "PLANT/FLOUR")]
    assert lotgraph(data, "decide", "revoke", known[0]["key"], *signed).returncode == 0
    assert lotgraph(data, "decide", "alias", "MEHL", "NOTHING", *signed).returncode == 4
    unsigned = lotgraph(data, "decide", "trust-source", "--source", "issues",
                        "--by", "", "--role", "QA", "--reason", "x")  # fmt: skip
    assert unsigned.returncode == 2


def test_ledger_verifies_and_finds_a_head_it_does_not_have(data: Path) -> None:
    assert lotgraph(data, "verify").returncode == 0
    hashes = answer(data, "verify", "--graph")["graph"]
    assert isinstance(hashes, dict)
    assert hashes["graph"] == hashes["facts"]
    assert hashes["facts"] in lotgraph(data, "verify", "--graph").stdout
    assert lotgraph(data, "verify", "--head", "99:abc").returncode == 7


def test_every_answer_names_the_head_it_stands_on(data: Path, tmp_path: Path) -> None:
    for command in (["scope", "--lot", "F2"], ["trace", "F2"]):
        found = json.loads(lotgraph(data, *command, "--json").stdout)
        assert lotgraph(data, "verify", "--head", found["head"]).returncode == 0
        assert found["head"] in lotgraph(data, *command).stdout.replace("\n", "")
    lotgraph(data, "scope", "--lot", "F2", "--output", str(tmp_path / "scope.xlsx"))
    about = CalamineWorkbook.from_path(tmp_path / "scope.xlsx").get_sheet_by_name("About")
    head = json.loads(lotgraph(data, "scope", "--lot", "F2", "--json").stdout)["head"]
    assert head in {row[1] for row in about.to_python()}


def test_both_languages_answer(data: Path) -> None:
    assert "最小召回范围" in process("--lang", "zh", "--help").stdout
    assert "确定含可疑物料" in lotgraph(data, "--lang", "zh", "scope", "--lot", "F2").stdout
