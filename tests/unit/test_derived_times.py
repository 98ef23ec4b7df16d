"""When a movement can have happened: what its stamp, its source and its entry time say."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
import pytest

from graph_model import interval
from graph_model.interval import MAX, MIN

HOUR = 3_600_000_000
STAMPS = {"earliest": pl.Int64, "latest": pl.Int64, "entered_at": pl.Int64}


def span(
    row: Mapping[str, int | None], confirmed: tuple[int, int] | None, method: str = "manual"
) -> tuple[int, int]:
    """t0 and t1 of one row; `confirmed` are late and early of its source."""
    schema = {**STAMPS, "source": pl.String, "posting_method": pl.String}
    full = {**dict.fromkeys(STAMPS), **row, "source": "s", "posting_method": method}
    known = pl.DataFrame(
        [("s", *confirmed)] if confirmed else [],
        schema={"source": pl.String, "late": pl.Int64, "early": pl.Int64},
        orient="row",
    )
    found = interval.effective(pl.DataFrame([full], schema=schema), known)
    return found["t0"][0], found["t1"][0]


STAMP = {"earliest": 10 * HOUR, "latest": 10 * HOUR}


@pytest.mark.parametrize(
    ("row", "confirmed", "expected"),
    [
        (STAMP, None, (MIN, MAX)),
        (STAMP | {"entered_at": 11 * HOUR}, None, (MIN, MAX)),
        (STAMP, (2 * HOUR, HOUR), (8 * HOUR, 11 * HOUR)),
        # Booked before it happened: the entry does not end the event.
        (STAMP | {"entered_at": 10 * HOUR}, (2 * HOUR, HOUR), (8 * HOUR, 11 * HOUR)),
        ({"entered_at": 11 * HOUR}, (2 * HOUR, HOUR), (MIN, 12 * HOUR)),
        ({"entered_at": 11 * HOUR}, None, (MIN, MAX)),
        # An entry before the event contradicts it.
        ({"earliest": 12 * HOUR, "entered_at": 11 * HOUR}, (0, 0), (12 * HOUR, MAX)),
    ],
)
def test_times_are_as_wide_as_their_source_is_unsure(
    row: Mapping[str, int | None], confirmed: tuple[int, int] | None, expected: tuple[int, int]
) -> None:
    assert span(row, confirmed) == expected


def test_networks_and_scanners_carry_their_own_clock() -> None:
    assert span(STAMP, None, "network") == (10 * HOUR, 10 * HOUR)
    early = 10 * HOUR - interval.SCANNER_CLOCK
    assert span(STAMP, None, "scanner_clock") == (early, 10 * HOUR + interval.SCANNER_CLOCK)


def test_a_row_beyond_a_confirmed_figure_widens_it_for_all_kinds_of_movements() -> None:
    decisions = pl.DataFrame(
        [{"key": "d", "kind": "delay", "subject": "s", "late": HOUR, "early": 0, "decided_at": 1}]
    )
    quiet = pl.DataFrame([STAMP | {"source": "s", "entered_at": 10 * HOUR}])
    late = pl.DataFrame([STAMP | {"source": "s", "entered_at": 15 * HOUR}])
    assert interval.delays(decisions, [quiet, late]).row(0) == ("s", 5 * HOUR, 0)
    assert interval.delays(decisions, [quiet]).row(0) == ("s", HOUR, 0)
