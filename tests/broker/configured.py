"""The failures of configuration: projects with a flaw in their files, and what becomes of records.

A document `fixtures/failures/<rule>.md` has the files of a project in fences: `both=FILE` stands in
either form of it, `flawed=FILE` and `corrected=FILE` in one. Its `outcome` fence says how it is
played and what is found in the end:

    play | sink                    the function of a module `…_plays.py`
    name | refunds                 the word that all names of it have: each form has one of its own
    by | fix                       the corrected files are what oncelint's own fixes make of the flawed
    records | 0 1 last             what is in the topic, where nothing of the project writes it
    says | None policy             what the flawed form is heard to say
    flawed | 0 last                what is found of either form
    corrected | 0 1 last

Several rules may be shown by one document: `rules | a b` names them, else it is its own name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "fixtures" / "failures"
_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<body>.*?)^```$", re.M | re.S)
FLAWS = ("flawed", "corrected")


@dataclass(frozen=True, slots=True)
class Configured:
    """One form of the project of one document, and what it comes to."""

    document: str
    flaw: str
    rules: tuple[str, ...]
    play: str
    name: str
    files: Mapping[str, str]
    expected: tuple[str, ...]
    says: str = ""
    told: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"{self.document}/{self.flaw}"

    @property
    def word(self) -> str:
        """What its names have in the place of the document's word."""
        return f"{self.name}-{self.flaw}"

    @property
    def records(self) -> list[str]:
        return self.told.get("records", "").split()


def read(path: Path) -> tuple[Configured, Configured]:
    """The flawed form of a document and the corrected one.

    Raises:
        KeyError: for a document without an outcome that says how it is played.
    """
    files: dict[str, dict[str, str]] = {flaw: {} for flaw in FLAWS}
    told: dict[str, str] = {}
    for fence in _FENCE.finditer(path.read_text(encoding="utf-8")):
        kind, _, named = fence["info"].split()[-1].partition("=")
        for flaw in FLAWS:
            if kind in (flaw, "both"):
                files[flaw][named] = fence["body"]
        if kind == "outcome":
            lines = (line.partition("|") for line in fence["body"].splitlines())
            told = {key.strip(): value.strip() for key, _, value in lines}
    rules = tuple(told.get("rules", path.stem).split())
    flawed, corrected = (
        Configured(
            path.stem,
            flaw,
            rules,
            told["play"],
            told["name"],
            files[flaw],
            tuple(told[flaw].split()),
            told.get("says", "") if flaw == "flawed" else "",
            told,
        )
        for flaw in FLAWS
    )
    return flawed, corrected


def configured(*plays: str) -> dict[str, Configured]:
    """Both forms of every document that is played by one of these names, or of all, by id."""
    found = (one for path in sorted(FOLDER.glob("*.md")) for one in read(path))
    return {one.id: one for one in found if not plays or one.play in plays}
