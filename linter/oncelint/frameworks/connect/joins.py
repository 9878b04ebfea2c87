"""Which connector runs on which worker, and what the clients of a connector come to there.

A connector belongs to the workers of the cluster that it names. One that names none belongs to the
nearest workers of the project: of its own file, of its folder, of a folder below, of one above.
Its clients are layered (KIP-458): what Connect sets, what the worker sets for all connectors
(`producer.`), what the connector overrides (`producer.override.`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from oncelint.frameworks.blocks import layered
from oncelint.frameworks.connect.layers import client_layers
from oncelint.frameworks.connect.worker import behind, place, supports_exactly_once
from oncelint.model.facts import Block, ConfigFact
from oncelint.model.layers import Layer
from oncelint.model.values import Known

SEPARATOR = "\n"
"""Between the places of `details["workers"]`."""

_ELSEWHERE = "the worker that runs this connector is not part of the project"
_SEVERAL = "the connector may run on workers that differ"
_NONE = "noneconnectorclientconfigoverridepolicy"
_SINK_KEYS = frozenset({"topics", "topics.regex"})


def assemble(facts: Sequence[ConfigFact], read: Callable[[str], bytes | None]) -> list[ConfigFact]:
    """The facts with each connector's workers among its details, and with the producers of sources
    and the consumers of sinks that override something. A worker's producers are told by a detail
    when nothing but sinks that keep no failed records is seen to run there."""
    workers = [one for one in facts if one.role == "connect-worker" and not _mirrors(one)]
    joined: list[ConfigFact] = []
    produces: dict[str, bool] = {}
    for fact in facts:
        if fact.role != "connector" or _mirrors(fact):
            joined.append(fact)
            continue
        mine = workers_of(fact, workers)
        places = SEPARATOR.join(place(one.span) for one in mine)
        for one in mine:
            worker = place(one.span)
            produces[worker] = produces.get(worker, False) or _produces(fact)
        if places:
            fact = replace(fact, details={**fact.details, "workers": places})
        joined.append(fact)
        joined.extend(_clients(fact, mine, facts))
    return [_idle(one, produces) for one in joined]


def _produces(connector: ConfigFact) -> bool:
    return not is_sink(connector) or any(
        one.key.startswith("errors.deadletterqueue.") for one in connector.block.settings
    )


def _idle(fact: ConfigFact, produces: Mapping[str, bool]) -> ConfigFact:
    if fact.role == "producer" and produces.get(fact.details.get("worker", "")) is False:
        return replace(fact, details={**fact.details, "connectors": "sinks"})
    return fact


def _mirrors(fact: ConfigFact) -> bool:
    """MirrorMaker makes its workers and connectors itself, each for the other."""
    return "mirror" in fact.placement.lower()


def workers_of(connector: ConfigFact, workers: Sequence[ConfigFact]) -> tuple[ConfigFact, ...]:
    """The workers that a connector can run on; none where the project does not tell."""
    if "managed" in connector.details:
        return ()
    cluster = connector.details.get("cluster")
    if cluster:
        exact = tuple(one for one in workers if one.details.get("cluster") == cluster)
        return exact or _of_any_namespace(cluster, workers)
    # a cluster whose operator makes its connectors takes none that is registered otherwise
    others = [one for one in workers if one.details.get("connectors") != "resources"]
    host = connector.details.get("host")
    sent = tuple(one for one in others if host and one.details.get("service") == host)
    found = sent or _with_the_plugin(connector, _nearest(connector.span.path, others))
    if connector.details.get("form") == "properties":
        # a properties file is what a standalone worker is given on its command line
        alone = tuple(one for one in found if one.details.get("mode") == "standalone")
        return alone or found
    return found


def _of_any_namespace(cluster: str, workers: Sequence[ConfigFact]) -> tuple[ConfigFact, ...]:
    """The workers of a cluster `namespace/name` where one of the two leaves its namespace to the
    command that applies it, and one cluster alone has the name."""
    space, slash, name = cluster.rpartition("/")
    if not slash:
        return ()
    found: dict[str, list[ConfigFact]] = {}
    for one in workers:
        theirs, _, called = one.details.get("cluster", "").rpartition("/")
        if called == name and not (space and theirs):
            found.setdefault(theirs, []).append(one)
    return tuple(next(iter(found.values()))) if len(found) == 1 else ()


def _with_the_plugin(
    connector: ConfigFact, workers: tuple[ConfigFact, ...]
) -> tuple[ConfigFact, ...]:
    """Those of several workers whose image brings the connector: Debezium's come with Debezium's."""
    if not connector.name.startswith("io.debezium."):
        return workers
    having = tuple(one for one in workers if "debezium/" in one.details.get("image", ""))
    return having or workers


def _nearest(path: str, workers: Sequence[ConfigFact]) -> tuple[ConfigFact, ...]:
    beside = tuple(one for one in workers if one.span.path == path)
    if beside:
        return beside
    folder = path.split("/")[:-1]
    for depth in range(len(folder), -1, -1):
        above = folder[:depth]
        below = [(_folder(one), one) for one in workers if _folder(one)[:depth] == above]
        if not below:
            continue
        nearest = min(len(where) for where, _ in below)
        found = [(where, one) for where, one in below if len(where) == nearest]
        # further away than the connector's own folder, workers of different folders are as good
        # as unknown
        if depth < len(folder) and len({tuple(where) for where, _ in found}) > 1:
            return ()
        return tuple(one for _, one in found)
    return ()


def _folder(fact: ConfigFact) -> list[str]:
    return fact.span.path.split("/")[:-1]


def _clients(
    connector: ConfigFact, workers: Sequence[ConfigFact], facts: Sequence[ConfigFact]
) -> Iterator[ConfigFact]:
    """The client that a connector overrides settings of, with what it comes to."""
    role = "consumer" if is_sink(connector) else "producer"
    override = behind(connector.block, f"{role}.override.")
    if not override.settings or (workers and all(forbids(one) for one in workers)):
        return
    base, layers = _base(role, workers, facts)
    block = layered(base, override)
    versions = workers[0].versions if len({one.versions for one in workers}) == 1 else ()
    yield ConfigFact(
        f"connect connector {role}",
        ("java",),
        role,
        block,
        override.settings[0].key_span,
        name=connector.details.get("connector", ""),
        versions=versions,
        layers=layers,
        instances=None,
        details={"framework": "connect", "connector": place(connector.span)},
    )


def is_sink(connector: ConfigFact) -> bool:
    """Whether a connector reads topics: a sink is told which (SinkConnectorConfig)."""
    keys = {one.key for one in connector.block.settings}
    if keys & _SINK_KEYS:
        return True
    return "sink" in connector.name.rpartition(".")[2].lower()


def _base(
    role: str, workers: Sequence[ConfigFact], facts: Sequence[ConfigFact]
) -> tuple[Block, tuple[Layer, ...]]:
    """What the workers give to a connector's client, where they agree."""
    if not workers:
        return Block((), _ELSEWHERE), client_layers(role)
    blocks = [_worker_client(role, one, facts) for one in workers]
    if len({_worth(block) for block in blocks}) > 1:
        return Block((), _SEVERAL), client_layers(role)
    support = {supports(one) for one in workers} if role == "producer" else {False}
    if len(support) > 1 or None in support:
        unseen = blocks[0].open_reason or _SEVERAL
        return replace(blocks[0], open_reason=unseen), client_layers(role)
    return blocks[0], client_layers(role, exactly_once=support == {True})


def supports(worker: ConfigFact) -> bool | None:
    """Whether a worker supports exactly-once sources; None when that is not known."""
    if worker.details.get("mode") == "standalone":
        return False
    return supports_exactly_once(worker.block)


def _worker_client(role: str, worker: ConfigFact, facts: Sequence[ConfigFact]) -> Block:
    """What a worker sets for its clients of a role."""
    for fact in facts:
        if fact.role == role and fact.details.get("worker") == place(worker.span):
            return fact.block
    return behind(worker.block, role + ".")


def _worth(block: Block) -> object:
    return (
        block.open_reason,
        tuple((one.key, tuple(a.value for a in one.alternatives)) for one in block.settings),
    )


def forbids(worker: ConfigFact) -> bool:
    """Whether a worker certainly refuses every override."""
    for setting in worker.block.settings:
        if setting.key == "connector.client.config.override.policy":
            value = setting.value
            named = str(value.value).strip().rpartition(".")[2] if isinstance(value, Known) else ""
            return named.lower() in ("none", _NONE)
    return False
