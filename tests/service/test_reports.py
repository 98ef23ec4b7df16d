"""Reports by HTTP: whole files that other libraries read, for the eyes of who asks."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import openpyxl
import polars as pl
import pypdfium2
import pytest
from fastapi import FastAPI

from api import later
from api.auth.guard import guarded
from graph_model.access import PERMISSIONS
from queries import partner
from queries.incidents import cases, scopes
from tests.service.conftest import PASSWORD, Enter
from tests.service.test_answers import TRACE
from tests.service.test_answers import lot as lot

URL = "/api/v1/reports"
WHY = {"reason": "customer found metal"}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def words_of(content: bytes) -> str:
    """All text of a PDF, without spaces."""
    with pypdfium2.PdfDocument(content) as book:
        found = "".join(page.get_textpage().get_text_range() for page in book)
    return "".join(found.replace("\ufffe", "-").split())


@pytest.fixture(scope="module")
def incident(signed_in: Enter, lot: str) -> str:
    """An incident of which every lot is held and every customer told."""
    client = signed_in("quality")
    opened = WHY | {"title": "Metal", "suspected": {"lot": [lot]}, "number": "Q7"}
    assert client.post("/api/v1/incidents", json=opened).status_code == 201
    for path, more in (("holds", {}), ("notify", {}), ("told", {"what": "sent"})):
        answer = client.post(f"/api/v1/incidents/Q7/{path}", json=WHY | more)
        assert answer.status_code == 200, answer.text
    return "Q7"


def test_every_report_is_a_file_that_others_read(
    service: FastAPI, signed_in: Enter, lot: str, incident: str
) -> None:
    client = signed_in("quality")
    moment = service.state.plant.now()
    customer = client.get(f"/api/v1/incidents/{incident}/notices").json()["rows"][0]["customer"]
    supplier = moment.lineage.lots.filter(pl.col("supplier").is_not_null())["supplier"][0]
    assert client.post("/api/v1/drills", json={"lots": 2, "seed": 1}).status_code == 200
    asked: dict[str, dict[str, Any]] = {
        "recall": {"lot": lot}, "audit": {"lot": lot}, "drill": {}, "claim": {"lot": lot},
        "scorecard": {"supplier": supplier}, "fsma204": {"lot": lot}, "food-law": {"lot": lot},
        "partner": {"incident": incident, "to_customer": customer},
        "notice": {"incident": incident, "to_customer": customer, "instructions": "Stop."},
        "partners": {"incident": incident}, "management": {"incident": incident},
        "closing": {"incident": incident},
    }  # fmt: skip
    paths = {one.path or "" for one, _ in guarded(service)}
    assert {f"{URL}/{name}" for name in asked} == {p for p in paths if p.startswith(f"{URL}/")}
    for name, query in asked.items():
        first = client.get(f"{URL}/{name}", params=query)
        assert first.status_code == 200, (name, first.text)
        assert int(first.headers["content-length"]) == len(first.content)
        kind = first.headers["content-type"]
        if kind == "application/pdf":
            assert words_of(first.content)
            # By POST, and made again, it is the same file.
            sent = {n: [v] if n == "lot" and name in ("recall", "claim") else v
                    for n, v in query.items()}  # fmt: skip
            assert client.post(f"{URL}/{name}", json=sent).content == first.content
        elif kind == XLSX:
            assert openpyxl.load_workbook(io.BytesIO(first.content)).worksheets
        else:
            assert kind == "application/zip"
            with zipfile.ZipFile(io.BytesIO(first.content)) as archive:
                assert len(archive.namelist()) > 1
                assert archive.testzip() is None
    events = {one.event: one for one in service.state.audit.entries()}
    for name in asked:
        entry = events[f"report.{name.replace('-', '_')}"]
        assert entry.size
        assert '"digest"' in entry.params


def test_a_file_for_a_customer_names_no_other(
    service: FastAPI, signed_in: Enter, incident: str
) -> None:
    moment = service.state.plant.now()
    row = cases.find(moment.facts, incident)
    scope = scopes.scope_of(moment.facts, moment.lineage, row)
    content = signed_in("quality").get(f"{URL}/partners", params={"incident": incident}).content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist() if name.endswith(".pdf")}
    assert {name.removesuffix(".pdf") for name in files} == set(partner.customers(scope))
    for name, made in files.items():
        told = words_of(made)
        others = set(partner.customers(scope)) - {name.removesuffix(".pdf")}
        assert not {one for one in others if one in told}


def test_the_pack_of_an_incident_hears_its_answers(signed_in: Enter, incident: str) -> None:
    client = signed_in("quality")
    pack = {"incident": incident}
    before = words_of(client.get(f"{URL}/recall", params=pack).content)
    party = next(
        one
        for one in client.get(f"/api/v1/incidents/{incident}/notices").json()["rows"]
        if any(row["lot"] and row["unaccounted"] for row in one["lots"])
    )
    line = next(row for row in party["lots"] if row["lot"] and row["unaccounted"])
    figures = client.get("/api/v1/incident-figures").json()["incidents"]
    told = next(one for one in figures if one["number"] == incident)["unaccounted"]
    answer = WHY | {
        "customer": party["customer"], "lot": line["lot"], "uom": line["uom"] or None,
        "amounts": {"recovered": line["unaccounted"]},
    }  # fmt: skip
    sent = client.post(f"/api/v1/incidents/{incident}/answers", json=answer)
    assert sent.status_code == 200, sent.text
    figures = client.get("/api/v1/incident-figures").json()["incidents"]
    now = next(one for one in figures if one["number"] == incident)["unaccounted"]
    gone = told[line["uom"]]["total"] - now[line["uom"]]["total"]
    assert gone == pytest.approx(line["unaccounted"])
    after = words_of(client.get(f"{URL}/recall", params=pack).content)
    shown = f"{now[line['uom']]['total']:,.6f}".rstrip("0").rstrip(".")
    assert shown in after
    assert shown not in before


def test_a_report_prints_what_its_reader_may_see(
    service: FastAPI, signed_in: Enter, lot: str
) -> None:
    plant = service.state.plant
    named = set(plant.names(plant.now().facts.tables["Person"]["key"]).values())
    packs = {
        role: words_of(signed_in(role).get(f"{URL}/audit", params={"lot": lot}).content)
        for role in ("quality", "purchasing")
    }
    printed = {name for name in named if "".join(name.split()) in packs["quality"]}
    assert printed
    assert not {name for name in printed if "".join(name.split()) in packs["purchasing"]}
    assert signed_in("purchasing").get(
        f"{URL}/food-law", params={"lot": lot}
    ).status_code == 403  # fmt: skip
    quality = signed_in("quality")
    made = quality.post("/api/v1/tokens", json={"label": "x", "scopes": ["report.read"]}).json()
    bearer = {"authorization": f"Bearer {made['secret']}"}
    answer = signed_in("nobody").get(f"{URL}/recall", params={"lot": lot}, headers=bearer)
    assert answer.status_code == 403  # it prints prices
    assert answer.json()["params"]["permission"] == "price.see"


def test_an_incident_or_suspects_but_not_both(signed_in: Enter, lot: str, incident: str) -> None:
    client = signed_in("quality")
    both = client.get(f"{URL}/recall", params={"lot": lot, "incident": incident})
    assert (both.status_code, both.json()["code"]) == (422, "incident_or_suspects")
    none = client.get(f"{URL}/recall")
    assert (none.status_code, none.json()["code"]) == (422, "nothing_suspected")


def test_any_answer_is_a_workbook_with_every_row(signed_in: Enter, lot: str) -> None:
    client = signed_in("quality")
    rows = client.get(TRACE, params={"lot": lot}).json()["lots"]
    book = client.get(TRACE, params={"lot": lot}, headers={"accept": XLSX})
    about, sheet, *_ = openpyxl.load_workbook(io.BytesIO(book.content)).worksheets
    _, *cells = sheet.iter_rows(values_only=True)
    assert len(cells) == len(rows)
    assert [row[0] for row in cells] == [row["key"] for row in rows]
    told = [cell for row in about.iter_rows(values_only=True) for cell in row]
    assert "trace" in told


def test_who_may_have_which_report(service: FastAPI, signed_in: Enter) -> None:
    for role in ("viewer", "nobody"):
        assert signed_in(role).get(f"{URL}/audit", params={"lot": "x"}).status_code == 403
    assert "viewer" not in PERMISSIONS["report.read"]


def test_the_bill_of_a_recall_is_one_page_in_both_languages(
    signed_in: Enter, incident: str
) -> None:
    for lang, title in (("en", "Billofarecall"), ("zh-CN", "召回账单")):
        answer = signed_in("management").get(
            f"{URL}/management", params={"incident": incident}, headers={"accept-language": lang}
        )
        assert answer.status_code == 200, answer.text
        content = answer.content
        with pypdfium2.PdfDocument(content) as book:
            assert len(book) == 1
        assert title in words_of(content)


def test_a_report_of_the_background_is_the_same_file(
    service: FastAPI, signed_in: Enter, lot: str, incident: str
) -> None:
    client, wish = signed_in("quality"), {"prefer": "wait=1, respond-async"}
    for name, query in (("closing", {"incident": incident}), ("fsma204", {"lot": lot})):
        now = client.get(f"{URL}/{name}", params=query)
        begun = client.get(f"{URL}/{name}", params=query, headers=wish)
        assert (begun.status_code, begun.json()["report"]) == (202, name)
        where = begun.headers["location"]
        with client.stream("GET", f"{where}/events") as stream:
            told = "".join(stream.iter_text())
        assert "event: done" in told
        done = client.get(where).json()
        assert (done["state"], done["file"]) == ("done", f"{where}/file")
        fetched = client.get(done["file"])
        assert fetched.content == now.content
        assert fetched.headers["content-disposition"] == now.headers["content-disposition"]
        assert fetched.headers["content-type"] == now.headers["content-type"]
        entries = {one.event: one for one in service.state.audit.entries()}
        assert done["digest"] in entries["report.fetched"].params
        assert entries["report.fetched"].size == len(now.content)
    listed = client.get("/api/v1/report-jobs").json()["rows"]
    assert {one["report"] for one in listed} >= {"closing", "fsma204"}
    held, own = service.state.jobs, {"account": "quality"}
    assert held.count(later.REPORT, **own) == len(listed) == len(held.all(later.REPORT, **own))
    assert held.all(later.REPORT, limit=1)[0].result is None
    # It is no import, and nobody else's.
    assert not {one["id"] for one in listed} & {
        one["id"] for one in client.get("/api/v1/imports").json()["rows"]
    }
    assert client.get(f"/api/v1/imports/{listed[0]['id']}").status_code == 404


def test_a_list_that_holds_the_last_jobs_only_says_so(
    signed_in: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, wish = signed_in("quality"), {"prefer": "respond-async"}
    for _ in range(2):
        begun = client.post(f"{URL}/audit", json={"lot": "NO-SUCH-LOT"}, headers=wish)
        assert begun.status_code == 202
    whole = client.get("/api/v1/report-jobs").json()
    assert (whole["complete"], whole["total"]) == (True, len(whole["rows"]))
    monkeypatch.setattr(later, "own", lambda jobs: jobs.all(later.REPORT, limit=1))
    cut = client.get("/api/v1/report-jobs").json()
    assert (cut["complete"], cut["total"], len(cut["rows"])) == (False, whole["total"], 1)
    assert cut["missing"][0]["count"] == whole["total"] - 1


def test_a_report_of_the_background_that_fails_says_why(signed_in: Enter) -> None:
    client = signed_in("quality")
    asked = {"lot": "NO-SUCH-LOT"}
    begun = client.post(f"{URL}/audit", json=asked, headers={"prefer": "respond-async"})
    where = begun.headers["location"]
    with client.stream("GET", f"{where}/events") as stream:
        assert "event: failed" in "".join(stream.iter_text())
    assert client.get(where).json()["error"]["status"] == 404
    assert client.get(f"{where}/file").json()["code"] == "report_not_there"


def test_a_report_is_not_fetched_with_fewer_rights_than_it_was_made_with(
    service: FastAPI, signed_in: Enter, lot: str
) -> None:
    service.state.accounts.add("mover", ["quality"], PASSWORD, must_change=False)
    client = signed_in("mover")
    asked = {"params": {"lot": lot}, "headers": {"prefer": "respond-async"}}
    where = client.get(f"{URL}/audit", **asked).headers["location"]
    with client.stream("GET", f"{where}/events") as stream:
        assert "event: done" in "".join(stream.iter_text())
    assert client.get(f"{where}/file").status_code == 200
    service.state.accounts.change("mover", roles=["purchasing"])
    client = signed_in("mover")
    assert client.get(where).status_code == 200
    assert client.get(f"{where}/file").status_code == 403
    narrow = client.post("/api/v1/tokens", json={"label": "x", "scopes": ["account.own"]}).json()
    bearer = {"authorization": f"Bearer {narrow['secret']}"}
    assert client.get(f"{where}/file", headers=bearer).status_code == 403


def test_an_account_has_few_reports_under_way_at_once(
    service: FastAPI, signed_in: Enter, lot: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(later, "WAITING", 0)
    headers = {"prefer": "respond-async"}
    refused = signed_in("quality").get(f"{URL}/audit", params={"lot": lot}, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_reports")
    assert refused.headers["retry-after"]
