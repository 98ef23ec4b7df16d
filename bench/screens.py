"""`python -m bench.screens`: how soon the screens show something, and how soon a click is answered.

On a demo plant, in the machine's Chromium. First paint is the browser's own figure, once with an
empty cache and then with a filled one; a click counts until its answer is on the page. Times are of
this machine in this run.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from playwright.sync_api import Page, Response
from rich.console import Console
from rich.table import Table

from bench.serving import Stage, staged

ROUNDS = 20
PAINT_MS, CLICK_MS = 1000, 300
_PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
_SHOWN = "new Promise(done => requestAnimationFrame(() => setTimeout(done)))"


def _answers(response: Response) -> bool:
    return "_dash-update-component" in response.url


def paints(stage: Stage) -> dict[str, list[float]]:
    """First paint of each page in ms: the first with an empty cache."""
    paths = {
        "start": "/", "trace": f"/trace?lot={stage.lot}",
        "recall": f"/recall?incident={stage.incident}",
    }  # fmt: skip
    found: dict[str, list[float]] = {}
    for name, path in paths.items():
        context = stage.browser.new_context(viewport={"width": 1440, "height": 900})
        for _ in range(5):
            page = context.new_page()
            page.goto(stage.address + path)
            page.wait_for_selector("#page > *")
            found.setdefault(name, []).append(page.evaluate(_PAINT))
            page.close()
        context.close()
    return found


def clicks(stage: Stage) -> dict[str, list[float]]:
    """Time of each act in ms, until its answer is shown."""
    context = stage.browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    found: dict[str, list[float]] = {}

    def act(name: str, do: Callable[[Page], object]) -> None:
        begun = time.perf_counter()
        with page.expect_response(_answers, timeout=10_000):
            do(page)
        page.evaluate(_SHOWN)
        found.setdefault(name, []).append((time.perf_counter() - begun) * 1000)

    page.goto(f"{stage.address}/recall?incident={stage.incident}")
    page.wait_for_selector(".table.tiers")
    for at in range(ROUNDS):
        switch = page.locator(".try .switch").nth(at % 3)
        act("recall: what-if", lambda _page, one=switch: one.click())  # type: ignore[misc]
        act("recall: tab", lambda page: page.locator("#recall-lots-head .segment").nth(1).click())
        act("recall: tab", lambda page: page.locator("#recall-lots-head .segment").nth(0).click())
        row = page.locator(".ag-center-cols-container .ag-row .lot-no").nth(at % 8)
        act("recall: choose a lot", lambda _page, one=row: one.click())  # type: ignore[misc]
    page.goto(f"{stage.address}/trace?lot={stage.lot}")
    page.wait_for_selector("#trace-graph canvas")
    for at in range(ROUNDS):
        row = page.locator(".ag-center-cols-container .ag-row .lot-no").first
        act("trace: choose a lot", lambda _page, one=row: one.click())  # type: ignore[misc]
        group = page.locator("#trace-canvas-head .segment").nth((at + 1) % 5)
        act("trace: group by", lambda _page, one=group: one.click())  # type: ignore[misc]
        way = page.locator("#trace-title .segment").nth((at + 1) % 4)
        act("trace: direction", lambda _page, one=way: one.click())  # type: ignore[misc]
    context.close()
    return found


def table(title: str, figures: dict[str, list[float]], goal: int) -> Table:
    """Median and 95th percentile of each, beside the goal."""
    shown = Table(title=title, title_justify="left")
    for head in ("what", "n", "median ms", "p95 ms", "goal ms", ""):
        shown.add_column(head, justify="left" if head == "what" else "right")
    for name, times in figures.items():
        late = statistics.quantiles(times, n=20)[-1] if len(times) > 1 else times[0]
        shown.add_row(
            name, str(len(times)), f"{statistics.median(times):.0f}", f"{late:.0f}", str(goal),
            "met" if late <= goal else "missed",
        )  # fmt: skip
    return shown


def main() -> None:
    """Prints both tables."""
    console = Console()
    with staged() as stage:
        first = paints(stage)
        cold = {f"{name}, empty cache": times[:1] for name, times in first.items()}
        warm = {f"{name}, filled cache": times[1:] for name, times in first.items()}
        console.print(table("First paint", cold | warm, PAINT_MS))
        console.print(table("A click until its answer is shown", clicks(stage), CLICK_MS))


if __name__ == "__main__":
    main()
