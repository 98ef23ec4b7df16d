"""Jiandaoyun's open API v5 as its documents describe it, on forms in memory.

Checked: the bearer key, `limit` 1 to 100 (default 10), pages in the order of ids behind `data_id`,
filters with all their methods, 30 requests a second (8303), aliases, sub-forms with ids. Codes of
errors other than 8303 are ours: the documents at hand do not list them.
"""

from __future__ import annotations

import itertools
import json
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from graph_model.i18n import text
from loaders.plant.sheets import BY_NAME, DATES, NUMBERS, STAMPS
from loaders.sources.jiandaoyun import signature
from tests.emulators.base import Asked, Emulator, Told

APP = "59264073a2a60c0c08e20bfb"
KEY = "canary-jdy-key-7d1f"
PUSH_SECRET = "canary-jdy-push-93aa"
PER_SECOND = 30
_ZONE = ZoneInfo("Asia/Shanghai")
_START = datetime(2026, 11, 1, tzinfo=UTC)


@dataclass
class EntryForm:
    """A form: `widgets` as widget/list gives them, `rows` as data/list does."""

    entry_id: str
    name: str
    widgets: list[dict[str, Any]]
    rows: list[dict[str, Any]] = field(default_factory=list)


class JiandaoyunEmulator(Emulator):
    """One app. `short`: at most so many rows of a page are given, however many there are."""

    def __init__(self, forms: list[EntryForm] | None = None) -> None:
        super().__init__()
        self.forms = {form.entry_id: form for form in forms or []}
        self.key = KEY
        self.short = 0
        self.per_second = PER_SECOND
        self._times: deque[float] = deque()

    def answer(self, asked: Asked) -> Told:
        if asked.headers.get("authorization") != f"Bearer {self.key}":
            return Told({"code": 8301, "msg": "API Key 无效"}, 401)
        now = time.monotonic()
        while self._times and now - self._times[0] > 1:
            self._times.popleft()
        if len(self._times) >= self.per_second:
            return Told({"code": 8303, "msg": "超出请求频率限制"}, 400)
        self._times.append(now)
        body = asked.json()
        if asked.method != "POST" or body.get("app_id") != APP:
            return Told({"code": 2004, "msg": "应用不存在"}, 400)
        if asked.path == "/api/v5/app/entry/list":
            return Told({"forms": self._page([
                {"app_id": APP, "entry_id": form.entry_id, "name": form.name}
                for form in self.forms.values()
            ], body)})  # fmt: skip
        form = self.forms.get(body.get("entry_id", ""))
        if form is None:
            return Told({"code": 3005, "msg": "表单不存在"}, 400)
        if asked.path == "/api/v5/app/entry/widget/list":
            newest = max((row["updateTime"] for row in form.rows), default=None)
            return Told({"widgets": form.widgets, "sysWidgets": [], "dataModifyTime": newest})
        if asked.path == "/api/v5/app/entry/data/list":
            return self._data(form, body)
        return Told({"code": 404, "msg": "接口不存在"}, 404)

    @staticmethod
    def _page(rows: list[Any], body: Mapping[str, Any]) -> list[Any]:
        skip, limit = body.get("skip", 0), body.get("limit", 100)
        return rows[skip : skip + limit]

    def _data(self, form: EntryForm, body: Mapping[str, Any]) -> Told:
        limit = body.get("limit", 10)
        if not isinstance(limit, int) or not 1 <= limit <= 100:
            return Told({"code": 17004, "msg": "limit 应为 1 至 100"}, 400)
        rows = sorted(form.rows, key=lambda row: str(row["_id"]))
        rows = [row for row in rows if row["_id"] > body.get("data_id", "")]
        rows = [row for row in rows if fits(row, body.get("filter"))]
        rows = rows[: min(limit, self.short or limit)]
        if wanted := body.get("fields"):
            own = {"_id", "appId", "entryId", "creator", "updater", "createTime", "updateTime"}
            rows = [{n: v for n, v in row.items() if n in own or n in wanted} for row in rows]
        return Told({"data": rows})

    def change(self, entry_id: str, data_id: str, **values: Any) -> dict[str, Any]:
        """Changes a record, now by the system's clock."""
        row = next(row for row in self.forms[entry_id].rows if row["_id"] == data_id)
        row |= values
        return row


def fits(row: Mapping[str, Any], filter_: Mapping[str, Any] | None) -> bool:
    """Whether a row passes a filter."""
    if not filter_:
        return True
    each = [_holds(row.get(one["field"]), one) for one in filter_["cond"]]
    return all(each) if filter_["rel"] == "and" else any(each)


def _holds(value: Any, one: Mapping[str, Any]) -> bool:
    given = one.get("value", [])
    first = given[0] if given else None
    match one["method"]:
        case "empty":
            return bool(value in (None, "", []))
        case "not_empty":
            return bool(value not in (None, "", []))
        case "eq":
            return bool(value == first)
        case "ne":
            return bool(value != first)
        case "in":
            return bool(value in given)
        case "nin":
            return bool(value not in given)
        case "like":
            return str(first) in str(value)
        case "range":
            low, high = given
            return (low is None or str(value) >= str(low)) and (
                high is None or str(value)[: len(str(high))] <= str(high)
            )
        case "verified" | "unverified":
            return bool(bool(value) == (one["method"] == "verified"))
    raise ValueError(one["method"])


def push(
    row: Mapping[str, Any], op: str, delivery: str, at: float
) -> tuple[str, dict[str, str], str]:
    """(query, headers, payload) of a push, signed as the vendor's own sample signs."""
    payload = json.dumps({"op": op, "data": row}, ensure_ascii=False)
    nonce, timestamp = delivery[:6], str(int(at))
    headers = {
        "X-JDY-Signature": signature(nonce, payload, PUSH_SECRET, timestamp),
        "X-JDY-DeliverId": delivery,
        "Content-Type": "application/json",
    }
    return f"nonce={nonce}&timestamp={timestamp}", headers, payload


# ---------------------------------------------------------------------------- a plant as forms

_PART = "明细"


def label(name: str) -> str:
    """The Chinese title of a field."""
    return text(f"import.field.{name}", "zh_CN")


def forms_of(sheets: Mapping[str, pl.DataFrame]) -> list[EntryForm]:
    """Sheets as forms; where documents have lines, these are a sub-form of their document."""
    ids = (f"{number:024x}" for number in itertools.count(0x59E9A2FE283FFA7C11B1D000))
    return [_form(name, frame, ids) for name, frame in sheets.items()]


def _form(name: str, frame: pl.DataFrame, ids: Any) -> EntryForm:
    fields = [each for each in frame.columns if each != "source"]
    parted = {"doc_no", "doc_line_no"} <= set(fields)
    inner = [each for each in fields if each != "doc_no" and parted]
    outer = [each for each in fields if each not in inner]
    entry, numbers = next(ids), itertools.count(1529400746031)
    keys = {each: f"_widget_{next(numbers)}" for each in fields}
    # An alias is what the API calls a field that has one.
    keys |= {"item_code": "item"} if "item_code" in keys and "item_code" in outer else {}

    def widget(each: str) -> dict[str, Any]:
        return {"name": keys[each], "label": label(each), "type": _type(each)}

    widgets = [widget(each) for each in outer]
    part = f"_widget_{next(numbers)}"
    if inner:
        items = [widget(each) for each in inner]
        widgets.append({"name": part, "label": _PART, "type": "subform", "items": items})
    made = EntryForm(entry, text(f"import.sheet.{name}", "zh_CN"), widgets)
    assert BY_NAME[name].name == name
    by = ["doc_no"] if parted else []
    groups = frame.partition_by(by, maintain_order=True) if by else frame.iter_slices(1)
    for nth, group in enumerate(groups):
        when = f"{_START + timedelta(minutes=nth):%Y-%m-%dT%H:%M:%S}.000Z"
        rows = group.to_dicts()
        record: dict[str, Any] = {
            "_id": next(ids), "appId": APP, "entryId": entry, "createTime": when,
            "updateTime": when, "creator": {"name": "小简", "username": "xiaojian", "status": 1},
        }  # fmt: skip
        record |= {keys[each]: _value(each, rows[0][each]) for each in outer}
        if inner:
            record[part] = [
                {"_id": next(ids)} | {keys[each]: _value(each, row[each]) for each in inner}
                for row in rows
            ]
        made.rows.append(record)
    return made


def _type(name: str) -> str:
    return "number" if name in NUMBERS else "datetime" if name in DATES | STAMPS else "text"


def _value(name: str, value: Any) -> Any:
    if value is None or name not in DATES | STAMPS:
        return "" if value is None and name not in NUMBERS else value
    local = datetime.fromisoformat(str(value)).replace(tzinfo=_ZONE).astimezone(UTC)
    return f"{local:%Y-%m-%dT%H:%M:%S}.000Z"
