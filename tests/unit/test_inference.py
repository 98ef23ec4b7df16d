"""Source inference gives the scores and traces that FoodChain-Lab's definition gives."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from graph_model.errors import BadInput
from graph_model.ledger.fold import Facts
from graph_model.lineage import Lineage
from queries.recall import inference, rulebook
from queries.recall.inference import Inference, infer
from queries.recall.inference_cases import Case
from queries.recall.inference_why import why
from queries.recall.rulebook import Rulebook
from tests.fixtures import fixture_dir
from tests.unit.inference_case import Asked, Day, Delivery, Net, Oracle, loaded

Data = tuple[Facts, Lineage]
Table = dict[str, dict[str, Any]]
FIGURES = ("score", "positive", "negative", "normalized")


def rules_of(asked: Asked) -> Rulebook:
    """The same parameters as a rules file states them."""
    within = {} if asked.within_days is None else {"within": f"{asked.within_days}d"}
    spread: list[dict[str, Any]] = [{"site": name, **within} for name in asked.cc_stations]
    if asked.cc_deliveries:
        spread.append({"deliveries": list(asked.cc_deliveries), **within})
    members: dict[str, list[str]] = {}
    for site, name in asked.groups.items():
        members.setdefault(name, []).append(site)
    content = {
        "temporal_order": asked.temporal,
        "cross_contamination": spread,
        "kill": [{"site": name} for name in asked.kill_stations]
        + [{"delivery": name} for name in asked.kill_deliveries],
        "group": [{"name": name, "sites": sites} for name, sites in members.items()],
    }
    return rulebook.read(content, "rules.toml")


def tables(found: Inference) -> dict[str, Table]:
    whole = inference.to_dict(found)
    return {
        kind: {row["id"]: row for row in whole[kind]} for kind in ("stations", "deliveries", "lots")
    }


def cases_of(
    stations: Mapping[str, Fraction], deliveries: Mapping[str, Fraction] | None = None
) -> list[Case]:
    return [Case("site", name, weight) for name, weight in stations.items()] + [
        Case("delivery", name, weight) for name, weight in (deliveries or {}).items()
    ]


def traced(data: Data, rules: Rulebook, name: str) -> dict[str, set[str]]:
    """The four sets of one observed thing."""
    found = tables(infer(*data, [], rules, [name]))
    return {
        f"{way}_{kind}": {key for key, row in found[kind].items() if row[way]}
        for way in ("forward", "backward")
        for kind in ("deliveries", "stations")
    }


def expected(name: str) -> Any:
    return json.loads((fixture_dir(name) / "expected" / "traces.json").read_text(encoding="utf-8"))


# ---------------------------------------------------------------------------- fcl_tracingtest


@cache
def scenario() -> Net:
    path = fixture_dir("fcl_tracingtest") / "scenario.json"
    rows = json.loads(path.read_text(encoding="utf-8"))["deliveries"]

    def date(text: str | None) -> Day:
        return tuple(int(part) for part in text.split("-")) if text else ()

    deliveries = [
        Delivery(
            row["id"], row["supplier"], row["recipient"],
            date(row["departure"]), date(row["arrival"]),
        )
        for row in rows
    ]  # fmt: skip
    return Net(deliveries, {(row["id"], after) for row in rows for after in row["next"]})


@pytest.fixture(scope="module")
def thirteen(tmp_path_factory: pytest.TempPathFactory) -> Data:
    return scenario().load(tmp_path_factory.mktemp("thirteen"))


def asked_of(parameters: Mapping[str, Any]) -> Asked:
    return Asked(
        temporal=parameters.get("temporal", False),
        cc_stations=tuple(parameters.get("cc_st", ())),
        cc_deliveries=tuple(parameters.get("cc_de", ())),
        kill_stations=tuple(parameters.get("kill_st", ())),
        kill_deliveries=tuple(parameters.get("kill_de", ())),
        groups=parameters.get("merge", {}),
    )


SETS = (
    "base",
    "base_no_temporal_order",
    "delivery_cc_P1T1_1_P2T1_2",
    "delivery_cc_P1T1_1_P2T1_2_no_temporal_order",
    "delivery_kill_P2T1_2",
    "delivery_weights_T1M2_2_1_T1M3_1_2",
    "merge_farm1_farm2",
    "negative_weight_market1_minus1_market2_1_market3_2",
    "station_cc_producer1",
    "station_cc_producer1_no_temporal_order",
    "station_kill_producer2",
    "station_weights_market2_1_market3_2",
)


def test_no_parameter_set_is_left_out() -> None:
    assert set(SETS) == set(expected("fcl_tracingtest"))


@pytest.mark.parametrize("name", [name for name in SETS if "weight" not in name])
def test_scenario_traces(name: str, thirteen: Data) -> None:
    wanted = expected("fcl_tracingtest")
    base, one = wanted["base"], wanted[name]
    parameters = one.get("parameters", {"temporal": True})
    gone = set(parameters.get("merge", {}))
    for kind in ("deliveries", "stations"):
        changed = one.get("same_as_base_except", {}).get(kind, {})
        answers = {key: base[kind].get(key, {}) | changed.get(key, {}) for key in base[kind]}
        answers |= {key: of for key, of in changed.items() if key not in base[kind]}
        assert answers
        for thing in answers.keys() - gone:
            found = traced(thirteen, rules_of(asked_of(parameters)), thing)
            assert found == {key: set(ids) for key, ids in answers[thing].items()}, thing


@pytest.mark.parametrize("name", [name for name in SETS if "weight" in name])
def test_scenario_scores(name: str, thirteen: Data) -> None:
    wanted = expected("fcl_tracingtest")[name]
    parameters = wanted["parameters"]
    weights = [
        {key: Fraction(value) for key, value in parameters.get(kind, {}).items()}
        for kind in ("w_st", "w_de")
    ]
    found = tables(infer(*thirteen, cases_of(*weights), rules_of(asked_of(parameters))))
    figures = {
        "station_score": ("stations", "score"),
        "station_positive_score": ("stations", "positive"),
        "station_negative_score": ("stations", "negative"),
        "station_normalised_score": ("stations", "normalized"),
        "delivery_score": ("deliveries", "score"),
    }
    assert wanted.keys() == figures.keys() | {"parameters"}
    for key, (kind, figure) in figures.items():
        assert {name: row[figure] for name, row in found[kind].items()} == wanted[key], key


# ---------------------------------------------------------------------------- fcl_cake_tutorial

RUNS = (
    "cross_contamination_at_bakery",
    "cross_contamination_at_bakery_temporal_order",
    "no_cross_contamination",
    "no_cross_contamination_temporal_order",
)
BAKERY = "2141627495"


@pytest.fixture(scope="module")
def cake() -> Data:
    return loaded(fixture_dir("fcl_cake_tutorial"))


@pytest.mark.parametrize("run", RUNS)
def test_cake(run: str, cake: Data) -> None:
    wanted = expected("fcl_cake_tutorial")
    assert set(RUNS) == set(wanted["runs"])
    answers = wanted["runs"][run]
    patients, customers = set(wanted["outbreak_stations"]), set(wanted["customers"])
    temporal = run.endswith("temporal_order")
    rules = rules_of(Asked(temporal, () if run.startswith("no") else (BAKERY,)))

    def grouped(stations: set[str]) -> dict[str, Any]:
        others = sorted(stations - patients - customers)
        counts = {"customers": len(stations & customers), "patients": len(stations & patients)}
        return {**counts, "others": others}

    found = tables(infer(*cake, cases_of(dict.fromkeys(patients, Fraction(1))), rules))
    scores = {key: found["stations"][key]["score"] for key in answers["station_score"]}
    assert scores == answers["station_score"]
    common = {key for key, row in found["stations"].items() if row["common_link"]}
    assert common == set(answers["score_1_stations"])
    codes = {name: code for code, name in wanted["names"].items()}
    for name, of in answers["forward_stations"].items():
        assert grouped(traced(cake, rules, codes[name])["forward_stations"]) == of, name
    milk = traced(cake, rules, "614199335")["forward_stations"]
    assert grouped(milk) == answers["milk_lot_Mi05_forward_stations"]
    for delivery, count in answers["forward_deliveries_count"].items():
        assert len(traced(cake, rules, delivery)["forward_deliveries"]) == count, delivery


def test_every_patient_scores_its_own_twelfth(cake: Data) -> None:
    patients = expected("fcl_cake_tutorial")["outbreak_stations"]
    found = tables(infer(*cake, cases_of(dict.fromkeys(patients, Fraction(1)))))
    assert {found["stations"][name]["score"] for name in patients} == {"1/12"}


# ---------------------------------------------------------------------------- fcl_babytea


def test_baby_tea() -> None:
    data = loaded(next(fixture_dir("fcl_babytea").glob("*.json")))
    wanted = expected("fcl_babytea")
    for delivery, of in wanted["deliveries"].items():
        sets = {name: set(ids) for name, ids in of.items() if name.endswith(("tions", "eries"))}
        assert traced(data, Rulebook(), delivery) == sets, delivery
    teas = [row["id"] for row in inference.to_dict(infer(*data, []))["deliveries"]
            if row["recipient"] == "-880266550"]  # fmt: skip
    found = infer(*data, [Case("delivery", tea, Fraction(1)) for tea in teas])
    shown = tables(found)
    assert len(teas) == 2
    # One of two sick teas explains itself only: what leads to both is the common link.
    behind = set(wanted["common_backward_deliveries_of_both_tea_deliveries"])
    assert {key for key, row in shown["deliveries"].items() if row["common_link"]} == behind
    senders = {key for key, row in shown["stations"].items() if row["common_link"]}
    assert senders == set(wanted["common_backward_stations"])
    late = [entry for entry in found.missing if entry.kind == "dates_contradict"]
    assert [entry.count for entry in late] == [2]


# ---------------------------------------------------------------------------- brute force


def random_net(rng: random.Random) -> Net:
    """A few stations and deliveries with loops, dates that contradict, lots of several parts."""
    names = [f"s{n}" for n in range(rng.randint(2, 5))]

    def date() -> Day:
        whole = (2016, rng.randint(1, 2), rng.randint(1, 6))
        return whole[: rng.choice((0, 3, 3, 3))]

    deliveries = [
        Delivery(
            f"d{n}", rng.choice(names), rng.choice(names), date(), date(),
            rng.choice(("", "", "L1", "L2", "L3")),
        )
        for n in range(rng.randint(1, 9))
    ]  # fmt: skip
    relations = {
        (a.id, b.id)
        for a in deliveries
        for b in deliveries
        if a.recipient == b.supplier and a.id != b.id and rng.random() < 0.4
    }
    return Net(deliveries, relations, [*names, "alone"])


def random_asked(rng: random.Random, net: Net) -> Asked:
    grouped = {}
    if rng.random() < 0.4:
        grouped = dict.fromkeys(rng.sample(sorted(net.stations), 2), "G")
    left = sorted({grouped.get(name, name) for name in net.stations})
    ids = [d.id for d in net.deliveries]

    def some(names: Sequence[str], most: int, least: int = 0) -> tuple[str, ...]:
        return tuple(rng.sample(names, min(len(names), rng.randint(least, most))))

    members = some(ids, 4, 2) if rng.random() < 0.4 and len(ids) > 1 else ()
    return Asked(
        temporal=rng.random() < 0.6,
        cc_stations=some(left, 2),
        cc_deliveries=members,
        kill_stations=some(left, 1) if rng.random() < 0.5 else (),
        kill_deliveries=some(ids, 2) if rng.random() < 0.5 else (),
        groups=grouped,
        within_days=rng.choice((None, None, 0, 1, 2)),
    )


def check_reasons(
    data: Data, rules: Rulebook, weights: Sequence[Mapping[str, Fraction]],
    found: dict[str, Table], oracle: Oracle,
) -> None:  # fmt: skip
    """What is explained adds up to the score, and each way runs over links from the candidate."""
    answer = infer(*data, cases_of(*weights), rules)
    plus = Fraction(answer.positive, answer.unit)
    for name in [*sorted(oracle.of)[:3], *sorted(oracle.stations)[:3]]:
        for reason in why(answer, name):
            kind = {"station": "stations", "delivery": "deliveries", "lot": "lots"}[reason.kind]
            twice = oracle.trace(name)["forward_stations"] if kind == "stations" else set()
            if name in twice or reason.id not in found[kind]:
                continue
            total = sum((case.weight for case in reason.explains), Fraction(0))
            assert (total / plus if plus else 0) == Fraction(found[kind][reason.id]["positive"])
            left = sum((thing.weight for thing in reason.unexplained), Fraction(0))
            assert total + left == plus
            for case in (*reason.explains, *reason.against):
                assert set(itertools.pairwise(case.via)) <= oracle.links
                assert not case.via or reason.kind != "delivery" or case.via[0] == name


@pytest.mark.parametrize("seed", range(80))
def test_random_networks(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    net = random_net(rng)
    data = net.load(tmp_path)
    for _ in range(2):
        asked = random_asked(rng, net)
        oracle, rules = Oracle(net, asked), rules_of(asked)
        weights = [
            {
                name: Fraction(rng.choice((1, 1, 2, -1, 0)), rng.choice((1, 2, 3)))
                for name in rng.sample(names, rng.randint(0, min(4, len(names))))
            }
            for names in (sorted(oracle.stations), sorted(oracle.of))
        ]
        found = tables(infer(*data, cases_of(*weights), rules))
        hidden = {d.id for d in oracle.of.values() if d.supplier == d.recipient == "G"}
        wanted = oracle.scores(*weights)
        assert found["deliveries"].keys() == wanted["deliveries"].keys() - hidden
        assert found["stations"].keys() == wanted["stations"].keys()
        for kind, rows in found.items():
            for name, row in rows.items():
                figures = {figure: Fraction(row[figure]) for figure in FIGURES}
                assert figures == wanted[kind][name], (kind, name, asked)
        check_reasons(data, rules, weights, found, oracle)
        for name in rng.sample(sorted({*oracle.of, *oracle.stations}), 3):
            trace = oracle.trace(name)
            trace["forward_deliveries"] -= hidden
            trace["backward_deliveries"] -= hidden
            assert traced(data, rules, name) == trace, (name, asked)


def test_many_cases_are_counted_in_blocks(tmp_path: Path) -> None:
    count = 150
    deliveries = [Delivery("root", "farm", "plant"), Delivery("other", "farm", "plant")]
    deliveries += [Delivery(f"d{n}", "plant", f"c{n}") for n in range(count)]
    net = Net(deliveries, {("root" if n % 3 else "other", f"d{n}") for n in range(count)})
    data = net.load(tmp_path)
    found = tables(infer(*data, cases_of({f"c{n}": Fraction(1, n + 1) for n in range(count)})))
    whole = sum(Fraction(1, n + 1) for n in range(count))
    some = sum(Fraction(1, n + 1) for n in range(count) if n % 3)
    assert Fraction(found["deliveries"]["root"]["score"]) == some / whole
    assert found["stations"]["farm"] | {"name": ""} == {
        "id": "farm", "name": "", "score": "1", "positive": "1", "negative": "0",
        "normalized": "1", "common_link": True,
    }  # fmt: skip


def test_grouping_changes_reach_only_inside_the_group(tmp_path: Path) -> None:
    for seed in range(8):
        rng = random.Random(seed)
        net = random_net(rng)
        data = net.load(tmp_path / str(seed))
        pair = rng.sample(sorted(net.stations), 2)
        rules = rules_of(Asked(groups=dict.fromkeys(pair, "G")))
        for delivery in [d.id for d in net.deliveries]:
            before, after = (traced(data, book, delivery) for book in (Rulebook(), rules))
            for kind in ("forward_stations", "backward_stations"):
                renamed = {"G" if name in pair else name for name in before[kind]}
                assert after[kind] == renamed
            inside = {d.id for d in net.deliveries if {d.supplier, d.recipient} <= {*pair}}
            for kind in ("forward_deliveries", "backward_deliveries"):
                assert after[kind] == before[kind] - inside


# ---------------------------------------------------------------------------- lots, errors

CHAIN = Net(
    [
        Delivery("a", "farm", "mill", lot="A"),
        Delivery("b1", "mill", "shop", lot="B"),
        Delivery("b2", "mill", "inn", lot="B"),
        Delivery("c", "mill", "bar", lot="C"),
    ],
    {("a", "b1"), ("a", "b2"), ("b1", "c")},
)


def test_a_case_on_a_lot_counts_once_for_what_leads_to_any_part_of_it(tmp_path: Path) -> None:
    found = tables(infer(*CHAIN.load(tmp_path), [Case("lot", "B", Fraction(1))]))
    scores = {name: row["score"] for name, row in found["deliveries"].items()}
    assert scores == {"a": "1", "b1": "1", "b2": "1", "c": "0"}
    # A lot has no weight of its own, so the sick lot does not explain itself.
    assert {name: row["score"] for name, row in found["lots"].items()} == {
        "A": "1", "B": "0", "C": "0",
    }  # fmt: skip


def test_a_killed_lot_is_killed_in_every_delivery_of_it(tmp_path: Path) -> None:
    data = CHAIN.load(tmp_path)
    lot, deliveries = (
        rulebook.read({"kill": kills}, "rules.toml")
        for kills in ([{"lot": "B"}], [{"delivery": "b1"}, {"delivery": "b2"}])
    )
    for name in ("a", "b1", "b2", "c", "mill", "shop"):
        assert traced(data, lot, name) == traced(data, deliveries, name), name
    assert traced(data, lot, "b1")["forward_stations"] == set()
    assert traced(data, lot, "c")["backward_deliveries"] == set()


def test_a_killed_operation_passes_nothing(tmp_path: Path) -> None:
    data = CHAIN.load(tmp_path)
    key = next(key for key in data[1].operations["key"] if "b1" in key and "a" in key)
    rules = rulebook.read({"kill": [{"operation": key}]}, "rules.toml")
    assert traced(data, rules, "a")["forward_deliveries"] == {"b2"}


def test_grouped_lots_are_scored_as_one(tmp_path: Path) -> None:
    rules = rulebook.read({"group": [{"name": "both", "lots": ["B", "C"]}]}, "rules.toml")
    cases = cases_of({"inn": Fraction(1), "bar": Fraction(1)})
    found = tables(infer(*CHAIN.load(tmp_path), cases, rules))
    assert {name: row["score"] for name, row in found["lots"].items()} == {"A": "1", "both": "1"}


def test_two_cases_at_one_place_add_up(tmp_path: Path) -> None:
    cases = [Case("customer", "bar", Fraction(1)), Case("site", "bar", Fraction(1, 2)),
             Case("shipment", "b2", Fraction(-1, 2))]  # fmt: skip
    found = infer(*CHAIN.load(tmp_path), cases)
    assert inference.to_dict(found)["weight"] == {"positive": "3/2", "negative": "1/2"}
    row = tables(found)["stations"]["farm"]
    assert (row["score"], row["positive"], row["negative"]) == ("2/3", "1", "1")
    assert not row["common_link"]


@pytest.mark.parametrize(
    ("rules", "wanted"),
    [
        ({"kill": [{"site": "farm"}, {"site": "nowhere"}]}, ["kill", "entry 2", "'nowhere'"]),
        ({"kill": [{"lot": "Z"}]}, ["'Z'"]),
        ({"kill": [{"delivery": "Z"}]}, ["'Z'"]),
        ({"kill": [{"operation": "Z"}]}, ["'Z'"]),
        ({"cross_contamination": [{"line": "Z"}]}, ["cross_contamination", "'Z'"]),
        ({"cross_contamination": [{"deliveries": ["a", "Z"]}]}, ["'Z'"]),
        ({"group": [{"name": "G", "sites": ["farm", "Z"]}]}, ["group", "'Z'"]),
        ({"group": [{"name": "inn", "sites": ["farm", "mill"]}]}, ["'inn'", "another name"]),
        (
            {"group": [{"name": "G", "sites": ["farm", "mill"]}], "kill": [{"site": "mill"}]},
            ["'mill'", "Name the group"],
        ),
    ],
)
def test_a_rule_that_names_nothing_is_refused(
    rules: dict[str, Any], wanted: list[str], tmp_path: Path
) -> None:
    data = CHAIN.load(tmp_path)
    with pytest.raises(BadInput) as caught:
        infer(*data, [], rulebook.read(rules, "rules.toml"))
    assert all(part in str(caught.value) for part in wanted), str(caught.value)


def test_what_is_left_out_is_said(tmp_path: Path) -> None:
    limit = {"site": "T", "hazard": "chemical", "share": 0.1, "validation": "V"}
    groups = [{"name": "G", "sites": ["farm", "mill"]}]
    rules = rulebook.read({"carry_over_limit": [limit], "group": groups}, "rules.toml")
    net = Net(CHAIN.deliveries, CHAIN.relations | {("a", "lost")})
    found = infer(*net.load(tmp_path), cases_of({"farm": Fraction(1)}), rules)
    assert {entry.kind for entry in found.missing} == {
        "set_aside_network", "inside_group", "scope_rules",
    }  # fmt: skip
    assert not inference.to_dict(found)["complete"]
