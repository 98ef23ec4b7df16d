"""A plant's data folder as one thing: ledger, network, arrays and graph of one batch."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from graph_model import network, projection
from graph_model.cases import CASES, Incident
from graph_model.engines.base import Graph, State
from graph_model.engines.ladybug import LadybugGraph
from graph_model.errors import BadInput, EngineError, Locked
from graph_model.floor import FLOOR
from graph_model.i18n import use_timezone
from graph_model.ledger import Facts, Ledger
from graph_model.ledger.manifest import RESTATED
from graph_model.lineage import Lineage
from graph_model.settings import Settings

if TYPE_CHECKING:
    # Loading the driver takes as long as a whole command; an embedded plant never needs it.
    from graph_model.engines.neo4j import Neo4jDatabase
    from graph_model.engines.neo4j_graph import Neo4jGraph
    from graph_model.engines.neo4j_offline import Told

_UNSHOWN = {kind.__name__ for kind in (*CASES, *FLOOR)} | {RESTATED}
"""Kinds of which the graph shows nothing."""
_WITHOUT_FLOWS = _UNSHOWN | {Incident.__name__}

WAIT_SECONDS = 60.0
"""How long an importer waits for another one that is projecting the embedded graph."""

_PAUSE = 0.1


class Plant:
    """Opens what is asked for, once; projections catch up with the ledger by batch number."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        try:
            use_timezone(settings.timezone)
        except (KeyError, ValueError, OSError) as error:
            raise BadInput("bad_timezone", name=settings.timezone) from error
        self.folder: Path = settings.data
        self.ledger = Ledger(settings.data, settings.database_url, settings.batches_url)
        self._network: network.Network | None = None
        self._lineage: Lineage | None = None
        self._database: Neo4jDatabase | None = None

    def __enter__(self) -> Plant:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends all connections."""
        self.ledger.close()
        if self._database is not None:
            self._database.close()
            self._database = None

    def facts(self, as_of: int | None = None) -> Facts:
        """The fold now or as of a batch."""
        return self.ledger.fold(as_of)

    def network(self, as_of: int | None = None) -> network.Network:
        """Recorded and derived flows now or as of a batch."""
        number, head = self._flows_of(as_of)
        kept = self._network
        if kept is None or (kept.batch, kept.head) != (number, head):
            kept = network.build(replace(self.facts(as_of), batch=number, head=head))
            self._network = kept
        return kept

    def _flows_of(self, as_of: int | None = None) -> tuple[int, str]:
        """The last batch that may have changed a flow; what is done in cases changes none."""
        manifest = self.ledger.batches()
        if as_of is not None and not 0 <= as_of <= len(manifest):
            raise BadInput("no_such_batch", batch=as_of, last=len(manifest))
        for batch in reversed(manifest[:as_of]):
            if batch.voids is not None or not set(batch.files) <= _WITHOUT_FLOWS:
                return batch.number, batch.hash
        return 0, ""

    def lineage(self, as_of: int | None = None, *, rebuild: bool = False) -> Lineage:
        """The arrays now or as of a batch; from disk where these stand on the same batch."""
        number, head = self._flows_of()
        if as_of is not None and self._flows_of(as_of) != (number, head):
            return Lineage.of(self.network(as_of))
        kept = self._lineage
        if kept is not None and not rebuild and (kept.batch, kept.head) == (number, head):
            return kept
        folder = self.folder / "lineage"
        found = None if rebuild else Lineage.load(folder, number, head)
        if found is None:
            made = Lineage.of(self.network())
            made.save(folder)
            # Mapped from now on, so that the memory they were made in can go.
            found = Lineage.load(folder, number, head) or made
        self._lineage = found
        return found

    def damaged_arrays(self) -> list[Path]:
        """Files of the arrays that are not as they were sealed; a rebuild makes them anew."""
        return Lineage.damaged(self.folder / "lineage")

    def heads(self) -> list[tuple[int, str]]:
        """Heads of the ledger that its projections keep."""
        heads = Lineage.heads_on_disk(self.folder / "lineage")
        state = self._graph_state()
        if state is not None:
            heads.append((state.batch, state.head))
        return heads

    def graph(
        self,
        *,
        rebuild: bool = False,
        progress: Callable[[str, int, int], object] | None = None,
        waiting: Callable[[str, int], object] | None = None,
    ) -> Graph:
        """The graph of the settings, caught up with the ledger. The caller closes it.

        On Neo4j `progress` is told (table, its rows written, to be written), and `waiting` host and
        process of another importer. Raises EngineError where the graph is of another ledger.
        """
        if self.embedded:
            return self._embedded_graph(rebuild, waiting)
        if not rebuild:
            graph = self._server_graph()
            if self._stands_on_ledger(graph.state()):
                return graph
        with self._server_graph(write=True, progress=progress, waiting=waiting) as graph:
            if rebuild:
                graph.forget()
            else:
                self._refuse_other_ledger(graph.state())
            self._write(graph, anew=rebuild)
        return self._server_graph()

    def server_graph(self) -> Graph:
        """The graph of the Neo4j server as it stands, to read."""
        return self._server_graph()

    def _server_graph(self, **options: Any) -> Neo4jGraph:
        from graph_model.engines.neo4j_graph import Neo4jGraph

        return Neo4jGraph(self._neo4j(), **options)

    def load_offline(self, *, overwrite: bool = False, told: Told | None = None) -> int:
        """Loads the graph into a stopped Neo4j server's files; gives the number of rows.

        The next `graph` makes constraints and declares it whole. `overwrite`: replace what the
        database holds. `told`: see `neo4j_offline.load`. Raises BadInput, Locked, EngineError.
        """
        from graph_model.engines.neo4j_offline import Installation, load

        home = self.settings.neo4j_home
        if self.embedded or home is None:
            raise BadInput("neo4j_home_missing")
        facts = self.facts()
        state = State(facts.batch, facts.head, projection.FORM, whole=True)
        return load(
            Installation(home.resolve()),
            self.settings.neo4j_database,
            projection.Frames(self.network(), facts),
            state,
            folder=self.folder,
            overwrite=overwrite,
            told=told,
        )

    @property
    def embedded(self) -> bool:
        """Whether the graph is a file in the data folder."""
        return self.settings.graph == "embedded"

    @property
    def graph_name(self) -> str:
        """Where the graph is: embedded, or server and database."""
        s = self.settings
        return s.graph if self.embedded else f"{s.graph} / {s.neo4j_database}"

    def _embedded_graph(self, rebuild: bool, waiting: Callable[[str, int], object] | None) -> Graph:
        """Waits while another process, such as the service, brings the same file up to date."""
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                return self._caught_up(rebuild)
            except Locked as held:
                if time.monotonic() > deadline:
                    raise
                if waiting is not None:
                    waiting(str(held.params.get("host", "?")), int(held.params.get("pid", 0)))
            time.sleep(_PAUSE)

    def _caught_up(self, rebuild: bool) -> Graph:
        folder = self.folder / "graph"
        if folder.exists() and not rebuild:
            graph = LadybugGraph(folder)
            if not graph.damaged and self._stands_on_ledger(graph.state()):
                return graph
            graph.close()
        with LadybugGraph(folder, write=True) as graph:
            self._write(graph, anew=rebuild or graph.damaged)
        return LadybugGraph(folder)

    def _write(self, graph: Graph, *, anew: bool) -> None:
        state = graph.state()
        if anew:
            projection.rebuild(self.network(), self.facts(), graph)
        elif state is not None and self._shows_all(state):
            graph.apply([], State(*self.ledger.head(), projection.FORM, whole=True))
        else:
            projection.project(self.network(), self.facts(), graph)

    def _shows_all(self, state: State) -> bool:
        """Whether nothing that a graph shows was stated since it was written."""
        manifest = self.ledger.batches()
        if not (state.whole and state.form == projection.FORM and 0 < state.batch <= len(manifest)):
            return False
        since = manifest[state.batch :]
        return manifest[state.batch - 1].hash == state.head and all(
            batch.voids is None and set(batch.files) <= _UNSHOWN for batch in since
        )

    def _graph_state(self) -> State | None:
        if not self.embedded:
            return self._server_graph().state()
        if not (self.folder / "graph").exists():
            return None
        with LadybugGraph(self.folder / "graph") as graph:
            return graph.state()

    def _stands_on_ledger(self, state: State | None) -> bool:
        head = self.ledger.head()
        return state is not None and state.whole and (state.batch, state.head) == head

    def _refuse_other_ledger(self, state: State | None) -> None:
        """Two plants set to one database would each wipe what the other wrote."""
        if state is None or state.batch == 0:
            return
        known = {batch.number: batch.hash for batch in self.ledger.batches()}
        if known.get(state.batch) != state.head:
            raise EngineError("graph_of_other_ledger", batch=state.batch, data=str(self.folder))

    def _neo4j(self) -> Neo4jDatabase:
        from graph_model.engines.neo4j import Access, Neo4jDatabase

        if self._database is None:
            s = self.settings
            password = s.neo4j_password.get_secret_value()
            if s.neo4j_password_file is not None:
                try:
                    password = s.neo4j_password_file.read_text(encoding="utf-8").strip()
                except OSError as error:
                    path = str(s.neo4j_password_file)
                    raise BadInput("password_file_unreadable", path=path) from error
            self._database = Neo4jDatabase(
                Access(
                    s.graph, s.neo4j_user, password, s.neo4j_database, s.neo4j_ca_file,
                    s.neo4j_seconds,
                )
            )  # fmt: skip
        return self._database
