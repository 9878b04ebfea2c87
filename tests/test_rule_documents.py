"""Every document under fixtures/rules and fixtures/placements says what oncelint says, to the letter."""

from __future__ import annotations

from pathlib import Path

import pytest

import documents

RULES = documents.ROOT / "fixtures" / "rules"
PLACEMENTS = documents.ROOT / "fixtures" / "placements"
DOCUMENTS = sorted([*RULES.glob("*/*.md"), *PLACEMENTS.glob("*/*.md")])


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_document(path: Path, tmp_path: Path) -> None:
    document = documents.read(path)
    report = documents.run(document.files, tmp_path)
    problems = documents.mismatches(document, report)
    problems += documents.fix_mismatches(document, report, tmp_path)
    assert not problems, "\n".join(problems)


def test_every_rule_has_findings_and_silence() -> None:
    from oncelint.check import catalogue

    for name in catalogue():
        found = [documents.read(path) for path in (RULES / name).glob("*.md")]
        speaks = [one for one in found if any(f" {name} | " in line for line in one.findings)]
        silent = [one for one in found if not any(f" {name} | " in line for line in one.findings)]
        assert len(speaks) >= 2, f"{name} needs documents with a finding"
        assert len(silent) >= 2, f"{name} needs documents where it is silent"


def test_silent_documents_show_what_was_seen() -> None:
    for path in DOCUMENTS:
        document = documents.read(path)
        # of a placement's look-alikes nothing at all may be seen
        seen = document.subjects or document.findings or path.parts[-3] == "placements"
        assert seen, f"{path}: silence without a subject"
