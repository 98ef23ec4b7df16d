"""Answers: whole or in pages, in four formats, unchanged as 304, as of a batch, without secrets."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import polars as pl
import pytest
from fastapi import FastAPI

from queries import traces
from tests.service.conftest import Enter

TRACE = "/api/v1/trace"


@pytest.fixture(scope="module")
def lot(service: FastAPI) -> str:
    """A supplier's lot that went far."""
    lineage = service.state.plant.now().lineage
    bought = lineage.lots.filter(pl.col("supplier").is_not_null() & pl.col("rule").is_null())
    found: str = max(
        bought["key"], key=lambda key: len(lineage.forward(lineage.number([key])).lots)
    )
    return found


def whole(enter: Enter, path: str, **query: Any) -> dict[str, Any]:
    """An answer as JSON."""
    answer = enter("admin").get(path, params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_trace_is_that_of_the_arrays(service: FastAPI, signed_in: Enter, lot: str) -> None:
    moment = service.state.plant.now()
    roots = moment.lineage.with_parts(moment.lineage.number([lot]))
    expected = traces.to_dict(moment.facts, moment.lineage, roots, "forward")
    assert whole(signed_in, TRACE, lot=lot) == json.loads(json.dumps(expected, default=str))


def test_every_format_has_every_row(signed_in: Enter, lot: str) -> None:
    client = signed_in("admin")
    rows = whole(signed_in, TRACE, lot=lot)["lots"]
    kept = {}
    for kind in ("application/x-ndjson", "text/csv", "application/vnd.apache.arrow.stream"):
        answer = client.get(TRACE, params={"lot": lot}, headers={"accept": kind})
        assert answer.headers["content-type"].startswith(kind)
        kept[kind] = answer.content
    lines = [json.loads(line) for line in kept["application/x-ndjson"].splitlines()]
    assert lines == rows
    text = kept["text/csv"].decode("utf-8-sig")
    assert [row["key"] for row in csv.DictReader(io.StringIO(text))] == [r["key"] for r in rows]
    assert pl.read_ipc_stream(kept["application/vnd.apache.arrow.stream"]).to_dicts() == rows
    assert client.get(TRACE, params={"lot": lot}, headers={"accept": "image/png"}
                      ).status_code == 406  # fmt: skip


def test_pages_together_are_the_whole_and_each_says_it_is_a_part(
    signed_in: Enter, lot: str
) -> None:
    rows = whole(signed_in, TRACE, lot=lot)["lots"]
    assert len(rows) > 7
    got: list[Any] = []
    after: str | None = None
    while True:
        query = {"lot": lot, "limit": 7} | ({"after": after} if after else {})
        page = whole(signed_in, TRACE, **query)
        got += page["lots"]
        assert page["complete"] is False
        assert page["missing"][-1]["kind"] == "page"
        assert page["total"] == len(rows)
        after = page["next"]
        if after is None:
            break
    assert got == rows


@pytest.mark.parametrize("after", ["x", "1", "1.x", "-1.2", "9.1", "1.1.1", "１.１"])
def test_a_page_that_there_is_not_is_refused(signed_in: Enter, lot: str, after: str) -> None:
    answer = signed_in("admin").get(TRACE, params={"lot": lot, "after": after})
    assert answer.status_code == 422, answer.text


def test_an_unchanged_answer_is_a_304_for_the_same_eyes_only(signed_in: Enter, lot: str) -> None:
    first = signed_in("quality").get(TRACE, params={"lot": lot})
    etag = {"if-none-match": first.headers["etag"]}
    again = signed_in("quality").get(TRACE, params={"lot": lot}, headers=etag)
    assert (again.status_code, again.content) == (304, b"")
    # Who sees other fields, or reads another language, has another answer.
    assert signed_in("viewer").get(TRACE, params={"lot": lot}, headers=etag).status_code == 200
    chinese = signed_in("quality").get(
        TRACE, params={"lot": lot}, headers=etag | {"accept-language": "zh-CN"}
    )
    assert chinese.status_code == 200


def test_a_viewer_sees_no_price_and_is_told_so(signed_in: Enter, lot: str) -> None:
    seen = signed_in("viewer").get("/api/v1/scope", params={"lot": lot}).json()
    assert "cost" in seen["withheld"]
    assert seen["totals"]["cost"] is None
    assert seen["saved"] is None
    for part in ("cost_by", "cost_lines", "cost_fixed", "cost_recovered", "cost_total"):
        assert seen["totals"][part] is None
    priced = whole(signed_in, "/api/v1/scope", lot=lot)
    assert priced["totals"]["cost"]["possible"] or priced["totals"]["cost"]["certain"]
    assert [one["key"] for one in seen["lots"]] == [one["key"] for one in priced["lots"]]
    # Contacts of customers are hidden, the grade `contact` of lots is not.
    assert seen["totals"]["lots"] == priced["totals"]["lots"]


def test_the_past_is_answered_as_it_was(signed_in: Enter, lot: str) -> None:
    empty = signed_in("admin").get(TRACE, params={"lot": lot, "as_of": 0})
    assert empty.status_code == 404
    found = signed_in("admin").get(
        "/api/v1/questions/lots_by_number", params={"number": "x", "as_of": 0}
    )
    assert (found.json()["as_of"], found.json()["rows"]) == (0, [])
    assert whole(signed_in, TRACE, lot=lot, as_of=1)["as_of"] == 1
    late = signed_in("admin").get(TRACE, params={"lot": lot, "as_of": 99})
    assert (late.status_code, late.json()["code"]) == (422, "no_such_batch")


def test_get_and_post_are_one_question(signed_in: Enter, lot: str) -> None:
    path = "/api/v1/questions/shipments_of_lots"
    names = [one["name"] for one in whole(signed_in, "/api/v1/questions")["rows"]]
    assert "find" in names
    posted = signed_in("admin").post(TRACE, json={"lot": [lot]}).json()
    assert posted == whole(signed_in, TRACE, lot=lot), path


@pytest.mark.parametrize(
    ("path", "query", "status", "code"),
    [
        ("/api/v1/trace", {"lot": "nothing-like-it"}, 404, "lot_not_found"),
        ("/api/v1/find", {"number": "nothing-like-it"}, 404, "number_not_found"),
        ("/api/v1/scope", {}, 422, "nothing_suspected"),
        ("/api/v1/scope", {"lot": "x", "hazard": "evil"}, 422, "bad_hazard"),
        ("/api/v1/scope", {"supplier": "x", "start": "yesterday"}, 422, "bad_time"),
        ("/api/v1/trace", {}, 422, "bad_fields"),
        ("/api/v1/trace", {"lot": "x", "depth": "3"}, 422, "bad_fields"),
        ("/api/v1/questions/none_such", {}, 404, "http_404"),
        ("/api/v1/me/password", {}, 405, "http_405"),
    ],
)
def test_errors_are_problems_that_say_what_to_do(
    signed_in: Enter, path: str, query: dict[str, str], status: int, code: str
) -> None:
    answer = signed_in("admin").get(path, params=query)
    told = answer.json()
    assert (answer.status_code, told["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert told["request"] == answer.headers["x-request-id"]
    in_chinese = signed_in("admin").get(path, params=query, headers={"accept-language": "zh-CN"})
    assert in_chinese.json()["title"] != told["title"]
