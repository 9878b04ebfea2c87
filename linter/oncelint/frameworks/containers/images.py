"""What the environment of a container means, by its image.

The images of Kafka turn variables into settings by scripts of their own; a variable is a setting
here when the script makes a key of it that the table of the role knows.

* confluentinc/cp-*: `env_to_props` of confluent-docker-utils (dub.py): `___` is a dash, `__` an
  underscore, `_` a dot; kafka.properties.template and kafka-connect.properties.template of
  confluentinc/kafka-images take every `KAFKA_` or `CONNECT_` variable, a broker's without those of
  the JVM. Beneath them is nothing. ksqlDB's images do the same with `KSQL_` (its documentation,
  "Configuration Parameter Reference"), and with `KSQL_CONNECT_` for a worker inside.
* apache/kafka: KafkaDockerWrapper.getServerConfigsFromEnv, with the same escapes; the default file
  counts when no variable makes a setting, and then alone (prepareServerConfigs).
* bitnami/kafka: kafka_configure_from_environment_variables (libkafka.sh): `KAFKA_CFG_`, every `_` is
  a dot but in `sasl_ssl` and `sasl_plaintext`; on top of Kafka's own config/server.properties.
* wurstmeister/kafka: start-kafka.sh, `KAFKA_`, every `_` is a dot, on top of that file.
* debezium/kafka, debezium/connect: docker-entrypoint.sh of debezium/container-images, on top of
  Kafka's own files; the worker's most common settings have names without the prefix.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from functools import cache

from oncelint.dialects import match, table
from oncelint.frameworks.brokers import CLIENTS_OWN
from oncelint.frameworks.containers.versions import kafka_versions
from oncelint.model.facts import Block, ConfigFact, Home, WrittenSetting
from oncelint.model.layers import Layer
from oncelint.model.values import Span

BROKER, WORKER, KSQLDB, REST = "broker", "connect-worker", "ksqldb", "rest-proxy"

# Kafka's config/server.properties, since 1.0; the KRaft files say the same.
_SERVER_FILE = Layer(
    "set by the image's own server.properties",
    False,
    {
        "offsets.topic.replication.factor": (("0", 1),),
        "transaction.state.log.replication.factor": (("0", 1),),
        "transaction.state.log.min.isr": (("0", 1),),
    },
)
# configureDefaults of confluent-local (kafka-images, local/include/etc/confluent/docker)
_LOCAL = replace(_SERVER_FILE, origin="set by the image for a single broker")
# Kafka's config/connect-distributed.properties, and the entrypoint's own default of the group
_WORKER_FILE = Layer(
    "set by the image's own connect-distributed.properties",
    False,
    {
        "group.id": (("0", "1"),),
        "offset.storage.replication.factor": (("0", 1),),
        "config.storage.replication.factor": (("0", 1),),
        "status.storage.replication.factor": (("0", 1),),
    },
)
# docker-entrypoint.sh of debezium/container-images, connect-base
_DEBEZIUM_WORKER: Mapping[str, str] = {
    "BOOTSTRAP_SERVERS": "bootstrap.servers",
    "GROUP_ID": "group.id",
    "CONFIG_STORAGE_TOPIC": "config.storage.topic",
    "OFFSET_STORAGE_TOPIC": "offset.storage.topic",
    "STATUS_STORAGE_TOPIC": "status.storage.topic",
    "KEY_CONVERTER": "key.converter",
    "VALUE_CONVERTER": "value.converter",
    "OFFSET_FLUSH_INTERVAL_MS": "offset.flush.interval.ms",
    "OFFSET_FLUSH_TIMEOUT_MS": "offset.flush.timeout.ms",
    "SHUTDOWN_TIMEOUT": "task.shutdown.graceful.timeout.ms",
}
# docker-entrypoint.sh of debezium/container-images, kafka
_DEBEZIUM_BROKER: Mapping[str, str] = {
    "ZOOKEEPER_CONNECT": "zookeeper.connect",
    "BROKER_ID": "broker.id",
    "NODE_ID": "node.id",
}


@dataclass(frozen=True, slots=True)
class Family:
    """Images that read their environment alike.

    `prefix` is that of their variables, `escapes` says whether `__` and `___` are told from `_`,
    `named` are variables without the prefix. `tags` is how a tag tells Kafka's version. `needs` are
    variables of which a container has one when it runs what the image is for: without, it is a
    shell for the tools in it. `layer` is what the image sets beneath the variables; `bare` when it
    does so only where no variable is a setting. `mounts` are folders in which a file
    that is mounted, or copied in a build, counts as well.
    """

    role: str
    prefix: str
    tags: str = ""
    escapes: bool = True
    named: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    layer: Layer | None = None
    bare: bool = False
    mounts: tuple[str, ...] = ()


_CP_BROKER = Family(
    BROKER,
    "KAFKA_",
    "confluent",
    needs=("KAFKA_ADVERTISED_LISTENERS", "KAFKA_PROCESS_ROLES", "KAFKA_ZOOKEEPER_CONNECT"),
)
_CP_WORKER = Family(WORKER, "CONNECT_", "confluent", needs=("CONNECT_BOOTSTRAP_SERVERS",))
_CP_KSQLDB = Family(KSQLDB, "KSQL_", "confluent", needs=("KSQL_BOOTSTRAP_SERVERS",))
_LIKE_WURSTMEISTER = Family(
    BROKER, "KAFKA_", "kafka", escapes=False, layer=_SERVER_FILE, mounts=("/opt/kafka/config",)
)

_BY_NAME: Mapping[str, Family] = {
    **dict.fromkeys(
        ("cp-kafka", "cp-server", "cp-enterprise-kafka", "cp-rpm-enterprise-kafka"), _CP_BROKER
    ),
    "confluent-local": replace(_CP_BROKER, needs=(), layer=_LOCAL),
    **dict.fromkeys(("cp-ksql-server", "cp-ksqldb-server"), _CP_KSQLDB),
    "ksqldb-server": replace(_CP_KSQLDB, tags=""),
    "cp-kafka-rest": Family(REST, "KAFKA_REST_", "confluent"),
}
_BY_OWNER: Mapping[str, Family] = {
    **dict.fromkeys(
        ("apache/kafka", "apache/kafka-native"),
        Family(
            BROKER,
            "KAFKA_",
            "kafka",
            layer=_SERVER_FILE,
            bare=True,
            mounts=("/mnt/shared/config", "/opt/kafka/config", "/etc/kafka/docker"),
        ),
    ),
    **dict.fromkeys(
        ("bitnami/kafka", "bitnamilegacy/kafka"),
        Family(
            BROKER,
            "KAFKA_CFG_",
            "kafka",
            escapes=False,
            layer=_SERVER_FILE,
            mounts=("/bitnami/kafka/config", "/opt/bitnami/kafka/config"),
        ),
    ),
    "wurstmeister/kafka": _LIKE_WURSTMEISTER,
    "debezium/kafka": replace(
        _LIKE_WURSTMEISTER, tags="debezium", named=_DEBEZIUM_BROKER, mounts=("/kafka/config",)
    ),
    **dict.fromkeys(
        ("debezium/connect", "debezium/connect-base"),
        Family(
            WORKER,
            "CONNECT_",
            "debezium",
            escapes=False,
            named=_DEBEZIUM_WORKER,
            layer=_WORKER_FILE,
            mounts=("/kafka/config",),
        ),
    ),
}
# What a shell can set; of other names, what the scripts make depends on the script.
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WORKER_NAMES = re.compile(
    r"cp-(?:kafka|server|enterprise-kafka)-connect(?:-[\w-]+)?|kafka-connect-datagen"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where and how a container runs: what its facts say besides the settings.

    `open_reason` when more may be set than is seen; `own_start` when, as far as is known, something
    else is started than what the image is for, which may read other files than the image's.
    """

    placement: str
    span: Span
    instances: int | None = 1
    details: Mapping[str, str] = field(default_factory=dict)
    open_reason: str | None = None
    mounted: tuple[str, ...] = ()
    own_start: str | None = None


def split(image: str) -> tuple[str, str]:
    """An image's name without registry, and its tag (empty without)."""
    name = image.partition("@")[0]
    head, _, last = name.rpartition("/")
    last, _, tag = last.partition(":")
    owner = head.rpartition("/")[2]
    return (f"{owner}/{last}" if owner else last), tag


def family_of(image: str) -> Family | None:
    """The family of a known image; None for every other."""
    name, _ = split(image)
    last = name.rpartition("/")[2]
    if name in _BY_OWNER:
        return _BY_OWNER[name]
    if last in _BY_NAME:
        return _BY_NAME[last]
    return _CP_WORKER if _WORKER_NAMES.fullmatch(last) else None


_SIGNS: tuple[tuple[frozenset[str], frozenset[str], Family], ...] = (
    (
        frozenset({"BOOTSTRAP_SERVERS", "GROUP_ID", "CONFIG_STORAGE_TOPIC"}),
        frozenset({"OFFSET_STORAGE_TOPIC"}),
        _BY_OWNER["debezium/connect"],
    ),
    (
        frozenset(),
        frozenset(
            {"KAFKA_CFG_PROCESS_ROLES", "KAFKA_CFG_ZOOKEEPER_CONNECT", "KAFKA_CFG_BROKER_ID"}
            | {"KAFKA_CFG_NODE_ID", "KAFKA_CFG_ADVERTISED_LISTENERS", "KAFKA_CFG_LISTENERS"}
        ),
        _BY_OWNER["bitnami/kafka"],
    ),
    (
        frozenset({"CONNECT_BOOTSTRAP_SERVERS", "CONNECT_GROUP_ID"}),
        frozenset({"CONNECT_CONFIG_STORAGE_TOPIC", "CONNECT_OFFSET_STORAGE_TOPIC"}),
        _CP_WORKER,
    ),
    (
        frozenset({"KAFKA_ADVERTISED_LISTENERS"}),
        frozenset({"KAFKA_ZOOKEEPER_CONNECT", "KAFKA_PROCESS_ROLES"}),
        _CP_BROKER,
    ),
    (
        frozenset({"KSQL_BOOTSTRAP_SERVERS"}),
        frozenset({"KSQL_LISTENERS", "KSQL_KSQL_SERVICE_ID"}),
        _CP_KSQLDB,
    ),
)


def family_by_environment(names: frozenset[str]) -> Family | None:
    """The family that an image of unknown make belongs to, by variables nothing else reads.

    What such an image sets of its own is not known.
    """
    for every, some, family in _SIGNS:
        if every <= names and some & names:
            return replace(family, tags="", layer=None)
    return None


def image_facts(
    image: str,
    variables: Block,
    span: Span,
    placement: str,
    *,
    instances: int | None = 1,
    details: Mapping[str, str] | None = None,
) -> Iterator[ConfigFact]:
    """The configurations in the environment of a container with this image; none when the image is
    not known, and no variable tells what it is.

    `variables` has one setting for each variable, keyed by its name; its homes take variables.
    """
    family = family_of(image)
    if family is None:
        family = family_by_environment(frozenset(one.key for one in variables.settings))
        reason = variables.open_reason or "the image is not known"
        variables = replace(variables, open_reason=reason)
    if family is not None:
        place = Place(placement, span, instances, details or {})
        yield from configurations(family, image, variables, place)


def versions_of(image: str) -> tuple[str, ...]:
    """The versions of Kafka's clients that are in an image; empty when its tag does not tell."""
    family = family_of(image)
    return kafka_versions(family.tags, split(image)[1]) if family is not None else ()


def configurations(
    family: Family, image: str, environment: Block, place: Place
) -> Iterator[ConfigFact]:
    """The configurations in a container's environment.

    `environment` has one setting for each variable, keyed by its name; its homes take variables.
    """
    names = {setting.key for setting in environment.settings}
    open_reason = environment.open_reason or place.open_reason or _mounted(family, place)
    if family.needs and not names.intersection(family.needs) and open_reason is None:
        return
    environment = replace(environment, open_reason=open_reason or place.own_start)
    versions = kafka_versions(family.tags, split(image)[1])
    if family.role == REST:
        yield from _rest(environment, place, versions)
        return
    name = {BROKER: "java-broker", WORKER: "java-connect-worker"}.get(family.role, "java-streams")
    block = _translated(environment, family, name)
    layers = _layers(family, block)
    if family.role == WORKER:
        yield from _worker(block, place, versions, layers)
    elif family.role == KSQLDB:
        yield _ksqldb(block, place, versions)
        inner = _translated(environment, _INSIDE_KSQLDB, "java-connect-worker")
        if any(one.key == "group.id" for one in inner.settings):
            yield from _worker(inner, place, versions, ())
    else:
        yield ConfigFact(
            place.placement,
            ("java",),
            "broker",
            block,
            place.span,
            versions=versions,
            layers=layers,
            instances=place.instances,
            details=place.details,
        )


_INSIDE_KSQLDB = Family(WORKER, "KSQL_CONNECT_", "confluent")


def _mounted(family: Family, place: Place) -> str | None:
    for target in place.mounted:
        # of `$KAFKA_HOME/config` the end is what is known
        whole = not target.startswith("$")
        path = target if whole else target.partition("/")[2]
        for one in family.mounts:
            folder = one if whole else one.rpartition("/")[2]
            if path == folder or path.startswith(folder + "/"):
                return f"a file of the project is at {target}"
    return None


def _layers(family: Family, block: Block) -> tuple[Layer, ...]:
    if family.layer is None or (family.bare and (block.settings or block.open_reason)):
        return ()
    return (family.layer,)


def _worker(
    block: Block, place: Place, versions: tuple[str, ...], layers: tuple[Layer, ...]
) -> Iterator[ConfigFact]:
    from oncelint.frameworks.connect.worker import worker_facts  # with its tables

    for fact in worker_facts(
        block,
        place.span,
        place.placement,
        versions=versions,
        instances=place.instances,
        details=place.details,
    ):
        if fact.role == WORKER:
            fact = replace(fact, layers=(*layers, *fact.layers))
        yield fact


def _ksqldb(block: Block, place: Place, versions: tuple[str, ...]) -> ConfigFact:
    from oncelint.frameworks.ksqldb import server

    homes = tuple(replace(home, style="ksqldb-environment") for home in block.homes)
    return server(
        replace(block, homes=homes),
        place.span,
        "ksqldb server",
        versions=versions,
        instances=place.instances,
        details=place.details,
    )


def _rest(environment: Block, place: Place, versions: tuple[str, ...]) -> Iterator[ConfigFact]:
    """The clients of the REST proxy: KafkaRestConfig hands on what has their prefix."""
    for role in ("producer", "consumer"):
        family = Family(role, f"KAFKA_REST_{role.upper()}_", "confluent")
        block = _translated(environment, family, f"java-{role}")
        if block.settings:
            yield ConfigFact(
                f"{place.placement} REST proxy {role}",
                ("java",),
                role,
                block,
                block.settings[0].key_span,
                versions=versions,
                instances=place.instances,
                details=place.details,
            )


# Names and keys -------------------------------------------------------------------------------


def _translated(environment: Block, family: Family, name: str) -> Block:
    """The settings among the variables, under the keys of the table `name`."""
    settings: dict[str, WrittenSetting] = {}
    for setting in environment.settings:
        key = key_of(setting.key, family, name)
        if key is not None:
            settings.pop(key, None)
            settings[key] = replace(setting, key=key, shown=setting.key)
    kept = {setting.shown for setting in settings.values()}
    return Block(
        tuple(settings.values()),
        environment.open_reason,
        tuple(one for one in environment.duplicates if one.key in kept),
        tuple(
            Home(home.span, home.kind, family.prefix, "environment") for home in environment.homes
        ),
    )


def key_of(variable: str, family: Family, name: str) -> str | None:
    """The key that an image makes of a variable, when the table `name` has it or a slip of the
    pen makes it; None for every other variable."""
    named = family.named.get(variable)
    if named is not None:
        return named
    if not variable.startswith(family.prefix) or not _VARIABLE.fullmatch(variable):
        return None
    key = _script(variable.removeprefix(family.prefix), family)
    if family.role == KSQLDB:
        if key in ("ksql.service.id", "ksql.internal.topic.replicas"):
            return key
        # without this prefix a setting of Streams counts as well (KsqlConfigResolver)
        key = key.removeprefix("ksql.streams.")
        if key == "cache.max.bytes.buffering":  # which ksqlDB has under Streams' former name
            return None
    lower = _lowered(name).get(key)
    if lower is not None:
        return lower
    found = match(name, key)
    if found is None:
        foreign = family.role == WORKER and _is_a_clients(key)
        foreign = foreign or (family.role == BROKER and key in CLIENTS_OWN)
        return key if foreign or _is_near(key, name) else None
    if found.setting is not None or table(name).prefixes.get(found.prefix) is None:
        return key
    # a connector's `producer.override.` in a worker is a slip to be told of
    inner = key.removeprefix(found.prefix).removeprefix("override.")
    return key if _is_a_clients(inner) or _is_near(inner, found.owner) else None


def _is_a_clients(key: str) -> bool:
    """Whether a worker's file gets a key that belongs behind a prefix, or to a connector."""
    if key in ("exactly.once.support", "transaction.boundary"):
        return True
    return any(match(name, key) is not None for name in ("java-producer", "java-consumer"))


def _script(rest: str, family: Family) -> str:
    """What an image's script makes of a variable behind its prefix."""
    rest = rest.lower()
    if not family.escapes:
        key = rest.replace("_", ".")
        return key.replace("sasl.ssl", "sasl_ssl").replace("sasl.plaintext", "sasl_plaintext")
    key = re.sub(r"(?<!_)_(?!_)", ".", rest)
    return key.replace("___", "-").replace("__", "_")


@cache
def _lowered(name: str) -> dict[str, str]:
    """The keys of a table that are not all lower case, by what they are in lower case."""
    return {one.lower(): one for one in table(name).by_spelling if one != one.lower()}


def _is_near(key: str, name: str) -> bool:
    """Whether one word of a real key is misspelt; which, and whether it is meant, is judged with
    what stands beside it."""
    parts = key.split(".")
    if len(parts) < 2:
        return False
    return any(_misspelt(parts, real) for real in _split(name).get(len(parts), ()))


@cache
def _split(name: str) -> dict[int, list[list[str]]]:
    found: dict[int, list[list[str]]] = {}
    for spelling in table(name).by_spelling:
        words = spelling.split(".")
        found.setdefault(len(words), []).append(words)
    return found


_CLOSE = 0.75


def _misspelt(parts: list[str], real: list[str]) -> bool:
    wrong = [(a, b) for a, b in zip(parts, real, strict=True) if a != b]
    if len(wrong) != 1 or len(wrong[0][1]) < 4:
        return False
    return SequenceMatcher(None, *wrong[0]).ratio() >= _CLOSE
