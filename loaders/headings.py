"""Headings as people write them -> fields; words in cells -> codes.

`headings.json` lists English and Chinese headings by field, `words.json` words by code. A
heading may stand for several fields: the sheet decides which one it means.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

import polars as pl
from rapidfuzz import fuzz, process

from graph_model.i18n import LANGUAGES, text
from loaders.plant.sheets import SHEETS, Sheet

_NOISE = re.compile(r"[\s_\-./:*#'\"\u200b-\u200f\u2060\ufeff\x00-\x1f]+")
_UNIT = re.compile(r"[(\[][^)\]]*[)\]]$")
_CHINESE = re.compile(r"[\u3400-\u9fff]+")


@lru_cache(maxsize=1 << 14)
def normal(heading: str) -> str:
    """A heading without case, width, blanks and marks."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", heading).casefold())


@cache
def _listed() -> dict[str, list[str]]:
    """Headings by field, as `headings.json` lists them."""
    entries = json.loads(files("loaders").joinpath("headings.json").read_text(encoding="utf-8"))
    return {
        name: [entry["zh"], entry["en"], *entry["zh_synonyms"], *entry["en_synonyms"]]
        for name, entry in entries.items()
    }


@cache
def _dictionary() -> dict[str, frozenset[str]]:
    """Fields by normalised heading."""
    found: dict[str, set[str]] = {}
    for name, listed in _listed().items():
        for word in (name, *listed):
            found.setdefault(normal(word), set()).add(name)
    for name in {field for sheet in SHEETS for field in sheet.fields}:
        for lang in LANGUAGES:
            found.setdefault(normal(text(f"import.field.{name}", lang)), set()).add(name)
        found.setdefault(normal(name), set()).add(name)
    return {word: frozenset(names) for word, names in found.items()}


@cache
def known_spellings() -> pl.Series:
    """All headings of the dictionary, in small letters and without marks, as one list."""
    said = (word.lower() for listed in _listed().values() for word in listed)
    return pl.Series(sorted({*said, *_dictionary()})).implode()


@cache
def words() -> dict[str, dict[str, list[str]]]:
    """Accepted words by field and code, of the fields that know only certain words."""
    source = files("loaders").joinpath("words.json").read_text(encoding="utf-8")
    entries: dict[str, dict[str, list[str]]] = json.loads(source)
    return entries


@cache
def _codes() -> dict[str, dict[str, str]]:
    return {
        field: {
            normal(word): code for code, accepted in codes.items() for word in [code, *accepted]
        }
        for field, codes in words().items()
    }


def word_code(field: str, word: str) -> str | None:
    """The code that a word in a cell stands for; the word itself where the field is open."""
    known = _codes().get(field)
    return word if known is None else known.get(normal(word))


def sheet_named(name: str) -> Sheet | None:
    """The sheet of this name, canonical or in either language."""
    return _sheet_names().get(normal(name))


@cache
def _sheet_names() -> dict[str, Sheet]:
    return {
        name: sheet
        for sheet in SHEETS
        for name in (normal(sheet.name), *_labels(f"import.sheet.{sheet.name}"))
    }


def both(key: str) -> str:
    """A label in Chinese and English, as headings and sheets of the template carry it."""
    return f"{text(key, 'zh_CN')} {text(key, 'en')}"


def guide_name() -> str:
    """Name of the template's sheet that explains the others."""
    return both("template.guide")


def is_guide(name: str) -> bool:
    """Whether a sheet only explains the others."""
    return normal(name) in _labels("template.guide")


@cache
def _labels(key: str) -> frozenset[str]:
    """A label as people may write it: in one language, or in both."""
    chinese, english = text(key, "zh_CN"), text(key, "en")
    return frozenset(map(normal, (chinese, english, chinese + english, english + chinese)))


@dataclass(frozen=True)
class Match:
    """Which column holds which field; what was not used."""

    columns: dict[str, int]
    unknown: tuple[int, ...]
    repeated: tuple[int, ...]


def unit_of(heading: str) -> str | None:
    """What stands in brackets behind a heading: of an amount its unit, as in `数量(kg)`."""
    found = _UNIT.search(unicodedata.normalize("NFKC", heading).strip())
    return found[0][1:-1].strip() or None if found else None


@lru_cache(maxsize=1 << 14)
def meanings(heading: str) -> frozenset[str]:
    """Fields that a heading may stand for."""
    known = _dictionary()
    plain = normal(heading)
    without_unit = normal(_without_unit(heading))
    return known.get(plain) or known.get(without_unit) or _bilingual(heading)


_USUAL: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"(有效|保质|失效|到期)|\b(best (by|before)|use by|bbe?|exp)\b", ("expiry_date",)),
    (r"(人|员|员工|工号)$|\bby$|^(user|operator)\b", ("operator", "inspector")),
    (r"(批|批号|批次)$|\b(lots?|batch(es)?)\b", ("lot_no",)),
    (r"(日期|日|年月)$|\b(date|day|on)$|^(rcvd|received|made|sent|shipped|posted)$",
     ("business_date", "ship_date", "as_of", "event_time")),
    (r"(时间|时刻)$|\btime\b", ("event_time", "business_date")),
    (r"(价|单价|金额)|\b(price|cost)\b", ("unit_cost",)),
    (r"(数|数量|量|重|重量|净重|毛重|箱数|件数)$|\b(qty|kgs?|lbs?|litres?|liters?|volume|weight|cases|"
     r"cartons|crates|boxes|bags|drums|pcs|pieces|units|yield)\b",
     ("quantity", "counted_qty", "level_qty", "planned_qty")),
    (r"(供应商|供方|厂家|基地|农户|合作社|来源)|^from$|\b(supplier|vendor|farm|grower|origin)\b",
     ("supplier_code", "supplier_name")),
    (r"(客户|顾客|收货单位|门店|去向)|^to$|\b(customer|buyer|consignee|(sold|sent|shipped) to)\b",
     ("customer_code", "customer_name")),
    (r"(库|仓|库区|货位)$|\b(sloc|warehouse|store|silo|bin|location)\b",
     ("place", "to_place", "from_place", "site_code")),
    (r"(机台|机|线|设备|炉|罐)$|\b(line|machine|oven|tank|mixer)\b",
     ("line", "tank", "site_code", "to_place", "place")),
    (r"(班|班组)$|\b(shift|team|crew)\b", ("shift",)),
    (r"(单号|凭证)$|\b(docket|invoice|inv|ticket|doc)\b", ("delivery_no", "doc_no")),
    (r"(柜号|箱号|托盘)$|\b(pallet|container)\b", ("container_no",)),
    (r"(企业|单位|公司)名称$|^(company|name)$", ("supplier_name", "customer_name", "site_name")),
    (r"(品名|产品|品种|名称|原料|物料|配料)$|\b(product|ingredient|material|item|component|blend)s?\b",
     ("item_name", "item_code")),
    (r"单位$|\b(uom|unit)\b", ("uom",)),
    (r"(备注|说明)|\b(remarks?|notes?)\b", ("remark",)),
    (r"(结果|判定|结论)$|\b(pass|fail|result|verdict)\b", ("result", "measured_value")),
    (r"(限值|标准|指标)$|\b(limit|spec)\b", ("spec_limit",)),
    (r"(项目)$|\b(test|parameter)\b", ("inspection_item",)),
    (r"^(编码|代码|编号|code|no|id|number)$",
     ("supplier_code", "customer_code", "item_code", "site_code", "person_code")),
)  # fmt: skip
"""What headings of a kind usually mean: (pattern, fields from the likeliest); the first counts."""
_ALIKE = 88
_BRACKETS = re.compile(r"[(\[][^)\]]*[)\]]")


@lru_cache(maxsize=1 << 14)
def likely(heading: str) -> tuple[str, ...]:
    """Fields that a heading nobody listed may mean, the likeliest first; a person confirms them.

    By the listed part of it, by its usual words, or by the listed one that is spelled alike.
    """
    return tuple(dict.fromkeys((*partly(heading), *_usual(heading))))


@lru_cache(maxsize=1 << 14)
def partly(heading: str) -> tuple[str, ...]:
    """What a listed part of a heading means: one of its languages, or what it ends with."""
    known = _dictionary()
    said = _BRACKETS.sub(" ", _without_unit(heading))
    plain = normal(said)
    languages = ("".join(_CHINESE.findall(plain)), _CHINESE.sub("", plain))
    if all(languages):
        for part in languages:
            if part in known:
                return tuple(sorted(known[part]))
    found = next((word for word in _endings(plain, _spaced(said)) if word in known), None)
    return tuple(sorted(known[found])) if found else ()


def _usual(heading: str) -> tuple[str, ...]:
    said = _BRACKETS.sub(" ", _without_unit(heading))
    spoken, known = _spaced(said), _dictionary()
    found = next((f for pattern, f in _USUAL if re.search(pattern, spoken, re.IGNORECASE)), None)
    plain = normal(said)
    if found is None and _CHINESE.search(plain) and not plain.isascii():
        chinese = "".join(_CHINESE.findall(plain))
        found = next((f for pattern, f in _USUAL if re.search(pattern, chinese)), None)
    if found is None and len(plain) >= 5:
        best = process.extractOne(plain, list(known), scorer=fuzz.ratio, score_cutoff=_ALIKE)
        found = tuple(sorted(known[best[0]])) if best else None
    return found or ()


def _spaced(said: str) -> str:
    return re.sub(r"[\W_]+", " ", said).strip()


def _without_unit(heading: str) -> str:
    return _UNIT.sub("", unicodedata.normalize("NFKC", heading).strip()).casefold()


def _endings(plain: str, spoken: str) -> list[str]:
    """What a heading ends with, the longest first: whole words, or two characters and more."""
    words = spoken.split()
    if len(words) > 1 and spoken.isascii():
        return ["".join(words[at:]) for at in range(1, len(words))]
    return [plain[at:] for at in range(1, len(plain) - 1)] if _CHINESE.search(plain) else []


def _bilingual(heading: str) -> frozenset[str]:
    """What a heading in two languages means (`批号 Lot No.`): what both parts can mean."""
    plain = normal(heading)
    chinese = "".join(_CHINESE.findall(plain))
    other = _CHINESE.sub("", plain)
    known = _dictionary()
    return known.get(chinese, frozenset()) & known.get(other, frozenset())


def match(headings: Sequence[str | None], sheet: Sheet) -> Match:
    """Fields by column: exact canonical names first, then own words, then what else they mean."""
    columns: dict[str, int] = {}
    used: set[int] = set()
    repeated: list[int] = []
    cells = [(index, text) for index, text in enumerate(headings) if text and text.strip()]
    fits = {index: meanings(heading) for index, heading in cells}

    def take(index: int, name: str) -> None:
        if name not in columns:
            columns[name] = index
        else:
            repeated.append(index)
        used.add(index)

    own = _own_names(sheet.fields)
    for index, heading in cells:
        if name := own.get(normal(heading)):
            take(index, name)
    # What has one meaning comes before what has several: `物料代码` before `产品编码`.
    for index, _ in sorted(cells, key=lambda cell: len(fits[cell[0]])):
        meant = [name for name in sheet.fields if name in fits[index]]
        if index not in used and meant:
            take(index, next((name for name in meant if name not in columns), meant[0]))
    for index, _ in cells:
        names = (n for n, also in sheet.also.items() if fits[index] & set(also))
        name = next((name for name in names if name not in columns), None)
        if index not in used and name:
            take(index, name)
    unknown = tuple(index for index, _ in cells if index not in used)
    return Match(columns, unknown, tuple(repeated))


@cache
def _own_names(fields: tuple[str, ...]) -> dict[str, str]:
    """Fields by their canonical names and by their labels; a canonical name comes first."""
    labels = {label: name for name in reversed(fields) for label in _labels(f"import.field.{name}")}
    return labels | {normal(name): name for name in reversed(fields)}


def heading_row(rows: Sequence[Sequence[str | None]], sheet: Sheet) -> int | None:
    """Position of the row of headings among the first rows: the one that names most fields."""
    best, found = 0, None
    for position, row in enumerate(rows):
        count = len(match(row, sheet).columns)
        if count > best:
            best, found = count, position
    return found
