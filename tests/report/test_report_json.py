"""JSON, version 1: the exact document, and its schema."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from oncelint.model.finding import Report
from oncelint.report import Context, render

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
        "fixes": [
            {
                "safety": "safe",
                "title": "enable.idempotence becomes true",
                "reason": "this version of oncelint shows fixes and does not write them",
                "edits": [],
            }
        ],
        "fingerprint": "f1",
        "suppressed": None,
    }
    assert findings[2]["fixes"] == []


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
