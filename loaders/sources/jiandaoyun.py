"""Jiandaoyun (简道云): forms of the open API v5, by title, and signed pushes.

Facts from the vendor's open documents: hc.jiandaoyun.com/open/11261 (limits, errors),
/zh_cn/open/14220 (list), /open/11507 (push), help.jodoo.com/open/14216 (fields).
"""

from __future__ import annotations

import hashlib
import hmac
import tomllib
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

import httpx

from graph_model.errors import BadInput, NotSignedIn, SourceError
from graph_model.settings import Settings
from loaders.headings import match, normal, sheet_named
from loaders.plant.sheets import BY_NAME, Sheet
from loaders.sources.base import Cursor, Offered, Page, Proposal, Proposed
from loaders.sources.config import Configured
from loaders.sources.door import Door, Pace
from loaders.sources.forms import Form

DEFAULT_PACE = Pace(per_second=30)
LIMIT = 100
"""Records of a page; the system gives no more."""
_TOO_FAST = 8303
_ID, _LINE, _MADE, _CHANGED, _FLOW = "_id", "_line", "createTime", "updateTime", "flowState"
_FLOWS = {"0": "draft", "1": "posted", "2": "draft"}
"""Under way and ended by hand: the movement may have happened; finished: it did."""
_LATE_SECONDS = 600
"""A push whose time is further off than this is refused: it may be an old one, sent again."""

Widget = Mapping[str, Any]


class Jiandaoyun:
    """One app. Options: `app_id`; credentials: `key`, and `push_secret` for pushes."""

    def __init__(
        self, configured: Configured, settings: Settings, pace: Pace = DEFAULT_PACE
    ) -> None:
        self._configured = configured
        self._app = configured.option("app_id")
        self._headers = {"Authorization": f"Bearer {configured.secret(settings, 'key')}"}
        self._door = Door(configured.name, configured.address, configured.network, pace)

    def close(self) -> None:
        """Ends the connection."""
        self._door.close()

    def forms(self) -> list[Form]:
        """The forms whose mapping was confirmed. Raises BadInput where there is none."""
        if not self._configured.own_forms:
            raise BadInput("source_not_confirmed", source=self._configured.name)
        return [
            form for name, form in self._configured.own_forms.items()
            if name not in self._configured.off
        ]  # fmt: skip

    def offers(self) -> list[Offered]:
        """All forms of the app with the titles of their fields."""
        known = {form.query.get("entry_id"): form for form in self._configured.own_forms.values()}
        found = []
        for entry in self._entries():
            answer = self._asked("app/entry/widget/list", entry_id=entry["entry_id"])
            form = known.get(entry["entry_id"])
            found.append(
                Offered(
                    entry["entry_id"], entry["name"], tuple(_titles(answer["widgets"])),
                    form.sheet if form else "", str(answer.get("dataModifyTime") or ""),
                )
            )  # fmt: skip
        return found

    def propose(self) -> Proposed:
        """A mapping for each form whose title is known, by the titles of its fields."""
        made, unread = [], []
        for entry in self._entries():
            sheet = _sheet_of(entry["name"])
            if sheet is None:
                unread.append(entry["name"])
                continue
            answer = self._asked("app/entry/widget/list", entry_id=entry["entry_id"])
            made.append(_proposed(entry, sheet, answer["widgets"]))
        return Proposed(tuple(made), tuple(unread))

    def pages(self, form: Form, cursor: Cursor) -> Iterator[Page]:
        """Records in the order of their ids; of changes, all since a day before the newest known.

        The day is for the zone in which the system reads dates, and for what was written late.
        """
        names = self._names(form)
        high = cursor.get("next") or cursor.get("high", "")
        since = cursor.get("since") or _day_before(cursor.get("high", "") or self._configured.since)
        after = cursor.get("after", "")
        while True:
            records = self._listed(form, after, since)
            if not records:
                # Short pages are no end: only an empty one is.
                yield Page(form, [], {"high": high})
                return
            after = str(records[-1][_ID])
            high = max(high, *(str(record.get(_CHANGED) or "") for record in records))
            lines = [line for record in records for line in _lines(form, names, record)]
            place = {"after": after, "since": since, "next": high}
            yield Page(form, lines, {"high": cursor.get("high", ""), **place})

    def received(self, pushed: Mapping[str, Any]) -> Page | None:
        """The page of a pushed document; None where its form is not one of those to pull."""
        data = pushed.get("data")
        if not isinstance(data, dict):
            return None
        entry = data.get("entryId") or data.get("entry_id")
        form = next((each for each in self.forms() if each.query.get("entry_id") == entry), None)
        if form is None:
            return None
        gone = pushed.get("op") == "data_remove"
        return Page(form, list(_lines(form, self._names(form), data)), {}, deleted=gone)

    # ------------------------------------------------------------------ asking

    def _listed(self, form: Form, after: str, since: str) -> list[dict[str, Any]]:
        body: dict[str, Any] = {"entry_id": form.query["entry_id"], "limit": LIMIT}
        if after:
            body["data_id"] = after
        if since:
            changed = {"field": _CHANGED, "type": "datetime", "method": "range",
                       "value": [since, None]}  # fmt: skip
            body["filter"] = {"rel": "and", "cond": [changed]}
        data = self._asked("app/entry/data/list", **body).get("data")
        if not isinstance(data, list):
            raise SourceError("source_answer", source=self._configured.name, form=form.name)
        return data

    def _entries(self) -> list[dict[str, str]]:
        found: list[dict[str, str]] = []
        while True:
            answer = self._asked("app/entry/list", limit=LIMIT, skip=len(found))
            if not answer.get("forms"):
                return found
            found += answer["forms"]

    def _asked(self, path: str, **body: Any) -> dict[str, Any]:
        answer = self._door.ask(
            "POST", f"v5/{path}", busy=_too_fast, headers=self._headers,
            json={"app_id": self._app, **body},
        )  # fmt: skip
        content = _json(answer)
        if answer.status_code != httpx.codes.OK or not isinstance(content, dict):
            told = content if isinstance(content, dict) else {}
            raise SourceError(
                "source_refused", source=self._configured.name, status=answer.status_code,
                number=told.get("code", "-"), why=told.get("msg", "-"),
            )  # fmt: skip
        return content

    def _names(self, form: Form) -> dict[str, tuple[str, str]]:
        """(sub-form, field) as the API calls them, by what the mapping calls them.

        Raises SourceError where a mapped title is not there any more, or there twice.
        """
        answer = self._asked("app/entry/widget/list", entry_id=form.query.get("entry_id", ""))
        titles = _titles(answer["widgets"])
        own = {_ID, _LINE, _MADE, _CHANGED, _FLOW}
        wanted = [name for name in (*form.asked, form.part) if name and name not in own]
        for title in wanted:
            found = titles.get(title, [])
            if len(found) != 1:
                code = "source_field_twice" if found else "source_field_missing"
                raise SourceError(code, source=self._configured.name, form=form.name, field=title)
        return {title: titles[title][0] for title in wanted}


def _too_fast(answer: httpx.Response) -> bool:
    content = _json(answer) if answer.status_code == httpx.codes.BAD_REQUEST else None
    return isinstance(content, dict) and content.get("code") == _TOO_FAST


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None


def _day_before(moment: str) -> str:
    """The day before a moment, as the API takes it; empty without one."""
    if not moment:
        return ""
    return f"{datetime.fromisoformat(moment) - timedelta(days=1):%Y-%m-%d}"


def _titles(widgets: list[Widget]) -> dict[str, list[tuple[str, str]]]:
    """(sub-form, field) by title; a field of a sub-form as `sub-form.field`."""
    found: dict[str, list[tuple[str, str]]] = {}
    for widget in widgets:
        found.setdefault(widget["label"], []).append(("", widget["name"]))
        for inner in widget.get("items") or ():
            title = f"{widget['label']}.{inner['label']}"
            found.setdefault(title, []).append((widget["name"], inner["name"]))
    return found


def _lines(
    form: Form, names: Mapping[str, tuple[str, str]], record: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """A record, or each line of its sub-form with what the record says of all of them."""
    head = {name: record.get(name) for name in (_ID, _MADE, _CHANGED, _FLOW)} | {_LINE: "1"}
    head |= {title: record.get(name) for title, (part, name) in names.items() if not part}
    inner = {title: name for title, (part, name) in names.items() if part}
    lines = record.get(names[form.part][1]) if form.part else None
    if not lines:
        yield head
        return
    for nth, line in enumerate(lines, start=1):
        found = {title: line.get(name) for title, name in inner.items()}
        yield {**head, _LINE: line.get(_ID) or str(nth), **found}


# ---------------------------------------------------------------------------- proposals


@cache
def _usual_titles() -> dict[str, str]:
    source = files("loaders.sources").joinpath("profiles", "jiandaoyun.toml")
    titles = tomllib.loads(source.read_text(encoding="utf-8"))["titles"]
    return {normal(title): sheet for sheet, written in titles.items() for title in written}


def _sheet_of(title: str) -> Sheet | None:
    usual = _usual_titles().get(normal(title))
    return BY_NAME[usual] if usual else sheet_named(title)


def _proposed(entry: Mapping[str, str], sheet: Sheet, widgets: list[Widget]) -> Proposal:
    """The sub-form whose titles the sheet knows best has the lines, if any is known."""
    parts = [widget for widget in widgets if widget.get("items")]
    plain = [widget["label"] for widget in widgets if not widget.get("items")]
    known = [len(match(_inner(part), sheet).columns) for part in parts]
    best = parts[known.index(max(known))] if any(known) else None
    inner = _inner(best) if best else []
    found = match([*plain, *inner], sheet)
    titles = [*plain, *(f"{best['label']}.{title}" for title in inner)] if best else plain
    fields = {name: (titles[index],) for name, index in found.columns.items()}
    if sheet.movement:
        fields = {"doc_no": (_ID,), "doc_line_no": (_LINE,), "entered_at": (_MADE,),
                  "doc_status": (_FLOW,), **fields}  # fmt: skip
    values = {"doc_status": _FLOWS} if fields.get("doc_status") == (_FLOW,) else {}
    form = Form(
        entry["name"], sheet.name, fields, title=entry["name"], values=values,
        part=best["label"] if best else "", document=fields.get("doc_no", (_ID,))[0],
        query={"entry_id": entry["entry_id"]},
    )  # fmt: skip
    return Proposal(form, tuple(titles[index] for index in (*found.unknown, *found.repeated)))


def _inner(part: Widget | None) -> list[str]:
    return [inner["label"] for inner in part["items"]] if part else []


# ---------------------------------------------------------------------------- pushes


def signature(nonce: str, payload: str, secret: str, timestamp: str) -> str:
    """What the header X-JDY-Signature has to say of a push."""
    content = ":".join([nonce, payload, secret, timestamp])
    return hashlib.sha1(content.encode()).hexdigest()


def check_push(
    secret: str, payload: str, nonce: str, timestamp: str, said: str, now: float
) -> None:
    """Raises NotSignedIn for a push that was not signed with the secret, or long ago."""
    right = signature(nonce, payload, secret, timestamp)
    if not hmac.compare_digest(right.encode(), said.encode()):
        raise NotSignedIn("push_signature")
    seconds = float(timestamp) if timestamp.isdigit() else 0
    if abs(now - seconds) > _LATE_SECONDS:
        raise NotSignedIn("push_time")
