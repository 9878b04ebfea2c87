"""Which resources belong to one cluster: by the label that names it, told apart by place where
several are called alike."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import replace

from oncelint.model.facts import ConfigFact

_CLUSTER = "cluster"


def clustered(facts: Sequence[ConfigFact]) -> list[ConfigFact]:
    """Facts with the names of their clusters made unique, and with brokers counted once: those of
    node pools where there are pools, else those of the Kafka resource."""
    owners: dict[tuple[str, str], list[ConfigFact]] = {}
    for fact in facts:
        if _owns(fact):
            owners.setdefault((_family(fact), fact.details[_CLUSTER]), []).append(fact)
    named = [_told_apart(fact, owners) for fact in facts]
    pools: dict[str, list[ConfigFact]] = {}
    for fact in named:
        if "pool" in fact.details and _CLUSTER in fact.details:
            pools.setdefault(fact.details[_CLUSTER], []).append(fact)
    return [_counted(fact, pools) for fact in named]


def _owns(fact: ConfigFact) -> bool:
    """Whether a fact is the resource that gives a cluster its name."""
    if _CLUSTER not in fact.details or "operator" not in fact.details:
        return False
    return fact.role == "connect-worker" or (fact.role == "broker" and "pool" not in fact.details)


def _family(fact: ConfigFact) -> str:
    """Kafka clusters and Connect clusters have names of their own."""
    return "kafka" if fact.role in ("broker", "topic") else "connect"


def _told_apart(
    fact: ConfigFact, owners: Mapping[tuple[str, str], Sequence[ConfigFact]]
) -> ConfigFact:
    name = fact.details.get(_CLUSTER)
    if name is None or "operator" not in fact.details:
        return fact
    named = owners.get((_family(fact), name), ())
    if len(named) < 2:
        return fact
    owner = fact if _owns(fact) else _nearest(fact, named)
    if owner is None:
        return fact
    return replace(fact, details={**fact.details, _CLUSTER: f"{name} in {owner.span.path}"})


def _nearest(fact: ConfigFact, owners: Sequence[ConfigFact]) -> ConfigFact | None:
    """The owner in the same file, else the one of the folder; None where that is not one."""
    path = fact.span.path
    for near in (
        [one for one in owners if one.span.path == path],
        [one for one in owners if posixpath.dirname(one.span.path) == posixpath.dirname(path)],
    ):
        if near:
            return near[0] if len(near) == 1 else None
    return None


def _counted(fact: ConfigFact, pools: Mapping[str, Sequence[ConfigFact]]) -> ConfigFact:
    if not _owns(fact) or fact.role != "broker" or fact.details["operator"] != "strimzi":
        return fact
    own = pools.get(fact.details[_CLUSTER], ())
    if not own:
        return fact
    brokers = [one for one in own if "broker" in (one.details.get("roles") or "broker")]
    if "pools" not in fact.details and fact.instances != sum(p.instances or 0 for p in brokers):
        # before 0.46 the annotation decided whether pools count, since then they always do
        return replace(fact, instances=None)
    return replace(fact, instances=0)
