"""`python -m bench.screenshots [FOLDER]`: pictures of the pages for the guide, both languages."""

from __future__ import annotations

import sys
from pathlib import Path

from api import holding
from api.incidents import Actor
from bench.serving import Stage, staged
from dashboard.url import link
from queries.incidents import cases as incidents
from queries.incidents import holds

FOLDER = Path("docs/screens")
LANGUAGES = ("en", "zh")
WIDE, PHONE = (1440, 900), (390, 844)


def main(folder: Path) -> None:
    """Takes all pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with staged() as stage:
        for lang in LANGUAGES:
            for name, path in _views(stage).items():
                _take(stage, folder / f"{name}_{lang}.png", path, lang)
        views = _views(stage)
        _take(stage, folder / "trace_dark.png", views["trace"], "en", theme="dark")
        _take(stage, folder / "recall_phone.png", views["recall"], "zh", size=PHONE)
        _hold(stage)
        for lang in LANGUAGES:
            path = link("/hold", incident=stage.incident)
            _take(stage, folder / f"hold_phone_{lang}.png", path, lang, size=PHONE)


def _hold(stage: Stage) -> None:
    """Holds the incident's goods and finds the first of them, so that the list shows its work."""
    actor = Actor("Lin Qiao", "quality", "Stop everything in the scope")
    with stage.live.writing() as plant:
        holding.hold_all(plant, actor, stage.incident)
        first = holds.lines(plant.facts(), incidents.find(plant.facts(), stage.incident)["key"])[:4]
        for at, line in enumerate(first):
            found = line.held.expected if at else 0.0
            holding.count(plant, actor, stage.incident, line, found, scanned=bool(found))


def _views(stage: Stage) -> dict[str, str]:
    """What is shown of each page."""
    return {
        "start": link("/", q=stage.lot.rpartition("/")[2][:6]),
        "trace": link("/trace", lot=stage.lot),
        "recall": link("/recall", incident=stage.incident),
        "management": link("/management", incident=stage.incident),
        "data": "/data",
    }


def _take(
    stage: Stage,
    file: Path,
    path: str,
    lang: str,
    *,
    theme: str = "light",
    size: tuple[int, int] = WIDE,
) -> None:
    context = stage.browser.new_context(viewport={"width": size[0], "height": size[1]})
    context.add_cookies(
        [
            {"name": "lotgraph_lang", "value": lang, "url": stage.address},
            {"name": "lotgraph_theme", "value": theme, "url": stage.address},
        ]
    )
    page = context.new_page()
    page.goto(stage.address + path)
    page.wait_for_selector("#page > *")
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(500)
    page.screenshot(path=file)
    context.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
