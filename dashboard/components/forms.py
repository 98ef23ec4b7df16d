"""Deeds from a page: forms that `assets/acts.js` sends to the service; the service decides all.

The address may name fields: `/api/v1/batches/{batch}/undo`; `then` (where the page goes) may name
what the service answers. So may `done`, what is told when it went well, with `$name`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal

from dash import dcc, html

from dashboard.components.parts import attrs, cls, icon
from graph_model.i18n import text

Kind = Literal["text", "password"]


def field(
    name: str, label: str, *, value: str = "", required: bool = False, hint: str = "",
    focus: bool = False, decimal: bool = False, kind: Kind = "text", wide: bool = False,
) -> html.Label:  # fmt: skip
    """A line to write in; `decimal`: phones show the keys of numbers."""
    mode: Any = "decimal" if decimal else "text"
    return html.Label(
        [html.Span(label),
         dcc.Input(name=name, type=kind,
                   value=value, required=required, placeholder=hint,
                   autoFocus=focus, autoComplete="off", inputMode=mode)],
        className=cls("field-label", "wide" if wide else None),
    )  # fmt: skip


def choice(
    name: str, label: str, options: Sequence[tuple[str, str]], chosen: str = ""
) -> html.Label:
    """One of several: (value, label)."""
    return html.Label(
        [html.Span(label),
         html.Select([html.Option(shown, value=value, **_selected(value == chosen))
                      for value, shown in options], name=name)],
        className="field-label",
    )  # fmt: skip


def _selected(on: bool) -> dict[str, Any]:
    return {"selected": True} if on else {}


def area(name: str, label: str, value: str = "", *, code: bool = False) -> html.Label:
    """Several lines to write in; `code`: with all its blanks."""
    return html.Label(
        [html.Span(label),
         dcc.Textarea(name=name, value=value, className="code" if code else "", spellCheck=not code,
                      wrap="off" if code else "soft")],
        className="field-label wide",
    )  # fmt: skip


def reason(value: str = "") -> html.Label:
    """Why; no deed goes without it."""
    return field("reason", text("screen.form.reason"), value=value, required=True, wide=True)


def form(
    address: str,
    fields: Sequence[Any],
    submit: Any,
    *,
    method: str = "POST",
    kind: str = "",
    button: str = "stop",
    fixed: dict[str, Any] | None = None,
    numbers: Sequence[str] = (),
    lists: Sequence[str] = (),
    done: str = "",
    then: str = "",
    close: str = "",
    **more: str,
) -> html.Form:
    """A form of one deed.

    `fixed`: what goes with it unseen; `numbers`, `lists`: fields that are numbers, or several
    values apart by commas; `close`: where *cancel* leads; `more`: further data for the script.
    """
    data = {f"data_{name}": value for name, value in more.items()}
    acts = [
        html.Button(submit, type="submit", className=cls("button", button)),
        html.A(text("screen.form.cancel"), href=close, className="button", **attrs(data_close="1"))
        if close else None,
    ]  # fmt: skip
    return html.Form(
        [
            html.Div(list(fields), className="fields") if fields else None,
            html.Div(role="alert", className="alert"),
            html.Div(acts, className="acts"),
        ],
        className=cls("form", kind),
        **attrs(
            data_send=address, data_method=method, data_done=done, data_then=then or None,
            data_fixed=json.dumps(fixed or {}, ensure_ascii=False),
            data_numbers=" ".join(numbers), data_lists=" ".join(lists),
            data_failed=text("screen.form.unreached"), **data,
        ),
    )  # fmt: skip


def dialog(title: str, *content: Any, close: str, wide: bool = False) -> html.Div:
    """What is asked over the page; Escape, or the cross, leads back to `close`."""
    head = html.Div(
        [html.H2(title),
         html.A(icon("close"), href=close, className="aside", title=text("screen.close"),
                **attrs(aria_label=text("screen.close"), data_close="1"))],
        className="panel-head",
    )  # fmt: skip
    return html.Div(
        html.Section(
            [head, html.Div(list(content), className="panel-body")],
            className=cls("sheet", "wide" if wide else None), role="dialog",
            **attrs(aria_modal="true", aria_label=title),
        ),
        className="veil",
    )  # fmt: skip
