"""serve, account: run the service, and who may sign in to it."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
import threading
import webbrowser
from typing import Annotated, Any

import typer

from api.cli import context
from api.cli.context import Json
from graph_model.access import ADMIN, ROLES
from graph_model.accounts import Accounts
from graph_model.errors import BadInput
from graph_model.i18n import text
from graph_model.records import Records
from graph_model.settings import Settings

HUNG_SECONDS = 120
"""A worker that computes keeps silent for seconds; only one silent for longer is started anew."""

account = typer.Typer(help=text("serve.account"), no_args_is_help=True, rich_markup_mode=None)


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command(help=text("serve.help"))(serve)
    app.add_typer(account, name="account")


def serve(
    host: Annotated[str | None, typer.Option("--host", help=text("serve.host"))] = None,
    port: Annotated[int | None, typer.Option("--port", help=text("serve.port"))] = None,
) -> None:
    """Run the service until it is told to stop."""
    given = {"host": host, "port": port}
    settings = context.settings().model_copy(
        update={name: value for name, value in given.items() if value is not None}
    )
    _refuse_many(settings)
    run(settings)


def run(settings: Settings, *, browse: str | None = None) -> None:
    """Serves a data folder. `browse`: the page that a browser, where there is one, opens."""
    import uvicorn

    from api import logs
    from api.app import create
    from api.metrics import SHARED

    logs.start()
    app = create(settings)
    _first_admin(app.state.accounts, settings)
    shown = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = f"http://{shown}:{settings.port}"
    context.console.print(text("serve.at", address=address + (browse or "")))
    served: Any = app
    with tempfile.TemporaryDirectory(prefix="lotgraph-counters-") as counters:
        if settings.workers > 1:  # each makes its own, from the environment
            app.state.close()
            os.environ["LOTGRAPH_DATA"] = str(settings.data.resolve())
            os.environ[SHARED] = counters
            served = "api.app:from_environment"
        if browse is not None and _has_screen():
            threading.Timer(1.5, webbrowser.open, [address + browse]).start()
        uvicorn.run(
            served, factory=settings.workers > 1, workers=settings.workers, host=settings.host,
            port=settings.port, log_config=None, access_log=False, server_header=False,
            proxy_headers=bool(settings.proxies), forwarded_allow_ips=settings.proxies or None,
            timeout_graceful_shutdown=30, timeout_worker_healthcheck=HUNG_SECONDS,
        )  # fmt: skip


def serve_demo(browse: str) -> None:
    """Serves the demo on this machine without sign-in; where the port is taken, on a free one."""
    settings = context.settings().model_copy(update={"demo": True, "host": "127.0.0.1"})
    run(settings.model_copy(update={"port": _free_port(settings.port)}), browse=browse)


def _free_port(wanted: int) -> int:
    with socket.socket() as trial:
        try:
            trial.bind(("127.0.0.1", wanted))
        except OSError:
            trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


def _has_screen() -> bool:
    """Whether a browser can be opened for the person who typed the command."""
    shown = sys.platform in ("darwin", "win32") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    return shown and sys.stdout.isatty()


def _refuse_many(settings: Settings) -> None:
    """The embedded engine and SQLite are for one process."""
    url = settings.database_url or ""
    if settings.workers > 1 and (settings.graph == "embedded" or not url.startswith("postgresql")):
        raise BadInput("one_worker")


def _first_admin(accounts: Accounts, settings: Settings) -> None:
    """Takes the first admin from the settings, or asks for one. Raises BadInput where it cannot."""
    if settings.demo or accounts.any():
        return
    name, password = settings.admin_name, settings.admin_password.get_secret_value()
    if name and password:
        accounts.add(name, [ADMIN], password)
    elif sys.stdin.isatty():
        name = typer.prompt(text("serve.admin_name"))
        password = typer.prompt(text("serve.admin_password"), hide_input=True,
                                confirmation_prompt=True)  # fmt: skip
        accounts.add(name, [ADMIN], password, must_change=False)
    else:
        raise BadInput("no_admin")


# ---------------------------------------------------------------------------- accounts


def _accounts() -> tuple[Records, Accounts]:
    from api.app import session_key

    settings = context.settings()
    settings.data.mkdir(parents=True, exist_ok=True)
    records = Records(settings.database)
    return records, Accounts(records, session_key(settings))


def _new_password() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt(text("login.new"), hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\n")


@account.command("add", help=text("serve.account_add"))
def add(
    name: Annotated[str, typer.Argument(help=text("serve.account_name"))],
    role: Annotated[list[str], typer.Option("--role", help=", ".join(ROLES))],
    company: Annotated[str, typer.Option("--company", help=text("serve.company"))] = "",
) -> None:
    """A new account; the password is asked for, or read from standard input."""
    records, accounts = _accounts()
    try:
        made = accounts.add(name, role, _new_password())
        if company:
            accounts.belongs(made.account, company)
    finally:
        records.close()
    context.console.print(text("serve.account_added", account=made.account))


@account.command("password", help=text("serve.account_password"))
def password(name: Annotated[str, typer.Argument(help=text("serve.account_name"))]) -> None:
    """A new password for an account that cannot sign in; it has to be changed then."""
    records, accounts = _accounts()
    try:
        accounts.set_password(name, _new_password(), must_change=True)
    finally:
        records.close()
    context.console.print(text("serve.account_changed", account=name))


@account.command("list", help=text("serve.account_list"))
def list_accounts(as_json: Json = False) -> None:
    """All accounts with their roles."""
    records, accounts = _accounts()
    try:
        found = accounts.all()
    finally:
        records.close()
    if as_json:
        context.show_json([vars(one) for one in found])
        return
    heads = [text(f"serve.head.{name}") for name in ("account", "name", "roles", "state")]
    rows: list[list[object]] = [
        [one.account, one.name, ", ".join(one.roles),
         text("serve.active" if one.active else "serve.inactive")]
        for one in found
    ]  # fmt: skip
    context.show_table(text("serve.account_list"), heads, rows)
