"""What holds of every document of configured projects, and of what is left when it is played."""

from __future__ import annotations

from pathlib import Path

from tests.broker.configured import Configured
from tests.broker.running import Outcome

import documents


def reported(case: Configured, folder: Path) -> None:
    """oncelint reports the flawed form with the document's rules alone, and nothing of the other."""
    report = documents.run(dict(case.files), folder)
    found = {finding.rule for finding in report.findings}
    assert not report.errors
    assert found == (set(case.rules) if case.flaw == "flawed" else set()), report.findings
    assert report.subjects, "silence without a subject"


def fixed(flawed: Configured, corrected: Configured, folder: Path) -> None:
    """The corrected files are what the fixes of oncelint make of the flawed ones."""
    documents.run(dict(flawed.files), folder)
    changed, problems = documents.fixed(dict(flawed.files), folder, unsafe=True)
    assert not problems
    assert {**flawed.files, **changed} == dict(corrected.files)


def left(case: Configured, outcome: Outcome) -> None:
    """What is found is what the document says."""
    assert sorted(outcome.found) == sorted(case.expected), outcome.log[-4000:]
    assert case.says in outcome.log
