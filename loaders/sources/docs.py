"""docs/sources/carried.md from the profiles: `python -m loaders.sources.docs` writes it anew.

It says of each system which sheets and fields come from which of its fields, and what does not come
from it at all. A test compares the file with `page()`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from loaders.plant.sheets import BY_NAME, SHEETS
from loaders.sources.forms import Form, profile

PAGE = Path(__file__).parents[2] / "docs" / "sources" / "carried.md"
SYSTEMS = {
    "kingdee": "金蝶云星空 Kingdee Cloud Galaxy",
    "u8_tables": "用友U8 Yonyou U8, tables",
    "u8": "用友U8 Yonyou U8, OpenAPI",
    "sie_mes": "赛意MES SIE MES, exports",
    "yidu_wms": "易度WMS Yidu WMS, exports",
}


def page() -> str:
    """The page: of each system its forms with their fields, then what it does not carry."""
    lines = [
        "# What the systems carry",
        "",
        "Made by `python -m loaders.sources.docs`; a test fails when it is stale.",
        "",
        "Jiandaoyun's forms are their users' own: each sheet can be carried whole.",
    ]
    for kind, title in SYSTEMS.items():
        lines += ["", f"## {title}", "", "| form | sheet | fields | seen in |", "|---|---|---|---|"]
        lines += [_form(form) for form in profile(kind).values()]
        lines += ["", "Not carried:", ""]
        lines += [f"- {sheet}: {', '.join(names)}" for sheet, names in not_carried(kind).items()]
    return "\n".join(lines) + "\n"


def _form(form: Form) -> str:
    fields = ", ".join(f"{name} ← {' or '.join(keys)}" for name, keys in form.fields.items())
    red = f"; red: {form.red.sheet}" if form.red else ""
    return f"| {form.name} {form.title} | {form.sheet}{red} | {fields} | {form.verified} |"


def carried(kind: str) -> dict[str, set[str]]:
    """The fields that a system carries, by sheet."""
    found: dict[str, set[str]] = {}
    for form in profile(kind).values():
        names = {*form.fields, *form.fixed}
        found.setdefault(form.sheet, set()).update(names)
        if form.red is not None:
            renamed = {form.red.rename.get(name, name) for name in names}
            own = renamed & set(BY_NAME[form.red.sheet].fields)
            found.setdefault(form.red.sheet, set()).update(own)
    return found


def not_carried(kind: str) -> dict[str, list[str]]:
    """What a system does not carry: fields by sheet, `all` for whole sheets."""
    have = carried(kind)
    missing: dict[str, list[str]] = {}
    for sheet in SHEETS:
        lacking: Iterable[str] = (n for n in sheet.fields if n not in have.get(sheet.name, set()))
        names = [name for name in lacking if name not in ("source", "remark")]
        if names:
            missing[sheet.name] = names if sheet.name in have else ["all"]
    return missing


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
