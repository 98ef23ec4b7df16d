"""The whole OpenAPI tried with made-up requests: whatever is sent, nothing ends in a failure."""

from __future__ import annotations

import contextlib
from typing import Any

import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

EXAMPLES = 4
CHECKS = [not_a_server_error, content_type_conformance, status_code_conformance]
APART = (
    "/me/password", "/me/sessions", "/accounts", "/events", "/imports", "/drills",
)  # fmt: skip
"""These end the session that asks, stay open or work in the background: they have tests of their
own."""

Modes = schemathesis.GenerationMode


def test_nothing_that_is_sent_ends_in_a_failure(service: FastAPI) -> None:
    service.state.budget.seconds = 1e9
    headers = {"cookie": f"lotgraph={service.state.accounts.sessions.begin('admin')}"}
    schema = schemathesis.openapi.from_dict(service.openapi())
    schema.app = service
    tried = 0
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        if any(part in operation.path for part in APART):
            continue
        tried += 1
        for mode in (Modes.POSITIVE, Modes.NEGATIVE):

            @given(case=operation.as_strategy(generation_mode=mode))
            @settings(
                max_examples=EXAMPLES,
                deadline=None,
                database=None,
                derandomize=True,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            def attempt(case: Any) -> None:
                case.call_and_validate(headers=headers, checks=CHECKS)

            with contextlib.suppress(Unsatisfiable):  # an address that takes nothing
                attempt()
    assert tried > 100
