"""What the screens are given in tests: a plant that stands still, and guests of each role."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from graph_model.lineage import Lineage
from graph_model.network import Facts
from graph_model.plant import Plant
from graph_model.settings import Settings


@dataclass(frozen=True)
class Batch:
    """One batch of the plant."""

    facts: Facts
    lineage: Lineage


class Standing:
    """A plant that nobody writes to."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._plant = Plant(settings)
        self._lock = threading.RLock()

    def at(self, batch: int | None) -> Batch:
        """The newest batch, or the one of that number."""
        with self._lock:
            return Batch(self._plant.facts(batch), self._plant.lineage(batch))

    def close(self) -> None:
        """Ends all connections."""
        self._plant.close()


@dataclass(frozen=True)
class Guest:
    """A visitor who has these permissions only (None: all)."""

    name: str
    roles: frozenset[str]
    permissions: frozenset[str] | None = None

    @staticmethod
    def of(role: str) -> Guest:
        """A guest of a role, or `with:a,b` with exactly these permissions."""
        if role.startswith("with:"):
            names = frozenset(role[5:].split(","))
            return Guest("Some Guest", frozenset({"viewer"}), names)
        return Guest("Lin Qiao", frozenset({role}))

    def can(self, permission: str) -> bool:
        """Whether the guest has the permission."""
        return self.permissions is None or permission in self.permissions
