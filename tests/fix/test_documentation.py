"""The tables of docs/fixes.md name the reasons that oncelint gives."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_ROW = re.compile(r"\| .+ \| (?:display|unsafe) \| `(.+)` \|")
ROWS = [
    found[1]
    for line in (ROOT / "docs" / "fixes.md").read_text(encoding="utf-8").splitlines()
    if (found := _ROW.fullmatch(line))
]


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """Every text of the engine and the rules, those of f-strings piece by piece."""
    return [
        node.value
        for folder in ("linter", "rules")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


def test_there_are_rows() -> None:
    assert len(ROWS) > 80


@pytest.mark.parametrize("reason", ROWS)
def test_the_reason_is_given(reason: str, texts: list[str]) -> None:
    for part in filter(None, (piece.strip() for piece in reason.split("…"))):
        assert any(part in text for text in texts), f"no reason says {part!r}"
