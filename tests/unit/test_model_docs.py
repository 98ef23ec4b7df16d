"""The page about the model says what the schema says."""

from graph_model import docs, schema


def test_model_page_is_fresh() -> None:
    stale = "docs/model.md is stale: run `python -m graph_model.docs`"
    assert docs.PAGE.read_text(encoding="utf-8") == docs.model(), stale


def test_model_page_names_every_field() -> None:
    page = docs.model()
    for kind in schema.KINDS.values():
        section = page.split(f"### {kind.__name__} ·")[1].split("\n### ")[0]
        assert not [c.name for c in schema.columns(kind) if f"| `{c.name}` |" not in section]
