"""What could not be known: the countable other side of silence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from oncelint.effective import MATTER
from oncelint.flow.blocks import span_of
from oncelint.flow.trace import Trace
from oncelint.model.project import Client, Unresolved
from oncelint.model.values import Unknown


def unresolved(clients: Sequence[Client], trace: Trace) -> tuple[Unresolved, ...]:
    """One entry for each setting that matters and is unknown, or one for a whole open block."""
    found = [item for client in clients for item in _of_client(client)]
    found.extend(
        Unresolved(span_of(at), "what this code does", reason) for at, reason in trace.abandoned
    )
    return tuple(dict.fromkeys(found))


def _of_client(client: Client) -> Iterator[Unresolved]:
    what = f"configuration of this {client.role}"
    if client.block.open_reason is not None:
        yield Unresolved(client.span, what, client.block.open_reason)
        return
    for setting in client.block.settings:
        matters = any(
            world.settings.get(name) is not None and world.settings[name].spelled == setting.key
            for world in client.worlds
            for name in MATTER.get(client.role, ())
        )
        if not matters:
            continue
        for alternative in setting.alternatives:
            if isinstance(alternative.value, Unknown):
                yield Unresolved(setting.key_span, setting.key, alternative.value.reason)
                break
