"""What the rules about clusters share: whole numbers, brokers in words, and who needs transactions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from oncelint.model import (
    Broker,
    Client,
    Cluster,
    Confidence,
    Hit,
    Known,
    Project,
    Related,
    Setting,
    Topic,
    Verdict,
    World,
    across,
    as_text,
    speak,
)
from oncelint.model.values import Span

FACTOR = "replication.factor"
DEFAULT_FACTOR = "default.replication.factor"
MIN_ISR = "min.insync.replicas"
LOG_FACTOR = "transaction.state.log.replication.factor"
LOG_MIN_ISR = "transaction.state.log.min.isr"
# Fewer brokers cannot lose one and still have two copies.
SAFE_SIZE = 3


def whole(world: World, name: str) -> int | None:
    """A setting's known whole number, written as a number or as a text; None for anything else."""
    value = world.value(name)
    if not isinstance(value, Known) or isinstance(value.value, bool):
        return None
    if isinstance(value.value, int):
        return value.value
    if isinstance(value.value, str) and value.value.strip().isascii():
        text = value.value.strip()
        return int(text) if text.isdigit() and len(text) < 19 else None
    return None


def given(world: World, name: str) -> int | None:
    """The whole number that somebody set, by hand or through an image; None for Kafka's default."""
    setting = world.setting(name)
    if setting is None or not (setting.set_by == "user" or from_a_layer(setting)):
        return None
    return whole(world, name)


def from_a_layer(setting: Setting) -> bool:
    """Whether an image or a service sets it, and not Kafka itself."""
    if setting.set_by != "default" or not setting.origins:
        return False
    return setting.origins[0].note.startswith("set by ")


def told(setting: Setting) -> str:
    """What a setting comes to and why: `min.insync.replicas is 1`, `… is 3 by default`."""
    text = f"{setting.spelled} is {as_text(setting.value)}"
    if setting.set_by == "user":
        return text
    if from_a_layer(setting):
        return f"{text} ({setting.origins[0].note})"
    return f"{text} by default"


def brokers(number: int) -> str:
    """`one broker`, `3 brokers`."""
    return "one broker" if number == 1 else f"{number} brokers"


@dataclass(frozen=True, slots=True)
class Scale:
    """How many brokers a cluster has at least, how that is said, and whether they were counted."""

    number: int
    where: str
    counted: bool

    def confidence(self, verdict: Verdict) -> Confidence:
        """That of a finding which asks for so many brokers."""
        if self.counted or verdict.confidence != "high":
            return verdict.confidence
        return "medium"


def scale_of(cluster: Cluster) -> Scale | None:
    """How large a cluster is: by its brokers, else by the copies that they are to make of a topic
    by default, for a broker cannot make more of them than there are brokers."""
    if cluster.size is not None:
        return Scale(cluster.size, f"on {brokers(cluster.size)}", True)
    asked = {given(world, DEFAULT_FACTOR) for one in cluster.brokers for world in one.worlds}
    least = min((one for one in asked if one is not None), default=0)
    if None in asked or least < SAFE_SIZE:
        return None
    return Scale(least, f"while {DEFAULT_FACTOR} is {least}", False)


@dataclass(frozen=True, slots=True)
class Found:
    """A block for which a condition holds: of a broker of the cluster, or of one of its topics."""

    client: Client
    verdict: Verdict
    setting: Setting
    span: Span

    def elsewhere(self) -> tuple[Related, ...]:
        return speak.elsewhere(self.client, self.span, self.setting)


def among(
    clients: tuple[Broker, ...] | tuple[Topic, ...],
    name: str,
    holds: Callable[[World], bool | None],
) -> Iterator[Found]:
    """The blocks in some of whose worlds a condition on a setting holds."""
    for client in clients:
        verdict = across(client.worlds, holds)
        setting = verdict.world.setting(name) if verdict else None
        if setting is not None:
            yield Found(client, verdict, setting, speak.place(setting, client))


def once(hits: Iterator[Hit]) -> Iterator[Hit]:
    """Hits that say the same of several brokers as one, at the first of them: its goal is that of all.

    The others are places of the finding.
    """
    groups: dict[tuple[str, str], list[Hit]] = {}
    for hit in hits:
        groups.setdefault((hit.message, hit.confidence), []).append(hit)
    for same in groups.values():
        first, *rest = sorted(same, key=lambda hit: hit.span)
        more = [hit for hit in rest if hit.span != first.span]
        clients = tuple(
            hit.goal.client for hit in rest if hit.goal is not None and hit.goal.client is not None
        )
        yield replace(
            first,
            related=(*first.related, *(Related(hit.span, "the same here") for hit in more)),
            goal=replace(first.goal, others=clients) if first.goal is not None else None,
            causes=tuple(dict.fromkeys(hit.span for hit in (first, *rest))),
        )


def copies(topic: Topic) -> int | None:
    """A topic's replication factor, None where nothing says it."""
    found = {whole(world, FACTOR) for world in topic.worlds}
    return found.pop() if len(found) == 1 else None


def needs_transactions(cluster: Cluster, project: Project) -> tuple[Client, bool] | None:
    """A client that asks this cluster for transactions, and whether that is sure; None where none is.

    It stands in a folder under the brokers', or beside theirs where that one is named for what is run
    (`docker`, `deploy`), there is no other cluster in that place, and it does not connect to a host
    of another network. It is sure where it connects to this machine or to one of the services.
    """
    home = _home(cluster)
    others = [one for one in project.clusters if one.brokers and one is not cluster]
    if any(_home(one) == home for one in others):
        return None
    names = {broker.details.get("service", "") for broker in cluster.brokers} | _LOCAL
    for client in project.clients:
        if client.in_tests or not _under(client.span.path, home) or not is_transactional(client):
            continue
        if any(_under(client.span.path, _home(one), home) for one in others):
            continue  # a nearer cluster is its
        hosts = _hosts(client)
        if not any(_far(host) for host in hosts):
            return client, bool(hosts) and all(host in names for host in hosts)
    return None


_LOCAL = {"localhost", "127.0.0.1", "host.docker.internal"}
_FOLDERS = frozenset(
    {"docker", "compose", "docker-compose", "deploy", "deployment", "infra", "infrastructure"}
    | {"kafka", "local", "dev", "development", "env", "environment", "k8s", "kubernetes", "config"}
    | {"conf", "terraform", "etc", "ops", "platform", "cluster", "kraft", "broker", "brokers"}
)


def _home(cluster: Cluster) -> tuple[str, ...]:
    """The folder whose programs a cluster is there for."""
    folders = cluster.span.path.split("/")[:-1]
    while folders and folders[-1].lower() in _FOLDERS:
        folders.pop()
    return tuple(folders)


def _under(path: str, home: tuple[str, ...], below: tuple[str, ...] | None = None) -> bool:
    """Whether a file is under a folder; with `below`, one that is deeper than another."""
    if below is not None and len(home) <= len(below):
        return False
    return tuple(path.split("/")[: len(home)]) == home


def is_transactional(client: Client) -> bool:
    """Whether a client uses transactions in every world: a producer with a transactional id, a
    Streams application or Flink sink with exactly-once, a worker with exactly-once sources."""
    return bool(client.worlds) and all(_transactional(client, world) for world in client.worlds)


_ASKING: dict[str, tuple[str, str]] = {
    "streams": ("processing.guarantee", "exactly"),
    "connect-worker": ("exactly.once.source.support", "enabled"),
    "flink-sink": ("sink.delivery-guarantee", "exactly"),
}


def _transactional(client: Client, world: World) -> bool:
    if client.role == "producer":
        return world.transactional() is True
    name, word = _ASKING.get(client.role, ("", ""))
    value = world.known(name) if name else None
    return isinstance(value, str) and value.strip().lower().startswith(word)


def _hosts(client: Client) -> set[str]:
    """The known hosts that a client connects to first."""
    found: set[str] = set()
    for world in client.worlds:
        value = world.known("bootstrap.servers")
        parts = value if isinstance(value, tuple) else (value,)
        for part in parts:
            if isinstance(part, str):
                found.update(
                    one.strip().rpartition("//")[2].partition(":")[0] for one in part.split(",")
                )
    return found


def _far(host: str) -> bool:
    """Whether a host has a domain: it is no broker of a development machine or a compose network."""
    return "." in host and not host.replace(".", "").isdigit() and host not in _LOCAL
