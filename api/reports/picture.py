"""A genealogy as SVG for print: judged by shape and pattern, told apart without colour."""

from __future__ import annotations

import math
import re
from html import escape

from api.reports.document import MARKS
from api.reports.genealogy import CUSTOMER, POOL, Drawing, Node
from api.reports.glyphs import printable
from graph_model.i18n import text

WIDTH, HEAD, PITCH, HEIGHT, GAP, LEGEND = 1000, 34, 64, 52, 44, 40
"""Width of the drawing, height of the headings, distance and height of nodes, gap, legend."""
LABEL, NOTE = 14, 12
_DEFS = (
    '<defs><pattern id="lines" width="5" height="5" patternUnits="userSpaceOnUse">'
    '<path d="M0 5L5 0" stroke="black" stroke-width="1.4"/></pattern>'
    '<pattern id="dots" width="4" height="4" patternUnits="userSpaceOnUse">'
    '<circle cx="2" cy="2" r="1" fill="black"/></pattern></defs>'
)
_SIGNS = {
    "certain": '<rect width="16" height="16" fill="black"/>',
    "recorded": '<circle cx="8" cy="8" r="8" fill="url(#lines)" stroke="black" '
    'stroke-width="1.4"/>',
    "mixed_stock": '<path d="M8 0L16 16H0Z" fill="url(#dots)" stroke="black" stroke-width="1.4"/>',
    "contact": '<circle cx="8" cy="8" r="7.3" fill="none" stroke="black" stroke-width="1.4"/>',
    "excluded": '<rect x="0.6" y="0.6" width="14.8" height="14.8" fill="none" stroke="black" '
    'stroke-width="1.2" stroke-dasharray="3 2"/><path d="M4 4L12 12M12 4L4 12" stroke="black" '
    'stroke-width="1.4"/>',
}


def svg(drawing: Drawing) -> str:
    """The drawing, as wide as the page."""
    columns = max(len(drawing.heads), 1)
    step = (WIDTH + GAP) / columns
    width = step - GAP
    rows = math.ceil(max((node.row for node in drawing.nodes), default=0.0)) + 1
    height = HEAD + rows * PITCH + LEGEND
    body = [_DEFS]
    for at, head in enumerate(drawing.heads):
        body.append(_text(at * step, 16, head, NOTE, bold=True))
    body += [_edge(drawing, edge, step, width) for edge in drawing.edges]
    body += [_box(node, step, width) for node in drawing.nodes]
    body.append(_legend(height - 14, {node.mark for node in drawing.nodes}))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-2 0 {WIDTH + 4} {height}" '
        f'font-family="Noto Sans SC">{"".join(body)}</svg>'
    )


def _place(node: Node, step: float) -> tuple[float, float]:
    return node.column * step, HEAD + node.row * PITCH


def _text(x: float, y: float, words: str, size: int, *, bold: bool = False) -> str:
    weight = ' font-weight="600"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}"{weight}>{escape(words)}</text>'


def _box(node: Node, step: float, width: float) -> str:
    x, y = _place(node, step)
    round_ = 26 if node.kind == CUSTOMER else 14 if node.kind == POOL else 4
    dash = ' stroke-dasharray="5 3"' if node.mark == "excluded" else ""
    strong = 2.4 if node.mark == "certain" else 1.2
    body = ""
    if node.members > 1:
        # A group casts a second outline, as a stack of cards does.
        body += _frame(x + 4, y + 4, width, round_, 0.8, "")
    body += _frame(x, y, width, round_, strong, dash)
    inset = 14 if node.kind == CUSTOMER else 8
    if node.mark:
        body += f'<g transform="translate({x + 7:.1f} {y + 8:.1f})">{_SIGNS[node.mark]}</g>'
        inset = 30
    label = _lines(printable(node.label), width - inset - 4, LABEL, 2)
    body += _text(x + inset, y + 21, label[0], LABEL, bold=True)
    for at, line in enumerate(label[1:]):
        body += _text(x + inset, y + 35 + 13 * at, line, LABEL, bold=True)
    under = 14 if node.kind == CUSTOMER else 8
    notes = node.notes if len(label) == 1 else (text("report.comma").join(node.notes),)
    for at, note in enumerate(notes):
        line = _lines(printable(note), width - 14, NOTE, 1)[0]
        body += _text(x + under, y + 35 + 13 * (at + len(label) - 1), line, NOTE)
    return body


def _frame(x: float, y: float, width: float, round_: int, stroke: float, dash: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{HEIGHT}" rx="{round_}" '
        f'fill="white" stroke="black" stroke-width="{stroke}"{dash}/>'
    )


def _edge(drawing: Drawing, edge: tuple[int, int, bool], step: float, width: float) -> str:
    start, finish, cut = edge
    x1, y1 = _place(drawing.nodes[start], step)
    x2, y2 = _place(drawing.nodes[finish], step)
    x1, y1, y2 = x1 + width, y1 + HEIGHT / 2, y2 + HEIGHT / 2
    bend = 22.0
    if drawing.nodes[start].column >= drawing.nodes[finish].column:
        # Within a column, or back by rework: out and in on the right side.
        x2, back = x2 + width, x1 + bend
        path = f"M{x1:.1f} {y1:.1f}C{back:.1f} {y1:.1f} {back:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
    else:
        a, b = x1 + bend, x2 - bend
        path = f"M{x1:.1f} {y1:.1f}C{a:.1f} {y1:.1f} {b:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
    style = ' stroke-dasharray="2 4"' if cut else ""
    return f'<path d="{path}" fill="none" stroke="#555" stroke-width="0.9"{style}/>'


def _lines(words: str, width: float, size: int, most: int) -> list[str]:
    """The words in lines that fit; dots where they go on, as they do in full in the tables."""
    lines, line = [], ""
    for part in re.findall(r"[^-/_ ]*[-/_ ]?", words):
        if line and _wide(line + part, size) > width:
            lines.append(line)
            line = ""
        for char in part:
            if line and _wide(line + char, size) > width:
                lines.append(line)
                line = ""
            line += char
    lines.append(line)
    if len(lines) > most:
        return [*lines[: most - 1], lines[most - 1][:-1] + "…"]
    return lines


def _wide(words: str, size: int) -> float:
    """About how wide the words are."""
    return size * sum(1.0 if ord(char) > 0x2E80 else 0.58 for char in words)


def _legend(y: float, used: set[str]) -> str:
    body, x = "", 0.0
    for name in (mark for mark in MARKS if mark in used):
        words = text(f"report.mark.{name}")
        body += f'<g transform="translate({x:.1f} {y - 13:.1f})">{_SIGNS[name]}</g>'
        body += _text(x + 22, y, words, NOTE)
        x += 46 + _wide(words, NOTE)
    return body
