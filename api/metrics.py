"""What the service counts of itself, for Prometheus; several workers count together.

Workers write their counters into files of one folder, which `serve` makes; whichever worker is
asked answers for all of them, also for one that has ended. What a process takes is told by worker.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from prometheus_client import CollectorRegistry, Metric, PlatformCollector, ProcessCollector
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""Where the folder is told; Prometheus' library reads it when it is first imported."""

_OF = re.compile(r"_(\d+)\.db$")


def registries(workers: int) -> tuple[CollectorRegistry, CollectorRegistry]:
    """Where this process counts, and what is told when somebody asks: the same for one worker.

    Each service has its own, apart from others in the same process.
    """
    counted = CollectorRegistry()
    folder = os.environ.get(SHARED)
    if workers == 1 or not folder:
        ProcessCollector(registry=counted)
        PlatformCollector(registry=counted)
        return counted, counted
    told = CollectorRegistry()
    MultiProcessCollector(told, folder)  # type: ignore[no-untyped-call]
    PlatformCollector(registry=told)
    told.register(_Workers(Path(folder)))
    return counted, told


class _Workers(Collector):
    """Memory, processor time and open files of each worker that lives, by its process id."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        families: dict[str, Metric] = {}
        for worker in sorted(self._living()):
            for found in ProcessCollector(pid=lambda: worker, registry=None).collect():  # noqa: B023 - asked at once
                family = families.setdefault(
                    found.name, Metric(found.name, found.documentation, found.type)
                )
                for sample in found.samples:
                    family.add_sample(sample.name, {"worker": str(worker)}, sample.value)
        return families.values()

    def _living(self) -> set[int]:
        counting = {
            int(name[1]) for file in self._folder.iterdir() if (name := _OF.search(file.name))
        }
        return {worker for worker in counting if Path(f"/proc/{worker}").exists()}
