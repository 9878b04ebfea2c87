"""SARIF 2.1.0: what a code scanning service needs of it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from oncelint.model.finding import Related, Report, Suppressed
from oncelint.model.values import Position, Span
from oncelint.report import Context, render


def _run(report: Report, context: Context) -> Any:
    log = json.loads(render("sarif", report, context))
    assert (log["version"], len(log["runs"])) == ("2.1.0", 1)
    return log["runs"][0]


def _location(path: str, *region: int) -> dict[str, Any]:
    names = ("startLine", "startColumn", "endLine", "endColumn")
    return {
        "artifactLocation": {"uri": path, "uriBaseId": "%SRCROOT%"},
        "region": dict(zip(names, region, strict=True)),
    }


def test_the_driver_describes_every_rule(report: Report, context: Context) -> None:
    run = _run(report, context)
    assert run["columnKind"] == "unicodeCodePoints"
    assert run["tool"]["driver"]["name"] == "oncelint"
    assert run["tool"]["driver"]["rules"] == [
        {
            "id": "consumer-reads-uncommitted",
            "shortDescription": {"text": "A consumer sees records of aborted transactions."},
            "defaultConfiguration": {"level": "error"},
            "properties": {
                "tags": ["transactions"],
                "precision": "medium",
                "problem.severity": "error",
            },
            "help": {
                "text": "# consumer-reads-uncommitted\n\nWhy.",
                "markdown": "# consumer-reads-uncommitted\n\nWhy.",
            },
        },
        {
            "id": "producer-not-idempotent",
            "shortDescription": {
                "text": "A producer without idempotence writes retried records twice."
            },
            "defaultConfiguration": {"level": "warning"},
            "properties": {
                "tags": ["idempotence"],
                "precision": "high",
                "problem.severity": "warning",
            },
            "help": {
                "text": "# producer-not-idempotent\n\nWhy.",
                "markdown": "# producer-not-idempotent\n\nWhy.",
            },
        },
    ]


def test_a_result_in_full(report: Report, context: Context) -> None:
    run = _run(report, context)
    reader = _location("conf/reader.properties", 4, 1, 4, 16)
    writer = {
        "physicalLocation": _location("app/main.py", 3, 1, 3, 9),
        "message": {"text": "written here"},
    }
    message = {"text": "records of aborted transactions reach this consumer"}
    assert run["results"][2] == {
        "ruleId": "consumer-reads-uncommitted",
        "ruleIndex": 0,
        "level": "error",
        "message": message,
        "locations": [{"physicalLocation": reader}],
        "partialFingerprints": {"oncelint/1": "f2"},
        "properties": {
            "group": "transactions",
            "confidence": "medium",
            "audience": "regular",
        },
        "relatedLocations": [{"id": 1, **writer}],
        "codeFlows": [
            {
                "threadFlows": [
                    {
                        "locations": [
                            {"location": writer},
                            {"location": {"physicalLocation": reader, "message": message}},
                        ]
                    }
                ]
            }
        ],
        "suppressions": [],
    }


def test_a_code_flow_ends_with_the_call_path(report: Report, context: Context) -> None:
    labels = ("consumes here", "calls first", "calls second", "bookings is declared here")
    related = tuple(
        Related(Span("app/main.py", Position(line, 1), Position(line, 2)), label)
        for line, label in enumerate(labels, 1)
    )
    finding = replace(report.findings[0], related=related)
    (result,) = _run(Report(findings=(finding,)), context)["results"]
    (thread,) = result["codeFlows"][0]["threadFlows"]
    told = [item["location"]["message"]["text"] for item in thread["locations"]]
    assert told == [labels[3], *labels[:3], finding.message]
    assert [item["message"]["text"] for item in result["relatedLocations"]] == list(labels)


def test_suppressed_results_are_marked_and_kept(report: Report, context: Context) -> None:
    by_settings = replace(report.suppressed[0], suppressed=Suppressed("settings", "generated"))
    both = replace(report, suppressed=(*report.suppressed, by_settings))
    results = _run(both, context)["results"]
    assert [item["suppressions"] for item in results] == [
        [{"kind": "inSource", "status": "accepted", "justification": "metrics only"}],
        [{"kind": "external", "status": "accepted", "justification": "generated"}],
        [],
        [],
    ]


def test_errors_and_skipped_files_are_notifications(
    report: Report, empty: Report, context: Context
) -> None:
    def at(path: str) -> list[dict[str, Any]]:
        artifact = {"uri": path, "uriBaseId": "%SRCROOT%"}
        return [{"physicalLocation": {"artifactLocation": artifact}}]

    assert _run(report, context)["invocations"] == [
        {
            "executionSuccessful": False,
            "toolExecutionNotifications": [
                {
                    "level": "error",
                    "message": {"text": "ValueError: oops"},
                    "associatedRule": {"id": "acks-not-all"},
                    "locations": at("app/main.py"),
                },
                {
                    "level": "warning",
                    "message": {"text": "skipped: template (Helm)"},
                    "locations": at("chart/values.yaml"),
                },
            ],
        }
    ]
    assert _run(empty, context)["invocations"] == [
        {"executionSuccessful": True, "toolExecutionNotifications": []}
    ]


def test_paths_become_uris(report: Report, context: Context) -> None:
    span = Span("a b/ü#?.py", Position(1, 1), Position(1, 2))
    run = _run(Report(findings=(replace(report.findings[0], span=span),)), context)
    physical = run["results"][0]["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"]["uri"] == "a%20b/%C3%BC%23%3F.py"


def test_a_rule_of_no_catalogue_still_has_an_index(report: Report, context: Context) -> None:
    run = _run(report, replace(context, rules=dict))
    rules = run["tool"]["driver"]["rules"]
    assert rules == [{"id": "consumer-reads-uncommitted"}, {"id": "producer-not-idempotent"}]
    assert [rules[item["ruleIndex"]]["id"] for item in run["results"]] == [
        item["ruleId"] for item in run["results"]
    ]
