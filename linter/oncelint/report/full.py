"""The full report: excerpts with carets, related places, where values come from, what to do, and
what a fix would write.

Every line is cut or wrapped to the terminal's width, counted in cells, so that wide characters
and tabs do not shift the carets. A pipe has no width: prose is not wrapped, and only excerpt
lines are cut.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from oncelint.report import Context
from oncelint.report.fixes import helped, last_number, shown_fixes, told_fixes
from oncelint.report.layout import (
    FRAME,
    PIPE_WIDTH,
    Cut,
    cut_to,
    framed,
    in_cells,
    stated,
    wrapped,
)
from oncelint.report.text import advice, appendix, numbered, origin_text, printable, statistics

if TYPE_CHECKING:
    from oncelint.model.finding import Finding, Report
    from oncelint.model.values import Span
    from oncelint.text import SourceText

_SEVERITY_STYLES = {"error": "bold red", "warning": "bold yellow", "note": "bold cyan"}
_RELATED = "cyan"


def render_full(report: Report, context: Context) -> str:
    """All findings, or with statistics their number by rule; then what the flags ask for."""
    if context.statistics:
        blocks = [[Text(line)] for line in statistics(report)]
    else:
        blocks = [[*_finding(item, context), Text("")] for item in report.findings]
    blocks += [[Text(line)] for line in appendix(report, context)]
    stream = io.StringIO()
    console = Console(
        file=stream,
        width=context.width or 10_000,
        force_terminal=context.color,
        color_system="standard" if context.color else None,
        no_color=not context.color,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    for block in blocks:
        for line in block:
            line.rstrip()
            console.print(line, soft_wrap=True)
    return stream.getvalue()


@dataclass(frozen=True, slots=True)
class _Mark:
    """A place to underline: the finding's own with `^`, a related one with `-` and its label."""

    span: Span
    label: str
    primary: bool


def _finding(finding: Finding, context: Context) -> list[Text]:
    style = _SEVERITY_STYLES[finding.severity]
    head = Text(f"{finding.severity}[{finding.rule}]", style=style)
    head.append(": ", style="bold")
    head.append(printable(finding.message), style="bold")
    lines = wrapped(head, context, tail=Text("  "))
    groups = _by_file(finding)
    source = cache(context.source)
    fixes = shown_fixes(finding, source)
    numbers = [_last_line(mark, source(path)) for path, marks in groups for mark in marks]
    gutter = len(str(max(*numbers, last_number(fixes))))
    for path, marks in groups:
        lines += _file(path, marks, source(path), gutter, context, style)
    lines += _provenance(finding, gutter, context)
    if (told := _told(finding)) is not None:
        lines += helped(told, gutter, context)
    if finding.confidence != "high":
        lines.append(stated(gutter, "confidence").append(f": {finding.confidence}"))
    return [*lines, *told_fixes(fixes, finding, told, gutter, context)]


def _told(finding: Finding) -> str | None:
    """What to do, unless the message or a fix that can be written says it."""
    if not finding.fixes:
        return advice(finding)
    title = finding.fixes[0].title
    said = title.lower() in finding.message.lower()
    return None if said or any(fix.edits for fix in finding.fixes) else title


def _by_file(finding: Finding) -> list[tuple[str, list[_Mark]]]:
    """The marks of each file, the finding's own file first."""
    groups: dict[str, list[_Mark]] = {finding.span.path: [_Mark(finding.span, "", True)]}
    for item in numbered(finding.related):
        groups.setdefault(item.span.path, []).append(_Mark(item.span, item.label, False))
    return list(groups.items())


def _last_line(mark: _Mark, source: SourceText | None) -> int:
    """The last line shown of a mark: a related place of several lines is shown by its first."""
    span = mark.span
    if not mark.primary:
        return span.start.line
    last = span.end.line - 1 if span.end.column == 1 else span.end.line
    last = max(last, span.start.line)
    return last if source is None else max(min(last, len(source.starts)), span.start.line)


def _file(
    path: str,
    marks: Sequence[_Mark],
    source: SourceText | None,
    gutter: int,
    context: Context,
    style: str,
) -> list[Text]:
    """One file's excerpt; the file of the finding itself comes first and has the arrow."""
    arrow = "-->" if marks[0].primary else ":::"
    start = marks[0].span.start
    place = f"{printable(context.display(path))}:{start.line}:{start.column}"
    lines = [Text(" " * gutter + arrow + " ", style=FRAME).append(place, style="default")]
    if source is None:
        lines += [
            framed(gutter, "").append(f"line {mark.span.start.line}: {printable(mark.label)}")
            for mark in marks
            if mark.label
        ]
        return lines
    lines.append(framed(gutter, ""))
    bracket = marks[0] if _last_line(marks[0], source) > start.line else None
    previous: int | None = None
    for number in _shown_lines(marks, source):
        if previous is not None and number > previous + 1:
            gap = Text("…".rjust(gutter), style=FRAME)
            inside = bracket is not None and start.line < number <= _last_line(bracket, source)
            lines.append(gap.append("   |", style=style) if inside else gap)
        lines += _line(number, marks, source, gutter, context, style, bracket)
        previous = number
    lines.append(framed(gutter, ""))
    return lines


def _shown_lines(marks: Sequence[_Mark], source: SourceText) -> list[int]:
    """The lines marks stand on: all of a span of six lines, else its first three and its last.
    A gap of one line is shown instead of an ellipsis."""
    lines: set[int] = set()
    for mark in marks:
        begin, end = mark.span.start.line, _last_line(mark, source)
        if end - begin < 6:
            lines.update(range(begin, end + 1))
        else:
            lines.update((begin, begin + 1, begin + 2, end))
    lines |= {line + 1 for line in lines if line + 2 in lines}
    return sorted(line for line in lines if 1 <= line <= len(source.starts))


def _line(
    number: int,
    marks: Sequence[_Mark],
    source: SourceText,
    gutter: int,
    context: Context,
    style: str,
    bracket: _Mark | None,
) -> list[Text]:
    """A line of source and what is drawn under it.

    `bracket` is the finding's own place when it has several lines: a bar to the left joins its
    first line and its last.
    """
    text = source.line(number)
    margin = 2 if bracket else 0
    room = max((context.width or PIPE_WIDTH) - gutter - 3 - margin, 16)
    cells, positions = in_cells(text)
    here = [_underline(m, text, positions) for m in marks if m.span.start.line == number]
    cut = cut_to(cells, here[0].start if here else 0, here[0].end if here else 0, room)
    row = framed(gutter, str(number))
    below: list[Text] = []
    if bracket:
        below, sign = _bracket(number, bracket, source, text, positions, cut, gutter, style)
        row.append(f"{sign} ", style=style)
    row.append(cut.text, style="default")
    inside = bracket and bracket.span.start.line <= number < _last_line(bracket, source)
    lead = framed(gutter, "").append(("| " if inside else "  ")[:margin], style=style)
    for item in sorted(here, key=lambda one: (not one.mark.primary, one.start)):
        if item.mark is not bracket:
            below += _carets(item, cut, room, lead, context, style)
    return [row, *below]


def _bracket(
    number: int,
    mark: _Mark,
    source: SourceText,
    text: str,
    positions: Sequence[int],
    cut: Cut,
    gutter: int,
    style: str,
) -> tuple[list[Text], str]:
    """The lines to draw under a line of a span of several lines, and the sign to its left."""
    begin, last = mark.span.start.line, _last_line(mark, source)
    if number == begin:
        start = min(mark.span.start.column - 1, len(text))
        if not text[:start].strip():
            return [], "/"
        at = max(positions[start] - cut.shift, 0)
        return [framed(gutter, "").append(" " + "_" * (at + 1) + "^", style=style)], " "
    if number == last:
        end = len(text.rstrip())
        if last == mark.span.end.line:
            end = min(mark.span.end.column - 1, len(text))
        at = max(positions[end] - cut.shift - 1, 0)
        return [framed(gutter, "").append("|" + "_" * (at + 1) + "^", style=style)], "|"
    return [], "|" if begin < number < last else " "


@dataclass(frozen=True, slots=True)
class _Underline:
    """A stretch of one line in cells, from `start` to before `end`, both 0-based."""

    start: int
    end: int
    mark: _Mark


def _underline(mark: _Mark, text: str, positions: Sequence[int]) -> _Underline:
    start = min(mark.span.start.column - 1, len(text))
    end = len(text.rstrip())
    if mark.span.end.line == mark.span.start.line:
        end = min(mark.span.end.column - 1, len(text))
    return _Underline(positions[start], positions[max(end, start)], mark)


def _carets(
    item: _Underline, cut: Cut, room: int, lead: Text, context: Context, style: str
) -> list[Text]:
    """The underline, and its label beside it or, where there is no room, below. `lead` is what
    stands to the left of the source on lines without a number."""
    start = min(max(item.start - cut.shift, 0), room - 1)
    end = min(max(item.end - cut.shift, start + 1), room)
    sign, color = ("^", style) if item.mark.primary else ("-", _RELATED)
    line = lead.copy().append(" " * start).append(sign * (end - start), style=color)
    label = printable(item.mark.label)
    if not label:
        return [line]
    if end + 1 + cell_len(label) <= room or context.width is None:
        return [line.append(f" {label}", style=color)]
    indented = lead.copy().append(" " * min(start, room // 3))
    below = indented.copy().append(label, style=color)
    return [line, *wrapped(below, context, tail=indented)]


def _provenance(finding: Finding, gutter: int, context: Context) -> list[Text]:
    """The value's history, nearest first, one step a line."""
    if not finding.provenance:
        return []
    name = printable(finding.setting or "value")
    head = stated(gutter, name).append(": ")
    steps = [Text(origin_text(item, context.display)) for item in finding.provenance]
    if context.width is not None and head.cell_len > context.width // 2:
        indent = Text(" " * (gutter + 5))
        told = [indent.copy().append_text(step) for step in steps]
        return [
            head,
            *(
                line
                for one in told
                for line in wrapped(one, context, tail=Text(" " * (gutter + 7)))
            ),
        ]
    lines: list[Text] = []
    for step in steps:
        lead = Text(" " * head.cell_len) if lines else head.copy()
        lines += wrapped(lead.append_text(step), context, tail=Text(" " * (head.cell_len + 2)))
    return lines
