"""Kingdee Cloud Galaxy's ExecuteBillQuery and Save, on bills in memory.

Checked: both signatures of the vendor's kit, the session, `FLot` (an id) against `FLot.FNumber`,
filters as text in a subset of SQL, StartRow, TopRowCount, Limit (default 2000, at most 10,000), and
refusals that come with status 200 in three wrappings.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote

import polars as pl
from k3cloud_webapi_sdk.util import encode_util

from loaders.sources.forms import Form, profile
from loaders.sources.kingdee import _asked
from tests.emulators import carrying
from tests.emulators.base import Asked, Emulator, Told

ACCT, USER, ORG = "acct-1", "lotgraph", 0
APP_ID = "lotgraph_KgY1H+CTyUyxoVWgw2kdbqwVsPt4Q/Ux"
APP_SECRET = "canary-kingdee-secret-5f1c"
SERVICE = "/k3cloud/Kingdee.BOS.WebApi.ServicesStub.DynamicFormService."
DEFAULT, MOST = 2000, 10_000

Record = dict[str, Any]


class KingdeeEmulator(Emulator):
    """Bills by form, a record a line. `saved`: what came in by Save. `short`: rows of a page."""

    def __init__(self, forms: Mapping[str, list[Record]]) -> None:
        super().__init__()
        self.forms = dict(forms)
        self.secret = APP_SECRET
        self.saved: list[tuple[str, Record]] = []
        self.short = 0
        self.session = "session-1"
        self.wrap: Callable[[Any], Any] = lambda told: [[told]]

    def answer(self, asked: Asked) -> Told:
        if not self._is_signed(asked):
            return Told(self.wrap(_refused("签名验证失败", 1)))
        method = asked.path.removeprefix(SERVICE).removesuffix(".common.kdsvc")
        cookie = {"Set-Cookie": f"kdservice-sessionid={self.session}; path=/"}
        sent = asked.headers.get("kdservice-sessionid", self.session)
        if sent != self.session:
            return Told(self.wrap(_refused("会话信息已丢失，请重新登录", 1)))
        body = asked.json()
        if method == "ExecuteBillQuery":
            return Told(self._query(body["data"]), headers=cookie)
        if method == "Save":
            self.saved.append((body["formid"], body["data"]))
            told = {"ResponseStatus": {"IsSuccess": True, "Errors": []}, "Number": "ZT0001"}
            return Told({"Result": told}, headers=cookie)
        return Told("not found", 404)

    def _is_signed(self, asked: Asked) -> bool:
        head = asked.headers
        client, _, sealed = head.get("x-kd-appkey", "").partition("_")
        path = quote(asked.path, encoding="utf-8").replace("/", "%2F")
        nonce, stamp = head.get("x-api-nonce", ""), head.get("x-api-timestamp", "")
        signed = f"POST\n{path}\n\nx-api-nonce:{nonce}\nx-api-timestamp:{stamp}\n"
        app_data = f"{ACCT},{USER},2052,{ORG}"
        return (
            asked.method == "POST"
            and head.get("x-api-clientid") == client
            and head.get("x-kd-appdata") == base64.b64encode(app_data.encode()).decode()
            and head.get("x-api-signature") == _hmac(signed, encode_util.DecodeAppSecret(sealed))
            and head.get("x-kd-signature") == _hmac(head["x-kd-appkey"] + app_data, self.secret)
        )

    def _query(self, data: Mapping[str, Any]) -> Any:
        form = self.forms.get(data["FormId"])
        if form is None:
            return self.wrap(_refused(f"表单 {data['FormId']} 不存在", 5))
        keys = data["FieldKeys"].split(",")
        known = set(form[0]) if form else set(keys)
        if missing := [key for key in keys if key not in known]:
            return self.wrap(_refused(f"字段不存在: {missing[0]}", 9))
        rows = [row for row in form if _holds(data.get("FilterString", ""), row)]
        for order in reversed([each for each in data.get("OrderString", "").split(",") if each]):
            name, _, way = order.strip().partition(" ")
            rows.sort(key=operator.itemgetter(name), reverse=way.lower() == "desc")
        limit = min(data.get("Limit") or DEFAULT, MOST, self.short or MOST)
        if data.get("TopRowCount"):
            rows = rows[: data["TopRowCount"]]
        start = data.get("StartRow", 0)
        return [[row[key] for key in keys] for row in rows[start : start + limit]]


def _refused(why: str, code: int) -> Record:
    status = {"IsSuccess": False, "ErrorCode": 500, "Errors": [{"FieldName": "", "Message": why}]}
    return {"Result": {"ResponseStatus": status | {"MsgCode": code}}}


def _hmac(content: str, secret: str) -> str:
    """As the vendor has it: base64 of the digest in hex."""
    digest = hmac.new(secret.encode(), content.encode(), hashlib.sha256).hexdigest()
    return base64.b64encode(digest.encode()).decode()


# ---------------------------------------------------------------------------- filters

_TOKEN = re.compile(r"\s*(\(|\)|<>|>=|<=|=|>|<|'(?:[^']|'')*'|[\w.]+)")


def _holds(text: str, row: Record) -> bool:
    """Whether a row passes a filter: comparisons with and, or and brackets."""
    return not text.strip() or _either(_TOKEN.findall(text), row)


def _either(tokens: list[str], row: Record) -> bool:
    found = _both(tokens, row)
    while tokens and tokens[0].lower() == "or":
        tokens.pop(0)
        found = _both(tokens, row) or found
    return found


def _both(tokens: list[str], row: Record) -> bool:
    found = _one(tokens, row)
    while tokens and tokens[0].lower() == "and":
        tokens.pop(0)
        found = _one(tokens, row) and found
    return found


def _one(tokens: list[str], row: Record) -> bool:
    name = tokens.pop(0)
    if name == "(":
        found = _either(tokens, row)
        assert tokens.pop(0) == ")"
        return found
    how, written = tokens.pop(0), tokens.pop(0)
    value = row[name]
    given: Any = written[1:-1] if written.startswith("'") else float(written)
    if value is None:
        return False
    fits: bool = {
        "=": value == given, "<>": value != given, ">": value > given, "<": value < given,
        ">=": value >= given, "<=": value <= given,
    }[how]  # fmt: skip
    return fits


# ---------------------------------------------------------------------------- a plant as bills

CARRIED = {
    name: form
    for name, form in profile("kingdee").items()
    if name not in ("PRD_FeedMtrl", "BD_BatchMainFile")
}
"""Forms that the demo plant is served by; the others have no sheet of their own there."""


def forms_of(sheets: Mapping[str, pl.DataFrame]) -> dict[str, list[Record]]:
    """Sheets as bills of the forms that carry them; forms without a sheet are empty."""
    found: dict[str, list[Record]] = {name: [] for name in profile("kingdee")}
    for name, form in CARRIED.items():
        if form.sheet in sheets:
            found[name] = list(_bills(form, sheets[form.sheet].to_dicts()))
    return found


def _bills(form: Form, rows: Iterable[Record]) -> Iterable[Record]:
    document = next((n for n, k in form.fields.items() if form.document in k), "")
    numbers: dict[Any, int] = {}
    for nth, row in enumerate(rows, start=1):
        number = numbers.setdefault(row.get(document, nth), 100_000 + len(numbers))
        for side in ("A", "B") if "group" in form.query else ("",):
            yield _line(form, row, number, nth, side)


def _line(form: Form, row: Record, number: int, nth: int, side: str) -> Record:
    """A record with every key that can be asked for; B is how a line is now, else how it was."""
    record: Record = dict.fromkeys(_asked(form))
    for name, (key, *_) in form.fields.items():
        mine = key.startswith("B:") or name not in ("parent_lot_no", "item_code")
        if not key.startswith("_") and (mine if side == "B" else not key.startswith("B:")):
            value = row.get(name, row.get("item_code") if name == "to_item_code" else None)
            words = {code: word for word, code in form.values.get(name, {}).items()}
            record[key.removeprefix("B:")] = _moment(words.get(str(value), value))
    if "FLot.FNumber" in record:
        record |= {"FLot": 900_000 + nth, "FLot_Text": record["FLot.FNumber"]}
    if form.name == "QM_InspectBill":
        record |= {"FBillNo": row["inspection_no"].partition("/")[0], "FEntity_FSeq": 1}
    at = f"2026-11-20T14:{nth // 60 % 60:02d}:{nth % 60:02d}"
    for name in form.query["changes"]:
        record[name] = record.get(name) or (None if name == "FCancelDate" else at)
    status = row.get("doc_status") or "posted"
    if "FDocumentStatus" in record:
        record["FDocumentStatus"] = "A" if status == "draft" else "C"
        record["FCancelStatus"] = "B" if status == "cancelled" else "A"
    if "group" in form.query:
        record |= {"FGroup": nth, "FConvertType": side}
    return {**record, form.query["id"]: number}


def _moment(value: Any) -> Any:
    """Days and moments as the system writes them; all else as it is."""
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return f"{value}T00:00:00"
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", value):
        return value.replace(" ", "T")
    return value


def carried(sheets: Mapping[str, pl.DataFrame], today: str) -> dict[str, pl.DataFrame]:
    """The sheets with what the bills carry: one number a delivery, one result a line."""
    own = {"delivery_no": pl.col("doc_no")}, {"inspection_no": pl.col("inspection_no") + "/1"}
    changes = dict(zip(("shipments", "inspections"), own, strict=True))
    return carrying.carried(sheets, CARRIED.values(), today, changes)
