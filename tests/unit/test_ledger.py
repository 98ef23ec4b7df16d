"""What is appended is what the fold says: in any order, once or twice, undone, as of a batch."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph_model.errors import BadInput, Locked
from graph_model.ledger import Ledger
from graph_model.schema import KINDS, Consumed, Item, conform, frame_schema
from tests.unit.conftest import Home, NewHome

HOUR = 3_600_000_000
Rows = list[dict[str, Any]]


def items(rows: Rows) -> dict[str, pl.DataFrame]:
    """Items by code with the given properties."""
    full = [{"key": f"P/{r['item_code']}", "company": "P", **r} for r in rows]
    schema = {name: dtype for name, dtype in frame_schema(Item).items() if name in full[0]}
    return {"Item": pl.DataFrame(full, schema=schema)}


def consumed(**stated: Any) -> dict[str, pl.DataFrame]:
    """One movement line K into order W1."""
    row = {"key": "K", "operation": "P/produce/W1", **stated}
    schema = {name: dtype for name, dtype in frame_schema(Consumed).items() if name in row}
    return {"Consumed": pl.DataFrame([row], schema=schema)}


def add(ledger: Ledger, tables: dict[str, pl.DataFrame], source: str = "erp") -> int:
    return ledger.append(tables, source=source, who="Tester").number


def plain(frame: pl.DataFrame) -> pl.DataFrame:
    """Without where it was read."""
    return frame.select(name for name in frame.columns if not name.startswith("_"))


def item_names(ledger: Ledger) -> dict[str, Any]:
    return dict(ledger.fold()[Item].select("item_code", "item_name").iter_rows())


@pytest.fixture
def ledger(home: Home) -> Iterator[Ledger]:
    with home.open() as opened:
        yield opened


@pytest.mark.parametrize("count", [1, 200, 201, 3000])
def test_rows_come_back_as_stated_with_where_they_were_read(home: Home, count: int) -> None:
    tables = items([{"item_code": f"{n:05}", "unit_cost": n / 3} for n in range(count)])
    tables["Item"] = tables["Item"].with_columns(
        _file=pl.lit("物料.csv"), _sheet=pl.lit("items"), _row=pl.int_range(2, count + 2)
    )
    with home.open() as ledger:
        batch = ledger.append(tables, source="erp", who="Tester", note="first")
        assert batch.counts == {"Item": count}
    assert bool(list((home.folder / "batches").iterdir())) == (count > 200)
    with home.open() as ledger:
        facts = ledger.fold()
        assert facts[Item].equals(conform(Item, tables["Item"], provenance=True))
        assert ledger.batches() == [batch]
        assert (facts.batch, facts.head) == ledger.head() == (1, batch.hash)


def test_the_empty_ledger_has_every_kind(ledger: Ledger) -> None:
    facts = ledger.fold()
    assert ledger.head() == (facts.batch, facts.head) == (0, "")
    for name, kind in KINDS.items():
        assert facts.tables[name].schema == frame_schema(kind, provenance=True)
        assert facts[kind].is_empty()
    assert ledger.verify() == []


CODES = st.sampled_from(["a", "b", "c"])
NAMES = st.one_of(st.none(), st.sampled_from(["x", "y"]))
STATEMENT = st.tuples(CODES, NAMES, st.one_of(st.none(), st.integers(0, 2).map(float)))
Stated = list[tuple[str, str | None, float | None]]
BATCH = st.lists(STATEMENT, min_size=1, max_size=4)


def as_items(batch: Stated) -> dict[str, pl.DataFrame]:
    return items([{"item_code": c, "item_name": n, "unit_cost": u} for c, n, u in batch])


def model(batches: list[Stated]) -> dict[str, Any]:
    """The fold in words of dictionaries: per property, the last one stated."""
    facts: dict[str, list[Any]] = {}
    for code, *stated in itertools.chain.from_iterable(batches):
        row = facts.setdefault(code, [None, None])
        for at, value in enumerate(stated):
            row[at] = row[at] if value is None else value
    return facts


def told(ledger: Ledger, as_of: int | None = None) -> dict[str, Any]:
    rows = ledger.fold(as_of)[Item].select("item_code", "item_name", "unit_cost").iter_rows()
    return {code: list(rest) for code, *rest in rows}


@settings(max_examples=20, deadline=None)
@given(st.lists(BATCH, min_size=1, max_size=5))
def test_fold_is_the_last_statement_of_each_property_at_every_batch(
    new_home: NewHome,
    batches: list[Stated],
) -> None:
    with new_home().open() as ledger:
        for batch in batches:
            add(ledger, as_items(batch))
        for number in range(len(batches) + 1):
            assert told(ledger, number) == model(batches[:number])
        assert told(ledger) == model(batches)


@settings(max_examples=12, deadline=None)
@given(st.lists(BATCH, min_size=1, max_size=4), st.data())
def test_stating_again_changes_nothing_and_undo_falls_only_what_nobody_else_states(
    new_home: NewHome,
    batches: list[Stated],
    data: st.DataObject,
) -> None:
    with new_home().open() as ledger:
        for batch in batches:
            add(ledger, as_items(batch))
        before = plain(ledger.fold()[Item])
        whole = {"Item": before}
        again = ledger.append(whole, source="erp", who="Tester")
        assert again.counts == {}
        assert again.restated == len(before)
        assert plain(ledger.fold()[Item]).equals(before)
        # All is stated by the last batch too: whatever else is void, it stands.
        for number in data.draw(st.permutations(range(1, len(batches) + 1))):
            ledger.undo(number, who="Tester", reason="test")
            assert plain(ledger.fold()[Item]).equals(before)
        ledger.undo(again.number, who="Tester", reason="test")
        assert ledger.fold()[Item].is_empty()
        assert plain(ledger.fold(again.number)[Item]).equals(before)
        assert ledger.verify() == []


MOVE = st.fixed_dictionaries(
    {
        "lot": st.sampled_from([None, "P/F/1", "P/F/2", "P/F/3"]),
        "quantity": st.sampled_from([None, 1.0, 2.0]),
        "uom": st.sampled_from(["kg", "g", None]),
        "earliest": st.sampled_from([None, 1, 5]),
        "latest": st.sampled_from([None, 7, 9]),
        "to_place": st.sampled_from([None, "P/A", "P/B"]),
        "status": st.sampled_from([None, "posted", "draft", "cancelled"]),
    }
)


@settings(max_examples=15, deadline=None)
@given(st.lists(MOVE, min_size=1, max_size=3), st.data())
def test_sources_in_any_order_give_the_same_movements(
    new_home: NewHome, moves: list[dict[str, Any]], data: st.DataObject
) -> None:
    folds = []
    for order in (range(len(moves)), data.draw(st.permutations(range(len(moves))))):
        with new_home().open() as ledger:
            for n in order:
                add(ledger, consumed(**moves[n]), source=f"s{n}")
            facts = ledger.fold()
            names = ["key", "lot", "quantity", "earliest", "latest", "to_place", "status"]
            stated = facts[Consumed].select(names)
            folds.append((stated.to_dicts(), facts.conflicts.to_dicts()))
    assert folds[0] == folds[1]


@settings(max_examples=8, deadline=None)
@given(st.lists(BATCH, min_size=1, max_size=3), st.data())
def test_disjoint_parts_in_any_order_give_the_same_facts(
    new_home: NewHome,
    batches: list[Stated],
    data: st.DataObject,
) -> None:
    parts = [[(f"{code}{n}", *rest) for code, *rest in batch] for n, batch in enumerate(batches)]
    folds = []
    for order in (parts, data.draw(st.permutations(parts))):
        with new_home().open() as ledger:
            for part in order:
                add(ledger, as_items(part))  # type: ignore[arg-type]
            folds.append(plain(ledger.fold()[Item]))
    assert folds[0].equals(folds[1])


def test_undo_brings_the_statement_before_back(ledger: Ledger) -> None:
    add(ledger, items([{"item_code": "a", "item_name": "old"}]))
    second = add(ledger, items([{"item_code": "a", "item_name": "new"}]))
    assert item_names(ledger) == {"a": "new"}
    undone = ledger.undo(second, who="Tester", reason="wrong file")
    assert (undone.voids, undone.note, undone.counts) == (second, "wrong file", {})
    assert item_names(ledger) == {"a": "old"}


def test_restating_the_old_value_after_an_undo_does_not_revive_the_void_one(
    ledger: Ledger,
) -> None:
    add(ledger, items([{"item_code": "a", "item_name": "old"}]))
    second = add(ledger, items([{"item_code": "a", "item_name": "new"}]))
    ledger.undo(second, who="Tester", reason="wrong file")
    add(ledger, items([{"item_code": "a", "item_name": "old"}]))
    assert item_names(ledger) == {"a": "old"}


def test_a_fact_stands_while_one_batch_in_force_states_it(ledger: Ledger) -> None:
    same = items([{"item_code": "a", "item_name": "x"}])
    first, second = add(ledger, same), add(ledger, same)
    ledger.undo(first, who="Tester", reason="")
    third = add(ledger, same)
    ledger.undo(second, who="Tester", reason="")
    assert item_names(ledger) == {"a": "x"}
    ledger.undo(third, who="Tester", reason="")
    assert item_names(ledger) == {}


def test_a_property_falls_when_only_the_void_batch_stated_it(ledger: Ledger) -> None:
    first = add(ledger, items([{"item_code": "a", "item_name": "x", "uom": "kg"}]))
    again = ledger.append(items([{"item_code": "a", "item_name": "x"}]), source="erp", who="Tester")
    assert again.restated == 1
    ledger.undo(first, who="Tester", reason="")
    row = ledger.fold()[Item].row(0, named=True)
    assert (row["item_name"], row["uom"]) == ("x", None)


def test_another_source_keeps_its_statement_when_the_first_is_undone(ledger: Ledger) -> None:
    same = items([{"item_code": "a", "item_name": "x"}])
    first = add(ledger, same, source="erp")
    add(ledger, same, source="wms")
    ledger.undo(first, who="Tester", reason="")
    assert item_names(ledger) == {"a": "x"}


def test_undo_of_what_is_void_an_undo_or_absent_is_refused(ledger: Ledger) -> None:
    first = add(ledger, items([{"item_code": "a"}]))
    undo = ledger.undo(first, who="Tester", reason="")
    for batch, code in [
        (first, "batch_void"),
        (undo.number, "no_such_batch"),
        (9, "no_such_batch"),
    ]:
        with pytest.raises(BadInput) as refused:
            ledger.undo(batch, who="Tester", reason="")
        assert refused.value.code == code
    assert ledger.head()[0] == undo.number


def test_as_of_shows_what_was_said_then(ledger: Ledger) -> None:
    first = add(ledger, items([{"item_code": "a", "item_name": "x"}]))
    ledger.undo(first, who="Tester", reason="")
    assert told(ledger, 0) == {}
    assert told(ledger, 1) == {"a": ["x", None]}
    assert told(ledger) == {}
    with pytest.raises(BadInput):
        ledger.fold(3)


def test_disputed_movement_becomes_its_hull_with_both_lots(ledger: Ledger) -> None:
    add(
        ledger,
        consumed(
            lot="P/F/2", lot_no="2", quantity=1.0, uom="kg", earliest=5 * HOUR, latest=6 * HOUR
        ),
        "mes",
    )
    add(
        ledger,
        consumed(
            lot="P/F/1", lot_no="1", quantity=900.0, uom="g", earliest=3 * HOUR, latest=4 * HOUR
        ),
        "erp",
    )
    facts = ledger.fold()
    rows = facts[Consumed].select(
        "key", "lot", "lot_no", "quantity", "uom", "earliest", "latest", "operation"
    )
    rest = (1.0, "kg", 3 * HOUR, 6 * HOUR, "P/produce/W1")
    assert rows.rows() == [("K", "P/F/1", "1", *rest), ("K~2", "P/F/2", "2", *rest)]
    assert facts.conflicts.select("key", "kind", "column", "values").rows() == [
        ("K", "Consumed", "earliest", f"{3 * HOUR} | {5 * HOUR}"),
        ("K", "Consumed", "latest", f"{4 * HOUR} | {6 * HOUR}"),
        ("K", "Consumed", "lot", "P/F/1 | P/F/2"),
        ("K", "Consumed", "quantity", "1.0 kg | 900.0 g"),
    ]


def test_a_source_that_corrects_itself_ends_the_conflict(ledger: Ledger) -> None:
    add(ledger, consumed(lot="P/F/1", quantity=5.0), "erp")
    add(ledger, consumed(lot="P/F/1", quantity=7.0), "mes")
    assert len(ledger.fold().conflicts) == 1
    add(ledger, consumed(lot="P/F/1", quantity=7.0), "erp")
    assert ledger.fold().conflicts.is_empty()
    assert ledger.fold()[Consumed]["quantity"].to_list() == [7.0]


def test_the_same_amount_in_other_units_and_an_empty_cell_are_no_conflict(ledger: Ledger) -> None:
    add(ledger, consumed(lot="P/F/1", quantity=1000.0, uom="g"), "erp")
    add(ledger, consumed(lot=None, quantity=1.0, uom="kg"), "mes")
    facts = ledger.fold()
    assert facts.conflicts.is_empty()
    assert facts[Consumed]["lot"].to_list() == ["P/F/1"]


def test_what_one_source_retracts_stands_while_another_stands_by_it(ledger: Ledger) -> None:
    add(ledger, consumed(lot="P/F/1", status="posted"), "erp")
    add(ledger, consumed(lot="P/F/1", status="posted"), "mes")
    add(ledger, consumed(lot="P/F/1", status="cancelled"), "mes")
    facts = ledger.fold()
    assert facts[Consumed]["status"].to_list() == ["posted"]
    assert facts.conflicts["column"].to_list() == ["status"]
    add(ledger, consumed(lot="P/F/1", status="cancelled"), "erp")
    assert ledger.fold()[Consumed]["status"].to_list() == ["cancelled"]


def test_a_later_name_from_another_source_wins_without_conflict(ledger: Ledger) -> None:
    for name, source in [("x", "erp"), ("y", "mes"), ("z", "erp")]:
        add(ledger, items([{"item_code": "a", "item_name": name}]), source)
        assert item_names(ledger) == {"a": name}
    assert ledger.fold().conflicts.is_empty()


def test_known_are_the_statements_that_add_nothing(ledger: Ledger) -> None:
    stated = items(
        [
            {"item_code": "a", "item_name": None},
            {"item_code": "b", "item_name": "y"},
            {"item_code": "c", "item_name": "x"},
        ]
    )
    assert ledger.known(stated)["Item"].is_empty()
    add(ledger, items([{"item_code": c, "item_name": "x"} for c in "abc"]))
    assert sorted(ledger.known(stated)["Item"]["key"]) == ["P/a", "P/c"]
    assert sorted(ledger.known(stated, "erp")["Item"]["key"]) == ["P/a", "P/c"]
    assert ledger.known(stated, "mes")["Item"].is_empty()


def test_a_key_stated_twice_is_known_only_if_both_are(ledger: Ledger) -> None:
    add(ledger, items([{"item_code": "a", "item_name": "x"}]))
    twice = items([{"item_code": "a", "item_name": "x"}, {"item_code": "a", "item_name": "y"}])
    assert ledger.known(twice)["Item"].is_empty()


@pytest.mark.parametrize(
    ("kind", "row", "column"),
    [
        ("Item", {"key": None, "company": "P", "item_code": "a"}, "key"),
        ("Item", {"key": "", "company": "P", "item_code": "a"}, "key"),
        ("Item", {"key": "P/a", "company": "P"}, "item_code"),
        ("Consumed", {"key": "K", "lot": "P/F/1"}, "operation"),
    ],
)
def test_a_statement_without_a_required_column_is_refused_whole(
    ledger: Ledger, kind: str, row: dict[str, Any], column: str
) -> None:
    good = items([{"item_code": "z"}])
    with pytest.raises(BadInput) as refused:
        add(ledger, {"Lot": pl.DataFrame(), **good, kind: pl.DataFrame([row])})
    assert refused.value.code == "required_empty"
    assert refused.value.params == {"kind": kind, "column": column}
    assert ledger.head() == (0, "")


def test_a_second_importer_is_told_who_holds_the_lease(ledger: Ledger, home: Home) -> None:
    with ledger.lease(), home.open() as other:
        with pytest.raises(Locked) as locked:
            add(other, items([{"item_code": "a"}]))
        assert f"pid {os.getpid()} " in locked.value.params["holder"]
        assert other.fold()[Item].is_empty()  # readers never wait
    with home.open() as other:
        assert add(other, items([{"item_code": "a"}])) == 1


def test_a_reader_sees_the_batches_of_another_connection(ledger: Ledger, home: Home) -> None:
    assert ledger.fold()[Item].is_empty()
    with home.open() as other:
        add(other, items([{"item_code": "a", "item_name": "x"}]))
    assert item_names(ledger) == {"a": "x"}
