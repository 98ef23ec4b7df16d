"""Names and numbers that attack: through every page, answer, sheet and report, and nothing runs."""

from __future__ import annotations

import csv
import io
import json
import re
import urllib.parse
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pypdfium2
import pypdfium2.raw as pdf
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.answers import CSV, PREFIX, XLSX
from api.app import create
from dashboard.pages import pages
from graph_model.access import ROLES
from graph_model.schema import Complaint, Customer
from graph_model.settings import Settings
from loaders.formulas import RUNS
from tests.service import hostile
from tests.service.conftest import PASSWORD, Enter, load

PDF, ZIP = "application/pdf", "application/zip"
WHY = {"reason": hostile.ATTACKS[0]}
NUMBER = hostile.ATTACKS[4].replace("/", "|")
"""The number of the incident is entered by a person, and attacks too."""

Known = dict[str, Any]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    """A service on the attacking plant, with an account for each role."""
    base = tmp_path_factory.mktemp("hostile")
    hostile.write_plant(base / "plant")
    settings = Settings(data=base / "data")
    load(settings, base / "plant")
    app = create(settings)
    for role in ROLES:
        app.state.accounts.add(role, [role], PASSWORD, must_change=False)
    with TestClient(app):
        app.state.budget.seconds = 1e9
        yield app


@pytest.fixture(scope="module")
def client(signed_in: Enter) -> TestClient:
    """An admin: who sees everything is shown every attack."""
    return signed_in("admin")


@pytest.fixture(scope="module")
def known(service: FastAPI, client: TestClient) -> Known:
    """A value for each parameter by its name; every one attacks where the plant's texts do."""
    moment = service.state.plant.now()
    facts, lineage = moment.facts, moment.lineage
    bought = lineage.lots.filter(pl.col("supplier").is_not_null() & pl.col("rule").is_null())
    lot = max(bought["key"], key=lambda key: len(lineage.forward(lineage.number([key])).lots))
    opened = WHY | {"title": hostile.ATTACKS[1], "suspected": {"lot": [lot]}, "number": NUMBER}
    assert client.post("/api/v1/incidents", json=opened).status_code == 201
    number = urllib.parse.quote(NUMBER, safe="")
    for path, more in (("holds", {}), ("notify", {}), ("told", {"what": "sent"})):
        answer = client.post(f"/api/v1/incidents/{number}/{path}", json=WHY | more)
        assert answer.status_code == 200, answer.text
    sheet = {"files": ("issues.csv", b"item_code,quantity\n=1+1,=x\n")}
    job = client.post("/api/v1/imports", data={"dry_run": "true"}, files=sheet).json()
    assert client.post("/api/v1/drills", json={"lots": 2, "seed": 1}).status_code == 200
    told = client.get(f"/api/v1/incidents/{number}/notices").json()["rows"]
    shipped = facts.tables["Shipped"].filter(pl.col("lot").is_not_null())["shipment"][0]
    row = lineage.lots.row(int(lineage.number([lot])[0]), named=True)
    return {
        "lot": lot, "lots": lot, "of": lot, "incident": NUMBER, "job": job["id"],
        "account": "quality", "supplier": row["supplier"],
        "item": row["item_code"], "site": "WH-RM", "person": "P002", "shipment": shipped,
        "start": "2026-01-01", "finish": "2026-12-31", "customer": facts[Customer]["company"][0],
        "work_order": facts.tables["Operation"].filter(kind="produce")["number"][0],
        "lot_no": row["lot_no"], "first": 1, "to_customer": told[0]["customer"],
        "complaint": facts[Complaint]["complaint_no"][0], "number": row["lot_no"],
    }  # fmt: skip


NEEDS = {
    "/api/v1/scope": ("lot",), "/api/v1/cover": ("supplier",), "/api/v1/reports/fsma204": ("lot",),
    "/api/v1/scope/pivot": ("complaint",), "/api/v1/reports/recall": ("lot",),
    "/api/v1/reports/claim": ("lot",), "/api/v1/reports/notice": ("incident",),
    "/api/v1/reports/partner": ("incident",), "/api/v1/reports/partners": ("incident",),
}  # fmt: skip
"""What an address needs though no single parameter of it is required."""


def gets(service: FastAPI, known: Known, *kinds: str) -> list[tuple[str, dict[str, Any]]]:
    """Every address that answers in one of these kinds, with parameters that it answers."""
    found = []
    for path, methods in service.openapi()["paths"].items():
        offered = methods.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
        if not set(kinds) & set(offered):
            continue
        asked = {}
        url = path
        for one in methods["get"].get("parameters", ()):
            name = one["name"]
            if one["in"] == "path":
                value = NUMBER if name == "number" else str(known[name])
                url = url.replace(f"{{{name}}}", urllib.parse.quote(value, safe=""))
            elif one.get("required") or (path.startswith("/api/v1/questions/") and name in known):
                asked[name] = known[name]
        scoped = path.startswith("/api/v1/scope/") and path != "/api/v1/scope/pivot"
        wanted = NEEDS.get(path, ("lot",) if scoped else ())
        found.append((url, asked | {name: known[name] for name in wanted}))
    return found


def test_no_cell_of_any_workbook_is_a_formula_or_a_link(
    service: FastAPI, client: TestClient, known: Known
) -> None:
    attacks = 0
    for url, asked in gets(service, known, XLSX):
        answer = client.get(url, params=asked | {"form": "xlsx"} if "partner" in url else asked,
                            headers={"accept": XLSX})  # fmt: skip
        assert answer.status_code == 200, (url, asked, answer.text)
        for name, content in files(answer.content, XLSX):
            for sheet in openpyxl.load_workbook(io.BytesIO(content)):
                for cell in (cell for row in sheet.iter_rows() for cell in row):
                    assert cell.data_type != "f", (url, name, cell.value)
                    assert cell.hyperlink is None, (url, name, cell.value)
                    attacks += str(cell.value).startswith(RUNS)
    assert attacks > 100  # they were there


def test_no_cell_of_any_csv_begins_as_a_formula(
    service: FastAPI, client: TestClient, known: Known
) -> None:
    quoted = 0
    for url, asked in gets(service, known, CSV):
        answer = client.get(url, params=asked, headers={"accept": CSV})
        assert answer.status_code == 200, (url, asked, answer.text)
        assert answer.headers["content-type"].startswith(CSV)
        for cell in (cell for row in csv.reader(io.StringIO(answer.text[1:])) for cell in row):
            assert not cell.startswith(RUNS) or is_number(cell), (url, cell)
            quoted += cell.startswith("'") and cell[1:].startswith(RUNS)
    assert quoted > 100


def is_number(cell: str) -> bool:
    """Whether a cell is a plain number; a minus before one is no formula."""
    return re.fullmatch(r"-?\d+(\.\d+)?(e[+-]?\d+)?", cell) is not None


def test_no_report_links_anywhere_and_no_file_is_named_for_harm(
    service: FastAPI, client: TestClient, known: Known
) -> None:
    printed = 0
    for url, asked in gets(service, known, PDF, ZIP, XLSX):
        if not url.startswith("/api/v1/reports/"):
            continue
        answer = client.get(url, params=asked)
        assert answer.status_code == 200, (url, answer.text)
        assert is_plain(answer.headers["content-disposition"]), answer.headers
        for name, content in files(answer.content, PDF):
            assert Path(name).name == name
            text, links = words_and_links(content)
            assert not links, (url, name, links)
            printed += hostile.EVIL in text
    assert printed


def is_plain(disposition: str) -> bool:
    """Whether a header names one file to be saved, without path, quote or second name."""
    kind, _, name = disposition.partition("; filename*=UTF-8''")
    plain = re.fullmatch(r"[\w.%-]+", name) is not None and "%2F" not in name.upper()
    return kind == "attachment" and plain and not urllib.parse.unquote(name).startswith(".")


def files(content: bytes, kind: str) -> list[tuple[str, bytes]]:
    """The files of a kind that an answer is or holds, by name."""
    if content.startswith(b"%PDF"):
        return [("report.pdf", content)] if kind == PDF else []
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if "[Content_Types].xml" in archive.namelist():
            return [("book.xlsx", content)] if kind == XLSX else []
        suffix = ".pdf" if kind == PDF else ".xlsx"
        return [(n, archive.read(n)) for n in archive.namelist() if n.endswith(suffix)]


def words_and_links(content: bytes) -> tuple[str, list[str]]:
    """What a PDF says, and what stands in it to be clicked or run."""
    words, links = "", []
    with pypdfium2.PdfDocument(content) as book:
        for page in book:
            words += page.get_textpage().get_text_range()
            count = pdf.FPDFPage_GetAnnotCount(page)
            links += [f"annotation of page {page}"] * count
    links += [word for word in ("/JavaScript", "/OpenAction", "/URI") if word.encode() in content]
    return "".join(words.split()), links


# ---------------------------------------------------------------------------- screens


LEADS_OUT = re.compile(r"^(?![/#?](?![/\\])|#|\?|$|data:image/|mailto:)", re.I)
ADDRESSES = {"href", "src", "action", "formAction", "xlinkHref"}
RAW = {"dangerouslySetInnerHTML", "dangerously_allow_html", "dangerously_allow_code", "srcDoc"}


def parts(value: Any) -> Iterator[tuple[str, Any]]:
    """Every property of an answer of the screens, however deep."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield name, part
            yield from parts(part)
    elif isinstance(value, list):
        for part in value:
            yield from parts(part)


def shown(client: TestClient, path: str, search: str) -> Any:
    """What the screens answer to an address."""
    names = ("page", "footer", "bar", "as-of", "languages")
    outputs = [{"id": name, "property": "children"} for name in names]
    outputs.append({"id": "shown", "property": "data"})
    known = client.get("/_dash-dependencies").json()
    output = next(one["output"] for one in known if one["output"].startswith("..page.children"))
    sent = {
        "output": output, "outputs": outputs, "changedPropIds": ["url.pathname"],
        "inputs": [{"id": "url", "property": "pathname", "value": path},
                   {"id": "url", "property": "search", "value": search},
                   {"id": "acted", "property": "data", "value": None}],
        "state": [{"id": "shown", "property": "data", "value": None}],
    }  # fmt: skip
    answer = client.post("/_dash-update-component", json=sent)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/json")
    return answer.json()


def addresses(known: Known) -> list[tuple[str, str]]:
    """Pages in states that show what the plant calls its lots, companies and persons."""
    states: list[dict[str, Any]] = [
        {}, {"lot": known["lot"], "sel": known["lot"]}, {"incident": known["incident"]},
        {"supplier": known["supplier"]}, {"q": known["lot_no"]},
        {"customer": known["customer"], "ask": "pack", "incident": known["incident"]},
        {"complaint": known["complaint"]}, {"lot": hostile.ATTACKS[0], "sel": hostile.ATTACKS[2]},
    ]  # fmt: skip
    found = [
        (page.path, "?" + urllib.parse.urlencode(state)) for page in pages() for state in states
    ]
    return [*found, ("//evil.example", ""), ("/\\evil.example", ""), (hostile.ATTACKS[2], "")]


def test_no_page_leads_out_or_holds_what_was_recorded_as_markup(
    client: TestClient, known: Known
) -> None:
    attacks = 0
    for path, search in addresses(known):
        made = shown(client, path, search)
        attacks += sum(text in json.dumps(made) for text in ("onerror=", "javascript:"))
        for name, value in parts(made):
            assert name not in RAW, (path, name)
            assert value != "Markdown" or name != "type", path
            if name in ADDRESSES and isinstance(value, str):
                assert not LEADS_OUT.match(value), (path, search, name, value)
    assert attacks > 10


def test_errors_and_the_sign_in_page_hold_no_markup_of_others(
    service: FastAPI, client: TestClient
) -> None:
    stranger = TestClient(service, follow_redirects=False)
    for attack in hostile.ATTACKS:
        page = stranger.get("/login", params={"next": "/" + attack})
        assert not re.search(r"<(img|script|a href=.http)", page.text)
        for url in (f"{PREFIX}find?number=", f"{PREFIX}incidents/", "/nothing/"):
            answer = client.get(url + urllib.parse.quote(attack, safe=""))
            assert "html" not in answer.headers["content-type"] or attack not in answer.text
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert "evil" not in "".join(answer.headers)
    sent = {"account": hostile.ATTACKS[0], "password": "x", "next": "/"}
    refused = stranger.post("/login", data=sent)
    assert refused.status_code == 401
    assert hostile.ATTACKS[0] not in refused.text


@pytest.mark.parametrize(
    "target", ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)"]
)
def test_a_sign_in_leads_to_this_service_only(service: FastAPI, target: str) -> None:
    browser = TestClient(service, follow_redirects=False)
    sent = {"account": "admin", "password": PASSWORD, "next": target}
    assert browser.post("/login", data=sent).headers["location"] == "/"
