"""How a rule is declared, and how it judges across worlds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from oncelint.model.finding import Audience, Confidence, Hit, Severity
from oncelint.model.project import Project, World

if TYPE_CHECKING:
    from oncelint.model.facts import Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: which subject it judges, and how.

    `check` gets one subject and the whole project (for the other end of a pair) and yields hits.
    `supersedes` names rules that stay silent at a cause this one speaks about; a rule about what
    keeps a client from starting names those that follow from running it. `fix` is the best safety
    its goals have. The rule's page is its module's docstring.
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

    def where(self, *notes: str, versions: bool = True) -> str:
        """The worlds in words, led by a blank; empty when the condition holds in all of them.

        `notes` stand in front in the same brackets. Without `versions` (the sentence has them
        already) only the branches are told.
        """
        parts = [*notes]
        if versions:
            held = _versions(self.worlds)
            if held != _versions(self.worlds + self.fails + self.unknown):
                parts.append("with " + " or ".join(f"{name} {text}" for name, text in held.items()))
        branch = self.when()
        if branch:
            parts.append(branch)
        return " (" + ", ".join(parts) + ")" if parts else ""

    def when(self) -> str:
        """The branches that tell these worlds from the others: `when environment variable ACKS is
        unset`; empty when none does."""
        rest = self.fails + self.unknown
        others = {c for world in rest for c in world.conditions}
        telling = {c for w in self.worlds for c in w.conditions if c not in others}
        if not rest or not telling:
            return ""
        # what an `or` chooses by is said already by the variable on its left side
        named = {c for c in telling if not c.choice.startswith(_OF_OR)} or telling
        always = {c for c in named if all(c in world.conditions for world in self.worlds)}
        joint = " and " if always else " or "
        return "when " + joint.join(_told(c) for c in sorted(always or named)[:3])


_OF_OR = "the left side of or "
_STATES = frozenset(("empty", "true", "false", "used"))


def _told(condition: Condition) -> str:
    """A branch as a clause: `environment variable ACKS is unset`."""
    verb = "is " if condition.branch in _STATES else ""
    return f"{condition.choice} {verb}{condition.branch}"


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
