"""docs/sinks.md claims nothing that no case shows, and leaves out no library that is looked at."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from tests.sinks.sink_cases import CASES

import documents
from oncelint.frameworks.python import calls, databases, stores

_PAGE = documents.ROOT / "docs" / "sinks.md"
_RULES = documents.ROOT / "fixtures" / "rules"
_COLUMNS = ("recognised", "statement followed", "conflict seen", "async")
_NONE = "—"


@dataclass(frozen=True)
class Row:
    library: str
    cells: tuple[str, ...]


def _rows() -> Iterator[Row]:
    table = _PAGE.read_text().split("|---|---|---|---|---|\n")[1].split("\n\n")[0]
    for line in table.splitlines():
        library, *cells = (one.strip() for one in line.strip("|").split("|"))
        assert len(cells) == len(_COLUMNS), line
        yield Row(library, tuple(cells))


ROWS = tuple(_rows())
CELLS = [
    pytest.param(column, cell.strip("`"), id=f"{row.library}-{column}")
    for row in ROWS
    for column, cell in zip(_COLUMNS, row.cells, strict=True)
    if cell != _NONE
]


def test_every_cell_is_empty_or_names_a_case() -> None:
    odd = [
        cell for row in ROWS for cell in row.cells if cell != _NONE and not re.match("`.+`$", cell)
    ]
    assert odd == []


@pytest.mark.parametrize(("column", "name"), CELLS)
def test_the_case_of_a_cell_shows_what_it_claims(column: str, name: str) -> None:
    if "/" in name:
        document = documents.read(_RULES / f"{name}.md")
        assert any(one.startswith("sink ") for one in document.subjects)
        if column == "conflict seen":
            assert [one for one in document.findings if f" {document.rule} |" in one] == []
        if column == "async":
            assert any("await " in body for body in document.files.values())
        return
    case = CASES[name]
    assert case.expected
    if column == "conflict seen":
        assert any(re.search(r":(?:yes|\?)|guard=", one) for one in case.expected)
    if column == "async":
        assert case.is_async


def test_every_library_that_is_looked_at_has_its_row() -> None:
    looked_at = {
        *databases.DRIVERS,
        *(one.name for one in stores.STORES),
        *(f"boto3 {name}" for name in (*stores.AWS_STORES, *calls.AWS_CALLS)),
        *calls.HTTP_PACKAGES,
        *(one.name for one in calls.SERVICES),
    }
    listed = [row.library for row in ROWS]
    assert len(listed) == len(set(listed))
    assert sorted(looked_at - set(listed)) == []
    # mappers and files are told apart elsewhere
    assert sorted(set(listed) - looked_at) == ["open()", "peewee", "tortoise"]
