"""From the facts of manifests to the workloads of the project."""

from __future__ import annotations

from collections.abc import Iterable

from oncelint.link.clients import Surroundings
from oncelint.model.facts import ConfigFact
from oncelint.model.project import Workload

ROLE = "workload"
"""The role of a fact that is no client's configuration: it tells of the processes that run."""


def workloads(facts: Iterable[ConfigFact], around: Surroundings) -> tuple[Workload, ...]:
    """One workload for each fact; its block holds the variables of its containers."""
    return tuple(
        Workload(
            kind=fact.details.get("kind", ""),
            name=fact.name,
            span=fact.span,
            replicas=fact.instances,
            image=fact.details.get("image", ""),
            unit=around.unit(fact.span.path),
            environment={
                one.key: one.value for one in fact.block.settings if one.value is not None
            },
        )
        for fact in facts
    )
