"""Fixes: what would be written where, and how far it can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oncelint.model.finding import Safety
    from oncelint.model.values import Span


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """The text of `span` becomes `replacement`; an empty span inserts."""

    span: Span
    replacement: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """One change that is written as a whole or not at all.

    `title` lists every setting that changes effectively. `safe` fixes are what `--fix` writes,
    `unsafe` ones want `--unsafe-fixes`; a `display` fix has no edits. `reason` says why it is not
    safe, or why it cannot be written; None for a safe one. `users` are the places of the clients
    that it changes beside the finding's own.
    """

    title: str
    safety: Safety
    edits: tuple[Edit, ...] = ()
    reason: str | None = None
    users: tuple[Span, ...] = ()
