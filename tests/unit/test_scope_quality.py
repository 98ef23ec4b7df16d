"""The page on scope quality says what the trials gave."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bench.scope_quality import Tally, page
from bench.trials import Site, try_all
from loaders.demo_plant import Dirt, generate


def test_the_page_counts_what_scopes_miss_and_which_plant_it_was(tmp_path: Path) -> None:
    sites = [Site(f"Q{n:04d}", generate(60, n, Dirt.none()), "none", True) for n in range(2)]
    trials = list(try_all(sites, tmp_path, confirmed=(True,)))
    good, bad = Tally(), Tally()
    for trial in trials:
        good.add(trial)
        bad.add(replace(trial, traced=frozenset({"Q/LOT"}), customers_missed=frozenset({"C"})))
    assert (good.scopes, len(good.plants), good.traced, good.untold) == (2, 2, 0, 0)
    assert good.reachable >= good.held >= good.truth >= good.certain > 0
    clean = page({"none": good}, {("none", 0.0): good}, {("chemical", 0.5): good})
    share = f"{100 * good.hits / good.held:.1f} %"
    assert f"| chemical | 50% | 2 | {good.truth / 2:.1f} | {good.held / 2:.1f} | {share} |" in clean
    assert f"| none | 2 | 2 | {good.truth} | 0 | 0 | 0.0 % |" in clean
    assert "seed 1" not in clean
    missing = page({"none": bad}, {("none", 0.0): good}, {})
    assert f"| none | 2 | 2 | {good.truth} | 2 | 0 | 0.0 % |" in missing
    assert "- seed 1, none: Q/LOT" in missing
