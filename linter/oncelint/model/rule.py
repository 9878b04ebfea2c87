"""How a rule is declared, and how it judges across worlds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from oncelint.model.finding import Audience, Confidence, Hit, Severity
from oncelint.model.project import Project, World


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: which subject it judges, and how.

    `check` gets one subject and the whole project (for the other end of a pair) and yields hits.
    `supersedes` names rules that stay silent at a cause this one speaks about. `runs_client` is
    False for rules about configurations the client does not even start with; a finding of such a
    rule silences those that follow from running it. The rule's page is its module's docstring.
    """

    id: str
    group: str
    subject: type
    severity: Severity
    check: Callable[[Any, Project], Iterator[Hit]]
    summary: str
    audience: Audience = "regular"
    stable: bool = True
    supersedes: tuple[str, ...] = ()
    fix: str = "none"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Where a condition holds: in `worlds`, fails in `fails`, and is unknown in `unknown`."""

    worlds: tuple[World, ...]
    fails: tuple[World, ...]
    unknown: tuple[World, ...]

    def __bool__(self) -> bool:
        return bool(self.worlds)

    @property
    def confidence(self) -> Confidence:
        """High when the condition holds in every world, low when only in some."""
        return "low" if self.fails or self.unknown else "high"

    @property
    def world(self) -> World:
        """A world to speak about: the newest in which the condition holds."""
        return self.worlds[-1]

    def where(self) -> str:
        """The worlds in words, led by a blank; empty when the condition holds in all of them."""
        if not self.fails and not self.unknown:
            return ""
        parts: list[str] = []
        held, possible = _versions(self.worlds), _versions(self.worlds + self.fails + self.unknown)
        if held != possible:
            parts.append("with " + " or ".join(f"{name} {text}" for name, text in held.items()))
        conditions = sorted({f"{c.choice} {c.branch}" for w in self.worlds for c in w.conditions})
        others = {f"{c.choice} {c.branch}" for w in self.fails + self.unknown for c in w.conditions}
        telling = [condition for condition in conditions if condition not in others]
        if telling:
            parts.append("when " + " and ".join(telling[:3]))
        return " (" + ", ".join(parts) + ")" if parts else ""


def _versions(worlds: Iterable[World]) -> dict[str, str]:
    """The versions of each client library among some worlds, as text."""
    from oncelint.model.versions import span_text

    versions: dict[str, list[str]] = {}
    for world in worlds:
        versions.setdefault(world.client, []).extend(world.versions)
    return {client: span_text(each) for client, each in versions.items()}


def across(worlds: Iterable[World], holds: Callable[[World], bool | None]) -> Verdict:
    """Judge a condition in every world; `holds` returns None where it cannot be known."""
    sorted_out: dict[bool | None, list[World]] = {True: [], False: [], None: []}
    for world in worlds:
        sorted_out[holds(world)].append(world)
    return Verdict(tuple(sorted_out[True]), tuple(sorted_out[False]), tuple(sorted_out[None]))
