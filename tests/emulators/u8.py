"""U8's OpenAPI: a token that runs out, numbers as text, lists with and without pages."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import polars as pl

from loaders.sources.forms import Form, profile
from tests.emulators import carrying
from tests.emulators.base import Asked, Emulator, Told

FROM, TO, APP_KEY = "openapi_dev", "openapi_ent", "opa6fdd4bea98b95ad7"
APP_SECRET = "canary-u8-secret-c0de"

Record = dict[str, Any]


class U8Emulator(Emulator):
    """Documents by form: heads with their lines in `entry`. `token`: the one in force."""

    def __init__(self, forms: Mapping[str, list[Record]]) -> None:
        super().__init__()
        self.forms = dict(forms)
        self.secret = APP_SECRET
        self.token = ""
        self._tokens = itertools.count(1)
        self.lacking = 0

    def answer(self, asked: Asked) -> Told:
        query = asked.query
        if asked.path == "/system/token":
            if query.get("app_secret") != self.secret or query.get("app_key") != APP_KEY:
                return Told({"errcode": "10002", "errmsg": "app_secret 不正确"})
            self.token = f"canary-u8-token-{next(self._tokens)}"
            return Told({"errcode": "0", "errmsg": "", "token": {"id": self.token}})
        if query.get("token") != self.token or query.get("to_account") != TO:
            return Told({"errcode": "10006", "errmsg": "token 已过期"})
        _, _, name, verb = asked.path.split("/")
        if verb == "get":
            form = next((f for f in profile("u8").values() if f.query.get("one") == name), None)
            found = [d for d in self.forms[form.name] if d["code"] == query["id"]] if form else []
            if not found:
                return Told({"errcode": "20001", "errmsg": "单据不存在"})
            return Told({"errcode": "0", "errmsg": "", name: found[0]})
        form = next((f for f in profile("u8").values() if f.query["list"] == name), None)
        if form is None or verb != "batch_get":
            return Told({"errcode": "30021", "errmsg": "此应用未上架"})
        return Told(self._list(form, query))

    def _list(self, form: Form, query: Mapping[str, str]) -> Record:
        rows = [
            {key: value for key, value in row.items() if key != "entry"}
            for row in self.forms[form.name]
            if query.get("date_begin", "")
            <= str(row.get("date") or "")
            <= query.get("date_end", "~")
        ]
        told: Record = {"errcode": "0", "errmsg": ""}
        if not form.query.get("paged"):
            return {**told, form.query["list"]: rows}
        per, index = int(query["rows_per_page"]), int(query["page_index"])
        page = rows[(index - 1) * per : index * per]
        return {
            **told, "page_index": str(index), "rows_per_page": str(per),
            "row_count": str(len(rows)), "page_count": str(-(-len(rows) // per)),
            form.query["list"]: page[self.lacking :],
        }  # fmt: skip


def carried(sheets: Mapping[str, pl.DataFrame], today: str) -> carrying.Sheets:
    """The sheets with what the interface carries. There is no cancelled document: it is deleted."""
    kept = {
        name: frame.filter(pl.col("doc_status") != "cancelled")
        if "doc_status" in frame.columns
        else frame
        for name, frame in sheets.items()
    }
    changes = {"shipments": {"delivery_no": pl.col("doc_no")}}
    forms = [form for form in profile("u8").values() if form.sheet != "lots"]
    found = carrying.carried(kept, forms, today, changes)
    held = pl.col("quality_status").is_in(["hold", "pending", "nonconforming", "concession"])
    status = pl.when(held).then(pl.lit("hold")).otherwise(pl.lit("conforming"))
    found["stock"] = sheets["stock"].select(
        "place", "item_code", "lot_no", "quantity", quality_status=status, as_of=pl.lit(today)
    )
    return found


def forms_of(sheets: Mapping[str, pl.DataFrame]) -> dict[str, list[Record]]:
    """Sheets as documents; red ones have negative quantities."""
    found: dict[str, list[Record]] = {name: [] for name in profile("u8")}
    for name, form in profile("u8").items():
        documents: dict[str, Record] = {}
        for nth, (row, sign) in enumerate(_rows(form, sheets)):
            head, line = _record(form, row, sign)
            if "one" not in form.query:
                found[name].append(head)
                continue
            kept = documents.setdefault(str(head.get("code") or nth), {**head, "entry": []})
            kept["entry"].append(line)
        found[name] += documents.values()
    return found


def _rows(form: Form, sheets: Mapping[str, pl.DataFrame]) -> list[tuple[Record, int]]:
    rows = [(row, 1) for row in sheets.get(form.sheet, pl.DataFrame()).to_dicts()]
    if form.red is not None and form.red.sheet != "issues":
        back = {new: old for old, new in form.red.rename.items()}
        red = sheets.get(form.red.sheet, pl.DataFrame()).to_dicts()
        rows += [({back.get(key, key): v for key, v in row.items()}, -1) for row in red]
    return rows


def _record(form: Form, row: Record, sign: int) -> tuple[Record, Record]:
    """(head, line): every field that the form asks for is there, as text."""
    record: Record = {name: "" for name in form.asked if not name.startswith("_")}
    for name, (key, *_) in form.fields.items():
        if not key.startswith("_") and not record[key]:
            value = row.get(name)
            value = sign * value if name == "quantity" and value is not None else value
            record[key] = "" if value is None else str(value)
    if "doc_status" in form.fields:
        record["handler"] = "" if row.get("doc_status") == "draft" else "审核人"
    if "quality_status" in form.fields:
        record["stopqty"] = record["qty"] if row.get("quality_status") == "hold" else "0"
    mark = "entry."
    line = {key.removeprefix(mark): v for key, v in record.items() if key.startswith(mark)}
    return {key: v for key, v in record.items() if not key.startswith(mark)}, line
