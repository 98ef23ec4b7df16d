"""Pages: one module each, found by itself. A page has a path, a permission and a view of a state.

    page = Page("trace", path="/trace", permission="trace.read", order=1)

    @page.view
    def view(visit, state): return View([...], footer=[...])

    @page.changes                     # optional: the same page in another state
    def change(visit, state): return Change({"id": {"children": ...}})

    @page.answers(Output("download", "data"), Input("x", "n_clicks"))   # needs the permission too
    def answer(visit, clicks): ...

    @page.files("x")                  # the buttons x-export and x-export-xlsx save these rows
    def rows(visit, state): return "name", frame

`screen.page.<name>` is its title and `screen.nav.<name>` its short name; `assets/icons.css` has its
icon under the same name. A callback of a page needs the page's permission, or the one it names.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from dash import ClientsideFunction, Input, Output
from dash import State as Given
from dash.development.base_component import Component

from dashboard import export
from dashboard.url import State
from dashboard.visit import Visit

Children = Sequence[Component | str]
Function = Callable[..., Any]
Rows = Callable[[Visit, State], tuple[str, pl.DataFrame] | None]
"""What of a page in a state goes into a file."""


@dataclass(frozen=True)
class View:
    """What a page shows: its content, and the completeness line of its answer (None: the plant's).

    `whole`: the parts that a change names are there.
    """

    content: Children
    footer: Children | None = None
    whole: bool = True


@dataclass(frozen=True)
class Change:
    """Properties by component id that differ in another state of the page that is shown."""

    parts: dict[str, dict[str, Any]]
    footer: Children | None = None


@dataclass(frozen=True)
class Answer:
    """A callback: what it depends on, and the permission without which it is refused."""

    function: Function
    dependencies: tuple[Any, ...]
    permission: str
    options: dict[str, Any]


@dataclass
class Page:
    """A page of the dashboard. `order`: place in the bar; None: not in it. `key`: after `g`.

    `under`: the page of the bar that a page outside it belongs to.
    """

    name: str
    path: str
    permission: str
    order: int | None = None
    key: str = ""
    under: str = ""
    show: Callable[[Visit, State], View] = field(init=False)
    update: Callable[[Visit, State], Change | None] | None = None
    callbacks: list[Answer] = field(default_factory=list)
    browser: list[tuple[ClientsideFunction, tuple[Any, ...], dict[str, Any]]] = field(
        default_factory=list
    )

    def view(self, function: Callable[[Visit, State], View]) -> Callable[[Visit, State], View]:
        """Declares how the page looks in a state."""
        self.show = function
        return function

    def changes(
        self, function: Callable[[Visit, State], Change | None]
    ) -> Callable[[Visit, State], Change | None]:
        """Declares what changes when the page goes to another state; None: show it anew."""
        self.update = function
        return function

    def answers(
        self, *dependencies: Any, permission: str = "", **options: Any
    ) -> Callable[[Function], Function]:
        """Declares a callback; the function gets the visit and then the inputs."""

        def declare(function: Function) -> Function:
            need = permission or self.permission
            self.callbacks.append(Answer(function, dependencies, need, options))
            return function

        return declare

    def files(self, name: str) -> Callable[[Rows], Rows]:
        """Declares what the buttons `<name>-export` and `<name>-export-xlsx` save.

        The function gives a file's name without suffix and its rows; None: there is nothing.
        """

        def declare(function: Rows) -> Rows:
            for button, called, write, suffix in (
                (f"{name}-export", "export_rows", export.csv, "csv"),
                (f"{name}-export-xlsx", "export_workbook", export.xlsx, "xlsx"),
            ):
                self.answers(
                    Output("download", "data", allow_duplicate=True), Input(button, "n_clicks"),
                    Given("url", "search"), prevent_initial_call=True,
                )(self._saving(function, called, write, suffix))  # fmt: skip
            return function

        return declare

    def _saving(self, rows: Rows, called: str, write: export.Writer, suffix: str) -> Function:
        def save(visit: Visit, clicks: int | None, search: str) -> Any:
            found = rows(visit, State.of(self.path, search)) if clicks else None
            return None if found is None else write(f"{found[0]}.{suffix}", found[1])

        save.__name__ = called  # the audit trail knows a callback by the name of its function
        return save

    def client(self, function: ClientsideFunction, *dependencies: Any, **options: Any) -> None:
        """Declares a function of `assets/` that the browser runs; it gets no data of its own."""
        self.browser.append((function, dependencies, options))


def pages() -> list[Page]:
    """All pages, in the order of the bar."""
    modules = [
        importlib.import_module(f"{__name__}.{found.name}")
        for found in pkgutil.iter_modules(__path__)
    ]
    found = [module.page for module in modules if hasattr(module, "page")]
    return sorted(found, key=lambda page: (page.order is None, page.order or 0, page.name))
