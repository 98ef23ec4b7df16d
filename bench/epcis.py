"""`EVENTS=100000 python -m bench.epcis`: reading events as JSON-LD and as XML, and writing them.

Each step in a process of its own, so that peak memory is that of one. Prints a line of JSON each:
`flows` are events, `peak_mb` the most memory of the process with everything it had loaded.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from bench.measure import Steps
from loaders import intake
from loaders.epcis.documents import document


def events(number: int) -> Iterator[dict[str, Any]]:
    """A chain of food lots: each is made of two before it, packed, sent and received."""
    for n in count():
        for event in _of_lot(n):
            if number == 0:
                return
            number -= 1
            yield event


def _of_lot(n: int) -> Iterator[dict[str, Any]]:
    base: dict[str, Any] = {
        "eventTime": f"2026-01-{1 + n % 28:02d}T{n % 24:02d}:00:00Z",
        "eventTimeZoneOffset": "+08:00",
        "bizLocation": {"id": f"urn:epc:id:sgln:4012345.{n % 50:05d}.0"},
    }  # fmt: skip
    goods = {"epcClass": _lot(n), "quantity": 100.5, "uom": "KGM"}
    before = [
        {"epcClass": _lot(k), "quantity": 50, "uom": "KGM"} for k in (n // 2, n // 3) if k < n
    ]
    pallet = f"urn:epc:id:sscc:4012345.0{n:09d}"
    told: list[dict[str, Any]] = [
        {"type": "TransformationEvent", "bizStep": "commissioning", "inputQuantityList": before,
         "outputQuantityList": [goods], "ilmd": {"cbvmda:lotNumber": str(n)}},
        {"type": "ObjectEvent", "action": "OBSERVE", "bizStep": "storing", "quantityList": [goods]},
        {"type": "AggregationEvent", "action": "ADD", "bizStep": "packing", "parentID": pallet,
         "childQuantityList": [goods]},
        {"type": "ObjectEvent", "action": "OBSERVE", "bizStep": "shipping", "epcList": [pallet],
         "destinationList": [{"type": "owning_party",
                              "destination": f"urn:epc:id:pgln:4012345.{n % 90:05d}"}]},
        {"type": "ObjectEvent", "action": "OBSERVE", "bizStep": "receiving", "epcList": [pallet]},
    ]  # fmt: skip
    for line, event in enumerate(told):
        yield base | event | {"eventID": f"urn:uuid:{n:08d}-0000-4000-8000-{line:012d}"}


def _lot(n: int) -> str:
    return f"urn:epc:class:lgtin:4012345.0{n % 400:05d}.L{n}"


def write_json(number: int, path: Path) -> None:
    """A capture document."""
    with path.open("w", encoding="utf-8") as file:
        file.write('{"@context":[],"type":"EPCISDocument","epcisBody":{"eventList":[')
        for n, event in enumerate(events(number)):
            file.write(("," if n else "") + json.dumps(event))
        file.write("]}}")


def write_xml(number: int, path: Path) -> None:
    """The same events as EPCIS 2.0 XML."""
    with path.open("w", encoding="utf-8") as file:
        file.write('<e:EPCISDocument xmlns:e="urn:epcglobal:epcis:xsd:2" schemaVersion="2.0">')
        file.write("<EPCISBody><EventList>")
        for event in events(number):
            kind = event.pop("type")
            file.write(f"<{kind}>" + "".join(_xml(k, v) for k, v in event.items()) + f"</{kind}>")
        file.write("</EventList></EPCISBody></e:EPCISDocument>")


def _xml(name: str, value: Any) -> str:
    if name == "destinationList":
        inner = "".join(
            f'<destination type="{one["type"]}">{one["destination"]}</destination>' for one in value
        )
    elif name == "epcList":
        inner = "".join(f"<epc>{epc}</epc>" for epc in value)
    elif isinstance(value, list):
        inner = "".join(_xml("quantityElement", one) for one in value)
    elif isinstance(value, dict):
        named = {key.rpartition(":")[2]: item for key, item in value.items()}
        inner = "".join(_xml(key, item) for key, item in named.items())
    else:
        inner = escape(str(value))
    return f"<{name}>{inner}</{name}>"


def measure(what: str, number: int, folder: Path) -> None:
    """One step, printed."""
    steps = Steps(number)
    steps.flows = number
    path = folder / f"events.{what.split()[-1]}"
    if what.startswith("stream"):
        steps.time(what, lambda: sum(1 for _ in document(path).events()))
    else:
        steps.time(what, partial(intake.read, path, "epcis"))
    for line in steps.lines:
        print(line.json(), flush=True)


def main() -> None:
    """Writes the files, then measures each way of reading them."""
    if len(sys.argv) == 4:
        measure(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
        return
    number = int(os.environ.get("EVENTS", "100000"))
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        write_json(number, folder / "events.jsonld")
        write_xml(number, folder / "events.xml")
        for what in ("stream jsonld", "stream xml", "read jsonld", "read xml"):
            command = [sys.executable, "-m", "bench.epcis", what, str(number), text]
            line = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
            each = number / line["cpu"]
            print(f"{what}: {each:,.0f} events/s of processor time, {line['peak_mb']:,} MB")


if __name__ == "__main__":
    main()
