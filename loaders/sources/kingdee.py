"""Kingdee Cloud Galaxy (金蝶云星空): bills by ExecuteBillQuery, asked through the vendor's own kit.

The kit (`kingdee.cdp.webapi.sdk`, extra `lotgraph[kingdee]`) signs requests and keeps the session.
Sending is done by our door: the kit itself follows redirects and does not check certificates.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from graph_model.errors import BadInput, SourceError
from graph_model.settings import Settings
from loaders.sources.base import Cursor, Offered, Page
from loaders.sources.config import Configured
from loaders.sources.door import Door, Pace, TryAgain
from loaders.sources.forms import Form

DEFAULT_PACE = Pace(per_second=5)
"""The vendor states no figure."""
LIMIT = 2000
_QUERY = "Kingdee.BOS.WebApi.ServicesStub.DynamicFormService.ExecuteBillQuery"
_LOST = ("会话信息已丢失", "请重新登录", "Fail to verify thirty passport")
_OVERLAP = timedelta(minutes=10)
"""Changes are asked for again from so long before the newest known: clerks' servers differ."""
_STATUS = {"C": "posted"}
"""Audited; all others (Z, A, B, D) are drafts."""
_CANCELLED = "B"
_MADE = ("_status", "_today", "_nth", "_line_no")


class Kingdee:
    """One account set. Options: `acct_id`, `user`, `app_id`, `org`; credential: `app_secret`."""

    def __init__(
        self, configured: Configured, settings: Settings, pace: Pace = DEFAULT_PACE
    ) -> None:
        self._configured = configured
        self._zone = ZoneInfo(settings.timezone)
        self._door = Door(configured.name, configured.address, configured.network, pace)
        secret = configured.secret(settings, "app_secret")
        self._kit = _kit(configured, secret, self._door)

    def close(self) -> None:
        """Ends the connection."""
        self._door.close()

    def forms(self) -> list[Form]:
        """The bills of the profile, with the plant's own tables in their place."""
        return self._configured.forms()

    def offers(self) -> list[Offered]:
        """The forms that are read; the system has no list of its own that a query could give."""
        return [
            Offered(form.name, form.title, tuple(_asked(form)), form.sheet)
            for form in self._configured.forms()
        ]

    def pages(self, form: Form, cursor: Cursor) -> Iterator[Page]:
        """Bills in the order of their internal numbers, whole ones only.

        Of changes, all since shortly before the newest known one. Stock is asked for once a day.
        """
        today = f"{datetime.now(self._zone):%Y-%m-%d}"
        if form.snapshot and cursor.get("day") == today:
            yield Page(form, [], cursor, unasked=True)
            return
        keys, number = _asked(form), form.query["id"]
        high = cursor.get("next") or cursor.get("high", "")
        since = cursor.get("since") or _shortly_before(cursor.get("high", ""))
        after = cursor.get("after", 0)
        while bills := self._bills(form, keys, since, after):
            after = bills[-1][number]
            times = (bill[name] for bill in bills for name in form.query["changes"])
            high = max(high, *(str(time) for time in times if time), "")
            place = {"after": after, "since": since, "next": high}
            yield Page(form, _made(form, bills, today), {"high": cursor.get("high", ""), **place})
        yield Page(form, [], {"high": high, **({"day": today} if form.snapshot else {})})

    def _bills(self, form: Form, keys: list[str], since: str, after: int) -> list[dict[str, Any]]:
        """The next bills behind an internal number, each with all of its lines.

        A page may end within a bill, and a short one need not be the last: its last bill is left
        for the next page, or, where it is the only one, asked for to its end.
        """
        rows = self._rows(form, keys, since, after, 0)
        number = form.query["id"]
        if len({row[number] for row in rows}) > 1:
            return [row for row in rows if row[number] != rows[-1][number]]
        if rows:
            while more := self._rows(form, keys, since, after, len(rows)):
                same = [row for row in more if row[number] == rows[0][number]]
                rows += same
                if len(same) < len(more):
                    break
        return rows

    def _rows(
        self, form: Form, keys: list[str], since: str, after: int, start: int
    ) -> list[dict[str, Any]]:
        number = form.query["id"]
        data = {
            "FormId": form.name,
            "FieldKeys": ",".join(keys),
            "FilterString": self._filter(form, since, after),
            "OrderString": f"{number} ASC",
            "TopRowCount": 0,
            "StartRow": start,
            "Limit": LIMIT,
            "SubSystemId": "",
        }
        answer = self._door.patient(lambda: self._answer(form, data))
        if not all(isinstance(row, list) and len(row) == len(keys) for row in answer):
            raise SourceError("source_answer", source=self._configured.name, form=form.title)
        return [dict(zip(keys, row, strict=True)) for row in answer]

    def _filter(self, form: Form, since: str, after: int) -> str:
        """Half-open: from a moment on, and behind the last internal number."""
        parts = [f"{form.query['id']} > {int(after)}"]
        if "filter" in form.query:
            parts.append(form.query["filter"])
        begin = since or self._configured.since
        if begin and form.query["changes"]:
            changed = " or ".join(f"{name} >= '{begin}'" for name in form.query["changes"])
            parts.append(f"({changed})")
        return " and ".join(parts)

    def _answer(self, form: Form, data: Mapping[str, Any]) -> list[Any]:
        content = json.loads(self._kit.ExecuteBillQuery(dict(data)))
        if why := _refusal(content):
            if any(lost in why for lost in _LOST):
                self._kit.forget()
                raise TryAgain(why)
            raise SourceError(
                "source_refused", source=self._configured.name, status=200, number=form.name,
                why=why,
            )  # fmt: skip
        if not isinstance(content, list):
            raise SourceError("source_answer", source=self._configured.name, form=form.title)
        return content


def _asked(form: Form) -> list[str]:
    """The field keys of a query: those of the form, and what the connector makes others of."""
    plain = [name.removeprefix("B:") for name in form.asked if name not in _MADE]
    status = ["FDocumentStatus", "FCancelStatus"] if "_status" in form.asked else []
    more = [form.query[name] for name in ("id", "group", "side") if name in form.query]
    seq = ["FEntity_FSeq"] if "_line_no" in form.asked else []
    return list(dict.fromkeys([*plain, *status, *more, *seq, *form.query["changes"]]))


def _made(form: Form, bills: list[dict[str, Any]], today: str) -> list[dict[str, Any]]:
    """The lines with the fields that the connector makes."""
    if "group" in form.query:
        bills = _paired(form, bills)
    for row in bills:
        row["_today"] = today
        if "_status" in form.asked:
            row["_status"] = _status(row)
        if "_line_no" in form.asked:
            row["_line_no"] = f"{row[form.document]}/{row[form.line]}"
    return bills


def _status(row: Mapping[str, Any]) -> str:
    if row["FCancelStatus"] == _CANCELLED:
        return "cancelled"
    return _STATUS.get(row["FDocumentStatus"], "draft")


def _paired(form: Form, bills: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row for each line as it was (A) and each as it is now (B) of the same group."""
    group, side = form.query["group"], form.query["side"]
    found = []
    for _, bill in itertools.groupby(bills, key=lambda row: row[form.query["id"]]):
        lines = list(bill)
        before = [row for row in lines if row[side] == "A"]
        pairs = [
            (row, now)
            for row in before
            for now in lines
            if now[side] != "A" and now[group] == row[group]
        ]
        found += [
            {**row, **{f"B:{name}": value for name, value in now.items()}, "_nth": nth}
            for nth, (row, now) in enumerate(pairs, start=1)
        ]
    return found


def _shortly_before(moment: str) -> str:
    if not moment:
        return ""
    return f"{datetime.fromisoformat(moment) - _OVERLAP:%Y-%m-%dT%H:%M:%S}"


def _refusal(content: Any) -> str:
    """What an answer with status 200 refuses with: `[[{"Result": …}]]`, `[{…}]` or bare."""
    while isinstance(content, list) and len(content) == 1:
        content = content[0]
    result = content.get("Result") if isinstance(content, dict) else None
    if not isinstance(result, dict):
        return ""
    status = result.get("ResponseStatus") or {}
    if status.get("IsSuccess", False):
        return ""
    return "; ".join(str(error.get("Message")) for error in status.get("Errors") or ()) or "?"


def _kit(configured: Configured, secret: str, door: Door) -> Any:
    """The vendor's kit, sending through our door."""
    try:
        from k3cloud_webapi_sdk.main import K3CloudApiSdk
        from k3cloud_webapi_sdk.model.cookie_store import CookieStore
    except ModuleNotFoundError as error:
        raise BadInput("kingdee_kit_missing") from error

    class Kit(K3CloudApiSdk):  # type: ignore[misc]
        def PostJson(  # noqa: N802 (the kit's own name)
            self, service_name: str, json_data: Any = None, invoke_type: Any = None
        ) -> str:
            path = f"{service_name}.common.kdsvc"
            answer = door.ask(
                "POST", path, content=json.dumps(json_data or {}),
                headers=self.BuildHeader(f"{configured.address.rstrip('/')}/{path}"),
            )  # fmt: skip
            if answer.status_code not in (httpx.codes.OK, httpx.codes.PARTIAL_CONTENT):
                raise SourceError(
                    "source_refused", source=configured.name, status=answer.status_code,
                    number="-", why=answer.reason_phrase,
                )  # fmt: skip
            self.FillCookieAndHeader(answer.cookies, answer.headers)
            return answer.text

        def forget(self) -> None:
            """Lets the session go; the next request begins another one."""
            self.cookiesStore = CookieStore()

    kit = Kit(configured.address)
    kit.InitConfig(
        configured.option("acct_id"), configured.option("user"), configured.option("app_id"),
        secret, configured.address, org_num=int(configured.options.get("org", 0)),
    )  # fmt: skip
    return kit
