"""docs/model.md from the schema: `python -m graph_model.docs` writes it anew.

A test compares the file with `model()`, so that schema and page are changed together.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graph_model import schema
from graph_model.engines.tables import Table, edges
from graph_model.i18n import label, text

PAGE = Path(__file__).parents[1] / "docs" / "model.md"
_TYPES = {str: "text", int: "int64", float: "float64", bool: "bool"}


def model() -> str:
    """The page: nodes, edges and further facts, each with its fields."""
    lines = [f"# {_text('title')}", "", _text("intro"), ""]
    lines += _section("edges_between", _edge_rows())
    for heading, kinds in (
        ("nodes", schema.NODES),
        ("edges", schema.EDGES),
        ("facts", schema.FACTS),
    ):
        lines += [f"## {_text(heading)}", "", _text(f"{heading}_intro"), ""]
        for kind in kinds:
            lines += _kind(kind)
    return "\n".join(lines).rstrip() + "\n"


def _text(name: str, **params: Any) -> str:
    return text(f"model.{name}", "en", **params)


def _section(heading: str, rows: Iterator[list[str]]) -> list[str]:
    header = [_text("edge"), _text("from"), _text("to"), _text("meaning"), _text("stated_by")]
    return [f"## {_text(heading)}", "", _text(f"{heading}_intro"), "", *_table(header, rows), ""]


def _edge_rows() -> Iterator[list[str]]:
    stated = {kind.EDGE[0]: kind.__name__ for kind in schema.EDGES}  # type: ignore[attr-defined]
    references: dict[tuple[str, ...], str] = {}
    for kind in schema.NODES:
        for name, ref in schema.references(kind):
            ends = (ref.target, kind.__name__) if ref.reverse else (kind.__name__, ref.target)
            references.setdefault((ref.edge, *ends), f"`{kind.__name__}.{name}`")
    for table in edges():
        start, end = table.ends or ("", "")
        source = stated.get(table.name) or references.get((table.name, start, end))
        yield [f"`{table.name}`", start, end, _both(table.name), source or _derived(table)]


def _derived(table: Table) -> str:
    return _text("from_movements") if table.derived else ""


def _kind(kind: Any) -> list[str]:
    name = kind.__name__
    lines = [f"### {name} · {label(name, 'zh_CN')}", "", _first_sentence(kind), ""]
    if hasattr(kind, "KEY"):
        lines += [_text("key_of", parts=" / ".join(f"`{part}`" for part in kind.KEY)), ""]
    if hasattr(kind, "EDGE"):
        edge, start, _, end, _ = kind.EDGE
        lines += [f"`({start})-[{edge}]->({end})`", ""]
    header = [_text("field"), _text("label"), _text("type"), _text("unit"), _text("meaning")]
    return [*lines, *_table(header, map(_field_row, schema.columns(kind))), ""]


def _field_row(column: schema.Column) -> list[str]:
    kind = _TYPES[column.type]
    if column.required:
        kind += f", {_text('required')}"
    if column.index:
        kind += f", {_text('indexed')}"
    if not column.graph:
        kind += f", {_text('not_in_graph')}"
    meaning = column.description
    if column.ref:
        meaning += f" (`{column.ref.edge}`)"
    return [f"`{column.name}`", _both(column.label), kind, column.unit, meaning]


def _both(name: str) -> str:
    return f"{label(name, 'en')} · {label(name, 'zh_CN')}"


def _first_sentence(kind: Any) -> str:
    return " ".join((kind.__doc__ or "").split())


def _table(header: list[str], rows: Any) -> list[str]:
    lines = [header, ["---"] * len(header), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(model(), encoding="utf-8")
