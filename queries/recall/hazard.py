"""What is wrong with the material: it decides which rules of a scope apply (DESIGN: hazards)."""

from __future__ import annotations

from dataclasses import dataclass

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


UNKNOWN = Hazard()


def read(words: str) -> Hazard:
    """The hazard of `KIND` or `KIND:AGENT`, such as `microbial:Salmonella`. Raises BadInput."""
    kind, _, agent = (part.strip() for part in words.partition(":"))
    if kind not in HAZARDS:
        raise BadInput("bad_hazard", value=words, kinds=", ".join(HAZARDS))
    return Hazard(kind=kind, agent=agent or None)
