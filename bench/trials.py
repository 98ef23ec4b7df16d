"""Scopes of demo plants held against what physically happened there.

Reading a small plant costs a second however few rows it has, so many plants are written into one
folder, each as a company of its own with its own items, orders, suppliers and sources, and read
once. Their networks do not touch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from graph_model import network
from graph_model.ledger import Facts
from graph_model.ledger.fold import fold_kind
from graph_model.lineage import Lineage
from graph_model.schema import KINDS, conform
from loaders import entries, intake
from loaders.demo_plant import Incident, Plant, Truth
from loaders.demo_plant.heat import AGENT, LIMIT, STEP
from loaders.demo_plant.residue import LABEL, LINE, TOOL
from loaders.demo_plant.spec import COMPANY
from queries.recall import parties
from queries.recall.hazard import Hazard
from queries.recall.roots import Suspects
from queries.recall.rulebook import KillStep, Rulebook
from queries.recall.scope import CERTAIN, POSSIBLE, Scope, compute

C = pl.col
PARTIES = ("supplier_code", "customer_code", "destination")
"""Companies that several plants would otherwise share."""
MATERIAL = Hazard(kind="dimension")
"""A hazard that only goes where material goes, so that a scope is held against that."""
TRACES, LABELS = Hazard(kind="chemical"), Hazard(kind="label")
GERM = Hazard(kind="microbial", agent=AGENT)
"""Hazards that go on as residue, as labels left over, and as germs that heat may kill."""
FOLLOWED = {"chemical": (LINE, TOOL), "microbial": (LINE, TOOL), "label": (LABEL,)}
"""Kind of hazard -> kinds of residue by which it truly goes on."""
SOUGHT = {"chemical": "MT-", "label": "PK-"}
"""Kind of hazard -> how the items begin of which incidents are tried beside the planted one."""
KILLS = KillStep(step=STEP, agent=AGENT, limits={"min_temperature": LIMIT})
FALSE_RECORDS = frozenset({"borrowed_between_orders", "whole_reel_leftover"})
"""Dirt by which a record says that a lot went into an order that it did not go into."""
NAMED = {"heel_unrecorded": "not_considered_heel"}
"""Dirt that leaves no trace -> the entry of `missing` that tells of such ways."""


@dataclass(frozen=True)
class Site:
    """A plant among others: its company's code, its dirt in words, and whether records are true."""

    company: str
    plant: Plant
    dirt: str
    true_records: bool

    @property
    def truth(self) -> Truth:
        """The truth under the keys that this company's lots have among the others."""
        truth = self.plant.truth
        ours, theirs = f"{self.company}/", f"{self.company}-"
        key = C("key").str.replace(f"{COMPANY}/", ours, literal=True)
        supplied = truth.supplied.with_columns(
            supplier_code=theirs + C("supplier_code"), key=theirs + C("key")
        )
        return replace(
            truth,
            labels=truth.labels.with_columns(key=key),
            supplied=supplied,
            ships=truth.ships.with_columns(customer=theirs + C("customer")),
        )

    def sheets(self) -> Iterator[tuple[str, pl.DataFrame]]:
        """Its records, as one company of several."""
        for name, frame in self.plant.sheets.items():
            parties = [
                (f"{self.company}-" + C(party)).alias(party)
                for party in PARTIES
                if party in frame.columns
            ]
            if "source" in frame.columns:
                parties.append((f"{self.company}-" + C("source")).alias("source"))
            yield name, frame.with_columns(org=pl.lit(self.company)).with_columns(parties)

    def delays(self) -> Iterator[pl.DataFrame]:
        """The delays of its sources as decisions of a named person."""
        for source, (late, early) in self.plant.delays.items():
            yield entries.decision(
                "delay",
                f"{self.company}-{source}",
                person="manager",
                role="quality",
                reason="measured",
                late=late,
                early=early,
            )


@dataclass(frozen=True)
class Trial:
    """One scope against the truth; lots by key, customers by code.

    `traced`: truth that the scope misses though records tell of it; `untraced`: missed, and no
    record tells of it; `material`: truth by material alone, whatever heat did to germs;
    `false_certain`: certain, and not of that. `named`: kinds in `missing`.
    """

    site: Site
    hazard: Hazard
    confirmed: bool
    supplier: str
    supplier_lot_no: str
    truth: frozenset[str]
    material: frozenset[str]
    held: frozenset[str]
    certain: frozenset[str]
    traced: frozenset[str]
    untraced: frozenset[str]
    customers_missed: frozenset[str]
    named: frozenset[str]
    excluded: int
    reachable: int
    blanket: int

    @property
    def false_certain(self) -> frozenset[str]:
        """What is said to be certain and did not happen."""
        return self.certain - self.material - set(self.site.truth.supplied["key"])

    def told(self) -> bool:
        """Every way that the scope misses stands in its `missing`."""
        kinds = {kind for kind, _ in self.site.plant.untraceable}
        wanted = {NAMED[kind] for kind in kinds if kind in NAMED}
        return not self.untraced or (bool(wanted) and wanted <= self.named)


def write(sites: Iterable[Site], folder: Path) -> None:
    """All sites' records in one folder."""
    sheets: dict[str, list[pl.DataFrame]] = {}
    for site in sites:
        for name, frame in site.sheets():
            sheets.setdefault(name, []).append(frame)
    folder.mkdir(parents=True, exist_ok=True)
    for name, frames in sheets.items():
        pl.concat(frames, how="diagonal_relaxed").write_csv(folder / f"{name}.csv")


def facts_of(tables: dict[str, pl.DataFrame]) -> Facts:
    """The fold of one batch of tables, without a ledger."""
    folded = {}
    for name, kind in KINDS.items():
        stated = tables.get(name)
        said = [] if stated is None else [conform(kind, stated, provenance=True)]
        said = [frame.with_columns(_source=pl.lit("demo")) for frame in said]
        folded[name] = fold_kind(kind, said)[0]
    return Facts(1, "demo", folded)


def try_all(
    sites: list[Site],
    folder: Path,
    *,
    others: int = 0,
    confirmed: tuple[bool, ...] = (True, False),
    hazards: tuple[Hazard, ...] = (MATERIAL,),
) -> Iterator[Trial]:
    """The planted incident of every site and `others`, with and without confirmed delays."""
    write(sites, folder)
    tables = intake.read(folder, "plant", pseudonym=lambda name: f"p-{name}").tables
    for sure in confirmed:
        decided = [delay for site in sites for delay in site.delays()] if sure else []
        said = {**tables, "Decision": pl.concat(decided)} if decided else tables
        facts = facts_of(said)
        lineage = Lineage.of(network.build(facts))
        for site in sites:
            truth = site.truth
            for hazard in hazards:
                for incident in _incidents(site.plant, others, hazard):
                    yield _try(facts, lineage, site, truth, incident, sure, hazard)


def _incidents(plant: Plant, others: int, hazard: Hazard) -> list[Incident]:
    """The planted one, and others spread over all supplier lots that the hazard may come with."""
    supplied = plant.truth.supplied.sort("supplier_code", "item_code", "supplier_lot_no")
    sought = C("item_code").str.starts_with(SOUGHT.get(hazard.kind, ""))
    if hazard.kind not in SOUGHT:
        # Oil and agents go into nothing as material.
        sought = ~C("item_code").str.starts_with(SOUGHT["chemical"])
    supplied = supplied.filter(sought | ~sought.any())
    rows = supplied.unique(["supplier_code", "supplier_lot_no"], keep="first", maintain_order=True)
    step = max(1, rows.height // others) if others else 1
    chosen = rows.gather_every(step).head(others)
    more = [Incident(*row) for row in
            chosen.select("supplier_code", "supplier_lot_no", "item_code").iter_rows()]  # fmt: skip
    return [plant.incident, *(incident for incident in more if incident != plant.incident)]


def _try(
    facts: Facts,
    lineage: Lineage,
    site: Site,
    truth: Truth,
    incident: Incident,
    sure: bool,
    hazard: Hazard,
) -> Trial:
    supplier = f"{site.company}-{incident.supplier}"
    asked = Suspects(supplier=supplier, supplier_lot=incident.supplier_lot_no)
    germs = hazard.kind == "microbial"
    rules = Rulebook(kill_steps=(KILLS,)) if germs else None
    scope = compute(facts, lineage, asked, hazard=hazard, rulebook=rules)
    roots = truth.supplier_lot(supplier, incident.supplier_lot_no)
    # A supplier's own number that no record of the plant bears is no lot of the plant.
    theirs = set(truth.supplied["key"])
    ways = FOLLOWED.get(hazard.kind, ())
    holding = truth.infected if germs else truth.contaminated
    true = holding(roots, residue=ways) - theirs
    shown = holding(roots, traceable=True, residue=ways) - theirs
    keys = lineage.lots["key"]
    certain = {keys[number] for number in scope.tier(CERTAIN)}
    possible = {keys[number] for number in scope.tier(POSSIBLE)}
    missed = true - certain - possible
    # Who got goods of which heat had killed all germs was not in danger.
    got = set() if germs else truth.customers(roots, traceable=True, residue=ways)
    return Trial(
        site=site,
        hazard=hazard,
        confirmed=sure,
        supplier=supplier,
        supplier_lot_no=incident.supplier_lot_no,
        truth=frozenset(true),
        material=frozenset(truth.contaminated(roots) - theirs),
        held=frozenset(certain | possible),
        certain=frozenset(certain),
        traced=frozenset(missed & shown),
        untraced=frozenset(missed - shown),
        customers_missed=frozenset(got - _customers(scope)),
        named=frozenset(entry.kind for entry in scope.missing),
        excluded=scope.reachable[0] - len(certain) - len(possible),
        reachable=scope.reachable[0],
        blanket=scope.blanket.lots,
    )


def _customers(scope: Scope) -> set[str]:
    return {str(row["customer"]) for row in parties.customers(scope)}
