"""Every callback of the screens asked with nothing at all: it may refuse, it does not fail."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI

from tests.service.conftest import Enter


def given(one: dict[str, Any], value: Any) -> dict[str, Any]:
    """A dependency as the browser sends it."""
    return {"id": one["id"], "property": one["property"], "value": value}


def _input(one: dict[str, Any], pressed: int | None) -> Any:
    return pressed if one["property"] == "n_clicks" else None


@pytest.mark.parametrize("pressed", [None, 0, 1])
@pytest.mark.parametrize("shown", [None, "", "?lot=NO-SUCH-LOT"])
def test_no_callback_fails_for_want_of_input(
    service: FastAPI, signed_in: Enter, pressed: int | None, shown: str | None
) -> None:
    client, failed, tried = signed_in("admin"), [], 0
    for one in client.get("/_dash-dependencies").json():
        if one["clientside_function"]:
            continue
        tried += 1
        outputs = [
            {"id": part.rpartition(".")[0], "property": part.rpartition(".")[2]}
            for part in one["output"].strip(".").split("...")
        ]
        sent = {
            "output": one["output"],
            "outputs": outputs if one["output"].startswith("..") else outputs[0],
            "inputs": [given(each, _input(each, pressed)) for each in one["inputs"]],
            "state": [given(each, shown) for each in one["state"]],
            "changedPropIds": [],
        }
        answer = client.post("/_dash-update-component", json=sent)
        if answer.status_code >= 500:
            failed.append((one["output"], answer.status_code))
    assert tried > 5
    assert not failed
