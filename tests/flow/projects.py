"""Small projects for the interpreter's tests: checked through the api, told in short texts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

import documents
from oncelint.model.finding import Report
from oncelint.model.project import Client
from oncelint.model.values import Unknown, as_text

PINNED = {"requirements.txt": "confluent-kafka==2.3.0\nkafka-python==2.0.2\naiokafka==0.10.0\n"}
"""Versions whose defaults the tests know: acks is all, 1 and 1; idempotence is off in all three."""


def run(folder: Path, source: str = "", files: Mapping[str, str] | None = None) -> Report:
    """Check `source` as app/main.py beside `files`; nothing may go wrong inside oncelint."""
    project = dict(PINNED)
    if source:
        project["app/main.py"] = dedent(source)
    project.update({path: dedent(text) for path, text in (files or {}).items()})
    report = documents.run(project, folder)
    assert report.errors == ()
    return report


def only(report: Report) -> Client:
    """The one client that was seen."""
    assert len(report.subjects) == 1, [documents.subject_line(one) for one in report.subjects]
    return report.subjects[0]


def seen(folder: Path, source: str = "", files: Mapping[str, str] | None = None) -> Client:
    return only(run(folder, source, files))


def told(client: Client, name: str) -> set[str]:
    """The values a setting has in the client's worlds: `?` where it is unknown, `-` where absent."""
    values = set()
    for world in client.worlds:
        setting = world.setting(name)
        if setting is None:
            values.add("-")
        else:
            values.add("?" if isinstance(setting.value, Unknown) else as_text(setting.value))
    return values


def reasons(client: Client, name: str) -> set[str]:
    """Why a setting is unknown, in the worlds where it is."""
    return {
        setting.value.reason
        for world in client.worlds
        if (setting := world.setting(name)) is not None and isinstance(setting.value, Unknown)
    }


def unresolved(report: Report) -> list[tuple[str, str]]:
    """(what, reason) of everything the report could not resolve."""
    return [(one.what, one.reason) for one in report.unresolved]


def closed(client: Client) -> bool:
    """Whether the configuration is known to be complete."""
    return client.block.open_reason is None


def cases(table: Mapping[str, Any], defects: Mapping[str, str] | None = None) -> list[Any]:
    """The table's entries as parameters, by name; `defects` are those known to fail, and why."""
    known = dict(defects or {})
    assert set(known) <= set(table), set(known) - set(table)
    parameters = []
    for name, entry in table.items():
        values = entry if isinstance(entry, tuple) else (entry,)
        marks = [pytest.mark.xfail(reason=known[name], strict=True)] if name in known else []
        parameters.append(pytest.param(*values, id=name, marks=marks))
    return parameters
