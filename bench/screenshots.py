"""`python -m bench.screenshots [FOLDER]`: pictures of the pages for the guide, both languages."""

from __future__ import annotations

import sys
from pathlib import Path

from bench.serving import Stage, staged
from dashboard.url import link

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


def _views(stage: Stage) -> dict[str, str]:
    """What is shown of each page."""
    return {
        "start": link("/", q=stage.lot.rpartition("/")[2][:6]),
        "trace": link("/trace", lot=stage.lot),
        "recall": link("/recall", incident=stage.incident),
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
