"""The options by which a command is told what is suspected: those of `scope`."""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli import context
from graph_model.errors import BadInput
from graph_model.i18n import text
from graph_model.plant import Plant
from queries.given import moment as given_moment
from queries.given import suspects as given_suspects
from queries.recall import cost, rulebook
from queries.recall import hazard as hazards
from queries.recall.roots import Suspects
from queries.recall.scope import Premises

_NAMES = (
    "lot", "roots", "supplier", "supplier_lot", "item", "start", "end", "operation", "operator",
    "machine", "site", "shipment", "customer", "complaint",
    "printed_from", "printed_to", "serial_from", "serial_to", "hazard", "rules",
)  # fmt: skip
_WORDS = {name: name for name in _NAMES if name != "roots"} | {"from": "start", "to": "end"}

Given = Mapping[str, Any]
"""What was typed, by name of the option."""


RootsFile = Annotated[Path | None, typer.Option("--roots", help=text("cli.roots"))]


def _option(key: str, flag: str) -> Any:
    return typer.Option(flag, help=text(f"cli.suspect.{key}"))


HazardOption = Annotated[str, _option("hazard", "--hazard")]
RulesOption = Annotated[Path | None, _option("rules", "--rules")]


def _options(
    lot: Annotated[list[str] | None, _option("lot", "--lot")] = None,
    roots: RootsFile = None,
    supplier: Annotated[str | None, _option("supplier", "--supplier")] = None,
    supplier_lot: Annotated[str | None, _option("supplier_lot", "--supplier-lot")] = None,
    item: Annotated[str | None, _option("item", "--item")] = None,
    start: Annotated[str | None, _option("start", "--from")] = None,
    end: Annotated[str | None, _option("end", "--to")] = None,
    operation: Annotated[str | None, _option("operation", "--operation")] = None,
    operator: Annotated[str | None, _option("operator", "--operator")] = None,
    machine: Annotated[str | None, _option("machine", "--machine")] = None,
    site: Annotated[str | None, _option("site", "--site")] = None,
    shipment: Annotated[str | None, _option("shipment", "--shipment")] = None,
    customer: Annotated[str | None, _option("customer", "--customer")] = None,
    complaint: Annotated[str | None, _option("complaint", "--complaint")] = None,
    printed_from: Annotated[str | None, _option("printed_from", "--printed-from")] = None,
    printed_to: Annotated[str | None, _option("printed_to", "--printed-to")] = None,
    serial_from: Annotated[str | None, _option("serial_from", "--serial-from")] = None,
    serial_to: Annotated[str | None, _option("serial_to", "--serial-to")] = None,
    hazard: HazardOption = "unknown",
    rules: RulesOption = None,
) -> None:
    """The options themselves, as a signature."""


def suspecting(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the options of `scope` to a command, which gets them together as `given`."""
    shared = inspect.signature(_options, eval_str=True).parameters
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
    return given_suspects(
        given, references(given.get("lot"), given.get("roots")), context.settings().timezone,
        plant.ledger.records.person,
    )  # fmt: skip


def named(given: Given) -> bool:
    """Whether anything was said of what is suspected, and by which hazard and rules."""
    return any(value for name, value in given.items() if (name, value) != ("hazard", "unknown"))


def premises(given: Given) -> Premises:
    """Hazard and rules of a scope. Raises BadInput for what cannot be read."""
    rules = given.get("rules")
    return {
        "hazard": hazards.read(given.get("hazard") or "unknown"),
        "rulebook": rulebook.load(Path(rules)) if rules else None,
    }


def cost_table(path: Path | None) -> cost.CostTable | None:
    """The table of a file; None: the one in force. Raises BadInput."""
    return cost.load(path) if path is not None else None


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


def references(lots: list[str] | None, file: Path | None) -> list[str]:
    """Lots named on the line and in a file, one a line. Raises BadInput for an unreadable file."""
    named = list(lots or [])
    if file is not None:
        try:
            lines = file.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput("roots_unreadable", path=str(file)) from error
        named += [line.strip() for line in lines if line.strip()]
    return named


def moment(content: str, *, end: bool) -> int:
    """As `queries.given.moment`, in the time zone of the settings."""
    return given_moment(content, context.settings().timezone, end=end)
