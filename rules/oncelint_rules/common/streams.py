"""What the rules about stream applications share: guarantees and how they are spelled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from oncelint.model import Known, Project, Setting, StreamsApplication, World
from oncelint.model.values import Scalar
from oncelint.model.versions import at_least
from oncelint_rules.common.brokers import LOG_FACTOR, brokers, whole

GUARANTEE = "processing.guarantee"
V2, BETA, ALPHA = "exactly_once_v2", "exactly_once_beta", "exactly_once"
COSTS = "it makes transactions, which the cluster and the readers of the results have to be fit for"


def by_name(application: StreamsApplication, text: str) -> str:
    """A sentence about an application of Java's, with the name of what has the setting: Kafka Streams'
    releases are those of the client."""
    return text.replace("kafka-clients", library(application))


def library(application: StreamsApplication) -> str:
    return "ksqlDB" if application.details.get("framework") == "ksqldb" else "Kafka Streams"


def guarantee(world: World) -> str | None:
    """The guarantee of a world in lower case with underscores; None when it is not known."""
    setting = world.setting(GUARANTEE)
    if setting is None or not isinstance(setting.value, Known):
        return None
    return str(setting.value.value).strip().lower().replace("-", "_")


def is_exactly_once(world: World) -> bool | None:
    found = guarantee(world)
    return None if found is None else found.startswith("exactly_once")


def exactly_once(application: StreamsApplication, worlds: Sequence[World]) -> str:
    """The exactly-once guarantee as the library of an application spells it.

    StreamsConfig: `exactly_once` until 2.5, `exactly_once_beta` in 2.6 to 2.8, `exactly_once_v2` from
    3.0 on; Faust and Quix Streams have but one.
    """
    dialect = worlds[-1].dialect
    if dialect == "quixstreams":
        return "exactly-once"
    if dialect != "java":
        return ALPHA
    versions = application.client_versions
    if not versions or any(at_least(one, "3.0") for one in versions):
        return V2
    return BETA if all(at_least(one, "2.6") for one in versions) else ALPHA


def without_log(project: Project) -> str | None:
    """Why transactions cannot be asked for yet: a cluster of the project has fewer brokers than its
    transaction log wants replicas; None where no such cluster is seen."""
    for cluster in project.clusters:
        size = cluster.size
        for broker in cluster.brokers if size is not None else ():
            factors = [whole(world, LOG_FACTOR) for world in broker.worlds]
            if (
                size is not None
                and factors
                and all(one is not None and one > size for one in factors)
            ):
                setting = broker.worlds[-1].settings[LOG_FACTOR]
                return (
                    f"{cluster.span.path} has {brokers(size)}, on which {setting.spelled} has to be"
                    f" {size} before there can be transactions"
                )
    return None


COMMIT, TIMEOUT = "commit.interval.ms", "transaction.timeout.ms"
# StreamsConfig.DEFAULT_TRANSACTION_TIMEOUT
TEN_SECONDS = 10_000
_PRODUCER = ("producer.", "")
_CONSUMER = ("consumer.", "")
# StreamsConfig looks at what is read with these prefixes after it has thrown the others out
CONSUMERS = ("main.consumer.", "restore.consumer.", "global.consumer.")

Against: TypeAlias = Callable[[Scalar], bool]


def _text(value: Scalar) -> str:
    return str(value).strip().lower()


def number(value: Scalar) -> float | None:
    try:
        return float(str(value).strip())
    except ValueError:
        return None


def _above_five(value: Scalar) -> bool:
    found = number(value)
    return found is not None and found > 5


# by the client's own name: the prefixes under which it is read, what goes against the guarantee,
# and what the client raises
REFUSED: dict[str, tuple[tuple[str, ...], Against, str]] = {
    "acks": (_PRODUCER, lambda value: _text(value) in ("0", "1"), "Must set acks to all"),
    "retries": (_PRODUCER, lambda value: number(value) == 0, "Must set retries to non-zero"),
    "max.in.flight.requests.per.connection": (
        _PRODUCER,
        _above_five,
        "Can't exceed 5 when exactly-once processing is enabled",
    ),
}
IGNORED: dict[str, tuple[tuple[str, ...], Against, str]] = {
    "enable.idempotence": (_PRODUCER, lambda value: _text(value) == "false", "true"),
    "isolation.level": (
        _CONSUMER,
        lambda value: _text(value) == "read_uncommitted",
        "read_committed",
    ),
    "transactional.id": (_PRODUCER, lambda value: bool(_text(value)), "an id of its own"),
}


def written(world: World, name: str, prefixes: tuple[str, ...]) -> Setting | None:
    """The setting that counts for a client inside: the one with the longest prefix."""
    for prefix in prefixes:
        found = world.setting(prefix + name)
        if found is not None and found.set_by == "user":
            return found
    return None


def without_queries(application: StreamsApplication) -> bool:
    """Whether it is a ksqlDB server that nobody has given a name or queries to; an operator gives
    its servers a name itself."""
    keys = {setting.key for setting in application.block.settings}
    return application.placement == "ksqldb server" and not keys & {
        "ksql.service.id",
        "ksql.queries.file",
    }


def against_exactly_once(application: StreamsApplication) -> tuple[str, ...]:
    """The keys of an application that go against an exactly-once guarantee."""
    found: list[str] = []
    overriding = {"isolation.level": (CONSUMERS, IGNORED["isolation.level"][1], "")}
    for name, (prefixes, against, _) in (
        *REFUSED.items(),
        *IGNORED.items(),
        *overriding.items(),
    ):
        for setting in application.block.settings:
            value = setting.value
            if setting.key not in [prefix + name for prefix in prefixes]:
                continue
            if isinstance(value, Known) and not isinstance(value.value, tuple):
                if against(value.value):
                    found.append(setting.shown or setting.key)
    return tuple(found)


def commits_late(application: StreamsApplication) -> bool:
    """Whether the commit interval is above what Streams gives a transaction."""
    for setting in application.block.settings:
        if setting.key == COMMIT and isinstance(setting.value, Known):
            value = setting.value.value
            milliseconds = None if isinstance(value, tuple) else number(value)
            return milliseconds is not None and milliseconds > TEN_SECONDS
    return False


# what a setting of an inner client has to be for an exactly-once guarantee
AGREEING: dict[str, Scalar] = {
    "acks": "all",
    "retries": 2147483647,
    "max.in.flight.requests.per.connection": 5,
    "enable.idempotence": True,
    "isolation.level": "read_committed",
}
