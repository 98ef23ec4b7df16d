"""`python -m bench.scope_quality`: what scopes miss, and how small they are, on many demo plants.

Writes `docs/scope-quality.md`. Every figure is of small generated plants whose truth is known; the
same arguments give the same page. `--plants N`: plants for each kind of deviation.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.trials import (
    FALSE_RECORDS,
    GERM,
    LABELS,
    MATERIAL,
    NAMED,
    TRACES,
    Site,
    Trial,
    try_all,
)
from loaders.demo_plant import Dirt, generate
from queries.recall.hazard import Hazard

LOTS = 60
SMALL = 400
"""Lots of the plants on which sizes are compared; a cone is a small part of these."""
TOGETHER = 40
SHOWN = 12
"""Misses that the page lists."""
SHARES = (0.0, 0.25, 0.5, 1.0)
HAZARDS = (MATERIAL, LABELS, TRACES, GERM)
RESIDUE = replace(
    Dirt.default(), residue_on_line=0.3, tools_and_agents=0.1, leftover_labels=0.3,
    sample_missed=0.3, line_unrecorded=0.0,
)  # fmt: skip
"""Ordinary records of plants of which a third of the orders leaves residue."""
NO_LINE = "chemical, some orders without a line"
PAGE = Path(__file__).parent.parent / "docs" / "scope-quality.md"


@dataclass
class Tally:
    """Sums over trials."""

    plants: set[str] = field(default_factory=set)
    scopes: int = 0
    truth: int = 0
    held: int = 0
    certain: int = 0
    traced: int = 0
    untraced: int = 0
    untold: int = 0
    false_certain: int = 0
    customers_missed: int = 0
    reachable: int = 0
    blanket: int = 0
    hits: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, trial: Trial) -> None:
        """One more scope."""
        self.plants.add(trial.site.company)
        self.scopes += 1
        self.truth += len(trial.truth)
        self.held += len(trial.held)
        self.hits += len(trial.held & trial.truth)
        self.certain += len(trial.certain)
        self.traced += len(trial.traced)
        self.untraced += len(trial.untraced)
        self.untold += not trial.told()
        self.false_certain += len(trial.false_certain)
        self.customers_missed += len(trial.customers_missed)
        self.reachable += trial.reachable
        self.blanket += trial.blanket
        if trial.traced:
            hazard = "" if trial.hazard == MATERIAL else f", {trial.hazard.kind}"
            plant, lots = trial.site.company, ", ".join(sorted(trial.traced))
            self.examples.append(f"seed {int(plant[1:])}, {trial.site.dirt}{hazard}: {lots}")


def _trials(
    sites: list[Site],
    others: int,
    confirmed: tuple[bool, ...],
    hazards: tuple[Hazard, ...] = (MATERIAL,),
) -> Iterator[Trial]:
    for first in range(0, len(sites), TOGETHER):
        with tempfile.TemporaryDirectory() as folder:
            part = sites[first : first + TOGETHER]
            yield from try_all(
                part, Path(folder), others=others, confirmed=confirmed, hazards=hazards
            )


def _true_records(dirt: str) -> bool:
    return dirt not in ("all", "default") and dirt not in FALSE_RECORDS


def _sites(
    dirt: str,
    rate: Dirt,
    plants: int,
    lots: int = LOTS,
    exact: float = 0.0,
    *,
    heated: bool = False,
) -> list[Site]:
    return [
        Site(
            f"Q{seed:04d}",
            generate(lots, seed, rate, kind="electronics" if seed % 5 == 4 else "food",
                     exact=exact, heated=heated),
            dirt,
            _true_records(dirt),
        )
        for seed in range(plants)
    ]  # fmt: skip


def by_dirt(plants: int, others: int) -> dict[str, Tally]:
    """Each kind alone, none, and all together, with and without confirmed delays."""
    kinds = {"none": Dirt.none()} | {name: Dirt.only(name) for name in Dirt.kinds()}
    found: dict[str, Tally] = {}
    for name, dirt in (kinds | {"all": Dirt.all()}).items():
        found[name] = _tally(_trials(_sites(name, dirt, plants), others, (True, False)))
    return found


def by_share(plants: int) -> dict[tuple[str, float], Tally]:
    """By share of orders with exact records, on clean and on ordinary records, delays confirmed."""
    found: dict[tuple[str, float], Tally] = {}
    for name, dirt in (("none", Dirt.none()), ("default", Dirt.default())):
        for share in SHARES:
            sites = _sites(name, dirt, plants, SMALL, share)
            found[name, share] = _tally(_trials(sites, 1, (True,)))
    return found


def by_hazard(plants: int) -> dict[tuple[str, float], Tally]:
    """Each class of hazard, by share of exact orders, on ordinary records of heated plants."""
    found: dict[tuple[str, float], Tally] = {}
    for share in SHARES:
        sites = _sites("default", RESIDUE, plants, SMALL, share, heated=True)
        for trial in _trials(sites, 1, (True,), HAZARDS):
            found.setdefault((trial.hazard.kind, share), Tally()).add(trial)
    lost = replace(RESIDUE, line_unrecorded=0.01)
    sites = _sites("default", lost, plants, SMALL, heated=True)
    found[NO_LINE, 0.0] = _tally(_trials(sites, 1, (True,), (TRACES,)))
    order = [*(hazard.kind for hazard in HAZARDS), NO_LINE]
    return dict(sorted(found.items(), key=lambda one: (order.index(one[0][0]), one[0][1])))


def _tally(trials: Iterable[Trial]) -> Tally:
    tally = Tally()
    for trial in trials:
        tally.add(trial)
    return tally


# ---------------------------------------------------------------------------- the page


def _per_cent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def _dirt_table(found: dict[str, Tally]) -> list[str]:
    rows = [
        "| deviation | plants | scopes | true lots | missed, with a trace | missed, without | "
        "miss rate | named in `missing` as | certain, not true | scope / true | scope / blanket |",
        "|---|---:|---:|---:|---:|---:|---:|---|---:|---:|---:|",
    ]
    for name, sums in found.items():
        told = NAMED.get(name, NAMED["heel_unrecorded"] if name == "all" else "")
        kind = f"`{told}`" if sums.untraced else ""
        sure = str(sums.false_certain) if _true_records(name) else "-"
        rows.append(
            f"| {name.replace('_', ' ')} | {len(sums.plants)} | {sums.scopes} | {sums.truth} | "
            f"{sums.traced} | {sums.untraced} | {_per_cent(sums.untraced, sums.truth)} | {kind} | "
            f"{sure} | {sums.held / sums.truth:.2f} | {_per_cent(sums.held, sums.blanket)} |"
        )
    return rows


def _share_table(found: dict[tuple[str, float], Tally]) -> list[str]:
    rows = [
        "| records | exact orders | scopes | true lots | scope | certain | plain reachability | "
        "blanket recall | scope / reachability | scope / blanket | missed |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for (name, share), sums in found.items():
        mean = [
            f"{value / sums.scopes:.1f}"
            for value in (sums.truth, sums.held, sums.certain, sums.reachable, sums.blanket)
        ]
        rows.append(
            f"| {name} | {share:.0%} | {sums.scopes} | {' | '.join(mean)} | "
            f"{_per_cent(sums.held, sums.reachable)} | {_per_cent(sums.held, sums.blanket)} | "
            f"{sums.traced} |"
        )
    return rows


def _hazard_table(found: dict[tuple[str, float], Tally]) -> list[str]:
    rows = [
        "| hazard | exact orders | scopes | true lots | scope | precision | saved against plain "
        "reachability | saved against blanket recall | missed, with a trace | missed, without |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for (kind, share), sums in found.items():
        rows.append(
            f"| {kind.replace('_', ' ')} | {share:.0%} | {sums.scopes} | "
            f"{sums.truth / sums.scopes:.1f} | {sums.held / sums.scopes:.1f} | "
            f"{_per_cent(sums.hits, sums.held)} | "
            f"{_per_cent(sums.reachable - sums.held, sums.reachable)} | "
            f"{_per_cent(sums.blanket - sums.held, sums.blanket)} | "
            f"{sums.traced} | {sums.untraced} |"
        )
    return rows


def page(
    dirt: dict[str, Tally],
    share: dict[tuple[str, float], Tally],
    hazard: dict[tuple[str, float], Tally],
) -> str:
    """The page in words and tables."""
    every = (*dirt.values(), *share.values(), *hazard.values())
    total = Tally()
    for sums in every:
        total.traced += sums.traced
        total.untold += sums.untold
        total.customers_missed += sums.customers_missed
        total.scopes += sums.scopes
    examples = sorted({text for sums in every for text in sums.examples})
    sure = [sums for name, sums in dirt.items() if _true_records(name)]
    values = {
        "scopes": total.scopes,
        "traced": total.traced,
        "untold": total.untold,
        "customers": total.customers_missed,
        "false_certain": sum(sums.false_certain for sums in sure),
        "false_records": ", ".join(sorted(name.replace("_", " ") for name in FALSE_RECORDS)),
        "dirt": "\n".join(_dirt_table(dirt)),
        "share": "\n".join(_share_table(share)),
        "hazard": "\n".join(_hazard_table(hazard)),
        "examples": "".join(f"\n- {text}" for text in examples[:SHOWN]),
    }
    return (Path(__file__).parent / "scope_quality.md").read_text("utf-8").format(**values)


def main() -> None:
    """Tries, writes the page, and prints where it is."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--plants", type=int, default=12)
    arguments.add_argument("--others", type=int, default=2)
    arguments.add_argument("--output", type=Path, default=PAGE)
    chosen = arguments.parse_args()
    dirt = by_dirt(chosen.plants, chosen.others)
    share = by_share(chosen.plants)
    hazard = by_hazard(chosen.plants)
    chosen.output.write_text(page(dirt, share, hazard), "utf-8")
    tables = (_dirt_table(dirt), _share_table(share), _hazard_table(hazard))
    print("\n".join([line for rows in tables for line in (*rows, "")] + [str(chosen.output)]))


if __name__ == "__main__":
    main()
