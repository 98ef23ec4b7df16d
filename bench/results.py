"""`bench/results.jsonl`: the lines that measurements left, one run a size."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable
from pathlib import Path

from bench.measure import Line

PATH = Path(__file__).with_name("results.jsonl")


def read() -> list[Line]:
    """All lines that are kept."""
    if not PATH.exists():
        return []
    return [Line(**json.loads(row)) for row in PATH.read_text(encoding="utf-8").splitlines()]


def keep(lines: Iterable[Line]) -> None:
    """Keeps these lines in the place of older ones of the same thing and size."""
    kept = {(line.what, line.lots): line for line in (*read(), *lines)}
    PATH.write_text("".join(line.json() + "\n" for line in kept.values()), encoding="utf-8")


def machine() -> str:
    """Cores, memory and Python of this machine."""
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    memory = pages * size / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}"
