"""The service's log: one JSON object a line on standard error, without secrets."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from graph_model.audit import unsecret

_BEARER = re.compile(r"(?i)(bearer|basic|cookie:|set-cookie:)\s+\S+")
_PASSWORD = re.compile(r"://([^:/@\s]+):[^@\s]+@")

log = structlog.get_logger("lotgraph")


def start() -> None:
    """Sends everything that is logged, by libraries too, through the same processors."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.processors.format_exc_info,
        without_secrets,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(ensure_ascii=False)],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers, root.level = [handler], logging.WARNING
    logging.getLogger("uvicorn.access").disabled = True  # its lines hold query strings


def without_secrets(
    _logger: Any, _name: str, entry: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Takes passwords, tokens and cookies out of an entry, also out of running text."""
    cleaned: dict[str, Any] = unsecret(dict(entry))
    return {
        name: _cleaned(value) if isinstance(value, str) else value
        for name, value in cleaned.items()
    }


def _cleaned(text: str) -> str:
    text = _BEARER.sub(r"\1 ***", text)
    return _PASSWORD.sub(r"://\1:***@", text)
