"""backup, restore: a data folder as one encrypted file, and back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from api.cli import context
from graph_model import backup as backups
from graph_model.errors import BadInput
from graph_model.i18n import text

BackupFile = Annotated[Path, typer.Argument(help=text("backup.file"))]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command(help=text("backup.help"))(backup)
    app.command(help=text("backup.restore_help"))(restore)


def backup(file: BackupFile) -> None:
    """Back up ledger, records, audit trail and settings; also while they are served."""
    settings = context.settings()
    if not settings.data.exists():
        raise BadInput("no_data", folder=str(settings.data))
    if file.exists():
        raise BadInput("backup_exists", file=str(file))
    about = backups.backup(settings, file, _passphrase())
    size = f"{file.stat().st_size:,}"
    context.console.print(
        text("backup.done", file=str(file), files=len(about["files"]), size=size), markup=False
    )
    if settings.database_url:
        context.console.print(text("backup.database_apart"))


def restore(file: BackupFile) -> None:
    """Write a backup into an empty data folder, and verify its ledger."""
    about = backups.restore(file, context.settings().data, _passphrase())
    told = text("backup.restored", file=str(file), made=about["made_at"],
                data=str(context.settings().data))  # fmt: skip
    context.console.print(told, markup=False)


def _passphrase() -> str:
    """That of the settings, or asked for. Raises BadInput where nobody can be asked."""
    given = context.settings().backup_passphrase.get_secret_value()
    if given:
        return given
    if not sys.stdin.isatty():
        raise BadInput("backup_passphrase", length=backups.SHORTEST)
    return str(typer.prompt(text("backup.passphrase"), hide_input=True))
