"""A plant for a long-lived process: the newest batch in memory, for any number of threads.

`LivePlant.now()` gives a `Moment`: facts, arrays and graph of one batch. It never waits: a thread
of its own follows the ledger, builds the next moment beside the one in use and swaps it in, whoever
wrote the batch. Readers of the embedded graph read a copy of its file, so that a writer, here or on
the command line, can change the file itself meanwhile.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import polars as pl

from graph_model import projection
from graph_model.engines.base import Graph, Reader
from graph_model.engines.ladybug import LadybugGraph, copy_files
from graph_model.errors import EngineError, LedgerError, Locked, LotgraphError
from graph_model.ledger import BatchInfo, Facts
from graph_model.lineage import Lineage
from graph_model.network import build
from graph_model.plant import Plant
from graph_model.settings import Settings

POLL_SECONDS = 1.0
CATCH_UP_SECONDS = 10.0
"""How long a reader who has seen a newer batch waits for this process to have it too."""

CONNECTIONS = 4
"""Questions that the embedded engine answers at once; others wait for a connection."""

LEAST_FREE = 64 << 20
"""Bytes of disk below which the service says that it is not ready to write."""

PAST = 2
"""Batches of the past that are kept in memory at once."""

_least: ContextVar[int] = ContextVar("least", default=0)


def at_least(batch: int) -> None:
    """Says, for this context, that its reader has seen a batch and is to be shown nothing older."""
    _least.set(batch)


Opener = Callable[[], contextlib.AbstractContextManager[Reader]]


@dataclass(frozen=True)
class Moment:
    """One batch of a plant: facts, arrays, and `graph()`, a reader to be used in a `with`.

    `graph()` raises EngineError where the graph does not answer or stands on another batch.
    """

    facts: Facts
    lineage: Lineage
    graph: Opener

    @property
    def batch(self) -> int:
        """Number of the ledger batch that everything here stands on."""
        return self.facts.batch

    @property
    def head(self) -> str:
        """Number and hash of that batch, as answers print it."""
        return f"{self.facts.batch}:{self.facts.head}"


class LivePlant:
    """A plant that many threads read while others write. Close it at the end."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._reading = Plant(settings)
        self._past_plant = Plant(settings)
        self._writing = Plant(settings)
        self._write_lock = threading.RLock()
        self._past_lock = threading.Lock()
        self._past: OrderedDict[int, Moment] = OrderedDict()
        self._catching_up = threading.Lock()
        _sweep(_made(settings.data))
        self._scratch = Path(tempfile.mkdtemp(prefix=f"serving-{os.getpid()}-", dir=settings.data))
        self._shared: list[_Shared] = []
        self._moment: Moment | None = None
        self._graph_of: tuple[int, str] | None = None
        self._failure: LotgraphError | None = None
        self._over = threading.Event()
        self._nudged = threading.Event()
        self._news = threading.Condition()
        self._follower: threading.Thread | None = None

    def __enter__(self) -> LivePlant:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def start(self) -> None:
        """Builds the newest moment and follows the ledger from now on."""
        with contextlib.suppress(LotgraphError):  # `now` tells it, and the follower tries again
            self.catch_up()
        self._follower = threading.Thread(target=self._follow, name="follower", daemon=True)
        self._follower.start()

    def close(self) -> None:
        """Ends all connections and removes what only this process used."""
        self._over.set()
        self._nudged.set()
        if self._follower is not None:
            self._follower.join()
        for shared in self._shared:
            shared.retire()
        with self._write_lock, self._past_lock:
            for plant in (self._reading, self._past_plant, self._writing):
                plant.close()
        shutil.rmtree(self._scratch, ignore_errors=True)

    # ------------------------------------------------------------------ reading

    def now(self) -> Moment:
        """The newest moment that is ready. Never waits for a writer.

        A reader who has seen a newer one at another process (`at_least`) waits for it a while.
        Raises LedgerError when the ledger was found damaged: nothing is served from it then.
        """
        least = _least.get()
        if least and self._moment is not None and self._moment.batch < least:
            self._wait_for(least)
        failure, moment = self._failure, self._moment
        if isinstance(failure, LedgerError):
            raise failure
        if moment is None:
            raise failure or EngineError("not_ready")
        return moment

    def _wait_for(self, batch: int) -> None:
        """Until this process has a batch, where the ledger has it; not for long."""
        if self._reading.ledger.head()[0] < batch:
            return
        self._nudged.set()
        with self._news:
            self._news.wait_for(
                lambda: self._moment is not None and self._moment.batch >= batch, CATCH_UP_SECONDS
            )

    def at(self, batch: int | None) -> Moment:
        """The moment of a batch; None: the newest. Raises BadInput for a batch there is not.

        A batch of the past is folded anew; questions to its graph run on a graph made for it.
        """
        newest = self.now()
        if batch is None or batch == newest.batch:
            return newest
        with self._past_lock:
            if batch not in self._past:
                plant = self._past_plant
                facts, lineage = plant.facts(batch), plant.lineage(batch)
                self._past[batch] = Moment(facts, lineage, self._past_graph(facts))
                while len(self._past) > PAST:
                    self._past.popitem(last=False)
            self._past.move_to_end(batch)
            return self._past[batch]

    @property
    def newest(self) -> int:
        """Number of the newest batch that this process shows; 0 before the first is ready."""
        moment = self._moment
        return 0 if moment is None else moment.batch

    @property
    def ready(self) -> bool:
        """Whether facts, arrays and graph stand on the last batch of the ledger."""
        with contextlib.suppress(LotgraphError):
            moment = self.now()
            head = self._reading.ledger.head()
            return (moment.facts.batch, moment.facts.head) == head == self._graph_of
        return False

    def batches(self) -> list[BatchInfo]:
        """All batches of the ledger in order."""
        with self._past_lock:
            return self._past_plant.ledger.batches()

    def stated(self, number: int) -> pl.DataFrame:
        """kind and key of what a batch states; see `Ledger.stated`."""
        with self._past_lock:
            return self._past_plant.ledger.stated(number)

    def pseudonym(self, name: str) -> str:
        """What the ledger calls a person."""
        return self._reading.ledger.records.pseudonym(name)

    def names(self, pseudonyms: Iterable[str]) -> dict[str, str]:
        """Names of people by pseudonym."""
        return self._reading.ledger.records.names(pseudonyms)

    def writable(self) -> bool:
        """Whether the data folder takes another batch."""
        folder = self.settings.data
        return os.access(folder, os.W_OK) and shutil.disk_usage(folder).free > LEAST_FREE

    # ------------------------------------------------------------------ writing

    @contextlib.contextmanager
    def writing(self) -> Iterator[Plant]:
        """The plant to append by; one thread at a time. What was written is read afterwards.

        Raises Locked while another process imports.
        """
        with self._write_lock:
            yield self._writing
            self.catch_up()

    def catch_up(self) -> Moment:
        """Brings facts, arrays and graph to the last batch; waits for it."""
        with self._catching_up:
            try:
                moment = self._build()
            except LotgraphError as error:
                self._failure = error
                raise
            self._failure = None
            return moment

    def _build(self) -> Moment:
        head = self._reading.ledger.head()
        moment = self._moment
        behind = moment is None or (moment.facts.batch, moment.facts.head) != head
        if not behind and self._graph_of == head and moment is not None:
            return moment
        facts, lineage = self._reading.facts(), self._reading.lineage()
        stands = (facts.batch, facts.head)
        copy: _Shared | None = None
        try:
            opener, copy = self._opened_graph(stands)
            self._graph_of = stands
        except (EngineError, Locked) as error:
            # The arrays answer without it; questions to the graph tell why they cannot.
            opener = _failing(error)
            self._graph_of = None
        made = Moment(facts, lineage, opener)
        if copy is not None:
            # Who was given the moment may ask its graph later, also when a newer one is there.
            weakref.finalize(made, copy.retire)
        with self._news:
            self._moment = made
            self._news.notify_all()
        return made

    def _follow(self) -> None:
        while not self._over.is_set():
            self._nudged.wait(POLL_SECONDS)
            self._nudged.clear()
            with contextlib.suppress(LotgraphError):  # kept in _failure; the next round tries again
                if not self._over.is_set():
                    self.catch_up()

    # ------------------------------------------------------------------ graphs

    def _opened_graph(self, stands: tuple[int, str]) -> tuple[Opener, _Shared | None]:
        self._reading.graph().close()  # catches up
        if not self._reading.embedded:
            return self._standing(self._reading.server_graph, stands), None
        folder = self._scratch / f"{stands[0]}-{time.monotonic_ns()}"
        folder.mkdir()
        copy_files(self._reading.folder / "graph", folder)
        made = _Shared(folder)
        if not made.stands_on(*stands):
            made.retire()
            raise EngineError("graph_other_batch", batch=stands[0])
        self._shared = [old for old in self._shared if not old.closed] + [made]
        return made.reader, made

    def _standing(self, open_graph: Callable[[], Graph], stands: tuple[int, str]) -> Opener:
        """A server's graph changes in place: only one that is still of that batch is read."""

        @contextlib.contextmanager
        def opened() -> Iterator[Reader]:
            with open_graph() as graph:
                state = graph.state()
                if state is None or (state.batch, state.head) != stands:
                    self._nudged.set()
                    raise EngineError("graph_other_batch", batch=stands[0])
                yield graph

        return opened

    def _past_graph(self, facts: Facts) -> Opener:
        """A graph of a batch of the past, made when it is first asked."""
        made: list[_Shared] = []
        lock = threading.Lock()

        @contextlib.contextmanager
        def opened() -> Iterator[Reader]:
            with lock:
                if not made:
                    folder = self._scratch / f"past-{facts.batch}-{time.monotonic_ns()}"
                    with LadybugGraph(folder, write=True) as graph:
                        projection.rebuild(build(facts), facts, graph)
                    made.append(_Shared(folder))
            with made[0].reader() as graph:
                yield graph

        return opened


class _Shared:
    """An embedded graph's file, open for several threads; goes when nobody reads it any more."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._first = LadybugGraph(folder)
        self._free = [self._first]
        self._made = 1
        self._readers = 0
        self._retired = False
        self._turn = threading.Condition()
        self.closed = False

    def stands_on(self, batch: int, head: str) -> bool:
        """Whether the file is whole and of that batch."""
        state = self._first.state()
        return state is not None and state.whole and (state.batch, state.head) == (batch, head)

    @contextlib.contextmanager
    def reader(self) -> Iterator[Reader]:
        """A connection for one thread."""
        with self._turn:
            while not self._free and self._made >= CONNECTIONS:
                self._turn.wait()
            if self._free:
                graph = self._free.pop()
            else:
                graph = self._first.another()
                self._made += 1
            self._readers += 1
        try:
            yield graph
        finally:
            with self._turn:
                self._free.append(graph)
                self._readers -= 1
                self._turn.notify()
                self._close_if_done()

    def retire(self) -> None:
        """Nobody holds its moment any more: it goes as soon as the last reader has left."""
        with self._turn:
            self._retired = True
            self._close_if_done()

    def _close_if_done(self) -> None:
        if not self._retired or self._readers or self.closed:
            return
        for graph in self._free:
            if graph is not self._first:
                graph.close()
        self._first.close()
        shutil.rmtree(self._folder, ignore_errors=True)
        self.closed = True


def _failing(error: LotgraphError) -> Opener:
    @contextlib.contextmanager
    def opened() -> Iterator[Reader]:
        raise error
        yield  # pragma: no cover

    return opened


def _sweep(folder: Path) -> None:
    """Removes what processes left behind that were killed."""
    for left in folder.glob("serving-*"):
        pid = left.name.split("-")[1]
        if pid.isdigit():
            try:
                os.kill(int(pid), 0)
            except ProcessLookupError:
                shutil.rmtree(left, ignore_errors=True)
            except PermissionError:
                continue  # alive, and somebody else's


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
