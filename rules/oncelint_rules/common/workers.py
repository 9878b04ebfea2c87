"""What the rules about Connect share: what a worker supports and permits, and what a connector is."""

from __future__ import annotations

from collections.abc import Sequence

from oncelint.model import (
    Client,
    Confidence,
    Connector,
    ConnectWorker,
    Project,
    World,
    across,
    weakest,
)
from oncelint_rules.common.connectors import simple, switches, value

SUPPORT = "exactly.once.source.support"
POLICY = "connector.client.config.override.policy"


def is_source(connector: Connector) -> bool | None:
    """Whether a connector writes to Kafka; None when neither its class nor its settings tell."""
    role = connector.facts.get("role")
    if role is not None:
        return role == "source"
    keys = {setting.key for setting in connector.block.settings}
    if keys & {"topics", "topics.regex"}:
        return False
    name = simple(connector.connector_class).lower()
    return True if "source" in name else False if "sink" in name else None


def supports(connector: Connector, world: World) -> bool | None:
    """Whether a source's class takes part in Connect's exactly-once support as it is configured."""
    fact = connector.facts.get("exactly-once", "")
    if connector.facts.get("role") != "source" or not fact:
        return None
    if not fact.startswith("yes"):
        return False if fact == "no" else None
    found = [one.on(world) for one in switches(connector.facts.get("exactly-once-when"))]
    if None in found:
        return None
    return all(found)


def off(worker: ConnectWorker, world: World) -> bool | None:
    """Whether a worker leaves the producers of its sources outside transactions; a version that has
    no such setting does."""
    if worker.distributed is False:
        return True
    state = value(world, SUPPORT)
    if state is None:
        return None
    return state != "enabled"


def permits(world: World, key: str) -> bool | None:
    """Whether a worker lets a connector override a client's setting (the classes of package
    org.apache.kafka.connect.connector.policy, which may be named in full)."""
    found = value(world, POLICY)
    if found is None:
        return None
    policy = simple(found).removesuffix("connectorclientconfigoverridepolicy")
    if policy == "all":
        return True
    if policy in ("none", ""):
        # before 2.3 there was no such setting, and nothing could be overridden
        return False
    if policy == "principal":
        return key in ("sasl.jaas.config", "sasl.mechanism", "security.protocol")
    return None


def named(worker: ConnectWorker, connector: Connector) -> bool:
    """Whether connector and worker are known to belong together: by a name, or as one file."""
    cluster, theirs = connector.details.get("cluster", ""), worker.details.get("cluster", "")
    # a namespace that a resource does not say is another's, where they were joined
    same = bool(cluster) and cluster.rpartition("/")[2] == theirs.rpartition("/")[2]
    return same or worker.span.path == connector.span.path


def sure(worker: ConnectWorker, connector: Connector, confidence: Confidence) -> Confidence:
    """The confidence of what rests on a worker's running a connector."""
    return confidence if named(worker, connector) else weakest(confidence, "medium")


def runs_without(connector: Connector) -> ConnectWorker | None:
    """The first of a connector's workers, where all of them leave exactly-once support off."""
    for worker in connector.workers:
        verdict = across(worker.worlds, lambda world, worker=worker: off(worker, world))  # type: ignore[misc]
        if not verdict or verdict.fails or verdict.unknown:
            return None
    return connector.workers[0] if connector.workers else None


def connectors_of(worker: ConnectWorker, project: Project) -> Sequence[Connector]:
    """The connectors that may run on a worker, those of tests left out."""
    return [
        one
        for one in project.clients
        if isinstance(one, Connector)
        and not one.in_tests
        and any(mine.span == worker.span for mine in one.workers)
    ]


def spelled(client: Client, key: str) -> str:
    """A key as a client's file would write it."""
    home = client.block.homes[0] if client.block.homes else None
    if home is None:
        return key
    if home.style == "environment":
        return home.prefix + key.upper().replace(".", "_")
    return home.prefix + key
