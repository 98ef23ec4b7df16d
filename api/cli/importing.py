"""load, template, check, demo: commands that bring data in."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

import polars as pl
import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from api.cli import context, presets
from api.cli.context import Json
from api.cli.scope_view import show_scope
from api.cli.serving import serve_demo
from api.incidents import Actor, Opening, open_incident
from graph_model.errors import BadInput
from graph_model.i18n import text
from graph_model.plant import Plant
from loaders import checks, demo_plant, entries, findings_workbook, importing, intake
from loaders.findings import Finding
from loaders.importing import Loaded
from loaders.mapping import TableMap, parsed_map
from loaders.reading import is_text
from loaders.template import write_template
from queries.recall import report
from queries.recall.hazard import Hazard
from queries.recall.roots import Suspects
from queries.recall.scope import compute

SHOWN = 15
DEMO_MANAGER = "Lin Qiao"
DEMO_HAZARD = Hazard(kind="dimension")
"""What is out of specification goes where the material goes, and leaves nothing on lines."""
MESSY_LOTS = 5000
"""A demo of at most this size is also written as the files a factory would have."""


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command(help=text("cli.demo"))(demo)
    app.command(help=text("cli.load"))(load)
    app.command(help=text("cli.template"))(template)
    app.command(help=text("cli.check"))(check)


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """A line that says what is being done, and for how long, on standard error."""
    from rich.console import Console

    bar = Progress(
        SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(),
        console=Console(stderr=True), transient=True,
    )  # fmt: skip
    with bar:
        task = bar.add_task("", total=None)
        yield lambda name: bar.update(task, description=name)


def load(
    path: Annotated[Path, typer.Argument(help=text("cli.path"))],
    kind: Annotated[str | None, typer.Option("--as", help=text("cli.kind"))] = None,
    source: Annotated[str | None, typer.Option("--source", help=text("cli.source"))] = None,
    by: Annotated[str | None, typer.Option("--by", help=text("cli.by"))] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=text("cli.dry_run"))] = False,
    findings: Annotated[
        Path | None, typer.Option("--findings", help=text("cli.findings_to"))
    ] = None,
    marked: Annotated[Path | None, typer.Option("--marked", help=text("cli.marked"))] = None,
    mapping: Annotated[Path | None, typer.Option("--map", help=text("mapping.map"))] = None,
    preset: Annotated[str | None, typer.Option("--preset", help=text("mapping.preset"))] = None,
    keep_as: Annotated[
        str | None, typer.Option("--save-preset", help=text("mapping.save_preset"))
    ] = None,
    as_json: Json = False,
) -> None:
    """Read files into the ledger, check them, and bring the graph up to date."""
    given = importing.Mapping(_given(mapping), preset, keep_as)
    with context.plant(new=True) as plant, progress() as tell:
        done = load_into(plant, path, kind, source, by or getpass.getuser(), dry_run, tell, given)
    if findings is not None:
        findings_workbook.write(done.findings, findings)
    if marked is not None:
        _mark(path, done.findings, marked)
    if as_json:
        context.show_json(done.to_dict())
        return
    if dry_run:
        presets.show_tables(done.maps)
    _show(done.to_dict())


def _given(file: Path | None) -> tuple[TableMap, ...]:
    """The tables of a file of JSON. Raises BadInput."""
    if file is None:
        return ()
    try:
        told = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadInput("path_missing", path=str(file)) from error
    except UnicodeDecodeError as error:
        raise BadInput("mapping_shape") from error
    return parsed_map(told)


def _mark(path: Path, findings: list[Finding], folder: Path) -> None:
    """The user's own files again, each with a column of problems."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in intake.input_files(path):
        if any(found.file == file.name for found in findings) and file.suffix != ".json":
            suffix = ".csv" if is_text(file) else ".xlsx"
            findings_workbook.annotate(file, findings, folder / (file.stem + suffix))


def template(path: Annotated[Path, typer.Argument(help=text("cli.template_path"))]) -> None:
    """Write an empty bilingual workbook with examples."""
    write_template(path)
    context.console.print(text("cli.template_done", path=str(path)))


def check(
    findings: Annotated[
        Path | None, typer.Option("--findings", help=text("cli.findings_to"))
    ] = None,
    as_json: Json = False,
) -> None:
    """Check everything the ledger holds."""
    with context.plant() as plant:
        found = checks.run(plant.facts(), plant.settings.company, timezone=plant.settings.timezone)
    if findings is not None:
        findings_workbook.write(found, findings)
    told = [findings_workbook.to_dict(each) for each in found]
    if as_json:
        context.show_json(told)
    else:
        show_findings(told)


def load_into(
    plant: Plant,
    path: Path,
    kind: str | None,
    source: str | None,
    who: str,
    dry_run: bool,
    tell: Callable[[str], None],
    mapping: importing.Mapping = importing.AS_PROPOSED,
) -> Loaded:
    """`loaders.importing.load`, then the graph."""
    done = importing.load(
        plant, path, kind=kind, source=source, who=who, dry_run=dry_run, tell=tell,
        mapping=mapping,
    )  # fmt: skip
    if not dry_run:
        context.project(plant, tell)
    return done


def _show(summary: dict[str, Any]) -> None:
    batch = summary["batch"]
    title = text("cli.loaded", batch=batch) if batch else text("cli.dry")
    show_sheets(title, summary["sheets"])
    show_findings(summary["findings"])


def show_sheets(title: str, sheets: dict[str, dict[str, int]]) -> None:
    """What was read, loaded, known and set aside of each sheet."""
    heads = [
        text(f"cli.head.{head}")
        for head in ("sheet", "read", "loaded", "already_known", "set_aside")
    ]
    rows: list[list[object]] = [
        [
            presets.kind_name(name),
            *(count[part] for part in ("read", "loaded", "already_known", "set_aside")),
        ]
        for name, count in sheets.items()
    ]
    context.show_table(title, heads, rows)


def show_findings(findings: list[dict[str, Any]]) -> None:
    """The gravest findings first; says how many of how many, and how to get all."""
    if not findings:
        context.console.print(text("cli.no_findings"))
        return
    rank = {"error": 0, "warning": 1, "info": 2}
    gravest = sorted(findings, key=lambda found: rank[found["severity"]])
    cells: list[list[object]] = [
        [
            text(f"findings_sheet.{f['severity']}"),
            " · ".join(str(part) for part in (f["file"], f["sheet"], f["row"] or "") if part),
            f["value"],
            f"{f['text']} → {f['repair']}",
        ]
        for f in gravest[:SHOWN]
    ]
    heads = [text(f"cli.head.{name}") for name in ("severity", "file", "value", "problem")]
    context.show_table(text("cli.findings"), heads, cells)
    if len(findings) > SHOWN:
        context.console.print(text("cli.findings_more", shown=SHOWN, total=len(findings)))


def demo(
    lots: Annotated[int, typer.Option("--lots", help=text("cli.demo_lots"))] = 2000,
    seed: Annotated[int, typer.Option("--seed", help=text("cli.demo_seed"))] = 7,
    kind: Annotated[str, typer.Option("--kind", help=text("cli.demo_kind"))] = "food",
    unconfirmed: Annotated[
        bool, typer.Option("--unconfirmed", help=text("demo.unconfirmed"))
    ] = False,
    as_json: Json = False,
) -> None:
    """A demo plant, its incident and the scope of it."""
    folder = context.demo_folder()
    confirm = not unconfirmed
    made = demo_plant.write_plant(folder / "plant", lots, seed, kind=kind, confirm_delays=confirm)
    if lots <= MESSY_LOTS:
        (folder / "messy").mkdir()
        demo_plant.write_messy(made, folder / "messy" / "plant.xlsx")
    with context.plant(new=True) as plant, progress() as tell:
        load_into(plant, folder / "plant", "plant", None, "demo", False, tell)
        _confirm_delays(plant, made.delays)
        asked = Suspects(
            supplier=made.incident.supplier, supplier_lot=made.incident.supplier_lot_no
        )
        opened = _open_incident(plant, made.incident, asked)
        context.project(plant, tell)
        found = compute(plant.facts(), plant.lineage(), asked, hazard=DEMO_HAZARD)
    whole = report.to_dict(found)
    if as_json:
        context.show_json(whole)
        return
    context.console.print(made.incident.story())
    show_scope(whole)
    possible = [lot["key"] for lot in whole["lots"] if lot["tier"] == "excluded"]
    context.console.print(
        text(
            "cli.demo_next",
            data=str(folder),
            plant=str(folder / "plant"),
            supplier=made.incident.supplier,
            number=made.incident.supplier_lot_no,
            hazard=str(DEMO_HAZARD),
            lot=(possible or [whole["lots"][-1]["key"]])[0],
        )
    )
    if context.settings().demo_serve:
        serve_demo("/recall?" + urlencode({"incident": opened["number"]}))


def _open_incident(plant: Plant, about: demo_plant.Incident, asked: Suspects) -> dict[str, Any]:
    """The demo plant's quality manager opens the incident that its supplier reported."""
    item = text(f"demo.item.{about.item_code}")
    opening = Opening(
        asked=asked, title=text("demo.incident_title", item=item), kind="supplier_notice",
        hazard=DEMO_HAZARD,
    )  # fmt: skip
    actor = Actor(DEMO_MANAGER, text("cli.demo_role"), about.story())
    return open_incident(plant, actor, opening)


def _confirm_delays(plant: Plant, delays: dict[str, tuple[int, int]]) -> None:
    """The demo plant's quality manager confirms the delays that were measured."""
    names = {plant.ledger.records.pseudonym(DEMO_MANAGER): DEMO_MANAGER}
    tables = [
        entries.decision(
            "delay", source, person=next(iter(names)), role=text("cli.demo_role"),
            reason=text("cli.demo_reason"), late=late, early=early,
        )
        for source, (late, early) in delays.items()
    ]  # fmt: skip
    if tables:
        plant.ledger.append(
            {"Decision": pl.concat(tables)}, source="decisions", who=DEMO_MANAGER, names=names
        )
