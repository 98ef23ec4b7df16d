"""Who asks in tests: users of each role, or with exactly some permissions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from graph_model.access import User
from graph_model.live import LivePlant
from graph_model.schema import Supplier


@dataclass(frozen=True)
class Guest:
    """A visitor who has exactly these permissions."""

    name: str
    roles: frozenset[str]
    permissions: frozenset[str]

    def can(self, permission: str) -> bool:
        """Whether the guest has the permission."""
        return permission in self.permissions


def visitor(role: str) -> User | Guest | None:
    """A user of a role; `with:a,b` has exactly these permissions; `nobody` is not signed in."""
    if role == "nobody":
        return None
    if role.startswith("with:"):
        return Guest("Some Guest", frozenset({"viewer"}), frozenset(role[5:].split(",")))
    return User("lin", "Lin Qiao", frozenset({role}))


def incident(live: LivePlant) -> dict[str, str]:
    """The supplier lot whose recall concerns most lots: what the demo's incident is about."""
    lineage = live.now().lineage
    suppliers = live.now().facts[Supplier]["company"].implode()
    rows = lineage.lots.with_row_index("n").filter(pl.col("owner").is_in(suppliers))
    reach = [len(lineage.forward(np.array([n])).lots) for n in rows["n"].to_list()]
    lot = rows.row(int(np.argmax(reach)), named=True)
    return {"supplier": lot["owner"], "supplier_lot": lot["lot_no"]}
