"""JSON, version 1: the exact document, and its schema."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from oncelint.model.finding import Report
from oncelint.model.fixes import Edit, Fix
from oncelint.model.values import Position, Span
from oncelint.report import Context, render
from oncelint.report.text import fixable

SCHEMA = Path(__file__).parents[2] / "docs" / "schema" / "oncelint-1.schema.json"


def _parsed(report: Report, context: Context) -> Any:
    return json.loads(render("json", report, context))


def test_an_empty_report_has_exactly_the_fixed_keys(empty: Report, context: Context) -> None:
    assert _parsed(empty, context) == {
        "schema": "oncelint/1",
        "findings": [],
        "skipped": [],
        "errors": [],
        "summary": {
            "files": 20,
            "errors": 0,
            "warnings": 0,
            "notes": 0,
            "fixable": 0,
            "unresolved": 0,
        },
    }


def test_a_finding_in_full(report: Report, context: Context) -> None:
    findings = _parsed(report, context)["findings"]
    assert findings[1] == {
        "rule": "producer-not-idempotent",
        "group": "idempotence",
        "severity": "warning",
        "confidence": "high",
        "message": "a retry after a lost acknowledgement writes these records twice:"
        " enable.idempotence is False; remove it",
        "path": "app/main.py",
        "start": {"line": 5, "column": 5},
        "end": {"line": 5, "column": 25},
        "related": [
            {
                "path": "app/main.py",
                "start": {"line": 3, "column": 12},
                "end": {"line": 6, "column": 3},
                "label": "the producer",
            }
        ],
        "audience": "regular",
        "setting": "enable.idempotence",
        "provenance": [
            {
                "origin": "file",
                "value": "false",
                "path": "app/main.py",
                "start": {"line": 5, "column": 5},
                "note": "set here",
            },
            {
                "origin": "default",
                "value": "true",
                "path": None,
                "start": None,
                "note": "confluent-kafka 2.3.0",
            },
        ],
        "fixes": [],
        "fingerprint": "f1",
        "suppressed": None,
    }
    assert findings[2]["fixes"] == []


def _fixed(report: Report) -> Report:
    edit = Edit(Span("app/main.py", Position(5, 27), Position(5, 32)), "True")
    end = Position(5, 1)
    insert = Edit(Span("conf/reader.properties", end, end), "acks=all")
    safe = Fix(title="set enable.idempotence to true", safety="safe", edits=(edit,))
    unsafe = Fix(title="both", safety="unsafe", edits=(edit, insert), reason="two clients")
    shown = Fix(title="see", safety="display", reason="a template")
    first, second = report.findings
    return replace(
        report,
        findings=(
            replace(first, fixes=(safe, unsafe)),
            replace(second, fixes=(unsafe, shown)),
            replace(second, fingerprint="f4", fixes=(shown,)),
        ),
        suppressed=tuple(replace(one, fixes=(safe,)) for one in report.suppressed),
    )


def test_fixes_in_full(report: Report, context: Context) -> None:
    document = _parsed(_fixed(report), context)
    place = {"start": {"line": 5, "column": 27}, "end": {"line": 5, "column": 32}}
    edit = {"path": "app/main.py", **place, "replacement": "True"}
    end = {"line": 5, "column": 1}
    insert = {"path": "conf/reader.properties", "start": end, "end": end, "replacement": "acks=all"}
    unsafe = {"safety": "unsafe", "title": "both", "reason": "two clients", "edits": [edit, insert]}
    shown = {"safety": "display", "title": "see", "reason": "a template", "edits": []}
    safe = {
        "safety": "safe",
        "title": "set enable.idempotence to true",
        "reason": None,
        "edits": [edit],
    }
    fixes = {item["fingerprint"]: item["fixes"] for item in document["findings"]}
    assert fixes == {"f3": [safe], "f1": [safe, unsafe], "f2": [unsafe, shown], "f4": [shown]}
    assert document["summary"]["fixable"] == 1
    assert fixable(_fixed(report)) == (1, 1)
    jsonschema.validate(document, json.loads(SCHEMA.read_text(encoding="utf-8")))


def test_fixes_in_sarif(report: Report, context: Context) -> None:
    run = json.loads(render("sarif", _fixed(report), context))["runs"][0]
    unsafe = run["results"][1]["fixes"][1]
    root = "%SRCROOT%"
    assert unsafe == {
        "description": {"text": "both"},
        "artifactChanges": [
            {
                "artifactLocation": {"uri": "app/main.py", "uriBaseId": root},
                "replacements": [
                    {
                        "deletedRegion": {
                            "startLine": 5,
                            "startColumn": 27,
                            "endLine": 5,
                            "endColumn": 32,
                        },
                        "insertedContent": {"text": "True"},
                    }
                ],
            },
            {
                "artifactLocation": {"uri": "conf/reader.properties", "uriBaseId": root},
                "replacements": [
                    {
                        "deletedRegion": {
                            "startLine": 5,
                            "startColumn": 1,
                            "endLine": 5,
                            "endColumn": 1,
                        },
                        "insertedContent": {"text": "acks=all"},
                    }
                ],
            },
        ],
        "properties": {"safety": "unsafe"},
    }
    assert [len(item.get("fixes", ())) for item in run["results"]] == [1, 2, 1, 0]


def test_suppressed_findings_stand_in_report_order_and_do_not_count(
    report: Report, context: Context
) -> None:
    document = _parsed(report, context)
    assert [item["fingerprint"] for item in document["findings"]] == ["f3", "f1", "f2"]
    assert document["findings"][0]["suppressed"] == {"by": "comment", "reason": "metrics only"}
    assert document["summary"] == {
        "files": 20,
        "errors": 1,
        "warnings": 1,
        "notes": 0,
        "fixable": 0,
        "unresolved": 1,
    }


def test_subjects_join_what_differs_between_worlds(report: Report, context: Context) -> None:
    assert "subjects" not in _parsed(report, context)
    shown = _parsed(report, replace(context, show_subjects=True))
    assert shown["subjects"] == [
        {
            "kind": "producer",
            "path": "app/main.py",
            "start": {"line": 3, "column": 12},
            "client": "confluent-kafka",
            "version": "2.3.0 to 2.4.0",
            "effective": {
                "acks": "all",
                "bootstrap.servers": "<unknown: SERVERS>",
                "enable.idempotence": "false | true",
            },
        },
        {
            "kind": "consumer",
            "path": "conf/reader.properties",
            "start": {"line": 1, "column": 1},
            "client": "kafka-clients",
            "version": None,
            "effective": {},
        },
    ]


def test_unresolved_skipped_and_errors(report: Report, context: Context) -> None:
    assert "unresolved" not in _parsed(report, context)
    shown = _parsed(report, replace(context, show_unresolved=True))
    assert shown["unresolved"] == [
        {
            "path": "app/main.py",
            "start": {"line": 4, "column": 26},
            "what": "bootstrap.servers",
            "reason": "SERVERS is unknown",
        }
    ]
    assert shown["skipped"] == [{"path": "chart/values.yaml", "reason": "template (Helm)"}]
    assert shown["errors"] == [
        {"rule": "acks-not-all", "path": "app/main.py", "message": "ValueError: oops"}
    ]


def test_every_output_matches_the_schema(report: Report, empty: Report, context: Context) -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    everything = replace(context, show_subjects=True, show_unresolved=True)
    for document in (
        _parsed(empty, context),
        _parsed(report, context),
        _parsed(report, everything),
    ):
        validator.validate(document)


def test_the_schema_refuses_what_version_1_does_not_have(report: Report, context: Context) -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    document = _parsed(report, context)
    document["findings"][0]["severity"] = "fatal"
    with pytest.raises(jsonschema.ValidationError, match="fatal"):
        jsonschema.validate(document, schema)


def test_text_outside_ascii_survives(report: Report, context: Context) -> None:
    finding = replace(report.findings[0], message="schlüssel \udc80 \u2028")
    text = render("json", replace(report, findings=(finding,)), context)
    assert text.isascii()
    assert json.loads(text)["findings"][1]["message"] == "schlüssel \udc80 \u2028"
