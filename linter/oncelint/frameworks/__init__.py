"""Placement: which part of which file is whose configuration.

Each recogniser is a module here with `NEEDLES` (byte literals by file kind, one of which every
file it can fire on must contain) and, for configuration files, `recognise(document, text, path)`.
"""

from __future__ import annotations

from oncelint.frameworks import connect, plain, python_clients

RECOGNISERS = (connect, plain)


def _gathered() -> dict[str, tuple[bytes, ...]]:
    gathered: dict[str, set[bytes]] = {"python": set(python_clients.NEEDLES)}
    for module in RECOGNISERS:
        for kind, needles in module.NEEDLES.items():
            gathered.setdefault(kind, set()).update(needles)
    return {kind: _minimal(needles) for kind, needles in gathered.items()}


def _minimal(needles: set[bytes]) -> tuple[bytes, ...]:
    """Without those that contain another one: they can only be found where it is."""
    return tuple(
        sorted(n for n in needles if not any(other != n and other in n for other in needles))
    )


NEEDLES: dict[str, tuple[bytes, ...]] = _gathered()
