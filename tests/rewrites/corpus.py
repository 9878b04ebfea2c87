"""The documents that are rewritten: those of the rules and of the placements, but for few."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.rewrites.telling import Files

import documents

RULES = documents.ROOT / "fixtures" / "rules"
PLACEMENTS = documents.ROOT / "fixtures" / "placements"


def settings_of_its_own(files: Files) -> bool:
    """Documents with settings for oncelint are run with a folder, not laid over one."""
    return any("oncelint" in text for path, text in files.items() if path.endswith(".toml"))


def corpus(folder: Path = RULES) -> Iterator[tuple[str, str, Files]]:
    """(rule or placement, case, files) of each document, in order of their names.

    One that cannot be read is left to tests/test_rule_documents.py, which says so once.
    """
    for path in sorted(folder.glob("*/*.md")):
        try:
            files = documents.read(path).files
        except ValueError:
            continue
        if not settings_of_its_own(files):
            yield path.parent.name, path.stem, files
