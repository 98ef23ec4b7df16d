"""Where a scope starts: what matches the question, what cannot be ruled out, what looks alike.

An attribute that is missing matches as *unknown*: the lot cannot be ruled out and makes others at
most possible. Numbers that only look alike are *near*: they reach nothing and wait for a decision.
A complaint, customer or shipment is an effect: it names no source.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from graph_model import keys
from graph_model.births import TIMES
from graph_model.derived import links
from graph_model.derived.codes import Codes, aliases
from graph_model.errors import Ambiguous, BadInput, NotFound
from graph_model.i18n import text, time_text
from graph_model.interval import MAX, MIN, in_force
from graph_model.lineage import Index, Lineage, once
from graph_model.network import Facts
from graph_model.schema import MOVEMENTS, Complaint, Decision, Item, Person, Shipment, Site
from queries import scans
from queries.recall import alike, slices
from queries.recall.lines import MADE, lines
from queries.recall.suspects import Suspects as Suspects

_YES, _UNKNOWN, _NO = 2, 1, 0


@dataclass(frozen=True)
class Roots:
    """Lot numbers by group; `effect`: the question names effects, the source is undetermined."""

    match: Index
    cannot_rule_out: Index
    near: Index
    effect: bool
    unclear: Index = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    """Lots of which a part was asked for that no record shows."""


def find_lots(lineage: Lineage, text: str) -> Index:
    """Lots that a reference can mean: the whole text as a number first, then with owner and item.

    `LOTNO`, `ITEM/LOTNO`, `OWNER/ITEM/LOTNO`, each also with `#SUBLOT`, or `#SUBLOT` alone; a GS1
    or EPC code where nothing carries it as it stands.
    """
    for written in (text, keys.plain(text)):
        found = _meant(lineage, written)
        if found.size:
            return found
    scan = scans.read(text)
    number = lineage.number([scan.key]) if scan.key else _none()
    number = number[number >= 0]
    if number.size and lineage.recorded[number].all():
        return number
    others = [_meant(lineage, one) for one in scan.numbers if one != text.strip()]
    return np.unique(np.concatenate([_none(), *others]))


def _meant(lineage: Lineage, text: str) -> Index:
    whole = _numbered(lineage, text)
    found = whole.filter(pl.col("sublot") == "")["n"].to_numpy()
    if found.size:
        return found
    rest, _, sublot = text.partition("#")
    parts = rest.split("/")
    for cut in range(min(3, len(parts)), 0, -1):
        head, lot_no = parts[: cut - 1], "/".join(parts[cut - 1 :])
        rows = _numbered(lineage, lot_no) if rest else _index(lineage)
        if len(head) == 2:
            rows = rows.filter((pl.col("owner") == head[0]) & (pl.col("item_code") == head[1]))
        elif len(head) == 1:
            rows = rows.filter(pl.col("item_code") == head[0])
        rows = rows.filter(pl.col("sublot") == sublot) if sublot else rows
        if len(rows):
            lots = rows.filter(pl.col("sublot") == "")
            return (lots if len(lots) and not sublot else rows)["n"].sort().to_numpy()
    number = lineage.number([text])
    number = number[number >= 0]
    return number[lineage.recorded[number]]


def _numbered(lineage: Lineage, lot_no: str) -> pl.DataFrame:
    """Recorded lots of this number: n, owner, item_code, lot_no, sublot."""
    index = _index(lineage)
    start = index["lot_no"].search_sorted(lot_no, side="left")
    return index[start : index["lot_no"].search_sorted(lot_no, side="right")]


@once
def _index(lineage: Lineage) -> pl.DataFrame:
    """Recorded lots by number."""
    columns = ("owner", "item_code", "lot_no", "sublot")
    numbered = lineage.lots.select(*columns, n=pl.int_range(pl.len(), dtype=pl.Int64))
    return numbered.filter(pl.Series(lineage.recorded)).sort("lot_no", "n")


def one_lot(lineage: Lineage, text: str) -> int:
    """The lot a reference means; Ambiguous lists the candidates, NotFound says what looks alike."""
    found = find_lots(lineage, text)
    if not found.size:
        raise NotFound(
            "lot_not_found", number=text, alike=", ".join(alike.suggestions(lineage, text)) or "-"
        )
    if found.size > 1:
        keys = lineage.lots["key"][found].to_list()
        raise Ambiguous("lot_ambiguous", keys, number=text, candidates="\n  ".join(keys))
    return int(found[0])


def each_lot(lineage: Lineage, texts: Sequence[str]) -> Index:
    """`one_lot` of each text; whole keys, of which there may be thousands, all at once."""
    wanted = pl.Series(texts, dtype=pl.String)
    numbers = lineage.number(list(texts))
    printed = _index(lineage)["lot_no"]
    at = printed.search_sorted(wanted).to_numpy()
    also_a_number = np.zeros(len(wanted), dtype=bool)
    if len(printed):
        also_a_number = (printed[np.minimum(at, len(printed) - 1)] == wanted).to_numpy()
    plain = (wanted.str.count_matches("/") == 2) & ~wanted.str.contains("[#%]")
    sure = plain.to_numpy() & (numbers >= 0) & ~also_a_number
    sure[sure] = lineage.recorded[numbers[sure]]
    for place in np.flatnonzero(~sure):
        numbers[place] = one_lot(lineage, texts[int(place)])
    return numbers


def answer(facts: Facts, lineage: Lineage, asked: Suspects) -> Roots:
    """Matches, lots that cannot be ruled out, and lots that look alike."""
    asked.refuse_unused()
    match, unknown, near, unclear = _none(), _none(), _none(), _none()
    if asked.lots:
        match = each_lot(lineage, asked.lots)
        near = _other_numbers(lineage, match)
        if asked.stretch.given():
            match, unknown, unclear = slices.cut(facts, lineage, match, asked.stretch)
    elif asked.stretch.given():
        raise BadInput("slice_without_lot")
    effect = bool(asked.shipment or asked.customer or asked.complaint)
    if not _is_known(facts, lineage, asked):
        pass
    elif effect:
        match = np.union1d(match, _of_item(facts, lineage, asked, _effects(facts, lineage, asked)))
    elif asked.operation or asked.operator or asked.machine or asked.site:
        sure, maybe = _steps(facts, lineage, asked)
        match, unknown = np.union1d(match, sure), np.union1d(unknown, maybe)
    elif asked.supplier or asked.supplier_lot or asked.item:
        sure, maybe = _by_attributes(facts, lineage, asked)
        match, unknown = np.union1d(match, sure), np.union1d(unknown, maybe)
        if asked.supplier_lot:
            near = np.union1d(near, alike.near(lineage, [asked.supplier_lot]))
    inside = _contents(facts, lineage, match)
    match, unknown = (
        (np.union1d(match, inside), unknown) if effect else (match, np.union1d(unknown, inside))
    )
    match = lineage.with_parts(match)
    unknown = np.setdiff1d(lineage.with_parts(unknown), match)
    unknown = np.setdiff1d(unknown, _ruled_out(facts, lineage))
    near = np.setdiff1d(near, np.union1d(match, unknown))
    if not (match.size or unknown.size):
        raise NotFound("nothing_matches", wanted=", ".join(_told(asked)))
    return Roots(match, unknown, near, effect, unclear)


def _is_known(facts: Facts, lineage: Lineage, asked: Suspects) -> bool:
    """Whether the item and the person asked for are named anywhere; a mistyped one matches none."""
    if asked.item:
        coded = lineage.lots["item_code"] == asked.item
        if not (coded.any() or len(_same_items(facts, lineage, asked.item))):
            return False
    if asked.operator is None:
        return True
    people = [facts[kind]["person"] for kind in MOVEMENTS] + [facts[Person]["pseudonym"]]
    return any((people_of == asked.operator).any() for people_of in people)


def _told(asked: Suspects) -> Iterator[str]:
    """What was asked, in words."""
    for name, value in asked.given().items():
        if name in ("start", "end"):
            value = time_text(int(str(value)))
        elif name == "lots":
            value = ", ".join(asked.lots)
        yield f"{text(f'suspect.{name}')} {value}"


def _none() -> Index:
    return np.empty(0, dtype=np.int64)


def _contents(facts: Facts, lineage: Lineage, lots: Index) -> Index:
    """What was ever packed in those of the lots that are containers."""
    boxes = lots[lineage.lots["kind"][lots].eq_missing("container").to_numpy()]
    if not boxes.size:
        return _none()
    inside = links.held(facts)
    keys = inside.filter(pl.col("container").is_in(lineage.lots["key"][boxes].implode()))["lot"]
    found = lineage.number(keys.to_list())
    return found[found >= 0]


def _other_numbers(lineage: Lineage, match: Index) -> Index:
    """Lots with a number alike; the same number of another item is simply another lot."""
    numbers, items = lineage.lots["lot_no"], lineage.lots["item"]
    found = alike.near(lineage, numbers[match])
    same = numbers[found].is_in(numbers[match].implode()).to_numpy()
    other = ~items[found].is_in(items[match].implode()).fill_null(True).to_numpy()
    near: Index = found[~(same & other)]
    return near


def _ruled_out(facts: Facts, lineage: Lineage) -> Index:
    keys = in_force(facts[Decision]).filter(pl.col("kind") == "rule_out_root")["subject"]
    found = lineage.number(keys.to_list())
    return found[found >= 0]


# ---------------------------------------------------------------------------- causes


def _other_names(facts: Facts, company: str) -> list[str]:
    """The company code and every alias of it."""
    names, fresh = {company}, {company}
    pairs = aliases(facts).filter(pl.col("kind") == "company").select("alias", "target").rows()
    while fresh:
        fresh = {b for a, b in pairs if a in fresh} | {a for a, b in pairs if b in fresh}
        fresh -= names
        names |= fresh
    return sorted(names)


def _by_attributes(facts: Facts, lineage: Lineage, asked: Suspects) -> tuple[Index, Index]:
    """Lots by supplier, supplier's number, item and period of receiving or making."""
    supplied = bool(asked.supplier or asked.supplier_lot)
    times = {name: f"{'received' if supplied else 'born'}_{name}" for name in TIMES}
    gone = lineage.retracted["lot"].implode()
    rows = (
        pl.concat([lineage.lots, lineage.births], how="horizontal")
        .lazy()
        .with_row_index("n")
        .filter(pl.col("rule").is_null() & ~pl.col("n").is_in(gone))
        .with_columns(pl.col(column).alias(name) for name, column in times.items())
    )
    from_supplier = pl.col("received")
    unknown_origin = ~pl.col("made") & ~from_supplier
    judged: list[pl.Expr] = []
    names = _other_names(facts, asked.supplier) if asked.supplier else []
    if supplied:
        rows = rows.filter(from_supplier | (unknown_origin & pl.col("used")))
    if asked.supplier:
        yes = from_supplier & pl.col("owner").is_in(names)
        judged.append(_judged(yes, (pl.col("owner") == "?") | unknown_origin))
    if asked.supplier_lot:
        yes = pl.col("lot_no") == asked.supplier_lot
        judged.append(_judged(yes & from_supplier, (pl.col("lot_no") == "") | unknown_origin))
    if asked.item:
        same = pl.col("item").is_in(_same_items(facts, lineage, asked.item).implode())
        code = pl.col("item_code") == asked.item
        judged.append(_judged(code | same.fill_null(False), pl.col("item").is_null()))
    if asked.start is not None or asked.end is not None:
        low, high = asked.start or MIN, asked.end or MAX
        inside = (pl.col("earliest") >= low) & (pl.col("latest") <= high)
        touches = (pl.col("t0").fill_null(MIN) <= high) & (pl.col("t1").fill_null(MAX) >= low)
        judged.append(_judged(inside.fill_null(False), touches))
    found = rows.select("n", verdict=pl.min_horizontal(judged)).collect()
    if asked.supplier and not asked.item:
        found = _of_supplied_items(facts, lineage, found, names)
    return tuple(  # type: ignore[return-value]
        found.filter(pl.col("verdict") == verdict)["n"].to_numpy().astype(np.int64)
        for verdict in (_YES, _UNKNOWN)
    )


def _judged(yes: pl.Expr, unknown: pl.Expr) -> pl.Expr:
    return pl.when(yes).then(_YES).when(unknown).then(_UNKNOWN).otherwise(_NO)


def _codes(facts: Facts) -> Codes:
    return Codes.of(aliases(facts), facts[Item])


def _same_items(facts: Facts, lineage: Lineage, item: str) -> pl.Series:
    """Keys of the items named by this code or key, and of the same items under other codes."""
    listed = facts[Item].select("key", "item_code")
    stocked = lineage.lots.select("item_code", key="item").select("key", "item_code")
    items = pl.concat([listed, stocked]).drop_nulls("key").unique()
    items = items.with_columns(usual=_codes(facts).item("key"))
    named = items.filter((pl.col("key") == item) | (pl.col("item_code") == item))["usual"]
    return items.filter(pl.col("usual").is_in(named.implode()))["key"].unique()


def _of_supplied_items(
    facts: Facts, lineage: Lineage, found: pl.DataFrame, suppliers: list[str]
) -> pl.DataFrame:
    """Lots of unknown origin only of items that this supplier, or an unknown one, delivers."""
    named = pl.col("owner").is_in([*suppliers, "?"]) | pl.col("supplier").is_in(suppliers)
    lots = lineage.lots.with_columns(_codes(facts).item("item").alias("item"))
    items, item = lots.filter(named)["item"], lots["item"][found["n"]]
    kept = item.is_in(items.implode()) | item.is_null() | (found["verdict"] == _YES)
    return found.filter(kept)


def _began(lineage: Lineage) -> pl.Series:
    """From when each operation can have run: its first issue; unbounded where none is recorded."""
    first = lineage.consumed.group_by("op").agg(pl.col("t0").min())
    steps = lineage.operations.select(op=pl.int_range(pl.len(), dtype=pl.Int32))
    return steps.join(first, on="op", how="left", maintain_order="left")["t0"].fill_null(MIN)


def _steps(facts: Facts, lineage: Lineage, asked: Suspects) -> tuple[Index, Index]:
    """Lots made by operations, people, machines or places, in a window."""
    made = lineage.produced.filter(pl.col("rule").is_null())
    about = lineage.operations.select("key", "work_order_no", "site", "kind")
    about = about.with_columns(began=_began(lineage))
    rows = pl.concat([made, about[made["op"]].rename({"key": "operation"})], how="horizontal")
    judged: list[pl.Expr] = []
    if asked.operation:
        names = pl.col("operation").eq(asked.operation) | pl.col("work_order_no").eq(
            asked.operation
        )
        judged.append(_judged(names.fill_null(False), pl.lit(False)))
    if asked.operator:
        judged.append(
            _judged(
                pl.col("person").eq(asked.operator).fill_null(False), pl.col("person").is_null()
            )
        )
    if asked.item:
        same = pl.col("item").is_in(_same_items(facts, lineage, asked.item).implode())
        judged.append(_judged(same.fill_null(False), pl.col("item").is_null()))
    places = [place for place in (asked.machine, asked.site) if place]
    judged += [_ran_at(lineage, within(facts, place)) for place in places]
    if asked.start is not None or asked.end is not None:
        low, high = asked.start or MIN, asked.end or MAX
        inside = (pl.col("earliest") >= low) & (pl.col("latest") <= high)
        # What was received after the window may have been on the line within it.
        made_here = pl.col("kind").is_in(MADE)
        begin = pl.when(made_here).then(pl.min_horizontal("t0", "began")).otherwise("t0")
        touches = (begin <= high) & (pl.col("t1") >= low)
        judged.append(_judged(inside.fill_null(False), touches))
    found = rows.select("lot", verdict=pl.min_horizontal(judged))
    best = found.group_by("lot").agg(pl.col("verdict").max())
    return tuple(  # type: ignore[return-value]
        np.sort(best.filter(pl.col("verdict") == verdict)["lot"].to_numpy().astype(np.int64))
        for verdict in (_YES, _UNKNOWN)
    )


def _ran_at(lineage: Lineage, places: list[str]) -> pl.Expr:
    """Verdict on an output row: its own line and place count before the line of its order.

    Material of the order that was issued at a place may be in any of its outputs.
    """
    here = lines(lineage).filter(pl.col("site").is_in(places))["op"].unique().implode()
    own = pl.col("from_place").is_in(places) | pl.col("to_place").is_in(places)
    elsewhere = pl.col("from_place").is_not_null()
    yes = own.fill_null(False) | (pl.col("site").is_in(places).fill_null(False) & ~elsewhere)
    nowhere = pl.col("site").is_null() & ~elsewhere & pl.col("kind").is_in(MADE)
    return _judged(yes, pl.col("op").is_in(here) | nowhere)


def within(facts: Facts, place: str) -> list[str]:
    """Keys of the place, named by code or key, and of every place that is part of it."""
    sites = facts[Site]
    named = sites.filter((pl.col("key") == place) | (pl.col("site_code") == place))
    found, fresh = set(named["key"]), set(named["key"])
    while fresh:
        below = sites.filter(pl.col("parent").is_in(sorted(fresh)))["key"]
        fresh = set(below) - found
        found |= fresh
    return sorted(found)


# ---------------------------------------------------------------------------- effects


def _of_item(facts: Facts, lineage: Lineage, asked: Suspects, lots: Index) -> Index:
    """Those of the item asked for, where one is, or of which it is not known."""
    if not asked.item:
        return lots
    item = lineage.lots["item"][lots]
    same = item.is_in(_same_items(facts, lineage, asked.item).implode()).fill_null(True)
    code = lineage.lots["item_code"][lots] == asked.item
    kept: Index = lots[(same | code).to_numpy()]
    return kept


def _effects(facts: Facts, lineage: Lineage, asked: Suspects) -> Index:
    """Lots that the complaint is about, or that the shipment or customer received."""
    keys: list[str] = []
    shipped = _shipped_keys(facts, lineage)
    if asked.shipment:
        number = pl.col("delivery_no").eq(asked.shipment) | pl.col("shipment").eq(asked.shipment)
        keys += shipped.filter(number)["lot"].to_list()
    if asked.customer:
        keys += shipped.filter(pl.col("customer") == asked.customer)["lot"].to_list()
    if asked.complaint:
        number = pl.col("complaint_no").eq(asked.complaint) | pl.col("key").eq(asked.complaint)
        for row in facts[Complaint].filter(number).iter_rows(named=True):
            keys += _complained(lineage, shipped, row)
    found = lineage.number(sorted(set(keys)))
    return found[found >= 0]


def _complained(lineage: Lineage, shipped: pl.DataFrame, row: dict[str, str | None]) -> list[str]:
    """Lots that a complaint names, or else can be about: of its item, sent to its customer."""
    if row["lot"]:
        return [row["lot"]]
    keys: list[str] = []
    if row["shipment"]:
        keys += shipped.filter(pl.col("shipment") == row["shipment"])["lot"].to_list()
    if row["printed_code"]:
        keys += lineage.lots["key"][find_lots(lineage, row["printed_code"])].to_list()
    if keys or not (row["item"] or row["customer"]):
        return keys
    lots = lineage.lots.filter(pl.Series(lineage.recorded))
    if row["item"]:
        lots = lots.filter(pl.col("item") == row["item"])
    if row["customer"]:
        sent = shipped.filter(pl.col("customer") == row["customer"])
        lots = lots.filter(pl.col("key").is_in(sent["lot"].implode()))
    return lots["key"].to_list()


def _shipped_keys(facts: Facts, lineage: Lineage) -> pl.DataFrame:
    heads = facts[Shipment].select("delivery_no", "customer", shipment="key")
    lines = lineage.shipped.select("shipment", lot=lineage.lots["key"][lineage.shipped["lot"]])
    return lines.join(heads, on="shipment", how="left")


def label(item_code: str, lot_no: str, sublot: str) -> str:
    """How a lot is written for people: ITEM/LOTNO#SUBLOT."""
    named = f"{item_code}/{lot_no}" if item_code else lot_no
    return f"{named}#{sublot}" if sublot else named
