"""GitHub workflow commands: a finding becomes an annotation on the changed lines.

Escapes as in GitHub's actions toolkit (`@actions/core`, command.ts).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from oncelint.report import Context
from oncelint.report.text import advice

if TYPE_CHECKING:
    from oncelint.model.finding import Finding, Report

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def render_github(report: Report, context: Context) -> str:
    """One workflow command a finding; errors of oncelint's own are annotations without a place."""
    lines = [_annotation(finding) for finding in report.findings]
    for error in report.errors:
        which = f" in rule {error.rule}" if error.rule else ""
        place = f"file={_property(error.path)}," if error.path else ""
        message = _data(f"oncelint failed{which}: {error.message}")
        lines.append(f"::error {place}title=oncelint::{message}")
    return "".join(f"{line}\n" for line in lines)


def _annotation(finding: Finding) -> str:
    start, end = finding.span.start, finding.span.end
    properties = {
        "file": finding.span.path,
        "line": str(start.line),
        "endLine": str(end.line),
    }
    if start.line == end.line:  # the annotations API refuses columns on several lines
        properties["col"] = str(start.column)
        properties["endColumn"] = str(end.column)
    properties["title"] = f"oncelint[{finding.rule}]"
    written = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{_COMMANDS[finding.severity]} {written}::{_data(_message(finding))}"


def _message(finding: Finding) -> str:
    places = [f"{item.label}: {item.span.path}:{item.span.start.line}" for item in finding.related]
    lines = [finding.message, *places]
    if (told := advice(finding)) is not None:
        lines.append(f"help: {told}")
    return "\n".join(lines)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
