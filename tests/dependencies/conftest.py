"""Reading a document as the file its path says, with every span sliced back to its text."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from oncelint.dependencies import read, reader_for
from oncelint.model.facts import Requirement
from oncelint.text import SourceText

Row = tuple[str, str, str, str]
Reader = Callable[[str, str], list[Row]]


@pytest.fixture
def rows() -> Reader:
    """`(distribution, specifier, the text of the span, line:column)` of each requirement."""

    def read_rows(path: str, source: str) -> list[Row]:
        text = SourceText(path, source)
        return [
            (
                item.distribution,
                item.specifier,
                text.slice(item.span),
                f"{item.span.start.line}:{item.span.start.column}",
            )
            for item in _requirements(text)
        ]

    return read_rows


@pytest.fixture
def facts() -> Callable[[dict[str, str]], dict[str, tuple[Requirement, ...]]]:
    """The requirements of every file of a project given as `{path: text}`."""

    def read_facts(files: dict[str, str]) -> dict[str, tuple[Requirement, ...]]:
        return {path: _requirements(SourceText(path, source)) for path, source in files.items()}

    return read_facts


def _requirements(text: SourceText) -> tuple[Requirement, ...]:
    kind = reader_for(text.path)
    assert kind is not None, text.path
    return read(kind, text)
