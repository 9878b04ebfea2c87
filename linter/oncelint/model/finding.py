"""Findings: what a rule says, and what becomes of it in the report."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from oncelint.model.report import Report, Unanalysed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from oncelint.model.fixes import Fix
    from oncelint.model.project import Client
    from oncelint.model.values import Origin, Scalar, Span

__all__ = [
    "CONFIDENCES",
    "SEVERITIES",
    "Audience",
    "Confidence",
    "Finding",
    "Goal",
    "Hit",
    "Related",
    "Report",
    "Safety",
    "Severity",
    "Suppressed",
    "Unanalysed",
    "surest",
    "weakest",
]

Severity: TypeAlias = Literal["error", "warning", "note"]
Confidence: TypeAlias = Literal["high", "medium", "low"]
Audience: TypeAlias = Literal["regular", "pedantic"]
Safety: TypeAlias = Literal["safe", "unsafe", "display"]

SEVERITIES: tuple[Severity, ...] = ("note", "warning", "error")
CONFIDENCES: tuple[Confidence, ...] = ("low", "medium", "high")


def weakest(*some: Confidence) -> Confidence:
    """The confidence of what rests on all of some steps: that of the least sure of them."""
    return min(some, key=CONFIDENCES.index)


def surest(*some: Confidence) -> Confidence:
    """The confidence of what any of some ways is enough for: that of the surest of them."""
    return max(some, key=CONFIDENCES.index)


@dataclass(frozen=True, slots=True)
class Related:
    """Another place that belongs to a finding, with what the reader finds there."""

    span: Span
    label: str


@dataclass(frozen=True, slots=True)
class Goal:
    """What must hold for the finding to be gone.

    `settings` are effective values by canonical name; None for a setting that nobody must set.
    `renames` gives written keys, by their place, another name, and the keys at `removals` go. With
    `starts` the client has to start, whatever that takes. `client` is whose settings these are,
    where that is not the rule's subject itself, and `others` are clients that get the same settings
    with it. `repeatable` is a statement that must tolerate its
    own repetition; `comment` gives rule ids of a suppression comment other names, or None for those
    that go. One is added to the offset at `next_offset`. `title` says the goal to the user where
    nothing can be planned; `safety` is the best that a fix for it can be, and `reason` why that is
    not `safe`.
    """

    title: str
    settings: Mapping[str, Scalar] = field(default_factory=dict)
    safety: Safety = "display"
    reason: str = ""
    renames: tuple[tuple[Span, str], ...] = ()
    removals: tuple[Span, ...] = ()
    starts: bool = False
    client: Client | None = None
    others: tuple[Client, ...] = ()
    repeatable: bool = False
    next_offset: Span | None = None
    comment: tuple[tuple[str, str | None], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """What a rule's check yields: one judgement on its subject.

    `causes` are the spans that define the cause (defaults to the primary span), by which a
    superseding rule silences others; `silent` when another hit of the rule speaks of it already.
    `severity` overrides the rule's own. `subject_key` names the
    subject within its file for the fingerprint, without line numbers.
    """

    span: Span
    message: str
    confidence: Confidence = "high"
    severity: Severity | None = None
    setting: str | None = None
    related: tuple[Related, ...] = ()
    provenance: tuple[Origin, ...] = ()
    goal: Goal | None = None
    causes: tuple[Span, ...] = ()
    subject_key: str = ""
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Suppressed:
    """By what a finding was silenced, and the reason given there."""

    by: Literal["comment", "baseline", "settings"]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A finding as reported; `fingerprint` is stable under edits that move lines.

    `subject` is what the rule judged, and `alike` are other subjects of which it says the same at
    the same place; `fixes` are planned only when somebody asks for them.
    """

    rule: str
    group: str
    severity: Severity
    confidence: Confidence
    audience: Audience
    message: str
    span: Span
    related: tuple[Related, ...]
    setting: str | None
    provenance: tuple[Origin, ...]
    goal: Goal | None
    fingerprint: str
    causes: tuple[Span, ...] = ()
    suppressed: Suppressed | None = None
    silent: bool = False
    subject: object = field(default=None, repr=False, compare=False)
    alike: tuple[object, ...] = field(default=(), repr=False, compare=False)
    fixes: tuple[Fix, ...] = ()
