"""Text for people: one line a finding, and the words that `full` and the command share."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from oncelint.report import Context

if TYPE_CHECKING:
    from oncelint.model.finding import Finding, Related, Report
    from oncelint.model.pipelines import Pipeline, TransactionTrace
    from oncelint.model.project import Client
    from oncelint.model.sinks import Sink
    from oncelint.model.values import Origin

# Control characters and the marks that reorder text: a file's own text must not steer a terminal.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """`text` on one line, with what would steer a terminal made visible."""
    return _UNPRINTABLE.sub(_visible, text)


def _visible(match: re.Match[str]) -> str:
    code = ord(match.group())
    if match.group() in "\n\r\t":
        return " "
    return chr(0x2400 + code) if code < 0x20 else "\ufffd"


def advice(finding: Finding) -> str | None:
    """What to do, where there is something and the message does not say it already."""
    if finding.goal is None or finding.goal.title.lower() in finding.message.lower():
        return None
    return finding.goal.title


def fixable(report: Report) -> tuple[int, int]:
    """How many shown findings a safe fix can be written for, and how many only an unsafe one."""
    writable = [
        {fix.safety for fix in finding.fixes if fix.edits and fix.safety != "display"}
        for finding in report.findings
    ]
    safe = sum("safe" in each for each in writable)
    return safe, sum(bool(each) for each in writable) - safe


def numbered(related: Sequence[Related]) -> tuple[Related, ...]:
    """The related places; the steps of a call path, shown file by file, numbered in call order."""
    steps = [item for item in related if _is_step(item)]
    if len(steps) < 2:
        return tuple(related)
    numbers = {item: number for number, item in enumerate(steps, 1)}
    return tuple(
        replace(item, label=f"{numbers[item]}. {item.label}") if item in numbers else item
        for item in related
    )


# What happens on a way through a consume loop, as link/ labels it.
_STEPS = frozenset(
    {"consumes here", "produces here", "writes here", "its failure leads here", "commits here"}
    | {"stored here, to be committed", "sent to the transaction here"}
    | {"commits the transaction here", "closes the consumer here", "its database commits here"}
)


def _is_step(item: Related) -> bool:
    return item.label in _STEPS or item.label.startswith("calls ")


def flow(finding: Finding) -> tuple[Related, ...]:
    """The related places in the order things happen: what they rest on, then the call path."""
    steps = tuple(item for item in finding.related if _is_step(item))
    return (*(item for item in finding.related if item not in steps), *steps)


def render_concise(report: Report, context: Context) -> str:
    """`path:line:column: severity[rule] message`, one line a finding."""
    if context.statistics:
        lines = statistics(report)
    else:
        lines = [_line(finding, context) for finding in report.findings]
    lines += appendix(report, context)
    return "".join(f"{line}\n" for line in lines)


def statistics(report: Report) -> list[str]:
    """The number of findings of each rule, the most frequent first."""
    counts: dict[tuple[str, str], int] = {}
    for finding in report.findings:
        key = (finding.severity, finding.rule)
        counts[key] = counts.get(key, 0) + 1
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0][1], item[0][0]))
    width = len(str(max(counts.values(), default=0)))
    return [f"{count:>{width}}  {severity}[{rule}]" for (severity, rule), count in ordered]


def appendix(report: Report, context: Context) -> list[str]:
    """What --show-subjects and --show-unresolved add, one line each."""
    lines: list[str] = []
    if context.show_subjects:
        lines += [_subject(client, context) for client in report.subjects]
        lines += [_sink(sink, context) for sink in report.sinks]
        lines += [_followed(one, context) for one in report.pipelines]
        lines += [_followed(one, context) for one in report.transactions]
    if context.show_unresolved:
        for item in report.unresolved:
            place = _at(item.span.path, item.span.start.line, item.span.start.column, context)
            lines.append(f"{place}: unresolved {printable(item.what)}: {printable(item.reason)}")
    return lines


def _line(finding: Finding, context: Context) -> str:
    start = finding.span.start
    place = _at(finding.span.path, start.line, start.column, context)
    return f"{place}: {finding.severity}[{finding.rule}] {printable(finding.message)}"


def _at(path: str, line: int, column: int, context: Context) -> str:
    return f"{printable(context.display(path))}:{line}:{column}"


def _subject(client: Client, context: Context) -> str:
    start = client.span.start
    place = _at(client.span.path, start.line, start.column, context)
    return f"{place}: subject[{client.role}] {headline(client)}{_own(client)}"


def _sink(sink: Sink, context: Context) -> str:
    from oncelint.report.json import sink_facts  # only where subjects are shown

    place = _at(sink.span.path, sink.span.start.line, sink.span.start.column, context)
    facts = ", ".join(f"{name}={value}" for name, value in sink_facts(sink).items())
    return f"{place}: subject[sink] {printable(sink.library)}: {printable(facts)}"


def _followed(one: Pipeline | TransactionTrace, context: Context) -> str:
    from oncelint.report.json import followed  # only where subjects are shown

    facts = followed(one)
    start = facts["start"]
    place = _at(facts["path"], start["line"], start["column"], context)
    told = ", ".join(f"{name}={value}" for name, value in facts["effective"].items())
    return f"{place}: subject[{facts['kind']}] {facts['client']}: {printable(told)}"


_ORIGINS = {
    "file": "set",
    "default": "by default",
    "lock": "locked",
    "environment": "from the environment",
    "computed": "computed",
}


def origin_text(item: Origin, display: Callable[[str], str]) -> str:
    """One step of a value's history: `false, set at app.env:3:1: note`."""
    if item.kind == "default" and item.note.startswith("default of "):
        return printable(f"{item.value}, {item.note}")
    text = f"{item.value}, {_ORIGINS[item.kind]}"
    if item.span is not None:
        start = item.span.start
        text += f" at {display(item.span.path)}:{start.line}:{start.column}"
    return printable(f"{text}: {item.note}" if item.note else text)


def headline(client: Client) -> str:
    """The client's library and version, in words."""
    from oncelint.report.json import version  # only where subjects are shown

    known = version(client)
    return printable(f"{client.client} {known}" if known else f"{client.client}, any version")


def _own(client: Client) -> str:
    """The settings the user wrote, as they come out."""
    from oncelint.report.json import effective  # only where subjects are shown

    names = {
        name
        for world in client.worlds
        for name, setting in world.settings.items()
        if setting.set_by == "user"
    }
    values = effective(client.worlds)
    shown = ", ".join(f"{name}={values[name]}" for name in sorted(names))
    return f": {printable(shown)}" if shown else ""
