"""The page of what systems carry is the one that the profiles make; each system has its page."""

from __future__ import annotations

from pathlib import Path

from loaders.sources import config
from loaders.sources.docs import PAGE, SYSTEMS, carried, not_carried, page

FOLDER = Path(__file__).parents[2] / "docs" / "sources"


def test_the_page_is_not_stale() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


def test_nothing_is_both_carried_and_not() -> None:
    for kind in SYSTEMS:
        have = carried(kind)
        for sheet, names in not_carried(kind).items():
            assert not set(names) & have.get(sheet, set())


def test_every_kind_of_source_is_described() -> None:
    told = "".join(file.read_text(encoding="utf-8") for file in FOLDER.glob("*.md"))
    assert all(f'kind = "{kind}"' in told for kind in config.KINDS)
