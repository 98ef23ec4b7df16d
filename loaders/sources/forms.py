"""Forms: which field of a source system is which field of a sheet. Profiles are data.

A profile is a TOML file with one table a form; a plant's own `sources.toml` may have tables of the
same shape, which go before the profile's.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Any

from graph_model.errors import BadInput
from loaders.plant.sheets import BY_NAME

_KEYS = frozenset({
    "title", "sheet", "fields", "values", "fixed", "joined", "red", "part", "document", "line",
    "changed", "snapshot", "required", "off", "query", "verified",
})  # fmt: skip


@dataclass(frozen=True)
class Red:
    """Where rows with a negative quantity go: their sheet, and fields that change their name.

    A field renamed to nothing means something else there, and is left out.
    """

    sheet: str
    rename: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Form:
    """One form of a source and the sheet that its rows are for.

    `fields`: by field of the sheet the fields of the source that may hold it, the first filled one
    counts. `values`: words of the source by field of the sheet, a word that is not listed stays.
    `joined`: fields of the source that belong to a number besides its own (free items). `part`: the
    sub-form that has the lines. `document` and `line` name the fields that provenance is taken
    from. `changed`: the field that tells when a document was last changed. `snapshot`: the form
    says how things stand, not what happened; it is read whole each time. `required`: fields without
    which an answer is taken for a faulty one. `query` is the source's own.
    """

    name: str
    sheet: str
    fields: Mapping[str, tuple[str, ...]]
    title: str = ""
    part: str = ""
    document: str = ""
    line: str = ""
    changed: str = ""
    snapshot: bool = False
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    fixed: Mapping[str, str] = field(default_factory=dict)
    joined: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    red: Red | None = None
    required: tuple[str, ...] = ()
    query: Mapping[str, Any] = field(default_factory=dict)
    verified: str = ""

    @property
    def asked(self) -> tuple[str, ...]:
        """All fields of the source that the form reads, each once."""
        named = [name for names in (*self.fields.values(), *self.joined.values()) for name in names]
        rest = [name for name in (self.document, self.line, self.changed) if name]
        return tuple(dict.fromkeys([*named, *rest, *self.required]))


def retracting(form: Form) -> Form | None:
    """The form for documents that were deleted; None where its sheet cannot say so."""
    if "doc_status" not in BY_NAME[form.sheet].fields:
        return None
    fields = {name: held for name, held in form.fields.items() if name != "doc_status"}
    return replace(form, fields=fields, fixed={**form.fixed, "doc_status": "cancelled"})


def profile(kind: str) -> dict[str, Form]:
    """The forms that the profile of a kind of system knows, by name."""
    return dict(_profile(kind))


@cache
def _profile(kind: str) -> dict[str, Form]:
    source = files("loaders.sources").joinpath("profiles", f"{kind}.toml")
    tables = tomllib.loads(source.read_text(encoding="utf-8"))
    return read_forms(tables)


def read_forms(tables: Mapping[str, Any]) -> dict[str, Form]:
    """Forms from tables as profiles have them; those that are `off` are left out.

    Raises BadInput where a table has a key, a sheet or a field that does not exist.
    """
    return {
        name: _form(name, table)
        for name, table in tables.items()
        if not (isinstance(table, dict) and table.get("off"))
    }


def _form(name: str, table: Any) -> Form:
    if not isinstance(table, dict) or not isinstance(table.get("sheet"), str):
        raise BadInput("source_form_bad", form=name, what="sheet")
    if unknown := set(table) - _KEYS:
        raise BadInput("source_form_bad", form=name, what=", ".join(sorted(unknown)))
    sheet = table["sheet"]
    red = _red(name, table["red"]) if "red" in table else None
    for each in (sheet, *([red.sheet] if red else [])):
        if each not in BY_NAME:
            raise BadInput("source_form_bad", form=name, what=each)
    named = {key: _names(value) for key, value in table.get("fields", {}).items()}
    joined = {key: _names(value) for key, value in table.get("joined", {}).items()}
    for field_name in (*named, *joined, *table.get("fixed", {})):
        if field_name not in BY_NAME[sheet].fields:
            raise BadInput("source_form_bad", form=name, what=f"{sheet}.{field_name}")
    plain = {
        key: table[key]
        for key in ("title", "part", "document", "line", "changed", "snapshot", "values", "fixed",
                    "query", "verified")
        if key in table
    }  # fmt: skip
    required = _names(table.get("required", []))
    return Form(name, sheet, named, joined=joined, red=red, required=required, **plain)


def _red(name: str, table: Any) -> Red:
    if not isinstance(table, dict) or not isinstance(table.get("sheet"), str):
        raise BadInput("source_form_bad", form=name, what="red")
    return Red(table["sheet"], table.get("rename", {}))


def _names(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def written(name: str, form: Form) -> str:
    """A form as a table of `sources.toml`, below the source `name`."""

    def quoted(value: object) -> str:
        # The strings of JSON are strings of TOML too.
        return json.dumps(value, ensure_ascii=False)

    head = f"[{quoted(name)}.forms.{quoted(form.name)}]"
    lines = [head, f"sheet = {quoted(form.sheet)}"]
    lines += [
        f"{key} = {quoted(value)}"
        for key, value in (("title", form.title), ("part", form.part))
        if value
    ]
    for key, names in (("document", form.document), ("line", form.line)):
        if names:
            lines.append(f"{key} = {quoted(names)}")
    lines += [f"query.{key} = {quoted(value)}" for key, value in form.query.items()]
    lines += [
        f"values.{key}.{quoted(word)} = {quoted(code)}"
        for key, words in form.values.items()
        for word, code in words.items()
    ]
    lines.append(f"{head[:-1]}.fields]")
    lines += [f"{quoted(key)} = {quoted(names[0])}" for key, names in form.fields.items()]
    return "\n".join(lines) + "\n"
