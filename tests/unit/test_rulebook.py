"""The rules file is read strictly: all of it is understood, or all is refused with reasons."""

from __future__ import annotations

import string
from pathlib import Path

import pytest

from graph_model.errors import BadInput
from graph_model.i18n import LANGUAGES, catalogue, use_language
from queries.recall import rulebook
from queries.recall.rulebook import (
    CarryOverLimit,
    CrossContamination,
    Group,
    Kill,
    KillStep,
    Rulebook,
)

EXAMPLE = """
temporal_order = false
[[cross_contamination]]
site = "bakery"
within = "2h"
[[cross_contamination]]
line = "L1"
[[cross_contamination]]
equipment = "mixer"
within = "1d 12h"
[[cross_contamination]]
deliveries = ["D7", "D9"]
[[kill]]
site = "canteen"
[[kill]]
delivery = "D1"
[[kill_step]]
step = "pasteurise"
agent = "Salmonella"
limits = { min_temp_c = 72.0, min_seconds = 15 }
[[group]]
name = "north"
sites = ["trader-1", "trader-2"]
[[carry_over_limit]]
site = "T5"
hazard = "chemical"
share = 0.001
validation = "VP-2025-17"
"""
HOUR = 3_600_000_000


def load(folder: Path, content: str) -> Rulebook:
    path = folder / "rules.toml"
    path.write_text(content, encoding="utf-8")
    return rulebook.load(path)


def test_every_table_is_read(tmp_path: Path) -> None:
    assert load(tmp_path, EXAMPLE) == Rulebook(
        temporal_order=False,
        cross_contamination=(
            CrossContamination(site="bakery", within=2 * HOUR),
            CrossContamination(line="L1"),
            CrossContamination(equipment="mixer", within=36 * HOUR),
            CrossContamination(deliveries=("D7", "D9")),
        ),
        kills=(Kill(site="canteen"), Kill(delivery="D1")),
        kill_steps=(
            KillStep(
                step="pasteurise",
                agent="Salmonella",
                limits={"min_temp_c": 72.0, "min_seconds": 15.0},
            ),
        ),
        groups=(Group(name="north", sites=("trader-1", "trader-2")),),
        carry_over_limits=(
            CarryOverLimit(site="T5", hazard="chemical", share=0.001, validation="VP-2025-17"),
        ),
    )


def test_nothing_given_means_temporal_order_and_no_rule(tmp_path: Path) -> None:
    assert rulebook.load(None) == load(tmp_path, "") == Rulebook()
    assert Rulebook().temporal_order


@pytest.mark.parametrize(
    ("content", "reason", "names"),
    [
        ("temporal_order = 1", "not_boolean", ["temporal_order", "1"]),
        ("colour = 'red'", "unknown_table", ["colour"]),
        ("[[kills]]\nsite = 'a'", "unknown_table", ["kills"]),
        ("[kill]\nsite = 'a'", "not_table", ["kill"]),
        ("kill = ['a']", "not_table", ["kill", "entry 1", "'a'"]),
        ("[[kill]]\nsite = 'a'\n[[kill]]\nsite = 7", "not_text", ["entry 2", "7"]),
        ("[[kill]]\nsite = ' '", "not_text", ["kill", "entry 1"]),
        ("[[kill]]\nsite = 'a'\nlot = 'b'", "not_one_of", ["site, lot"]),
        ("[[kill]]", "not_one_of", ["kill"]),
        ("[[kill]]\nsite = 'a'\nwithin = '2h'", "unknown_key", ["within"]),
        ("[[cross_contamination]]\nsite = 'a'\nline = 'b'", "not_one_of", ["site, line"]),
        ("[[cross_contamination]]\nsite = 'a'\nwithin = '2 hares'", "not_duration", ["2 hares"]),
        ("[[cross_contamination]]\nsite = 'a'\nwithin = 2", "not_text", ["within", "2"]),
        ("[[cross_contamination]]\ndeliveries = ['D1']", "too_few", ["D1"]),
        ("[[cross_contamination]]\ndeliveries = ['D1', 'D1']", "repeated", ["D1"]),
        ("[[cross_contamination]]\ndeliveries = []", "not_list", ["deliveries"]),
        ("[[kill_step]]\nstep = 'a'\nlimits = {min_t = 1}", "missing", ["agent"]),
        ("[[kill_step]]\nstep = 'a'\nagent = 'b'\nlimits = {t = 1}", "not_limits", ["limits"]),
        ("[[kill_step]]\nstep = 'a'\nagent = 'b'\nlimits = {min_t = nan}", "not_limits", ["nan"]),
        ("[[group]]\nname = 'n'", "not_one_of", ["sites, lots"]),
        ("[[group]]\nname = 'n'\nsites = ['a', 1]", "not_list", ["sites"]),
        (
            "[[group]]\nname = 'n'\nsites = ['a']\n[[group]]\nname = 'm'\nsites = ['a']",
            "group_shared",
            ["entry 2", "'a'"],
        ),
        (
            "[[carry_over_limit]]\nsite = 'T'\nhazard = 'noise'\nshare = 1\nvalidation = 'v'",
            "not_hazard",
            ["noise"],
        ),
        (
            "[[carry_over_limit]]\nsite = 'T'\nhazard = 'label'\nshare = 1.5\nvalidation = 'v'",
            "not_share",
            ["1.5"],
        ),
        ("[[carry_over_limit]]\nsite = 'T'\nhazard = 'label'\nshare = 1", "missing", ["validat"]),
    ],
)  # fmt: skip
def test_a_rule_that_is_not_understood_is_refused(
    content: str, reason: str, names: list[str], tmp_path: Path
) -> None:
    with pytest.raises(BadInput) as caught:
        load(tmp_path, content)
    message = str(caught.value)
    fixed = [
        part for part, *_ in string.Formatter().parse(catalogue("en")[f"rules.reason.{reason}"])
    ]
    assert all(part in message for part in fixed), message
    assert all(name in message for name in ["rules.toml", *names]), message


def test_all_faults_are_listed_at_once_in_the_language_in_force(tmp_path: Path) -> None:
    use_language("zh")
    with pytest.raises(BadInput) as caught:
        load(tmp_path, "temporal_order = 1\n[[kill]]\nsite = 1\n[[group]]\nname = 'n'")
    lines = str(caught.value).splitlines()
    assert len(lines) == 4
    assert "第 1 项" in lines[2]


@pytest.mark.parametrize("content", ["[[kill]", "\0", "a = 1\na = 2"])
def test_a_file_that_is_no_toml_is_refused(content: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"rules\.toml"):
        load(tmp_path, content)


def test_a_file_that_is_absent_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="absent"):
        rulebook.load(tmp_path / "absent.toml")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_reason_has_a_repair(lang: str) -> None:
    texts = catalogue(lang)
    reasons, repairs = (
        {key.removeprefix(start) for key in texts if key.startswith(start)}
        for start in ("rules.reason.", "rules.repair.")
    )
    assert reasons == repairs
