"""docs/confidence.md says what is assumed for which confidence; the rules' documents hold it to that."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "confidence.md").read_text(encoding="utf-8")
FIXTURES = ROOT / "fixtures" / "rules"
# Those that speak of written keys share one row of the page.
CONFIGURATION = {
    path.stem.replace("_", "-")
    for path in (ROOT / "rules" / "oncelint_rules" / "config").glob("*.py")
}
# Their step is the world alone, which is the row that every rule shares.
WORLDS = {"acks-not-all", "client-with-known-defect", "idempotence-silently-disabled"}
_FOUND = re.compile(
    r"^\S+:\d+:\S+ (?:error|warning|note) (high|medium|low) ([a-z0-9-]+)", re.MULTILINE
)


def _rows() -> Iterator[tuple[set[str], str, list[str]]]:
    """The rules of a row, its confidence and the documents it names."""
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 4 and cells[2] in ("high", "medium", "low"):
            yield set(cells[0].split(", ")), cells[2], re.findall(r"`([a-z0-9/-]+)`", cells[3])


INSTANCES = [(name, rules, confidence) for rules, confidence, names in _rows() for name in names]


def _found(path: Path) -> set[tuple[str, str]]:
    return {(rule, sure) for sure, rule in _FOUND.findall(path.read_text(encoding="utf-8"))}


def _name(one: str | set[str]) -> str:
    """The same in every process: the order of a set is not."""
    return one if isinstance(one, str) else "+".join(sorted(one))


@pytest.mark.parametrize(("name", "rules", "confidence"), INSTANCES, ids=_name)
def test_an_instance_has_the_confidence_it_stands_for(
    name: str, rules: set[str], confidence: str
) -> None:
    assert {(rule, confidence) for rule in rules} & _found(FIXTURES / f"{name}.md")


def test_what_is_less_than_sure_is_explained() -> None:
    told = {(rule, confidence) for rules, confidence, _ in _rows() for rule in rules}
    found = {one for path in FIXTURES.glob("*/*.md") for one in _found(path)}
    unsure = {(rule, confidence) for rule, confidence in found if confidence != "high"}
    silent = {
        (rule, confidence)
        for rule, confidence in unsure - told
        if rule not in CONFIGURATION and (rule, confidence) not in {(one, "low") for one in WORLDS}
    }
    assert not silent
