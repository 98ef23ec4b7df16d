"""`python -m bench.service [LOTS]`: an impact question of 1,000 lots by HTTP, 2 and 20 clients.

One worker, a process of its own. Beside each median and 95th percentile stands the ratio to an
empty handler behind the same gate that returns as many rows: what is left is the question itself.
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import Request
from fastapi.responses import Response

from api.answers import listed
from api.app import create
from api.auth.guard import guard
from bench import child
from graph_model.plant import Plant
from graph_model.settings import Settings
from loaders import intake

LOTS, ASKED, REQUESTS = 10_000, 1_000, 60
CLIENTS = {2: 0.050, 20: 0.200}
"""Clients at once, and the goal for the 95th percentile at a million lots, in seconds."""
QUESTION = "/api/v1/questions/shipments"


def make(lots: int, folder: Path) -> None:
    """A generated plant in a ledger, with graph and arrays."""
    child.make(lots, folder)
    with Plant(Settings(data=folder / "data")) as plant:
        taken = intake.read(folder / "plant", "plant")
        plant.ledger.append(taken.tables, source="plant", who="bench")
        plant.graph().close()
        plant.lineage()


def serve(folder: Path, port: int) -> None:
    """The service, with the empty handler before all other routes."""
    app = create(Settings(data=folder / "data", demo=True, port=port, dear_seconds=1e9))
    kept: dict[int, list[dict[str, Any]]] = {}

    def empty(request: Request, rows: int) -> Response:
        made = kept.setdefault(rows, [
            {"customer": f"C{n}", "name": f"Customer {n}", "lot": f"PLANT/ITEM/LOT-{n}",
             "shipment": f"PLANT/S-{n}", "quantity": n / 8, "uom": "KGM"}
            for n in range(rows)
        ])  # fmt: skip
        return listed(request, made)

    app.add_api_route("/empty", empty, dependencies=[guard("lot.read", audit="bench.empty")])
    app.router.routes.insert(0, app.router.routes.pop())
    uvicorn.run(app, port=port, log_level="warning", access_log=False)


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """The service as a process of its own; gives its address."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    command = [sys.executable, "-m", "bench.service", "serve", str(folder), str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        address = f"http://localhost:{port}"
        while True:
            try:
                if httpx.get(f"{address}/ready").status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.2)
        yield address
        process.terminate()


def times(address: str, clients: int, path: str, **sent: Any) -> list[float]:
    """Seconds of each request, with so many clients at once."""
    took: list[float] = []

    def ask() -> None:
        with httpx.Client(base_url=address, timeout=120) as client:
            for _ in range(max(3, REQUESTS // clients)):
                began = time.perf_counter()
                client.request("POST" if sent else "GET", path, **sent).raise_for_status()
                took.append(time.perf_counter() - began)

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return took


def main(lots: int) -> None:
    """Prints a line for each number of clients."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(lots, folder)
        with Plant(Settings(data=folder / "data")) as plant:
            lineage = plant.lineage()
            recorded = lineage.lots["key"].filter(lineage.recorded)
            body = {"lots": recorded.sample(min(ASKED, len(recorded)), seed=7).to_list()}
        with running(folder) as address:
            rows = httpx.post(address + QUESTION, json=body, timeout=300).json()["total"]
            print(f"{lots:,} lots; {len(body['lots']):,} asked, {rows:,} rows; load "
                  f"{os.getloadavg()[0]:.1f}")  # fmt: skip
            for clients, goal in CLIENTS.items():
                own = times(address, clients, QUESTION, json=body)
                empty = times(address, clients, f"/empty?rows={rows}")
                high, low = (statistics.quantiles(took, n=20)[-1] for took in (own, empty))
                print(f"{clients} clients: median {statistics.median(own) * 1e3:.0f} ms, p95 "
                      f"{high * 1e3:.0f} ms, {high / low:.1f} times an empty handler's "
                      f"{low * 1e3:.0f} ms; goal {goal * 1e3:.0f} ms at a million")  # fmt: skip


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else LOTS)
