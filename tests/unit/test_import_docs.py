"""The page about imports says what the sheets say."""

from loaders.plant import docs
from loaders.plant.sheets import SHEETS


def test_import_page_is_fresh() -> None:
    stale = "docs/import.md is stale: run `python -m loaders.plant.docs`"
    assert docs.PAGE.read_text(encoding="utf-8") == docs.page(), stale


def test_import_page_names_every_field() -> None:
    page = docs.page()
    for sheet in SHEETS:
        section = page.split(f"`{sheet.name}.csv`")[1].split("\n## ")[0]
        assert not [name for name in sheet.fields if f"| `{name}` |" not in section]
