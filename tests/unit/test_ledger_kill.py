"""A writer killed at any moment leaves a whole ledger with every acknowledged batch.

`python tests/unit/test_ledger_kill.py FOLDER URL [COUNT]` is the writer.
"""

from __future__ import annotations

import contextlib
import os
import random
import selectors
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from graph_model.errors import Locked
from graph_model.ledger import Ledger
from graph_model.schema import Item
from tests.unit.conftest import Home, NewHome

SMALL, LARGE = 3, 400
"""Rows of an inline and of a bulk batch."""


def statement(number: int) -> dict[str, pl.DataFrame]:
    """What batch `number` states: rows nobody else states, and one that all state anew."""
    count = LARGE if number % 2 else SMALL
    rows = pl.select(n=pl.int_range(count)).select(
        key=pl.format("P/{}-{}", pl.lit(number), "n"),
        company=pl.lit("P"),
        item_code=pl.format("{}-{}", pl.lit(number), "n"),
        item_name=pl.lit(str(number)),
    )
    shared = pl.DataFrame(
        {"key": ["P/all"], "company": ["P"], "item_code": ["all"], "item_name": [str(number)]}
    )
    return {"Item": pl.concat([rows, shared])}


def write(folder: Path, url: str) -> None:
    """Appends for ever and says each batch that is committed."""
    with Ledger(folder, url) as ledger:
        print("open", flush=True)
        while True:
            number = ledger.head()[0] + 1
            done = ledger.append(statement(number), source="erp", who="Tester")
            print(done.number, done.hash, flush=True)


def write_some(folder: Path, url: str, count: int) -> None:
    """Appends so many batches of its own, each as soon as no other process is importing."""
    with Ledger(folder, url) as ledger:
        for nth in range(count):
            code = f"{os.getpid()}-{nth}"
            stated = {"key": [f"P/{code}"], "company": ["P"], "item_code": [code]}
            while True:
                with contextlib.suppress(Locked):
                    ledger.append({"Item": pl.DataFrame(stated)}, source="erp", who="Tester")
                    break
                time.sleep(0.005)


def started(home: Home, *more: str) -> subprocess.Popen[bytes]:
    """A writer."""
    command = [sys.executable, __file__, str(home.folder), home.url, *more]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "POLARS_MAX_THREADS": "1"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)


def killed(home: Home, after: float) -> list[tuple[int, str]]:
    """Runs a writer, kills it `after` seconds after it opened; what it acknowledged."""
    with started(home) as writer:
        assert writer.stdout is not None
        said = b""
        deadline: float | None = None
        with selectors.DefaultSelector() as ready:
            ready.register(writer.stdout, selectors.EVENT_READ)
            while deadline is None or time.monotonic() < deadline:
                wait = 60.0 if deadline is None else max(deadline - time.monotonic(), 0)
                if not ready.select(wait):
                    break
                more = os.read(writer.stdout.fileno(), 65536)
                assert more, "the writer ended by itself"
                said += more
                if deadline is None:
                    deadline = time.monotonic() + after
        writer.kill()
        said += writer.stdout.read()
    lines = said.decode().splitlines(keepends=True)[1:]
    pairs = [line.split() for line in lines if line.endswith("\n")]
    return [(int(number), seal) for number, seal in pairs]


def check(home: Home, acknowledged: list[tuple[int, str]]) -> int:
    """Asserts that the ledger is whole; its last batch."""
    with home.open() as ledger:
        with ledger.lease():  # a server may still be at the commit of the client that was killed
            last = ledger.head()[0]
        assert ledger.verify(acknowledged) == []
        told = acknowledged[-1][0] if acknowledged else 0
        assert told <= last <= told + 1
        rows = ledger.fold()[Item].filter(pl.col("item_code") != "all")
        found = dict(rows.group_by("item_name").len().iter_rows())
        assert found == {str(n): LARGE if n % 2 else SMALL for n in range(1, last + 1)}
        shared = ledger.fold()[Item].filter(item_code="all")["item_name"].to_list()
        assert shared == ([str(last)] if last else [])
        return last


@pytest.mark.kill
def test_a_killed_writer_loses_no_acknowledged_batch_and_leaves_none_in_parts(
    new_home: NewHome,
) -> None:
    kills = int(os.environ.get("LOTGRAPH_TEST_KILLS", "50"))
    home = new_home()
    if not home.url.startswith("sqlite"):
        kills = max(kills // 5, 1)  # the same writer, where the file system has less of a part
    moment = random.Random(kills)
    acknowledged: list[tuple[int, str]] = []
    for kill in range(kills):
        if kill % 25 == 24:  # a new ledger now and then: its first moments count too
            home, acknowledged = new_home(), []
        before = acknowledged[-1][0] if acknowledged else 0
        acknowledged += killed(home, moment.uniform(0, 0.25))
        last = check(home, acknowledged)
        assert last >= before
        with home.open() as ledger:  # the one that was committed but not acknowledged
            acknowledged = [(batch.number, batch.hash) for batch in ledger.batches()]


def test_two_processes_that_append_at_once_lose_nothing(home: Home) -> None:
    count = 12
    with started(home, str(count)) as one, started(home, str(count)) as two:
        assert [one.wait(120), two.wait(120)] == [0, 0]
    with home.open() as ledger:
        assert [batch.number for batch in ledger.batches()] == list(range(1, 2 * count + 1))
        assert len(ledger.fold()[Item]) == 2 * count
        assert ledger.verify() == []


if __name__ == "__main__":
    if len(sys.argv) > 3:
        write_some(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
    else:
        write(Path(sys.argv[1]), sys.argv[2])
