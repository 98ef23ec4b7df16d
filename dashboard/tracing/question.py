"""What a trace asks, as the address says it, and the answers it needs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dashboard.url import State
from dashboard.visit import Judged, Visit
from graph_model.errors import LotgraphError
from graph_model.lineage import Index, Lineage
from queries import drawing
from queries.drawing import Drawn, Net
from queries.recall.roots import Suspects, one_lot


@dataclass(frozen=True)
class Tracing:
    """A trace of lots in one direction on one batch; where it goes forward, with its scope."""

    visit: Visit
    state: State
    lineage: Lineage
    roots: Index
    direction: str
    judged: Judged | None

    @property
    def by(self) -> str:
        """What groups have in common."""
        wanted = self.state.one("group", "item")
        return wanted if wanted in drawing.GROUPED_BY else "item"

    @property
    def chosen(self) -> str | None:
        """The node that is looked at, as the address names it: a node or the key of a lot."""
        wanted = self.state.one("sel")
        if not wanted:
            return None
        return wanted if wanted[1:2] == ":" else f"L:{wanted}"

    @cached_property
    def net(self) -> Net:
        """All nodes and edges."""
        key = ("net", tuple(self.roots.tolist()), self.direction)
        return self.visit.desk.on(
            self.state.whole("as_of"), key,
            lambda _facts, lineage: drawing.net(lineage, self.roots, self.direction),
        )  # fmt: skip

    @cached_property
    def tiers(self) -> dict[str, str]:
        """Tier by node, where the trace goes forward."""
        return self.judged.once("node tiers", drawing.tiers_of) if self.judged else {}

    @cached_property
    def witness(self) -> list[tuple[str, str]]:
        """The path that puts the chosen lot in scope."""
        if self.judged is None or self.chosen is None or self.chosen[:2] != "L:":
            return []
        number = int(self.lineage.number([self.chosen[2:]])[0])
        held = self.judged.scope.tiers.get(number) in ("certain", "possible")
        return drawing.witness_of(self.judged.scope, number) if held else []

    @cached_property
    def drawn(self) -> Drawn:
        """What is drawn, with the chosen node and its path as single nodes."""
        keep = [self.chosen] if self.chosen else []
        keep += [node for pair in reversed(self.witness) for node in pair]
        return drawing.drawn(self.net, self.by, self.state.all("open"), keep=keep, tiers=self.tiers)

    @property
    def lit(self) -> set[tuple[str, str]]:
        """The drawn edges of the witness path."""
        member = self.drawn.member
        return {
            (member[one], member[other])
            for one, other in self.witness
            if one in member and other in member
        }


def read(visit: Visit, state: State) -> Tracing | None:
    """The trace of an address; None where it names no lot. Raises NotFound, Ambiguous."""
    named = state.all("lot")
    if not named:
        return None
    lineage = visit.lineage(state.whole("as_of"))
    numbers = np.array([one_lot(lineage, name) for name in named], dtype=np.int64)
    roots = lineage.with_parts(np.unique(numbers))
    direction = state.one("direction", "forward")
    direction = direction if direction in drawing.DIRECTIONS else "forward"
    judged = None
    if direction in ("forward", "both"):
        try:
            judged = visit.scope(Suspects(lots=named), state.whole("as_of"))
        except LotgraphError:
            judged = None  # a trace needs no scope; the drawing then has no tiers
    return Tracing(visit, state, lineage, roots, direction, judged)
