"""Sources by likelihood: chances against a walk written out, and what the ranking says of cases."""

from __future__ import annotations

import csv
import math
import random
from collections import defaultdict
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from queries.recall import inference_likelihood as ranking
from queries.recall.inference import infer
from queries.recall.inference_cases import Case
from queries.recall.inference_likelihood import UNRELATED, Likelihood, likelihood
from queries.recall.inference_passage import Passage
from tests.unit.inference_case import loaded

Amounts = dict[str, tuple[str, str, float]]
"""By delivery: supplier, recipient, kilograms."""


def network(folder: Path, deliveries: Amounts, pairs: list[tuple[str, str]]) -> Path:
    """The three files of a delivery network with amounts."""
    folder.mkdir(parents=True, exist_ok=True)
    ends = sorted({end for row in deliveries.values() for end in row[:2]})
    rows: dict[str, list[list[str]]] = {
        "stations": [["ID", "Name"], *([name, name] for name in ends)],
        "deliveries": [
            ["ID", "from", "to", "Name", "Lot ID", "Date Delivery", "Date Delivery Arrival",
             "Amount"],
            *([name, row[0], row[1], "", "", "", "", f"{row[2]:g} kg"]
              for name, row in deliveries.items()),
        ],
        "delivery_relations": [["from", "to"], *([a, b] for a, b in pairs)],
    }  # fmt: skip
    for name, lines in rows.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows(lines)
    return folder


def ranked(folder: Path, sick: dict[str, int]) -> Likelihood:
    """The ranking for weights of stations."""
    cases = [Case("site", name, Fraction(weight)) for name, weight in sick.items()]
    return likelihood(infer(*loaded(folder), cases))


# One farm feeds both shops; the other only the one with the case, and much less.
TWO_FARMS: Amounts = {
    "a1": ("north", "mill", 90.0), "a2": ("south", "mill", 10.0), "m1": ("mill", "shop", 20.0),
    "m2": ("mill", "inn", 80.0), "a3": ("south", "shop", 40.0),
}  # fmt: skip
LINKS = [("a1", "m1"), ("a1", "m2"), ("a2", "m1")]


def test_the_source_whose_material_went_to_the_cases_is_the_likelier_one(tmp_path: Path) -> None:
    found = ranked(network(tmp_path, TWO_FARMS, LINKS), {"shop": 1})
    at = {row["id"]: row["log_likelihood"] for row in found.stations.to_dicts()}
    noise = UNRELATED / 3
    there = {"north": 20 / 100, "south": 1.0}
    for name, share in there.items():
        assert at[name] == pytest.approx(math.log((1 - UNRELATED) * share + noise), abs=1e-5)
    assert found.stations["probability"].sum() == pytest.approx(1, abs=1e-5)


def test_a_healthy_customer_speaks_against_who_supplied_it(tmp_path: Path) -> None:
    folder = network(tmp_path, TWO_FARMS, LINKS)
    before = dict(ranked(folder, {"shop": 1}).stations.select("id", "probability").rows())
    after = dict(ranked(folder, {"shop": 1, "inn": -1}).stations.select("id", "probability").rows())
    assert after["north"] < before["north"]


def test_what_leads_to_no_case_is_no_candidate(tmp_path: Path) -> None:
    found = ranked(network(tmp_path, TWO_FARMS, LINKS), {"inn": 1})
    assert "a2" not in found.deliveries["id"].to_list()
    assert set(found.deliveries["id"]) == {"a1", "m2"}


@pytest.mark.parametrize("seed", range(12))
def test_chances_are_those_of_a_walk_written_out(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    deliveries, pairs = _random_network(draw)
    found = infer(*loaded(network(tmp_path, deliveries, pairs)), [])
    passage = Passage.of(found.linked, temporal_order=True)
    nodes = dict(found.web.deliveries.select("id", "node").rows())
    names = sorted(deliveries)
    came = passage.visits([np.array([nodes[name]]) for name in names])
    walked = _walk(deliveries, pairs)
    for a in names:
        for column, b in enumerate(names):
            assert came[nodes[a], column] == pytest.approx(walked[a, b], abs=1e-9), (a, b)


def test_cases_in_any_order_and_any_block_rank_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliveries, pairs = _random_network(random.Random(5))
    folder = network(tmp_path, deliveries, pairs)
    sick = {row[1]: 1 for name, row in deliveries.items() if name.startswith("d2")}
    whole = ranked(folder, sick)
    monkeypatch.setattr(ranking, "_BLOCK", 1)
    again = ranked(folder, dict(reversed(sick.items())))
    assert whole.lots.equals(again.lots)
    assert whole.stations.equals(again.stations)


def _random_network(draw: random.Random) -> tuple[Amounts, list[tuple[str, str]]]:
    """Four layers of three stations each; each delivery feeds some of the next layer's."""
    deliveries: Amounts = {}
    for layer in range(3):
        for number in range(5):
            ends = f"s{layer}{draw.randrange(3)}", f"s{layer + 1}{draw.randrange(3)}"
            deliveries[f"d{layer}{number}"] = (*ends, float(draw.randint(1, 50)))
    pairs = [
        (a, b)
        for a, one in deliveries.items()
        for b, other in deliveries.items()
        if one[1] == other[0] and draw.random() < 0.7
    ]
    return deliveries, pairs


def _walk(deliveries: Amounts, pairs: list[tuple[str, str]]) -> dict[tuple[str, str], float]:
    """Chance to come from one delivery to another, each step in proportion to what is made.

    One pair takes the whole delivery; several share it by what each gave.
    """
    after: dict[str, list[str]] = defaultdict(list)
    for a, b in pairs:
        after[a].append(b)
    chance: dict[tuple[str, str], float] = defaultdict(float)
    for start in deliveries:
        here = {start: 1.0}
        while here:
            following: dict[str, float] = defaultdict(float)
            for name, share in here.items():
                chance[start, name] += share
                total = sum(deliveries[b][2] for b in after[name])
                for b in after[name]:
                    following[b] += share * deliveries[b][2] / total
            here = following
    return chance
