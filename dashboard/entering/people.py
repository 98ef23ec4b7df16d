"""Accounts and roles, for who may manage them; lists that the reader's own session fetches."""

from __future__ import annotations

import json
from typing import Any

from dash import html

from dashboard.components.forms import choice, dialog, field, form
from dashboard.components.parts import attrs, button, panel
from dashboard.url import State, link
from dashboard.visit import Visit
from graph_model.access import ROLES
from graph_model.i18n import catalogue, language, text

ADDRESS = "/api/v1/accounts"
_EVENT = "screen.event."
COLUMNS = ("account", "name", "roles", "active", "locked")


def fetched(
    visit: Visit, address: str, columns: tuple[str, ...], *, last: int | None = None,
    goes: str = "",
) -> html.Div:  # fmt: skip
    """A list of the service (`assets/listed.js`), times those of the plant.

    `goes`: where the first cell of a row leads, with its fields in braces.
    """
    heads = {column: text(f"screen.audit.head.{column}") for column in columns}
    words = {key.removeprefix(_EVENT): said for key, said in catalogue(language()).items()
             if key.startswith(_EVENT)} if "event" in columns else {}  # fmt: skip
    return html.Div(
        text("screen.audit.loading"), role="status",
        **attrs(data_list=address, data_columns=json.dumps(heads, ensure_ascii=False),
                data_last=str(last or ""), data_none=text("screen.audit.none"),
                data_failed=text("screen.audit.failed"), data_zone=visit.zone,
                data_goes=goes or None,
                data_words=json.dumps(words, ensure_ascii=False) if words else None),
    )  # fmt: skip


def listing(visit: Visit, state: State) -> html.Section:
    """All accounts; a click opens one."""
    goes = link("/audit", ask="account", account="ACCOUNT").replace("ACCOUNT", "{account}")
    add = button(text("screen.audit.add_account"), state.link(ask="account", account=None),
                 kind="small")  # fmt: skip
    return panel(text("screen.audit.accounts"),
                 fetched(visit, ADDRESS, COLUMNS, goes=goes), aside=add)  # fmt: skip


def asked(visit: Visit, state: State) -> Any:
    """The dialog of a new account, or of one that is changed."""
    if state.one("ask") != "account" or not visit.can("account.manage"):
        return None
    close, account = state.link(ask=None, account=None), state.one("account")
    known = html.P(text("screen.audit.roles_are", roles=", ".join(ROLES)), className="meta")
    roles = field("roles", text("screen.audit.roles"), required=not account, hint="quality")
    name = field("name", text("screen.audit.name"))
    if not account:
        made = form(
            ADDRESS,
            [field("account", text("screen.audit.account"), required=True, focus=True), name,
             roles, field("password", text("screen.audit.password"), kind="password",
                          required=True)],
            text("screen.audit.add_account"), lists=("roles",), close=close, then=close,
            done=text("screen.audit.saved"),
        )  # fmt: skip
        return dialog(text("screen.audit.add_account"), known, made, close=close)
    states = [("", "–"), ("true", text("screen.audit.active")),
              ("false", text("screen.audit.inactive"))]  # fmt: skip
    made = form(
        f"{ADDRESS}/{account}",
        [name, roles, choice("active", text("screen.audit.state"), states),
         field("password", text("screen.audit.new_password"), kind="password")],
        text("screen.audit.change"), method="PATCH", lists=("roles",), close=close, then=close,
        done=text("screen.audit.saved"),
    )  # fmt: skip
    ends = form(f"{ADDRESS}/{account}/sessions", [], text("screen.audit.end_sessions"),
                method="DELETE", button="small", kind="inline",
                done=text("screen.audit.saved"))  # fmt: skip
    return dialog(text("screen.audit.change_of", account=account), known, made, ends, close=close)
