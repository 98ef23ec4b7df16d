"""What is wrong with the material: it decides which rules of a scope apply (DESIGN: hazards)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from graph_model.errors import BadInput

HAZARDS = (
    "microbial", "foreign_body", "allergen", "chemical", "dimension", "label", "unknown",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Hazard:
    """A kind of hazard and, where known, what exactly: the agent, allergen or substance.

    `unknown` is the widest: no cut that hangs on the hazard applies, every way of contact does.
    """

    kind: str = "unknown"
    agent: str | None = None

    def __str__(self) -> str:
        return f"{self.kind}:{self.agent}" if self.agent else self.kind

    @property
    def known(self) -> bool:
        """Whether cuts that hang on the hazard may apply at all."""
        return self.kind != "unknown"

    def same_agent(self, agent: str | None) -> bool:
        """Whether the agents are one, or neither is stated."""
        return _plain(agent) == _plain(self.agent)

    def same_agent_among(self, agents: Iterable[str]) -> bool:
        """Whether one of the agents is this one."""
        return any(self.same_agent(agent) for agent in agents)

    # Of columns `hazard` and `agent` of records:

    def ruled_out_by(self) -> pl.Expr:
        """Records that, clean, speak against exactly this hazard; none where it is unknown."""
        same = (pl.col("hazard") == self.kind) & pl.col("agent").pipe(_lower).eq_missing(
            pl.lit(_plain(self.agent), pl.String)
        )
        return same.fill_null(False) & self.known

    def found_by(self) -> pl.Expr:
        """Records that, failed, found this hazard: of its kind and, where it has one, its agent."""
        same = pl.col("hazard") == self.kind
        if self.agent:
            same &= pl.col("agent").pipe(_lower) == _plain(self.agent)
        return same.fill_null(False)

    def perhaps_found_by(self) -> pl.Expr:
        """Records that, failed, may have found this hazard: kind or agent is not stated."""
        if not self.known:
            return ~self.found_by()
        vague = pl.col("hazard").is_null() | (pl.col("hazard") == "unknown")
        if self.agent:
            vague |= (pl.col("hazard") == self.kind) & pl.col("agent").is_null()
        return vague.fill_null(True)


UNKNOWN = Hazard()


def _plain(agent: str | None) -> str | None:
    return agent.strip().casefold() if agent else None


def _lower(column: pl.Expr) -> pl.Expr:
    return column.str.strip_chars().str.to_lowercase()


def read(words: str) -> Hazard:
    """The hazard of `KIND` or `KIND:AGENT`, such as `microbial:Salmonella`. Raises BadInput."""
    kind, _, agent = (part.strip() for part in words.partition(":"))
    if kind not in HAZARDS:
        raise BadInput("bad_hazard", value=words, kinds=", ".join(HAZARDS))
    return Hazard(kind=kind, agent=agent or None)
