"""In a browser: nothing that was recorded runs, loads or leads away, on any page."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
import pytest

from dashboard.pages import pages
from dashboard.url import link
from graph_model.settings import Settings
from tests.service import hostile
from tests.service.conftest import load
from tests.ui.conftest import Opener, Served, serve


@pytest.fixture(scope="module")
def attacking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A plant whose names attack, served."""
    base = tmp_path_factory.mktemp("hostile")
    hostile.write_plant(base / "plant")
    settings = Settings(data=base / "data")
    load(settings, base / "plant")
    yield from serve(settings)


def test_nothing_that_was_recorded_runs_in_the_browser(opened: Opener, attacking: Served) -> None:
    lots = attacking.live.now().lineage.lots.filter(pl.col("supplier").is_not_null())
    seen = 0
    for page in pages():
        lot = lots.row(lots.height // 2, named=True)
        about = {"lot": lot["key"], "sel": lot["key"], "q": lot["lot_no"]}
        shown = opened(link(page.path, **about), of=attacking)
        shown.wait_for_load_state("networkidle")
        assert shown.evaluate("window.hit") is None, page.name
        away = shown.eval_on_selector_all(
            "a[href], area[href], form[action], [*|href]",
            "all => all.map(e => String(e.href?.baseVal ?? e.href ?? e.action))",
        )
        inside = (attacking.address + "/", "data:image/")
        assert not [address for address in away if not address.startswith(inside)], page.name
        # An image or a script that stands on the page came from a name.
        made = shown.locator("#page img[src='x'], #page script, #page iframe")
        assert made.count() == 0, page.name
        seen += "onerror=" in shown.inner_text("#page") or "window.hit" in shown.inner_text("#page")
    assert seen  # they were there, as text
