"""Sources ranked by likelihood: how probable are just these cases, if it was this one?

The score counts what a candidate leads to; this weighs how much of its material went there, after
A. L. Horn, H. Friedrich: *Locating the source of large-scale outbreaks of foodborne disease*,
J. R. Soc. Interface 16 (2019) 20180624: a random walk over amounts from each possible source to
where people fell ill, and Bayes' rule over the sources. What differs: amounts stand lot by lot,
time closes ways, and a case may have nothing to do with the outbreak (`UNRELATED`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from scipy import sparse
from scipy.special import logsumexp

from graph_model.lineage import Index
from queries.recall.completeness import Missing
from queries.recall.inference import Inference
from queries.recall.inference_cases import Thing, where
from queries.recall.inference_network import NONE
from queries.recall.inference_passage import Numbers, Passage

UNRELATED = 0.05
"""Chance that a case is not of this outbreak: then it is at any end of the network alike."""
_BLOCK = 32  # cases whose ways are solved at a time


@dataclass(frozen=True)
class Likelihood:
    """Candidates by kind, the most probable first; `missing` says what was assumed.

    Columns: id, log_likelihood (natural logarithm), probability (that it is the source, if one of
    its kind is and each was as likely before), explains (positive cases that it leads to).
    Candidates that lead to no case are not listed.
    """

    stations: pl.DataFrame
    deliveries: pl.DataFrame
    lots: pl.DataFrame
    missing: list[Missing]


def likelihood(found: Inference) -> Likelihood:
    """Ranks what can be the source of the cases of an inference, under the same rules."""
    passage = Passage.of(found.linked, temporal_order=found.rules.temporal_order)
    candidates = {kind: _candidates(found, kind) for kind in ("stations", "deliveries", "lots")}
    tables = _judged(found, passage, candidates)
    missing = [Missing("amounts_assumed", count=passage.assumed)] if passage.assumed else []
    return Likelihood(**tables, missing=missing)


@dataclass(frozen=True)
class _Candidates:
    """Ids, and the nodes of each with equal parts of it, as a matrix."""

    ids: pl.Series
    parts: sparse.csr_array

    @staticmethod
    def of(ids: pl.Series, at: Index, node: Index, nodes: int) -> _Candidates:
        share = 1.0 / np.bincount(at, minlength=len(ids))[at]
        return _Candidates(ids, sparse.csr_array((share, (at, node)), shape=(len(ids), nodes)))


def _candidates(found: Inference, kind: str) -> _Candidates:
    linked, web = found.linked, found.web
    if kind == "stations":
        lots = np.arange(len(web.lineage.lots))
        own = linked.supplier[lots]
        nodes = lots[own != NONE]
        return _Candidates.of(pl.Series(web.stations), own[nodes], nodes, linked.nodes)
    if kind == "deliveries":
        rows = web.deliveries.filter(~pl.col("own_group"))
        return _Candidates.of(
            rows["id"], np.arange(len(rows)), rows["node"].to_numpy(), linked.nodes
        )
    rows = web.lots.join(found.lot_ids, on=["id", "stated"])
    return _Candidates.of(
        found.lot_ids["id"], rows["n"].to_numpy(), rows["node"].to_numpy(), linked.nodes
    )


def _judged(
    found: Inference, passage: Passage, candidates: dict[str, _Candidates]
) -> dict[str, pl.DataFrame]:
    ends = passage.ends
    met = passage.visits([ends])[:, 0]
    sums = {kind: np.zeros(len(one.ids)) for kind, one in candidates.items()}
    explains = {kind: np.zeros(len(one.ids), dtype=np.int64) for kind, one in candidates.items()}
    for start in range(0, len(found.things), _BLOCK):
        things = found.things[start : start + _BLOCK]
        came = passage.visits([where(found.linked, thing) for thing in things])
        # A case before the end of the network may be met by more than comes to an end.
        base = np.maximum(met[:, None], came)
        for kind, one in candidates.items():
            share = _ratio(one.parts @ came, one.parts @ base)
            sums[kind] += _logs(share, things, max(len(ends), 1))
            positive = np.array([thing.weight > 0 for thing in things])
            explains[kind] += (share[:, positive] > 0).sum(axis=1)
    return {kind: _ranked(one.ids, sums[kind], explains[kind]) for kind, one in candidates.items()}


def _ratio(part: Numbers, whole: Numbers) -> Numbers:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def _logs(share: Numbers, things: Sequence[Thing], ends: int) -> Numbers:
    """Log likelihood of cases (columns): of being there, or for a healthy one, of not being."""
    weight = np.array([float(thing.weight) for thing in things])
    there = (1 - UNRELATED) * share
    sick = np.log(there + UNRELATED / ends)
    spared = np.log1p(-there)
    logs: Numbers = np.where(weight > 0, weight * sick, -weight * spared).sum(axis=1)
    return logs


def _ranked(ids: pl.Series, logs: Numbers, explains: Index) -> pl.DataFrame:
    leads = explains > 0
    chosen = logs[leads]
    probability = np.exp(chosen - logsumexp(chosen)) if chosen.size else chosen
    rows = pl.DataFrame(
        {
            "id": ids.filter(pl.Series(leads)).cast(pl.String),
            "log_likelihood": np.round(chosen, 6),
            "probability": np.round(probability, 6),
            "explains": explains[leads],
        }
    )
    return rows.sort("log_likelihood", "id", descending=[True, False])


def to_dict(found: Likelihood) -> dict[str, Any]:
    """As JSON, for the key `likelihood` of an inference; the shape is in docs/cli.md."""
    return {
        "method": "random walk over amounts and times, after Horn & Friedrich 2019",
        "unrelated": UNRELATED,
        "missing": [entry.to_dict() for entry in found.missing],
        **{kind: getattr(found, kind).to_dicts() for kind in ("stations", "deliveries", "lots")},
    }
