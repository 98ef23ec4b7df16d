"""Pairs of input and output rows of one step between which the hazard does not pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from graph_model.lineage import Index
from queries.recall.cone import Flags


@dataclass(frozen=True)
class Parting:
    """Rows of a cone in ranks: nothing passes into an output whose `rank` is above `most`.

    `most` is of each input row, at most `free`, which no rank is above; `rank` of each output row.
    """

    most: Index
    rank: Index
    free: int

    @staticmethod
    def between(before: Flags, after: Flags) -> Parting:
        """Between these input rows and these output rows."""
        return Parting(np.where(before, 0, 1), after.astype(np.int64), 1)

    @property
    def bound(self) -> Flags:
        """Input rows that may be kept from some output."""
        found: Flags = self.most < self.free
        return found

    def keeps(self, row: int, output: int) -> bool:
        """Whether it keeps an input row from an output row."""
        return bool(self.rank[output] > self.most[row])


Kinds = list[tuple[Flags, Flags]]
"""Input rows of each kind, with the output rows that they can lead to as far as partings say."""


def kinds(partings: Sequence[Parting], inputs: int, outputs: int) -> Kinds:
    """Every input row in one kind: those that all partings treat alike."""
    if not partings:
        return [(np.ones(inputs, dtype=bool), np.ones(outputs, dtype=bool))]
    most = np.stack([parting.most for parting in partings])
    alike, number = np.unique(most, axis=1, return_inverse=True)
    number = number.reshape(-1)
    return [
        (
            number == at,
            np.logical_and.reduce(
                [parting.rank <= bound for parting, bound in zip(partings, bounds, strict=True)]
            ),
        )
        for at, bounds in enumerate(alike.T)
    ]
