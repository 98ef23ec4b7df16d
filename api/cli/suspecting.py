"""The options by which a command is told what is suspected: those of `scope`."""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from api.cli import asking
from graph_model.errors import BadInput
from graph_model.plant import Plant
from queries.recall.roots import Suspects

_NAMES = (
    "lot", "roots", "supplier", "supplier_lot", "item", "start", "end", "operation", "operator",
    "machine", "site", "shipment", "customer", "complaint",
)  # fmt: skip
_WORDS = {name: name for name in _NAMES if name != "roots"} | {"from": "start", "to": "end"}

Given = Mapping[str, Any]
"""What was typed, by name of the option."""


def suspecting(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the options of `scope` to a command, which gets them together as `given`."""
    shared = inspect.signature(asking.scope, eval_str=True).parameters
    own = inspect.signature(command, eval_str=True).parameters.values()
    options = [
        one.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for one in (*(shared[name] for name in _NAMES), *own)
        if one.name != "given"
    ]

    @wraps(command)
    def run(**values: Any) -> None:
        given = {name: values.pop(name) for name in _NAMES}
        command(given=given, **values)

    run.__dict__["__signature__"] = inspect.Signature(options)
    run.__annotations__ = {one.name: one.annotation for one in options}
    return run


def suspects(plant: Plant, given: Given) -> Suspects:
    """What is suspected. Raises BadInput where nothing is named."""
    start, end, operator = given.get("start"), given.get("end"), given.get("operator")
    kept = ("supplier", "supplier_lot", "item", "operation", "machine", "site", "shipment",
            "customer", "complaint")  # fmt: skip
    asked = Suspects(
        lots=tuple(asking._references(given.get("lot"), given.get("roots"))),
        start=asking.moment(start, end=False) if start else None,
        end=asking.moment(end, end=True) if end else None,
        operator=plant.ledger.records.pseudonym(operator) if operator else None,
        **{name: given.get(name) for name in kept},
    )
    if not asked.given():
        raise BadInput("nothing_suspected")
    return asked


def guess(words: str) -> tuple[str, Given]:
    """Name and options of `NAME: key=value key=value`; quotes keep blanks together."""
    name, colon, rest = words.partition(":")
    given: dict[str, Any] = {}
    try:
        parts = shlex.split(rest)
    except ValueError as error:
        raise BadInput("bad_case", value=words) from error
    for part in parts:
        key, equals, value = part.partition("=")
        option = _WORDS.get(key.replace("-", "_"))
        if not equals or option is None or (option in given and option != "lot"):
            raise BadInput("bad_case", value=words)
        given[option] = [*given.get("lot", []), value] if option == "lot" else value
    if not colon or not given:
        raise BadInput("bad_case", value=words)
    return name.strip(), given
