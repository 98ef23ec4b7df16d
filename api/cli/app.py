"""The commands of `lotgraph` and the options that all of them share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli import (
    acting,
    asking,
    buying,
    context,
    importing,
    incident_alerts,
    incident_deadlines,
    incident_holds,
    incident_notices,
    incidents,
    inferring,
    keeping,
    people,
    presets,
    projecting,
    proving,
    pulling,
    reporting,
    saving,
    serving,
    watching,
)
from graph_model.errors import BadInput
from graph_model.i18n import text

app = typer.Typer(
    help=text("cli.help"), no_args_is_help=True, rich_markup_mode=None, add_completion=False,
    pretty_exceptions_enable=False,
)  # fmt: skip


@app.callback()
def shared(
    data: Annotated[
        Path | None, typer.Option("--data", envvar="LOTGRAPH_DATA", help=text("cli.data"))
    ] = None,
    lang: Annotated[
        str | None, typer.Option("--lang", envvar="LOTGRAPH_LANG", help=text("cli.lang"))
    ] = None,
) -> None:
    """Options before the command."""
    if lang and not lang.lower().startswith(("en", "zh")):
        raise BadInput("unknown_language", name=lang)
    context.start(data)


# In the order in which help lists them.
COMMANDS = (
    importing,
    presets,
    pulling,
    asking,
    acting,
    inferring,
    watching,
    buying,
    incidents,
    reporting,
    keeping,
    people,
    proving,
    projecting,
    saving,
    serving,
)
for module in COMMANDS:
    module.register(app)
for module in (incident_holds, incident_alerts, incident_notices, incident_deadlines):
    module.register(incidents.incident)
