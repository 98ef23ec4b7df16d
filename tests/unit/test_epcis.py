"""What events mean does not depend on how, when or how often they arrive; bad files do no harm."""

from __future__ import annotations

import json
import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph_model.errors import BadFile, BadInput
from graph_model.identifiers import party, thing
from graph_model.schema import Customer, Item, Lot, Packed, ProcessValue
from loaders import epcis
from loaders.epcis.content import name_of
from loaders.epcis.documents import PREFIXES
from loaders.intake import Defaults, read, unnamed
from tests.fixtures import fixture_dir
from tests.unit.epcis_case import Case, document, event, key, load

LOT = "urn:epc:class:lgtin:4012345.012345.A"
LINK = "https://id.gs1.org/01/04012345123456/10/A"
OTHER = "urn:epc:class:lgtin:4012345.012345.B"
MADE = "urn:epc:class:lgtin:4012345.022222.M"
PALLET = "urn:epc:id:sscc:4012345.0111111111"
MAKER, BUYER = "urn:epc:id:pgln:4012345.00225", "urn:epc:id:pgln:0614141.00777"


def amount(lot: str, quantity: float | None = 10, uom: str | None = "KGM") -> dict[str, Any]:
    told = {"epcClass": lot, "quantity": quantity, "uom": uom}
    return {name: value for name, value in told.items() if value is not None}


def made(inputs: list[Any], outputs: list[Any], **fields: Any) -> dict[str, Any]:
    return event(
        "TransformationEvent", inputQuantityList=inputs, outputQuantityList=outputs, **fields
    )


def created(*lots: Any, **fields: Any) -> dict[str, Any]:
    return event(action="ADD", bizStep="commissioning", quantityList=list(lots), **fields)


def packed(action: str, hour: int, *lots: Any, **fields: Any) -> dict[str, Any]:
    time = f"2026-01-02T{hour:02d}:00:00Z"
    return event(
        "AggregationEvent", action=action, parentID=PALLET, childQuantityList=list(lots),
        eventTime=time, **fields,
    )  # fmt: skip


def saved(folder: Path, *events: Any, name: str = "events.jsonld") -> Path:
    path = folder / name
    path.write_text(json.dumps(document(*events)), "utf-8")
    return path


def of(folder: Path, *loads: list[Any]) -> Case:
    """Each list of events is a load of its own."""
    return load(*(saved(folder, *one, name=f"{n}.jsonld") for n, one in enumerate(loads)))


# ------------------------------------------------------------------ order, repetition, form


@pytest.mark.parametrize("name", ["epcisquerydoc-example01.jsonld", "beef-leather-example.jsonld"])
def test_shuffled_and_split_events_give_the_same_graph(name: str, tmp_path: Path) -> None:
    whole = load(fixture_dir("epcis_gdst_traceback") / name)
    events = [json.loads(text) for text in whole.events()["content"]]
    for seed in range(3):
        order = random.Random(seed)
        order.shuffle(events)
        half = order.randrange(1, len(events))
        again = of(tmp_path, events[:half], events[half - 1 :])
        assert len(again.events()) == len(events)
        assert again.hash == of(tmp_path, events).hash


def test_partners_in_any_order_give_the_same_graph() -> None:
    folder = fixture_dir("epcis_gdst_traceback")
    files = sorted(folder.glob("epcis20_*.xml"))
    first = load(*files)
    for seed in range(3):
        random.Random(seed).shuffle(files)
        assert load(*files, *files[:1]).hash == first.hash


def test_lists_have_no_order(tmp_path: Path) -> None:
    lines = [amount(LOT), amount(OTHER, 5), amount(OTHER, 7)]
    one = of(tmp_path, [made(lines, [amount(MADE)])])
    two = of(tmp_path, [made(lines[::-1], [amount(MADE)])], [made(lines, [amount(MADE)])])
    assert one.hash == two.hash
    assert sorted(one.network.consumed["quantity"]) == [5, 7, 10]


def test_an_event_that_comes_again_counts_once_and_is_named(tmp_path: Path) -> None:
    path = saved(tmp_path, *[created(amount(LOT))] * 3)
    told = load(path)
    assert told.network.produced["quantity"].to_list() == [10]
    (found,) = told.found("event_repeated")
    assert found.params == {"count": 3}
    assert told.intakes[0].counts["events"].already_known == 2


def test_urn_and_digital_link_are_one_lot(tmp_path: Path) -> None:
    told = of(tmp_path, [created(amount(LOT))], [made([amount(LINK)], [amount(MADE)])])
    assert told.traced(key(MADE), forward=False) == {key(LOT)}
    assert thing(LOT).code == thing(LINK).code == LINK


def test_a_gtin_that_stands_for_our_item_names_our_lots(tmp_path: Path) -> None:
    folder = tmp_path / "plant"
    folder.mkdir()
    (folder / "outputs.csv").write_text("item_code,lot_no,work_order_no,quantity\nCAKE,A,W1,5\n")
    (folder / "issues.csv").write_text("item_code,lot_no,work_order_no,quantity\nFLOUR,F1,W1,9\n")
    alias = "alias_kind,alias_owner,alias_item_code,item_code\nitem,GS1,04012345123456,CAKE\n"
    events = saved(tmp_path, made([amount(LOT)], [amount(MADE)]))
    flour, cake = "PLANT/FLOUR/F1", "PLANT/CAKE/A"
    assert flour not in load(folder, events).traced(key(MADE), forward=False)
    (folder / "aliases.csv").write_text(alias)
    told = load(folder, events)
    assert {flour, cake} < told.traced(key(MADE), forward=False)


def test_pieces_belong_to_the_lot_that_their_event_names(tmp_path: Path) -> None:
    piece = "urn:epc:id:sgtin:4012345.012345.77"
    other = "https://id.gs1.org/01/04012345123456/10/A/21/78"
    born = event(action="ADD", epcList=[piece, other], ilmd={"cbvmda:lotNumber": "A"})
    told = of(tmp_path, [born, made([amount(LOT)], [amount(MADE)])])
    parts = told.facts[Lot].filter(pl.col("kind") == "serial")
    assert set(parts["sublot"]) == {"77", "78"}
    assert set(parts["parent"]) == {key(LOT)}
    assert told.traced(key(piece), forward=True) == {key(MADE)}


def test_transformations_of_one_id_are_one_operation(tmp_path: Path) -> None:
    shared = {"transformationID": "urn:epc:id:gdti:4012345.55555.1"}
    parts = [made([amount(LOT)], [], **shared), made([amount(OTHER)], [], **shared)]
    parts.append(made([], [amount(MADE)], eventTime="2026-01-03T00:00:00Z", **shared))
    told = of(tmp_path, *([part] for part in parts))
    assert told.edges() == {(key(LOT), key(MADE)), (key(OTHER), key(MADE))}
    assert told.hash == of(tmp_path, parts[::-1]).hash


# ------------------------------------------------------------------ errors and conflicts

WRONG = created(amount(LOT, 99), eventID="urn:uuid:1")
DECLARED = WRONG | {"errorDeclaration": {
    "declarationTime": "2026-01-05T00:00:00Z", "reason": "incorrect_data",
    "correctiveEventIDs": ["urn:uuid:2"]}}  # fmt: skip
RIGHT = created(amount(LOT, 10), eventID="urn:uuid:2")


@pytest.mark.parametrize(
    "loads",
    [
        [[WRONG, DECLARED, RIGHT]],
        [[WRONG], [DECLARED], [RIGHT]],
        [[DECLARED], [WRONG], [RIGHT]],
        [[RIGHT], [DECLARED, WRONG]],
        [[RIGHT], [DECLARED]],
    ],
)
def test_a_declared_error_is_out_in_whatever_order_it_comes(
    loads: list[list[Any]], tmp_path: Path
) -> None:
    told = of(tmp_path, *loads)
    assert told.network.produced["quantity"].to_list() == [10]
    assert not told.found("event_conflict")
    assert not told.found("event_correction_missing")


def test_an_error_that_says_something_else_takes_out_the_event_of_its_id(tmp_path: Path) -> None:
    bare = event(action="OBSERVE", eventID="urn:uuid:1", errorDeclaration={})
    for loads in ([[WRONG], [bare, RIGHT]], [[bare], [RIGHT, WRONG]]):
        told = of(tmp_path, *loads)
        assert told.network.produced["quantity"].to_list() == [10]


def test_a_correction_that_has_not_come_is_named(tmp_path: Path) -> None:
    (found,) = of(tmp_path, [DECLARED]).found("event_correction_missing")
    assert found.value == "urn:uuid:2"


def test_one_id_for_two_events_is_a_conflict_and_both_count(tmp_path: Path) -> None:
    other = made([amount(OTHER)], [amount(MADE)], eventID="urn:uuid:9")
    told = of(tmp_path, [made([amount(LOT)], [amount(MADE)], eventID="urn:uuid:9")], [other])
    assert told.edges() == {(key(LOT), key(MADE)), (key(OTHER), key(MADE))}
    assert [found.params["count"] for found in told.found("event_conflict")] == [2, 2]


# ------------------------------------------------------------------ deliveries and containers


def sent(step: str, to: str | None = BUYER, hour: int = 3, **fields: Any) -> dict[str, Any]:
    if to:
        fields["destinationList"] = [{"type": "owning_party", "destination": to}]
    time = f"2026-01-02T{hour:02d}:00:00Z"
    return event(action="OBSERVE", bizStep=step, eventTime=time, **fields)


def test_a_receipt_repeats_its_despatch_and_is_all_there_is_without_one(tmp_path: Path) -> None:
    goods: dict[str, Any] = {"quantityList": [amount(LOT)]}
    paper = [{"type": "desadv", "bizTransaction": "urn:d:1"}]
    out, back = sent("shipping", **goods), sent("receiving", hour=9, **goods)
    elsewhere = sent("receiving", MAKER, hour=9, **goods)
    for events, customers in [
        ([out, back], [party(BUYER)]),
        ([back], [party(BUYER)]),
        ([out, elsewhere], [party(BUYER), party(MAKER)]),
        ([out | {"bizTransactionList": paper}, sent("receiving", None, **goods,
          bizTransactionList=paper)], [party(BUYER)]),
    ]:  # fmt: skip
        for order in (events, events[::-1]):
            told = of(tmp_path, *([one] for one in order))
            heads = told.network.shipments.select("customer", shipment="key")
            rows = told.network.shipped.join(heads, on="shipment", how="left")
            assert sorted(rows["customer"]) == sorted(customers)
            assert rows["quantity"].sum() == 10 * len(customers)


def test_goods_go_where_their_container_goes(tmp_path: Path) -> None:
    told = of(tmp_path, [packed("ADD", 1, amount(LOT)), sent("shipping", epcList=[PALLET])])
    lines = told.network.shipped.filter(lot=key(LOT))
    assert lines["rule"].to_list() == ["packed"]
    assert lines["quantity"].to_list() == [10]
    assert told.facts[Customer]["key"].to_list() == [party(BUYER)]


def test_a_container_used_again_carries_what_is_in_it_then(tmp_path: Path) -> None:
    events = [
        packed("ADD", 1, amount(LOT)), sent("shipping", BUYER, 3, epcList=[PALLET]),
        packed("DELETE", 5), packed("ADD", 6, amount(OTHER)),
        sent("shipping", MAKER, 8, epcList=[PALLET]),
    ]  # fmt: skip
    whenever = sent("shipping", "urn:x:who", epcList=[PALLET]) | {"eventTime": "soon"}

    def customers(told: Case, lot: str) -> list[str]:
        lines = told.network.shipped.filter(lot=key(lot)).select("shipment")
        heads = told.network.shipments.join(lines, left_on="key", right_on="shipment", how="semi")
        found: list[str] = heads["customer"].unique().sort().to_list()
        return found

    for order in (events, events[::-1]):
        told = of(tmp_path, *([one] for one in order))
        assert customers(told, LOT) == [party(BUYER)]
        assert customers(told, OTHER) == [party(MAKER)]
    # Without a time it may have carried either; a container in it may have held anything.
    told = of(tmp_path, [*events, whenever])
    assert "urn:x:who" in customers(told, LOT)
    assert "urn:x:who" in customers(told, OTHER)
    crate = "urn:epc:id:sscc:4012345.0222222222"
    nested = packed("ADD", 7) | {"childEPCs": [crate], "eventTime": "2026-01-03T00:00:00Z"}
    told = of(tmp_path, [*events, nested, packed("ADD", 1, amount(MADE)) | {"parentID": crate}])
    assert customers(told, LOT) == sorted([party(BUYER), party(MAKER)])


def intervals(told: Case) -> list[tuple[str, int | None, int | None]]:
    rows = told.facts[Packed].filter(~pl.col("taken_out").fill_null(False))
    rows = rows.filter(pl.col("status").ne_missing("cancelled")).sort("packed_at", "lot")
    hour = 3_600_000_000
    day = 1_767_312_000_000_000
    return [
        (lot, *((time - day) // hour if time else None for time in times))
        for lot, *times in rows.select("lot", "packed_at", "unpacked_at").iter_rows()
    ]


def test_containers_are_filled_emptied_and_used_again(tmp_path: Path) -> None:
    events = [
        packed("ADD", 1, amount(LOT)), packed("ADD", 2, amount(OTHER)), packed("DELETE", 5),
        packed("ADD", 6, amount(LOT)), packed("DELETE", 7, amount(LOT, 4)),
        packed("DELETE", 8, amount(LOT, 6)), packed("ADD", 9, amount(OTHER, None, None)),
        packed("OBSERVE", 10, amount(OTHER, None, None)),
    ]  # fmt: skip
    a, b = key(LOT), key(OTHER)
    want = [(a, 1, 5), (b, 2, 5), (a, 6, 8), (b, 9, None)]
    assert intervals(of(tmp_path, events)) == want
    assert intervals(of(tmp_path, *([one] for one in events[::-1]))) == want


def test_class_without_lot_is_mixed_stock_of_its_item(tmp_path: Path) -> None:
    told = of(tmp_path, [made([amount("urn:epc:idpat:sgtin:4012345.012345.*")], [amount(MADE)])])
    (found,) = told.found("event_lot_missing")
    assert found.value.endswith("*")
    assert told.facts[Item].filter(item_code="04012345123456").height == 1
    pools = told.network.lots.filter(pl.col("rule") == "pool")["key"]
    search = told.lineage.backward(told.lineage.number([key(MADE)])).lots
    assert set(pools) & set(told.lineage.lots["key"][search])


def test_readings_are_measured_values(tmp_path: Path) -> None:
    report = [{"type": "Temperature", "value": -18.5, "maxValue": -17, "uom": "CEL"}]
    element = {"sensorMetadata": {"startTime": "2026-01-02T00:00:00Z",
                                  "endTime": "2026-01-02T01:00:00Z"},
               "sensorReport": report}  # fmt: skip
    rows = of(tmp_path, [sent("storing", None, quantityList=[amount(LOT)],
                              sensorElementList=[element])]).facts[ProcessValue]  # fmt: skip
    told = rows.select("lot", "process_param", "measured_value", "uom").sort("process_param")
    assert told.rows() == [
        (key(LOT), "Temperature", "-18.5", "CEL"), (key(LOT), "Temperature max", "-17", "CEL")
    ]  # fmt: skip
    assert (rows["latest"] - rows["earliest"]).to_list() == [3_600_000_000] * 2


# ------------------------------------------------------------------ hostile and broken files

_LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a "lol">'
    + "".join(f'<!ENTITY {c} "{f"&{p};" * 10}">' for p, c in pairwise("abcdefghi"))
    + "]><epcis:EPCISDocument xmlns:epcis='urn:epcglobal:epcis:xsd:2'>&i;</epcis:EPCISDocument>"
)
_OUTSIDE = (
    '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    "<epcis:EPCISDocument xmlns:epcis='urn:epcglobal:epcis:xsd:2'>&a;</epcis:EPCISDocument>"
)
_REMOTE = '<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd"><EPCISDocument/>'


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (_LAUGHS, "epcis_xml_refused"),
        (_OUTSIDE, "epcis_xml_refused"),
        (_REMOTE, "epcis_xml_refused"),
        ("<EPCIS>" * 100_000, "epcis_too_deep"),
        ("<EPCISDocument><EPCISBody>", "epcis_not_xml"),
        ('{"epcisBody": {"eventList": ' + "[" * 100_000, "epcis_too_deep"),
        ('{"EPCIS": ' + '{"a": ' * 100_000, "epcis_too_deep"),
        ('{"type": "EPCISDocument", "epcisBody": {"eventList": [', "epcis_not_json"),
        ('{"type": "EPCISDocument"} trailing', "epcis_not_json"),
        ("{\"type\": \"EPCISDocument\", \"x\": \"\x00\"}", "epcis_not_json"),
        ('{"type": "EPCISDocument"}', "epcis_no_events"),
        ("<EPCISDocument/>", "epcis_no_events"),
        ("", "file_empty"),
    ],
)  # fmt: skip
def test_files_that_cannot_be_read_are_refused_with_a_message(
    text: str, code: str, tmp_path: Path
) -> None:
    path = tmp_path / "hostile.xml"
    path.write_text(text, "utf-8")
    with pytest.raises(BadFile) as refused:
        read(path, "epcis")
    assert refused.value.code == code
    assert "hostile.xml" in str(refused.value)


def test_other_bytes_are_refused(tmp_path: Path) -> None:
    for bytes_ in (b"\xff\xfe{\x00", b"PK\x03\x04EPCIS", b"\x00" * 100, b'{"EPCIS": "\xff"}'):
        path = tmp_path / "x.json"
        path.write_bytes(bytes_)
        with pytest.raises(BadInput):
            read(path, "epcis")


def test_events_and_sheets_in_one_folder_are_told_apart(tmp_path: Path) -> None:
    saved(tmp_path, created(amount(LOT)))
    (tmp_path / "notes.xml").write_text("<other/>")
    assert read(tmp_path).kind == "epcis"
    (tmp_path / "issues.csv").write_text("item_code,lot_no\nF,1\n")
    with pytest.raises(BadInput, match=r"events\.jsonld"):
        read(tmp_path)


def test_what_is_no_event_is_set_aside_and_the_rest_is_loaded(tmp_path: Path) -> None:
    path = saved(tmp_path, {"type": "OtherEvent"}, 7, created(amount(LOT)), event(eventTime="soon"))
    taken = read(path)
    counts = taken.counts["events"]
    assert (counts.read, counts.loaded, counts.set_aside) == (4, 2, 2)
    assert [f.rule for f in taken.findings].count("event_unreadable") == 2
    assert taken.set_aside is not None
    assert taken.set_aside["row"].to_list() == [1, 2]


_ODD: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([LOT, LINK, PALLET, "shipping", "ADD", "2026-01-01", "+25:99"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["id", "type", "epcClass", "quantity", "uom", "value"]),
                      inner, max_size=3),
    max_leaves=4,
)  # fmt: skip
_FIELDS = [
    "eventTime", "eventID", "action", "bizStep", "epcList", "quantityList", "parentID",
    "childEPCs", "inputQuantityList", "outputEPCList", "bizTransactionList", "destinationList",
    "sensorElementList", "ilmd", "errorDeclaration", "readPoint", "bizLocation",
    "transformationID", "disposition", "recordTime", "eventTimeZoneOffset", "@context",
]  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(epcis.TYPES),
            st.dictionaries(st.sampled_from(_FIELDS), _ODD, max_size=8),
        ),
        min_size=1, max_size=3,
    )
)  # fmt: skip
def test_events_of_any_shape_are_read_without_a_crash(
    tmp_path_factory: pytest.TempPathFactory, odd: list[tuple[str, dict[str, Any]]]
) -> None:
    path = saved(tmp_path_factory.mktemp("odd"), *({"type": t} | e for t, e in odd))
    taken = epcis.read([path], Defaults(), unnamed, lambda name: None)
    counts = taken.counts["events"]
    assert counts.read == len(odd)
    assert counts.loaded + counts.set_aside + counts.already_known == len(odd)


@given(st.permutations([amount(LOT), amount(OTHER, 5), amount(MADE, 1)]))
def test_the_name_of_an_event_does_not_depend_on_form(lines: list[Any]) -> None:
    plain = event(bizStep="shipping", quantityList=[amount(LOT), amount(OTHER, 5), amount(MADE, 1)])
    same = event(
        bizStep="https://ref.gs1.org/cbv/BizStep-shipping", quantityList=lines, epcList=[],
        eventTime="2026-01-02T04:04:05.0000000+01:00", recordTime="2026-02-01T00:00:00Z",
    )  # fmt: skip
    assert name_of(plain, PREFIXES) == name_of(same, PREFIXES)
    more = plain | {"quantityList": [*plain["quantityList"], amount(MADE, 2)]}
    assert name_of(plain, PREFIXES) != name_of(more, PREFIXES)
