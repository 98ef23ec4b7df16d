"""A plant's data folder as one thing: ledger, network, arrays and graph of one batch."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from graph_model import network, projection
from graph_model.engines.ladybug import LadybugGraph
from graph_model.ledger import Facts, Ledger
from graph_model.lineage import Lineage
from graph_model.settings import Settings


class Plant:
    """Opens what is asked for, once; projections catch up with the ledger by batch number."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.folder: Path = settings.data
        self.ledger = Ledger(settings.data, settings.database_url)
        self._network: network.Network | None = None
        self._lineage: Lineage | None = None

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

    def facts(self, as_of: int | None = None) -> Facts:
        """The fold now or as of a batch."""
        return self.ledger.fold(as_of)

    def network(self, as_of: int | None = None) -> network.Network:
        """Recorded and derived flows now or as of a batch."""
        facts = self.facts(as_of)
        if self._network is None or (self._network.batch, self._network.head) != (
            facts.batch,
            facts.head,
        ):
            self._network = network.build(facts)
        return self._network

    def lineage(self, as_of: int | None = None) -> Lineage:
        """The arrays now or as of a batch; from disk where these stand on the same batch."""
        number, head = self.ledger.head()
        if as_of is not None and as_of != number:
            return Lineage.of(self.network(as_of))
        if self._lineage is not None and (self._lineage.batch, self._lineage.head) == (
            number,
            head,
        ):
            return self._lineage
        folder = self.folder / "lineage"
        found = Lineage.load(folder, number, head)
        if found is None:
            found = Lineage.of(self.network())
            found.save(folder)
        self._lineage = found
        return found

    def heads(self) -> list[tuple[int, str]]:
        """Heads of the ledger that its projections keep."""
        heads = []
        kept = Lineage.head_on_disk(self.folder / "lineage")
        if kept is not None:
            heads.append(kept)
        if (self.folder / "graph").exists():
            with LadybugGraph(self.folder / "graph") as graph:
                state = graph.state()
                if state is not None:
                    heads.append((state.batch, state.head))
        return heads

    def graph(self, *, rebuild: bool = False) -> LadybugGraph:
        """The embedded graph, caught up with the ledger. The caller closes it."""
        number, head = self.ledger.head()
        folder = self.folder / "graph"
        if folder.exists() and not rebuild:
            graph = LadybugGraph(folder)
            state = graph.state()
            whole = state is not None and state.whole and not graph.damaged
            if state is not None and whole and (state.batch, state.head) == (number, head):
                return graph
            graph.close()
        with LadybugGraph(folder, write=True) as graph:
            act = projection.rebuild if rebuild or graph.damaged else projection.project
            act(self.network(), self.facts(), graph)
        return LadybugGraph(folder)
