"""The generated documentation says what the rules and their examples say now."""

from __future__ import annotations

import pytest

import docs
from documents import ROOT
from oncelint.check import catalogue


def test_nothing_is_stale() -> None:
    names = [str(path.relative_to(ROOT)) for path in docs.stale()]
    assert not names, f"python tools/docs.py writes {', '.join(sorted(names))}"


@pytest.mark.parametrize("rule", sorted(catalogue()))
def test_a_page_shows_findings_and_silence(rule: str) -> None:
    page = docs.rule_page(catalogue()[rule])
    assert f"[{rule}] " in page.partition("## Examples\n")[2]
    assert "oncelint says nothing." in page


def test_staleness_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docs, "pages", lambda: {docs.README: "something else"})
    stale = docs.stale()
    assert stale[docs.README] == "something else"
    assert {path for path, text in stale.items() if not text} == set(docs.PAGES.glob("*.md"))


def test_the_readme_holds_the_rule_table() -> None:
    text = docs.README.read_text(encoding="utf-8")
    assert all(f"(docs/rules/{rule}.md)" in text for rule in catalogue())
