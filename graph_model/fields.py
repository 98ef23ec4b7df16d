"""How a field of a kind is declared: what it means, its unit, and what it refers to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Ref:
    """An edge that is only a reference: this record's field names a node of `target`."""

    target: str
    edge: str
    reverse: bool = False


def prop(
    description: str,
    *,
    unit: str = "",
    index: bool = False,
    label: str = "",
    default: Any = None,
    graph: bool = True,
) -> Any:
    """A field: what it means, its unit, whether the engines index it, its label key.

    `graph=False`: kept in the ledger and the arrays, found there by the record's key.
    """
    meta = {
        "description": description,
        "unit": unit,
        "index": index,
        "label": label,
        "graph": graph,
    }
    return field(default=default, metadata=meta)


def ref(target: str, edge: str, description: str, *, reverse: bool = False) -> Any:
    """A field that holds the key of a node; projected as an edge."""
    meta = {
        "description": description,
        "unit": "",
        "index": False,
        "label": "",
        "graph": True,
        "ref": Ref(target, edge, reverse),
    }
    return field(default=None, metadata=meta)
