"""Searches of any depth on the embedded engine, complete whatever the depth.

The engine searches up to a bound and does not say that it stopped there. A search that reached its
bound goes on: from its last nodes where these are few, as in a chain, else again and deeper. The
engine counts steps in 16 bits, so beyond `_DEEPEST` it always goes on from the last nodes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import polars as pl

from graph_model.engines.base import DEPTH

Run = Callable[[str, dict[str, Any], int], pl.DataFrame]
"""Asks a question with parameters, the engine's own bound set to the given one."""

_BOUND = re.compile(r"SHORTEST 1\.\.\d+")
_ROOT = re.compile(r"\{key: \$(\w+)\}")
_KEY = re.compile(r"\w+\.key AS (\w+)")
_STEPS = re.compile(r"length\(\w+\) AS (\w+)")
# Even: from a lot to the next are two steps, and a search goes on from lots.
_FIRST = 1_000
_DEEPEST = 60_000
_FEW = 2


def is_search(text: str) -> bool:
    """Whether the question walks edges of any number."""
    return _BOUND.search(text) is not None


def search(run: Run, text: str, params: dict[str, Any]) -> pl.DataFrame:
    """All rows of a search from one root, the root itself left out, each with the fewest steps."""
    root, key, steps = _names(text)
    start = params[root]
    done: dict[str, int] = {}
    found: list[pl.DataFrame] = []
    ahead = [(start, 0)]
    while ahead:
        # In order of distance: what is searched again later is searched from farther away.
        node, distance = ahead.pop(0)
        if done.get(node, distance + 1) <= distance:
            continue
        done[node] = distance
        frame, bound = _from(run, text, params | {root: node}, key)
        last = frame.filter(pl.col(DEPTH) == bound)[key].to_list()
        ahead += [(follower, distance + bound) for follower in last]
        ahead.sort(key=lambda item: item[1])
        found.append(frame.with_columns(pl.col(*steps) + distance))
    if len(found) == 1:
        return found[0]
    rows = pl.concat(found).filter(pl.col(key) != start)
    return rows.sort(DEPTH, key).unique(key, keep="first", maintain_order=True)


def _from(run: Run, text: str, params: dict[str, Any], key: str) -> tuple[pl.DataFrame, int]:
    """The rows within a bound that is never passed by more than a few of them, and the bound."""
    bound = _FIRST
    while True:
        frame = run(_BOUND.sub(f"SHORTEST 1..{bound}", text), params, bound)
        last = frame.filter(pl.col(DEPTH) == bound)[key]
        if len(last) <= _FEW or bound == _DEEPEST:
            return frame, bound
        bound = min(bound * 8, _DEEPEST)


def _names(text: str) -> tuple[str, str, list[str]]:
    """Parameter of the root, column of the nodes found, columns that hold the distance."""
    root, key = _ROOT.search(text), _KEY.search(text)
    assert root is not None, text
    assert key is not None, text
    return root[1], key[1], _STEPS.findall(text)
