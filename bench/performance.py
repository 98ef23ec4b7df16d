"""`python -m bench.performance`: writes `docs/performance.md` from what was measured last.

First `make bench` (`LOTS=1000000 make bench`, one run a size); runs of several sizes stand side by
side. `bench/performance.md` holds the words around the tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from bench import goals, results
from bench.measure import Line

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
WORDS = Path(__file__).with_name("performance.md")
_REACH = re.compile(r"reach (?P<cone>.+? lots|everything), (?P<by>.+)")
_NONE = "–"


def page(lines: list[Line], machine: str) -> str:
    """The page of these lines."""
    words = WORDS.read_text(encoding="utf-8")
    return words.format(
        machine=machine,
        steps="\n".join(_steps(lines)),
        growth="\n".join(_growth(lines)),
        reach="\n".join(_reach(lines)),
        scopes="\n".join(_scopes(lines)),
        loads="\n".join(_loads(lines)),
    )


def _time(seconds: float) -> str:
    if seconds < 1e-3:
        return f"{seconds * 1e6:.0f} µs"
    return f"{seconds * 1e3:.1f} ms" if seconds < 1 else f"{seconds:,.1f} s"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _head(*cells: str) -> Iterator[str]:
    yield _row(*cells)
    yield _row(*("---" for _ in cells))


def _steps(lines: list[Line]) -> Iterator[str]:
    """Each step and question, with the goal where there is one."""
    yield from _head("step", "lots", "flows", "time", "flows/s", "peak MB", "goal", "")
    shown = [*goals.STEPS, goals.LOAD, goals.READ_AGAIN]
    other = (goals.ARRAYS, goals.CYPHER, goals.SMALL_CONE, goals.LARGE_CONE)
    for what in (*shown, *other, goals.INCIDENT, goals.CONTACT):
        for line in sorted((line for line in lines if line.what == what), key=lambda x: x.lots):
            rate = f"{line.flows / line.seconds:,.0f}" if what in shown else _NONE
            reached = _NONE if line.ratio is None else "reached" if line.ratio >= 1 else "missed"
            yield _row(
                what, f"{line.lots:,}", f"{line.flows:,}", _time(line.seconds), rate,
                f"{line.peak_mb:,}", line.against or _NONE, reached,
            )  # fmt: skip


def _growth(lines: list[Line]) -> Iterator[str]:
    yield from _head("step", "lots", "time", "memory")
    found = {(line.what, line.lots): line.against.split(",")[0] for line in lines}
    for what in (*goals.STEPS, goals.LOAD):
        for lots in sorted({line.lots for line in lines}):
            pair = [found.get((f"{goals.GROWTH} {of}: {what}", lots)) for of in ("time", "memory")]
            if pair[0]:
                yield _row(what, f"to {lots:,}", pair[0], pair[1] or _NONE)


def _reach(lines: list[Line]) -> Iterator[str]:
    """A row a way, a column a cone; how many times as long as the arrays in brackets."""
    found = {}
    for line in lines:
        told = _REACH.fullmatch(line.what)
        if told:
            found[line.lots, told["by"], told["cone"]] = line
    ways = list(dict.fromkeys(by for _, by, _ in found))
    for lots in sorted({lots for lots, _, _ in found}):
        names = dict.fromkeys(cone for size, _, cone in found if size == lots)
        yield ""
        yield f"A plant of {lots:,} lots:"
        yield ""
        yield from _head("by", *names)
        for by in ways:
            cells = [found.get((lots, by, cone)) for cone in names]
            if any(cells):
                yield _row(by, *(_NONE if line is None else _asked(line) for line in cells))


def _asked(line: Line) -> str:
    more = "over " if line.against.startswith("given up") else ""
    times = f" ({_times(line.ratio)} x)" if line.ratio is not None else ""
    return f"{more}{_time(line.seconds)}{times}"


def _times(ratio: float | None) -> str:
    return _NONE if ratio is None else f"{ratio:.2g}" if ratio < 10 else f"{ratio:,.0f}"


def _scopes(lines: list[Line]) -> Iterator[str]:
    yield from _head("scope", "lots of the plant", "time", "times a plain trace")
    for line in sorted(lines, key=lambda line: line.lots):
        if line.what.startswith("whole scope"):
            yield _row(line.what, f"{line.lots:,}", _time(line.seconds), _times(line.ratio))


def _loads(lines: list[Line]) -> Iterator[str]:
    yield from _head("into", "lots", "flows", "time", "flows/s")
    for line in sorted(lines, key=lambda line: line.lots):
        if line.what.startswith("first load"):
            into = line.what.removeprefix("first load, ")
            rate = f"{line.flows / line.seconds:,.0f}"
            yield _row(into, f"{line.lots:,}", f"{line.flows:,}", _time(line.seconds), rate)


def main() -> None:
    """Writes the page. Raises SystemExit where nothing was measured yet."""
    lines = results.read()
    if not lines:
        raise SystemExit("nothing was measured here yet: run `make bench` first")
    PAGE.write_text(page(lines, results.machine()), encoding="utf-8")


if __name__ == "__main__":
    main()
