"""What a report says, without what a rewriting may move: places, and names it made up."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from oncelint import api
from oncelint.effective import MATTER
from oncelint.model.finding import Report
from oncelint.model.project import Client
from oncelint.model.values import Unknown, as_text
from oncelint.settings import Settings

Files: TypeAlias = "dict[str, str]"
FindingKey: TypeAlias = "tuple[str, str, str, str | None, str]"
SubjectKey: TypeAlias = "tuple[str, str, tuple[str, ...], bool, tuple[tuple[str, str], ...]]"

RENAMED = "_renamed"
"""What renaming appends to a name, so that it can be taken off a message again."""

_PLACE = re.compile(r"[\w./-]+\.(?:py|properties|ya?ml|json|toml|ini|cfg|conf)(?::\d+)*")
_LINE = re.compile(r"\bline \d+\b")


@dataclass(frozen=True, slots=True)
class Telling:
    """Findings and subjects as multisets, and what was skipped or went wrong."""

    findings: Counter[FindingKey]
    subjects: Counter[SubjectKey]
    skipped: tuple[str, ...]
    errors: tuple[str, ...]


def check(files: Files, folder: Path) -> Report:
    """Check files laid over an empty folder, with everything said that can be said."""
    settings = Settings(min_confidence="low", min_severity="note", preview=True, pedantic=True)
    return api.check(
        [str(folder / path) for path in files],
        settings=settings,
        root=folder,
        overlay={path: text.encode() for path, text in files.items()},
        jobs=1,
    )


def telling(report: Report) -> Telling:
    findings: Counter[FindingKey] = Counter(
        (f.rule, f.severity, f.confidence, f.setting, _without_places(f.message))
        for f in report.findings
    )
    return Telling(
        findings,
        Counter(_subject(client) for client in report.subjects),
        tuple(sorted(item.reason for item in report.skipped)),
        tuple(sorted(error.message for error in report.errors)),
    )


def _without_places(message: str) -> str:
    plain = message.replace(RENAMED, "").replace("AIOProducer", "Producer")
    plain = plain.replace("AIOConsumer", "Consumer")
    return _LINE.sub("line N", _PLACE.sub("PLACE", plain))


def _subject(client: Client) -> SubjectKey:
    names = dict.fromkeys(MATTER.get(client.role, ()))
    for world in client.worlds:
        names.update((name, None) for name, s in world.settings.items() if s.set_by == "user")
    if client.role == "connector":
        names.pop("name", None)  # stands beside the configuration or in it
    return (
        f"{client.role}",
        client.client,
        client.client_versions,
        client.in_tests,
        tuple(sorted((name, _values(client, name)) for name in names)),
    )


def _values(client: Client, name: str) -> str:
    """A setting's values in all worlds; what is unknown is unknown, however it is worded."""
    found = set()
    for world in client.worlds:
        setting = world.setting(name)
        if setting is None:
            found.add("-")
        else:
            unknown = isinstance(setting.value, Unknown)
            found.add("?" if unknown else as_text(setting.value).replace(RENAMED, ""))
    return " or ".join(sorted(found))


def differences(before: Telling, after: Telling) -> list[str]:
    """What a rewriting changed, a line each; empty when it says the same."""
    lines: list[str] = []
    lines.extend(f"lost finding: {one}" for one in (before.findings - after.findings).elements())
    lines.extend(f"new finding: {one}" for one in (after.findings - before.findings).elements())
    lines.extend(f"lost subject: {one}" for one in (before.subjects - after.subjects).elements())
    lines.extend(f"new subject: {one}" for one in (after.subjects - before.subjects).elements())
    if before.skipped != after.skipped:
        lines.append(f"skipped: {before.skipped} became {after.skipped}")
    lines.extend(f"error: {message}" for message in after.errors)
    return lines


def with_files(files: Mapping[str, str], changed: Mapping[str, str | None]) -> Files:
    """The files with some replaced or added, and (None) removed."""
    result = {**files, **{path: text for path, text in changed.items() if text is not None}}
    return {path: text for path, text in result.items() if changed.get(path, "") is not None}
