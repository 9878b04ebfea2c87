"""Configurations in ConfigMaps: how many processes run with them.

The last that is done with manifests: what frameworks make of a ConfigMap's files is known by then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from oncelint.frameworks.kubernetes.environments import map_of
from oncelint.frameworks.kubernetes.workloads import CONFIG_MAP, ROLE
from oncelint.model.facts import ConfigFact


def assemble(facts: Sequence[ConfigFact], read: Callable[[str], bytes | None]) -> list[ConfigFact]:
    """Facts with the replicas of the workloads that mount the ConfigMaps they stand in."""
    maps = [fact for fact in facts if fact.role == CONFIG_MAP]
    if not maps:
        return list(facts)
    workloads = [fact for fact in facts if fact.role == ROLE]
    here: dict[str, list[ConfigFact]] = {}
    for one in maps:
        here.setdefault(one.span.path, []).append(one)
    return [
        fact if fact.role == ROLE else _counted(fact, here.get(fact.span.path, ()), maps, workloads)
        for fact in facts
        if fact.role != CONFIG_MAP
    ]


def _counted(
    fact: ConfigFact,
    here: Sequence[ConfigFact],
    maps: Sequence[ConfigFact],
    workloads: Sequence[ConfigFact],
) -> ConfigFact:
    """A configuration in a ConfigMap with how many processes mount it; one in no ConfigMap of its
    file (`here`), or that no workload of the project mounts, as it is."""
    holder = next((one for one in here if one.span.covers(fact.span)), None)
    if holder is None:
        return fact
    users = [
        one
        for one in workloads
        if holder.name in one.details.get("maps", "").split()
        and map_of(holder.name, one, maps) is holder
    ]
    names = dict.fromkeys(one.details["resource"] for one in users)
    if not names:
        return fact
    by_name = {one.details["resource"]: one.instances for one in users}
    counts = [count for count in by_name.values() if count is not None]
    total = sum(counts) if len(counts) == len(by_name) else None
    kinds = dict.fromkeys(one.details["kind"] for one in users)
    return replace(
        fact,
        instances=total,
        details={
            **fact.details,
            "workload": ", ".join(name.replace(" /", " ") for name in names),
            "workload-kind": ",".join(kinds),
        },
    )
