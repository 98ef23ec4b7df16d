"""Where all sources stand: for the command line, the service and the screens alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graph_model.records import Records
from loaders.sources.config import Configured
from loaders.sources.state import States


def standing(records: Records, sources: Mapping[str, Configured]) -> list[dict[str, Any]]:
    """name, kind, address, every (seconds), pulled_at (seconds since 1970), batch, cursor, waiting,
    error.

    `cursor`: the newest change seen by form, as the source writes it; `waiting`: pushed documents
    that are not taken yet.
    """
    states = States(records)
    found = []
    for name, source in sources.items():
        state = states.get(name)
        highs = {form: at["high"] for form, at in state.cursors.items() if at.get("high")}
        found.append({
            "name": name,
            "kind": source.kind,
            "address": source.address,
            "every": source.every,
            "pulled_at": state.pulled_at,
            "batch": state.batch,
            "cursor": highs,
            "waiting": len(states.waiting(name)),
            "error": state.error,
        })  # fmt: skip
    return found
