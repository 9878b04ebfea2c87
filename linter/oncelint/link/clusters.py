"""Which brokers stand together, how many they are, and whose topics are created on them.

Nothing is said about replication before the brokers are counted: over the services of a compose
file, the node pools of a custom resource, the `server-1.properties` beside `server-2.properties`.
Where something that may be a broker is not seen, the size is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from oncelint.frameworks.brokers import PLACEMENT as PROPERTIES
from oncelint.model.project import Broker, BrokerLimit, Client, Cluster, Topic
from oncelint.model.values import Known, Span

# KafkaConfig's own default for transaction.max.timeout.ms: 15 minutes.
DEFAULT_LIMIT_MS = 900_000
_NO_LIMIT_MS = 2**31 - 1
_LIMIT = "transaction.max.timeout.ms"
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1", "[::1]"})
_VOTERS = "controller.quorum.voters"
_BOOTSTRAP = "controller.quorum.bootstrap.servers"
_ZOOKEEPER = "zookeeper.connect"


@dataclass(frozen=True, slots=True)
class _Node:
    """One block of settings with which brokers or controllers run.

    `roles` is empty where they are not known, `members` are the controllers or the ZooKeeper that
    the node names, None where they are not known and empty where it names none. `count` is how many
    run with the block.
    """

    broker: Broker
    identity: str | None
    roles: frozenset[str]
    members: tuple[str, ...] | None
    count: int | None

    @property
    def path(self) -> str:
        return self.broker.span.path


def clusters(clients: Sequence[Client]) -> tuple[Cluster, ...]:
    """The clusters of a project's brokers, with the topics that are created on them.

    A topic whose cluster nobody configures here stands in one of its own, without brokers.
    """
    nodes = [_node(one) for one in clients if isinstance(one, Broker) and not one.in_tests]
    found = [_cluster(group, is_open) for group, is_open in _groups(nodes)]
    topics = [one for one in clients if isinstance(one, Topic) and not one.in_tests]
    owned: dict[int | str, list[Topic]] = {}
    for topic in topics:
        index = _cluster_of(topic, found)
        key = index if index is not None else topic.details.get("cluster") or topic.span.path
        owned.setdefault(key, []).append(topic)
    joined = [
        Cluster(one.name, one.span, one.brokers, one.size, tuple(owned.pop(index, ())))
        for index, one in enumerate(found)
    ]
    rest = [
        Cluster(str(name), group[0].span, (), None, tuple(group)) for name, group in owned.items()
    ]
    return (*joined, *rest)


def broker_limit(found: Sequence[Cluster]) -> BrokerLimit:
    """The longest transaction that one of the clusters grants: whoever stays below it may be right.

    A cluster that does not set transaction.max.timeout.ms has Kafka's default, and one whose value is
    not known may grant anything.
    """
    limits: list[tuple[int, Span | None]] = [
        limit for one in found for broker in one.brokers for limit in _limits(broker)
    ]
    if not limits:
        return BrokerLimit(DEFAULT_LIMIT_MS, None)
    value, span = max(limits, key=lambda item: item[0])
    return BrokerLimit(value, span)


def _limits(broker: Broker) -> Iterator[tuple[int, Span | None]]:
    for world in broker.worlds:
        setting = world.setting(_LIMIT)
        if setting is None:
            continue
        if isinstance(setting.value, Known) and isinstance(setting.value.value, int):
            yield setting.value.value, setting.value_span if setting.set_by == "user" else None
        else:
            yield _NO_LIMIT_MS, None


# Nodes -------------------------------------------------------------------------------------------


def _node(broker: Broker) -> _Node:
    written = broker.details.get("roles") or _known(broker, "process.roles")
    if written is None and _written(broker, "process.roles"):
        roles = frozenset[str]()
    else:
        roles = frozenset(_parts(written)) if written else frozenset(("broker",))
    identity = _known(broker, "node.id") or _known(broker, "broker.id")
    members: tuple[str, ...] | None = ()
    for key in (_VOTERS, _BOOTSTRAP, _ZOOKEEPER):
        if _written(broker, key):
            value = _known(broker, key)
            members = _members(value, identity) if value is not None else None
            break
    return _Node(broker, identity, roles, members, broker.instances)


def _written(broker: Broker, key: str) -> bool:
    return any(one.key == key for one in broker.block.settings)


def _known(broker: Broker, key: str) -> str | None:
    """A setting's one known value as text; a list is joined by commas."""
    for one in broker.block.settings:
        if one.key == key and isinstance(one.value, Known):
            value = one.value.value
            return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return None


def _parts(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


def _voters(value: str) -> tuple[list[str], set[str]]:
    """The ids of voters, and those of them that are local; none where one has no id, or all are
    local."""
    found = [part.rpartition("@") for part in _parts(value)]
    local = {one for one, _, host in found if _is_local((host,)) or host.startswith("0.0.0.0:")}
    if len(local) == len(found) or not all(one for one, _, _ in found):
        return [], set()
    return [one for one, _, _ in found], local


def _members(value: str, identity: str | None) -> tuple[str, ...]:
    """`1@a:9093,2@b:9093`, or ZooKeeper's hosts with the folder behind the last one, in order.

    Voters are told by their ids where the node calls itself, and no other, `localhost`: each node
    of the cluster names another one so.
    """
    ids, own = _voters(value)
    if identity is not None and own == {identity}:
        return tuple(sorted(f"{one}@" for one in ids))
    plain, slash, folder = value.partition("/")
    hosts = sorted(part.rpartition("@")[2] for part in _parts(plain))
    return (*hosts, slash + folder) if slash and folder else tuple(hosts)


def _hosts(members: Iterable[str]) -> list[str]:
    return [one.rpartition(":")[0] or one for one in members if not one.startswith("/")]


def _is_local(members: Iterable[str]) -> bool:
    return all(host in _LOCAL for host in _hosts(members))


# Groups ------------------------------------------------------------------------------------------


def _groups(nodes: Sequence[_Node]) -> Iterator[tuple[list[_Node], bool]]:
    """The nodes that stand together; True with those that others may belong to."""
    found: dict[tuple[str, ...], list[_Node]] = {}
    for number, node in enumerate(nodes):
        found.setdefault(_key(node, number), []).append(node)
    for key, group in found.items():
        files = {node.path for node in group}
        if len(files) == 1:
            yield group, False
        elif key[1] == "named":
            yield from _of_resources(group)
        else:
            yield from _of_files(group)


def _key(node: _Node, number: int) -> tuple[str, ...]:
    folder = node.path.rpartition("/")[0]
    named = node.broker.details.get("cluster")
    # what the nodes themselves name tells the two clusters of one compose file apart
    if named and ("operator" in node.broker.details or not node.members):
        return folder, "named", named
    if node.members is None:  # not known, but alike for those of one file
        return node.path, "unknown"
    if not node.members:
        return node.path, "alone", str(number)
    if node.broker.placement == PROPERTIES and not _is_local(node.members):
        folder = folder.rpartition("/")[0]  # each node's file in a folder of its own
    return folder, "members", *node.members


def _of_resources(group: list[_Node]) -> Iterator[tuple[list[_Node], bool]]:
    """Resources of one name in several files: a cluster in parts, or examples side by side."""
    whole = {node.path for node in group if "pool" not in node.broker.details}
    if len(whole) <= 1:
        yield group, not whole
        return
    for path in sorted({node.path for node in group}):
        yield [node for node in group if node.path == path], path not in whole


def _of_files(group: list[_Node]) -> Iterator[tuple[list[_Node], bool]]:
    """Nodes of several files that name the same others: by their ids one cluster, or the same one
    configured twice."""
    files: dict[str, list[_Node]] = {}
    for node in group:
        files.setdefault(node.path, []).append(node)
    ids = [node.identity for node in group]
    if None not in ids and len(set(ids)) == len(ids):
        yield group, False
    else:  # compose files side by side are complete, each for itself
        is_open = group[0].broker.placement == PROPERTIES
        yield from ((each, is_open) for each in files.values())


def _cluster(group: Sequence[_Node], is_open: bool) -> Cluster:
    speaking = [node.broker for node in group if "broker" in (node.roles or {"broker"})]
    # a pool has no settings of its own beside those of its cluster
    whole = [one for one in speaking if "pool" not in one.details]
    first = (whole or speaking or [group[0].broker])[0]
    name = first.details.get("cluster") or first.details.get("service") or first.construct
    size = None if is_open else _size(group)
    return Cluster(name, first.span, tuple(whole or speaking), size)


def _size(group: Sequence[_Node]) -> int | None:
    """How many brokers there are; None where some may not be seen."""
    if any("open" in node.broker.details or not node.roles for node in group):
        return None
    counts = [node.count for node in group if "broker" in node.roles]
    known = [count for count in counts if count is not None]
    if len(known) < len(counts) or not sum(known):
        return None
    if len(group) == 1 and group[0].members is None:
        return None
    if any(_lacks_members(node, group) for node in group):
        return None
    return sum(known)


def _lacks_members(node: _Node, group: Sequence[_Node]) -> bool:
    """Whether a node names others of its kind that are not among those seen."""
    if not node.members:  # a file has to name somebody; images have members of their own
        return node.members is not None and node.broker.placement == PROPERTIES
    if _written(node.broker, _ZOOKEEPER) and not _written(node.broker, _VOTERS):
        # a file alone may be one of many machines', unless everything is on this one
        alone = node.broker.placement == PROPERTIES and len(group) == 1
        return alone and not _is_local(node.members)
    if _written(node.broker, _VOTERS):
        controllers = [one.count or 0 for one in group if "controller" in one.roles]
        return len(node.members) > sum(controllers)
    return node.broker.placement == PROPERTIES and len(group) == 1 and not _is_local(node.members)


# Topics ------------------------------------------------------------------------------------------


def _cluster_of(topic: Topic, found: Sequence[Cluster]) -> int | None:
    """The cluster that a topic is created on: the one its resource names, that of its file, or the
    only one of its deployment unit."""
    named = topic.details.get("cluster")
    if named:
        folder = topic.span.path.rpartition("/")[0]
        same = [
            index
            for index, one in enumerate(found)
            if one.name == named and one.span.path.rpartition("/")[0] == folder
        ]
        here = [index for index in same if found[index].span.path == topic.span.path]
        return _only(here or same)
    if "managed" in topic.details:
        return None
    own = [index for index, one in enumerate(found) if one.span.path == topic.span.path]
    if own:
        return _only(own)
    return _only(
        [index for index, one in enumerate(found) if {b.unit for b in one.brokers} == {topic.unit}]
    )


def _only(indices: Sequence[int]) -> int | None:
    return indices[0] if len(indices) == 1 else None
