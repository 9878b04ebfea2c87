"""Producers that only a configuration tells of, as lifecycles: how many of them live at once is
told by their instances."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from oncelint.model.pipelines import Lifecycle
from oncelint.model.project import Client, Producer


def configured(clients: Iterable[Client]) -> Iterator[Lifecycle]:
    """A lifecycle for each configured producer with a transactional id. What is sent with it is
    not seen."""
    for client in clients:
        if isinstance(client, Producer) and any(
            one.key == "transactional.id" for one in client.block.settings
        ):
            yield Lifecycle(producer=client, escapes=True)
