"""Rows a second of each source against its emulator on this machine: `python -m bench.sources`.

A figure counts asking, mapping and appending, without checks and without the vendor's limits; the
emulator works on the same cores.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from loaders import demo_plant
from loaders.sources import pulling
from loaders.sources.state import States
from tests.emulators import exports, kingdee, u8, u8_tables
from tests.emulators.base import serving
from tests.sources.conftest import Puller, entered, quick
from tests.sources.test_exports import MES, WMS, write
from tests.sources.test_jiandaoyun import SECRETS, confirm, serves
from tests.sources.test_jiandaoyun import toml as jdy_toml
from tests.sources.test_kingdee import toml as erp_toml
from tests.sources.test_u8 import toml as u8_toml
from tests.sources.test_u8_tables import TOML as TABLES

LOTS = 2_000


@contextlib.contextmanager
def pullers(folder: Path, lots: int) -> Iterator[dict[str, Puller]]:
    """A plant of that size behind each source."""
    sheets = entered(demo_plant.generate(lots, 7).sheets)
    today = f"{datetime.now(ZoneInfo('Asia/Shanghai')):%Y-%m-%d}"
    tables = u8_tables.tables_of(u8_tables.carried(sheets, today))
    url = u8_tables.write_database(tables, folder / "u8.sqlite")
    days = u8.carried(sheets, today)
    since = str(days["receipts"]["business_date"].min())
    with contextlib.ExitStack() as stack:
        jdy = stack.enter_context(serving(serves(sheets)))
        erp = kingdee.KingdeeEmulator(kingdee.forms_of(kingdee.carried(sheets, today)))
        erp_at = stack.enter_context(serving(erp))
        u8_at = stack.enter_context(serving(u8.U8Emulator(u8.forms_of(days))))
        made = {
            "jdy": Puller(folder / "jdy", jdy_toml(jdy), SECRETS),
            "erp": Puller(folder / "erp", erp_toml(erp_at), {"erp.app_secret": kingdee.APP_SECRET}),
            "u8": Puller(folder / "u8", u8_toml(u8_at, since), {"u8.app_secret": u8.APP_SECRET}),
            "u8_tables": Puller(folder / "tables", TABLES, {"u8.database_url": url}),
            "mes": Puller(folder / "mes", MES, {}),
            "wms": Puller(folder / "wms", WMS, {}),
        }
        confirm(made["jdy"])
        write(made["mes"], "sie_mes", exports.carried(sheets, "sie_mes", ["投料", "产出"]))
        write(made["wms"], "yidu_wms", exports.carried(sheets, "yidu_wms", ["入库", "出库"]))
        yield made
        for puller in made.values():
            puller.plant.close()


def main(lots: int = LOTS) -> None:
    """Prints a line a source."""
    with tempfile.TemporaryDirectory() as folder, pullers(Path(folder), lots) as made:
        for name, puller in made.items():
            source = puller.configured(name if name != "u8_tables" else "u8")
            run = pulling._Run(
                puller.plant, source.name, States(puller.plant.ledger.records), "bench",
                pulling.How(), lambda _: None,
            )  # fmt: skip
            opened = quick(source, puller.settings)
            begun, used = time.perf_counter(), time.process_time()
            with contextlib.closing(opened):
                run.all(opened)
            rows, wall = sum(run.done.rows.values()), time.perf_counter() - begun
            cpu = time.process_time() - used
            print(f"{name:10} {rows:7} rows {wall:6.1f} s {rows / wall:8.0f} rows/s; "
                  f"{cpu:.1f} s of processor time")  # fmt: skip


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
