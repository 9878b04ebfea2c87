"""JSON, version 1; docs/schema/oncelint-1.schema.json describes it.

Lines and columns are 1-based, columns count Unicode code points, ends are exclusive.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from oncelint.model.values import as_text
from oncelint.model.versions import span_text
from oncelint.report import Context, everything
from oncelint.report.text import fixable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from oncelint.model.finding import Finding, Report
    from oncelint.model.pipelines import Pipeline, TransactionTrace
    from oncelint.model.project import Client, World
    from oncelint.model.sinks import Sink
    from oncelint.model.values import Origin, Position, Span


def render_json(report: Report, context: Context) -> str:
    """The report as one JSON document; ASCII alone, so that no encoding can spoil it."""
    return json.dumps(document(report, context), indent=2) + "\n"


def document(report: Report, context: Context) -> dict[str, Any]:
    """The report as plain dicts and lists."""
    result: dict[str, Any] = {
        "schema": "oncelint/1",
        "findings": [_finding(finding) for finding in everything(report)],
    }
    if context.show_subjects:
        result["subjects"] = [
            *(subject(client) for client in report.subjects),
            *(sink_subject(sink) for sink in report.sinks),
            *map(followed, report.pipelines),
            *map(followed, report.transactions),
        ]
    if context.show_unresolved:
        result["unresolved"] = [
            {
                "path": item.span.path,
                "start": _position(item.span.start),
                "what": item.what,
                "reason": item.reason,
            }
            for item in report.unresolved
        ]
    result["skipped"] = [{"path": item.path, "reason": item.reason} for item in report.skipped]
    result["errors"] = [
        {"rule": item.rule, "path": item.path, "message": item.message} for item in report.errors
    ]
    result["summary"] = _summary(report)
    return result


def subject(client: Client) -> dict[str, Any]:
    """One subject; a setting that differs between worlds lists its values, `false | true`."""
    return {
        "kind": client.role,
        "path": client.span.path,
        "start": _position(client.span.start),
        "client": client.client,
        "version": version(client),
        "effective": effective(client.worlds),
    }


def sink_subject(sink: Sink) -> dict[str, Any]:
    """A database write that a consume loop reaches; `client` is its driver."""
    return {
        "kind": "sink",
        "path": sink.span.path,
        "start": _position(sink.span.start),
        "client": sink.library,
        "version": None,
        "effective": sink_facts(sink),
    }


def followed(one: Pipeline | TransactionTrace) -> dict[str, Any]:
    """A consume loop or a producer's transactions as a subject."""
    from oncelint.model.pipelines import Pipeline

    return _pipeline(one) if isinstance(one, Pipeline) else _transactions(one)


def _pipeline(one: Pipeline) -> dict[str, Any]:
    """A consume loop: the lines of what it does and of its commits, `path:line` where they stand
    in another file."""
    return {
        "kind": "pipeline",
        "path": one.span.path,
        "start": _position(one.span.start),
        "client": one.consumer.client,
        "version": version(one.consumer),
        "effective": {
            "effects": lines([effect.span for effect in one.effects], one.span.path),
            "commits": lines([commit.span for commit in one.commits], one.span.path),
        },
    }


def _transactions(one: TransactionTrace) -> dict[str, Any]:
    """A producer whose transactional calls were followed, with the lines of those calls."""
    path = one.producer.span.path
    return {
        "kind": "transactions",
        "path": path,
        "start": _position(one.producer.span.start),
        "client": one.producer.client,
        "version": version(one.producer),
        "effective": {
            "begins": lines(one.begins, path),
            "commits": lines(one.commits, path),
            "aborts": lines(one.aborts, path),
        },
    }


def lines(spans: Iterable[Span], path: str) -> str:
    """Lines of some places, those of other files with their path; `-` when there are none."""
    told = dict.fromkeys(
        f"{one.start.line}" if one.path == path else f"{one.path}:{one.start.line}" for one in spans
    )
    return ",".join(told) or "-"


def sink_facts(sink: Sink) -> dict[str, str]:
    """What is known of a write or call: its operation, table or target, columns, what tells it
    apart from another and what guards it."""
    facts = {
        "kind": sink.kind if sink.kind != "table" else None,
        "operation": sink.operation,
        "table": sink.table,
        "target": sink.target if sink.kind != "table" else None,
        "identity": sink.identity_name,
        "columns": ",".join(sink.columns),
        "guard": sink.guard,
    }
    return {name: value for name, value in facts.items() if value}


def version(client: Client) -> str | None:
    """The client's version or range of versions; None when no file of the project tells."""
    if not client.client_versions:
        return None
    worlds = [version for world in client.worlds for version in world.versions]
    return span_text(worlds or client.client_versions)


def effective(worlds: tuple[World, ...]) -> dict[str, str]:
    """Each canonical setting's values over the worlds that have it."""
    values: dict[str, dict[str, None]] = {}
    for world in worlds:
        for name, setting in world.settings.items():
            values.setdefault(name, {})[as_text(setting.value)] = None
    return {name: " | ".join(values[name]) for name in sorted(values)}


def origin(item: Origin) -> dict[str, Any]:
    """One step of a value's history."""
    return {
        "origin": item.kind,
        "value": item.value,
        "path": item.span.path if item.span else None,
        "start": _position(item.span.start) if item.span else None,
        "note": item.note,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "group": finding.group,
        "severity": finding.severity,
        "confidence": finding.confidence,
        "message": finding.message,
        **place(finding.span),
        "related": [{**place(item.span), "label": item.label} for item in finding.related],
        "audience": finding.audience,
        "setting": finding.setting,
        "provenance": [origin(item) for item in finding.provenance],
        "fixes": _fixes(finding),
        "fingerprint": finding.fingerprint,
        "suppressed": None
        if finding.suppressed is None
        else {"by": finding.suppressed.by, "reason": finding.suppressed.reason},
    }


def _fixes(finding: Finding) -> list[dict[str, Any]]:
    return [
        {
            "safety": fix.safety,
            "title": fix.title,
            "reason": fix.reason,
            "edits": [{**place(edit.span), "replacement": edit.replacement} for edit in fix.edits],
        }
        for fix in finding.fixes
    ]


def place(span: Span) -> dict[str, Any]:
    """A span as the format writes it."""
    return {"path": span.path, "start": _position(span.start), "end": _position(span.end)}


def _position(position: Position) -> dict[str, int]:
    return {"line": position.line, "column": position.column}


def _summary(report: Report) -> dict[str, int]:
    severities = [finding.severity for finding in report.findings]
    return {
        "files": report.files,
        "errors": severities.count("error"),
        "warnings": severities.count("warning"),
        "notes": severities.count("note"),
        "fixable": fixable(report)[0],
        "unresolved": len(report.unresolved),
    }
