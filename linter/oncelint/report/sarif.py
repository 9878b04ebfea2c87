"""SARIF 2.1.0 (OASIS), as code scanning services read it.

Suppressed findings are results with a suppression, so that a service can tell a silenced finding
from a repaired one.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from oncelint.report import Context, everything
from oncelint.report.text import flow
from oncelint.version import VERSION

if TYPE_CHECKING:
    from oncelint.model.finding import Finding, Report
    from oncelint.model.fixes import Fix
    from oncelint.model.rule import Rule
    from oncelint.model.values import Span

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_SUPPRESSED_BY = {"comment": "inSource", "settings": "external", "baseline": "external"}


def render_sarif(report: Report, context: Context) -> str:
    """The report as one SARIF log with one run."""
    return json.dumps(_log(report, context), indent=2) + "\n"


def _log(report: Report, context: Context) -> dict[str, Any]:
    findings = everything(report)
    catalogue = context.rules()
    ids = sorted({finding.rule for finding in findings} | set(catalogue))
    index = {name: place for place, name in enumerate(ids)}
    run = {
        "tool": {
            "driver": {
                "name": "oncelint",
                "version": VERSION,
                "semanticVersion": VERSION,
                "rules": [_rule(name, catalogue.get(name), context) for name in ids],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {
            "%SRCROOT%": {"description": {"text": "The project's root folder."}}
        },
        "invocations": [_invocation(report)],
        "results": [_result(finding, index[finding.rule]) for finding in findings],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(name: str, rule: Rule | None, context: Context) -> dict[str, Any]:
    described: dict[str, Any] = {"id": name}
    if rule is None:
        return described
    page = context.page(name).strip()
    described |= {
        "shortDescription": {"text": rule.summary},
        "defaultConfiguration": {"level": rule.severity},
        "properties": {
            "tags": [rule.group],
            "precision": "high" if rule.stable else "medium",
            "problem.severity": "recommendation" if rule.severity == "note" else rule.severity,
        },
    }
    if page:
        described["help"] = {"text": page, "markdown": page}
    return described


def _invocation(report: Report) -> dict[str, Any]:
    notifications: list[dict[str, Any]] = []
    for error in report.errors:
        notification: dict[str, Any] = {"level": "error", "message": {"text": error.message}}
        if error.rule is not None:
            notification["associatedRule"] = {"id": error.rule}
        if error.path is not None:
            notification["locations"] = [{"physicalLocation": _artifact(error.path)}]
        notifications.append(notification)
    notifications += [
        {
            "level": "warning" if item.relevant else "note",
            "message": {"text": f"skipped: {item.reason}"},
            "locations": [{"physicalLocation": _artifact(item.path)}],
        }
        for item in report.skipped
    ]
    return {
        "executionSuccessful": not report.errors,
        "toolExecutionNotifications": notifications,
    }


def _result(finding: Finding, index: int) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": finding.severity,
        "message": {"text": finding.message},
        "locations": [_location(finding.span)],
        "partialFingerprints": {"oncelint/1": finding.fingerprint},
        "properties": {
            "group": finding.group,
            "confidence": finding.confidence,
            "audience": finding.audience,
        },
    }
    if finding.related:
        result["relatedLocations"] = [
            {"id": number, **_location(item.span, item.label)}
            for number, item in enumerate(finding.related, 1)
        ]
        places = [_location(item.span, item.label) for item in flow(finding)]
        places.append(_location(finding.span, finding.message))
        result["codeFlows"] = [
            {"threadFlows": [{"locations": [{"location": location} for location in places]}]}
        ]
    if fixes := [_fix(fix) for fix in finding.fixes if fix.edits]:
        result["fixes"] = fixes
    if finding.suppressed is None:
        result["suppressions"] = []
    else:
        result["suppressions"] = [
            {
                "kind": _SUPPRESSED_BY[finding.suppressed.by],
                "status": "accepted",
                "justification": finding.suppressed.reason,
            }
        ]
    return result


def _fix(fix: Fix) -> dict[str, Any]:
    """A fix that can be written; an insertion deletes an empty region."""
    changes: dict[str, list[dict[str, Any]]] = {}
    for edit in fix.edits:
        changes.setdefault(edit.span.path, []).append(
            {
                "deletedRegion": _region(edit.span),
                "insertedContent": {"text": edit.replacement},
            }
        )
    return {
        "description": {"text": fix.title},
        "artifactChanges": [
            {**_artifact(path), "replacements": replacements}
            for path, replacements in changes.items()
        ],
        "properties": {"safety": fix.safety},
    }


def _location(span: Span, label: str = "") -> dict[str, Any]:
    physical = {**_artifact(span.path), "region": _region(span)}
    location: dict[str, Any] = {"physicalLocation": physical}
    if label:
        location["message"] = {"text": label}
    return location


def _region(span: Span) -> dict[str, int]:
    return {
        "startLine": span.start.line,
        "startColumn": span.start.column,
        "endLine": span.end.line,
        "endColumn": span.end.column,
    }


def _artifact(path: str) -> dict[str, Any]:
    uri = quote(path, safe="/", errors="surrogateescape")
    return {"artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"}}
