"""Yonyou U8 (用友U8) through its OpenAPI: a token, lists with text for numbers, single documents.

The interface wants token and secret in the query of its addresses; these are never told by us.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from graph_model.errors import SourceError
from graph_model.settings import Settings
from loaders.sources.base import Cursor, Offered, Page
from loaders.sources.config import Configured
from loaders.sources.door import Door, Pace, TryAgain
from loaders.sources.forms import Form

DEFAULT_PACE = Pace(per_second=5)
"""The vendor states no figure."""
ROWS = 100
TOKEN_SECONDS = 6_000
"""The system's own tokens live 7,200 seconds."""
_WEEK = timedelta(days=7)
_AGAIN = timedelta(days=7)
"""Documents so much older than the newest known are read again: there is no time of change."""
_TOKEN_ERRORS = ("token", "Token", "令牌")


class U8:
    """One account set. Options: `from_account`, `to_account`, `app_key`; secret: `app_secret`."""

    def __init__(
        self, configured: Configured, settings: Settings, pace: Pace = DEFAULT_PACE
    ) -> None:
        self._configured = configured
        self._zone = ZoneInfo(settings.timezone)
        self._secret = configured.secret(settings, "app_secret")
        self._caller = {name: configured.option(name) for name in ("from_account", "app_key")}
        self._account = {"to_account": configured.option("to_account")}
        if "ds_sequence" in configured.options:
            self._account["ds_sequence"] = str(configured.options["ds_sequence"])
        self._token, self._until = "", 0.0
        self._door = Door(configured.name, configured.address, configured.network, pace)

    def close(self) -> None:
        """Ends the connection."""
        self._door.close()

    def forms(self) -> list[Form]:
        """The documents of the profile, with the plant's own tables in their place."""
        return self._configured.forms()

    def offers(self) -> list[Offered]:
        """What is read; the system has no list of its own that a query could give."""
        return [Offered(f.name, f.title, f.asked, f.sheet) for f in self._configured.forms()]

    def pages(self, form: Form, cursor: Cursor) -> Iterator[Page]:
        """Documents by weeks of their date, from a week before the newest known."""
        today = datetime.now(self._zone).date()
        if form.snapshot and cursor.get("day") == f"{today}":
            yield Page(form, [], cursor, unasked=True)
            return
        high = cursor.get("high", "")
        if "one" not in form.query:
            for rows in self._lists(form, {}):
                yield Page(form, [self._made(form, row, today) for row in rows], {"high": high})
            yield Page(form, [], {"high": high, **({"day": f"{today}"} if form.snapshot else {})})
            return
        for window in self._weeks(cursor, today):
            heads = [head for heads in self._lists(form, window) for head in heads]
            lines = [
                self._made(form, line, today) for head in heads for line in self._lines(form, head)
            ]
            high = max(high, *(str(head.get("date") or "")[:10] for head in heads), "")
            yield Page(form, lines, {"high": high, "after": window["date_end"]})
        yield Page(form, [], {"high": high})

    def _weeks(self, cursor: Cursor, today: date) -> Iterator[dict[str, str]]:
        if "after" in cursor:
            begin = date.fromisoformat(cursor["after"]) + timedelta(days=1)
        elif cursor.get("high"):
            begin = date.fromisoformat(cursor["high"]) - _AGAIN
        else:
            begin = date.fromisoformat(self._configured.since or self._configured.option("since"))
        # What was dated ahead of today is there, too.
        while begin <= today + _WEEK:
            end = begin + _WEEK - timedelta(days=1)
            yield {"date_begin": f"{begin}", "date_end": f"{end}"}
            begin = end + timedelta(days=1)

    def _lists(self, form: Form, window: Mapping[str, str]) -> Iterator[list[dict[str, Any]]]:
        """The rows of a list, page by page; their number has to be what the system says it is."""
        name, index, count = form.query["list"], 1, 0
        while True:
            paging = {"page_index": str(index), "rows_per_page": str(ROWS)}
            asked = {**window, **(paging if form.query.get("paged") else {})}
            answer = self._asked(form, f"api/{name}/batch_get", asked)
            rows = answer.get(name)
            if not isinstance(rows, list):
                raise SourceError("source_answer", source=self._configured.name, form=form.title)
            count += len(rows)
            yield rows
            if not form.query.get("paged") or index >= int(answer.get("page_count") or 0):
                break
            index += 1
        if form.query.get("paged") and count != int(answer.get("row_count") or 0):
            raise SourceError("source_incomplete", source=self._configured.name, form=form.title,
                              rows=count, told=answer.get("row_count"))  # fmt: skip

    def _lines(self, form: Form, head: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        name = form.query["one"]
        asked = {"id": str(head.get("code") or "")}
        found = self._asked(form, f"api/{name}/get", asked).get(name)
        if not isinstance(found, dict) or not isinstance(found.get("entry"), list):
            raise SourceError("source_answer", source=self._configured.name, form=form.title)
        for line in found["entry"]:
            yield {**found, **{f"entry.{key}": value for key, value in line.items()}}

    def _made(self, form: Form, row: dict[str, Any], today: date) -> dict[str, Any]:
        """A line with the fields that the connector makes. Raises SourceError where one is gone."""
        for name in form.required:
            if name not in row:
                raise SourceError("source_field_missing", source=self._configured.name,
                                  form=form.title, field=name)  # fmt: skip
        stopped = float(row.get("stopqty") or 0) > 0
        return {
            **row, "_today": f"{today}", "_status": "posted" if row.get("handler") else "draft",
            "_stopped": "hold" if stopped else "conforming",
        }  # fmt: skip

    def _asked(self, form: Form, path: str, asked: Mapping[str, str]) -> dict[str, Any]:
        def once() -> dict[str, Any]:
            whole = {**self._caller, **self._account, "token": self._current(), **asked}
            answer = self._read(self._door.ask("GET", path, params=whole))
            why = str(answer.get("errmsg") or "")
            if answer.get("errcode") == "0":
                return answer
            if any(word in why for word in _TOKEN_ERRORS):
                self._token = ""
                raise TryAgain(why)
            raise SourceError("source_refused", source=self._configured.name, status=200,
                              number=answer.get("errcode", "-"), why=why or form.title)  # fmt: skip

        return self._door.patient(once)

    def _current(self) -> str:
        """The token in force, or a new one."""
        if not self._token or time.monotonic() > self._until:
            asked = {**self._caller, "app_secret": self._secret}
            answer = self._read(self._door.ask("GET", "system/token", params=asked))
            token = answer.get("token")
            if answer.get("errcode") != "0" or not isinstance(token, dict):
                raise SourceError("source_refused", source=self._configured.name, status=200,
                                  number=answer.get("errcode", "-"),
                                  why=str(answer.get("errmsg") or "-"))  # fmt: skip
            self._token, self._until = str(token["id"]), time.monotonic() + TOKEN_SECONDS
        return self._token

    def _read(self, answer: httpx.Response) -> dict[str, Any]:
        try:
            content = answer.json()
        except ValueError:
            content = None
        if answer.status_code != httpx.codes.OK or not isinstance(content, dict):
            raise SourceError("source_refused", source=self._configured.name,
                              status=answer.status_code, number="-", why="-")  # fmt: skip
        return content
