"""A pull that is killed at any page: nothing lost, nothing doubled, the cursor where it belongs.

`python tests/sources/test_pull_kill.py FOLDER` is the process that pulls.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from graph_model.plant import Plant
from graph_model.schema import Consumed, Produced
from graph_model.settings import Settings
from loaders import demo_plant
from loaders.sources import config, pulling
from loaders.sources.state import States
from tests.emulators.base import Asked, Told, serving
from tests.emulators.jiandaoyun import JiandaoyunEmulator
from tests.sources.conftest import NewPuller, graph_hash, quick
from tests.sources.test_jiandaoyun import SECRETS, confirm, serves, toml

KILLS = int(os.environ.get("LOTGRAPH_TEST_KILLS", "2"))


def pull(folder: Path) -> None:
    """One pull in small parts."""
    pulling.PART_ROWS = 15
    settings = Settings.model_validate({"data": folder, "source_secrets": SECRETS})
    with Plant(settings) as plant:
        pulling.pull(
            plant, config.one(settings, "jdy"), who="Tester", tell=lambda _: None, opener=quick
        )


@pytest.mark.kill
def test_a_pull_killed_at_any_page_goes_on_where_it_was(
    demo: demo_plant.Plant, puller: NewPuller
) -> None:
    sheets = {name: demo.sheets[name].head(60) for name in ("issues", "outputs", "receipts")}
    emulator = serves(sheets)
    emulator.short = 8
    with serving(emulator) as address:
        killed, whole = (puller(toml(address), SECRETS) for _ in range(2))
        for each in (killed, whole):
            confirm(each)
        whole.pull("jdy")
        reached = 0
        for nth in range(KILLS):
            reached = max(reached, _killed(emulator, killed.settings.data, 8 + 9 * nth))
        last = killed.pull("jdy")
        again = killed.pull("jdy")
    assert reached > 0  # some of it was taken before a kill
    assert graph_hash(killed.plant) == graph_hash(whole.plant)
    batches = killed.plant.ledger.batches()
    assert len(batches) > len(last.batches)
    for kind in (Consumed, Produced):
        stated = sum(batch.counts.get(kind.__name__, 0) for batch in batches)
        assert stated == killed.plant.facts()[kind].height
    assert again.batches == []
    states = [States(each.plant.ledger.records).get("jdy") for each in (killed, whole)]
    assert states[0].cursors == states[1].cursors
    assert killed.plant.ledger.verify() == []


def _killed(emulator: JiandaoyunEmulator, folder: Path, after: int) -> int:
    """Kills a pull when it asks for the page after so many; how many batches there are then."""
    at_page = threading.Event()
    count = 0

    def watch(asked: Asked) -> Told:
        nonlocal count
        count += 1
        if count >= after:
            at_page.set()
        return original(asked)

    original = emulator.answer
    emulator.answer = watch  # type: ignore[method-assign]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "POLARS_MAX_THREADS": "1"}
    with subprocess.Popen([sys.executable, __file__, str(folder)], env=environment) as process:
        assert at_page.wait(60)
        process.kill()
        assert process.wait() != 0
    emulator.answer = original  # type: ignore[method-assign]
    with Plant(Settings(data=folder)) as plant:
        return plant.ledger.head()[0]


if __name__ == "__main__":
    pull(Path(sys.argv[1]))
