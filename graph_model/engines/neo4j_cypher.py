"""Cypher for Neo4j that follows from the schema: constraints and indexes, loading, and reading.

Names come from the schema alone; every value is a parameter.
"""

from __future__ import annotations

from functools import cache

from graph_model import schema
from graph_model.engines.tables import Table, edge_kinds, edges, nodes

LANGUAGE = "CYPHER 5\n"
"""Both the LTS and newer servers speak it, whatever their default is set to."""

OWN = ("Projection", "ProjectionLock", "ProjectionMigration")
"""Labels of the engine's own records; every other node is wiped when a graph is made anew."""

PREFIX = "lotgraph_"
PART = 5000
"""Rows in one record: a record costs the client far more than a list element."""

STATE = (
    "MATCH (p:Projection {key: 'state'}) RETURN p.batch AS batch, p.head AS head, p.form AS form, "
    "p.whole AS whole, p.run AS run"
)
# `run` counts, so that a reader sees that the graph was written between two of its questions.
SET_STATE = (
    "MERGE (p:Projection {key: 'state'}) SET p.batch = $batch, p.head = $head, p.form = $form, "
    "p.whole = $whole, p.run = coalesce(p.run, 0) + 1"
)
# An import by neo4j-admin left word of how many nodes and edges there must be.
SET_IMPORTED = (
    "MATCH (p:Projection {key: 'state'}) WHERE p.nodes IS NOT NULL "
    "WITH p, p.edges = COUNT { ()-->() } AND "
    "p.nodes = COUNT { () } - " + " - ".join(f"COUNT {{ (:{label}) }}" for label in OWN) + " "
    "AS whole SET p.whole = whole, p.run = p.run + 1 REMOVE p.nodes, p.edges"
)
SET_MIGRATION = (
    "OPTIONAL MATCH (m:ProjectionMigration) WITH count(m) + 1 AS number "
    "CREATE (:ProjectionMigration {key: toString(number), number: number, schema: $schema, "
    "made: $made, dropped: $dropped, at: timestamp()})"
)
FOREIGN = "MATCH (n) WHERE NOT (n:" + " OR n:".join(OWN) + ") RETURN labels(n) AS labels LIMIT 1"
WIPE_EDGES = "MATCH ()-[e]->() WITH e LIMIT $rows DELETE e"
WIPE_NODES = "MATCH (n) WHERE NOT (n:" + " OR n:".join(OWN) + ") WITH n LIMIT $rows DETACH DELETE n"


def own_constraints() -> dict[str, str]:
    """Constraints of the engine's own records by name: they come before anything else."""
    return {_name(label, "key"): _unique_node(label) for label in OWN}


@cache
def ddl() -> dict[str, str]:
    """Statements of all constraints and indexes by name.

    Community Edition has uniqueness and range indexes; existence and types are the loader's work.
    """
    made = own_constraints()
    made |= {_name(table.name, "key"): _unique_node(table.name) for table in nodes()}
    made |= {_name(table.name, "key"): _unique_edge(table.name) for table in edges()}
    for kind in schema.NODES:
        for column in _looked_up(kind):
            made[_name(kind.__name__, column)] = (
                f"CREATE INDEX {_name(kind.__name__, column)} IF NOT EXISTS "
                f"FOR (x:{kind.__name__}) ON (x.`{column}`)"
            )
    for kind in edge_kinds():
        for column in _looked_up(kind):
            made[_name(kind.EDGE[0], column)] = (
                f"CREATE INDEX {_name(kind.EDGE[0], column)} IF NOT EXISTS "
                f"FOR ()-[x:{kind.EDGE[0]}]-() ON (x.`{column}`)"
            )
    return made


def put(table: Table) -> str:
    """Writes rows of `$rows` (maps without nulls), whether they are there already or not."""
    if table.ends is None:
        return f"UNWIND $rows AS r MERGE (x:{table.name} {{key: r.key}}) SET x = r"
    start, end = table.ends
    return (
        f"UNWIND $rows AS r MATCH (a:{start} {{key: r.from}}) MATCH (b:{end} {{key: r.to}}) "
        f"MERGE (a)-[x:{table.name} {{key: r.row.key}}]->(b) SET x = r.row"
    )


def drop(table: Table) -> str:
    """Deletes the rows whose keys are in `$rows`."""
    if table.ends is None:
        return f"UNWIND $rows AS k MATCH (x:{table.name} {{key: k}}) DETACH DELETE x"
    return f"UNWIND $rows AS k MATCH ()-[x:{table.name} {{key: k}}]->() DELETE x"


def page(table: Table, names: list[str], *, first: bool) -> str:
    """The next `$rows` rows after key `$after`, in order of key, as lists.

    A page costs what it holds, since the index gives the order.
    """
    values = [f"x.`{name}` AS `{name}`" for name in names]
    found = ["from", "to", *names] if table.ends else names
    bound, carried = f"(x:{table.name})", "x"
    if table.ends:
        start, end = table.ends
        bound, carried = f"(a:{start})-[x:{table.name}]->(b:{end})", "a, x, b"
        values = ["a.key AS `from`", "b.key AS `to`", *values]
    text = (
        f"MATCH {bound} USING RANGE INDEX x:{table.name}(key) "
        f"WHERE x.key {'>=' if first else '>'} $after "
        f"WITH {carried} ORDER BY x.key LIMIT $rows RETURN {', '.join(values)}"
    )
    return in_lists(text, tuple(found))


@cache
def in_lists(text: str, names: tuple[str, ...]) -> str:
    """The same answer as few records, each with a list of `PART` values for every column."""
    row = ", ".join(f"`{name}`" for name in names)
    columns = ", ".join(f"[row IN part | row[{n}]] AS `{name}`" for n, name in enumerate(names))
    # Rows are collected as lists: collect() leaves nulls out, and columns would fall out of step.
    return (
        f"{LANGUAGE}CALL () {{\n{text}\n}}\nWITH collect([{row}]) AS rows\n"
        f"UNWIND range(0, size(rows) - 1, {PART}) AS first\n"
        f"WITH rows[first..first + {PART}] AS part\nRETURN {columns}"
    )


def _looked_up(kind: type) -> list[str]:
    return [column.name for column in schema.columns(kind) if column.index]


def _name(owner: str, column: str) -> str:
    return f"{PREFIX}{owner}_{column}".lower()


def _unique_node(label: str) -> str:
    name = _name(label, "key")
    return f"CREATE CONSTRAINT {name} IF NOT EXISTS FOR (x:{label}) REQUIRE x.key IS UNIQUE"


def _unique_edge(name: str) -> str:
    constraint = _name(name, "key")
    return (
        f"CREATE CONSTRAINT {constraint} IF NOT EXISTS FOR ()-[x:{name}]-() REQUIRE x.key IS UNIQUE"
    )
