"""What a framework adds to the configuration of the clients it makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from oncelint.model.values import Scalar
from oncelint.model.versions import at_least


@dataclass(frozen=True, slots=True)
class Layer:
    """What a framework sets for the clients it makes, beneath the user's settings or above them.

    `settings` gives each canonical name its change points: from a version on the framework sets
    this value, or (None) leaves the setting to the client. A locked layer overrides the user.
    """

    origin: str
    locked: bool
    settings: Mapping[str, tuple[tuple[str, Scalar], ...]]

    def at(self, name: str, version: str) -> Scalar:
        """What the framework sets a name to at a version; None when it does not."""
        found: Scalar = None
        for since, value in self.settings.get(name, ()):
            if at_least(version, since):
                found = value
        return found

    def breakpoints(self) -> tuple[str, ...]:
        return tuple(since for points in self.settings.values() for since, _ in points)
