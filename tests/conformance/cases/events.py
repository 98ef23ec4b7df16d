"""What events tell of lots. PAL1 holds C2 and C1 from day 2; C1 is seen alone on day 4."""

from tests.conformance.cases import Case

PACKED = [
    ("e2/h", "P//PAL1", "parent"), ("e2/h", "P/C/C1", "child"), ("e2/h", "P/C/C2", "child"),
]  # fmt: skip
BAKED = [("e1/h", "P/C/C2", "output"), ("e1/h", "P/D/D3", "input")]

CASES = {
    "events_of_lots": [
        Case({"lots": ["P/D/D3"]}, "event lot event_role", BAKED),
        Case({"lots": ["P//PAL1", "no/such/lot"]}, "event lot event_role", [
            *PACKED, ("e3/h", "P//PAL1", "object"), ("e4/h", "P//PAL1", "parent")]),
        Case({"lots": []}, "event", []),
    ],
    "event_trace": [
        # The pallet was not asked for, so its events count until C1 is seen on day 4.
        Case({"lots": ["P/C/C2"]}, "event lot event_role", [
            *BAKED, *PACKED, ("e3/h", "P//PAL1", "object"), ("e5/h", "P/C/C1", "object")]),
        Case({"lots": ["P/D/D3"]}, "event lot event_role", BAKED),
    ],
}  # fmt: skip
