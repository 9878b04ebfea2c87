"""What each written key is to the client that reads it, and which of two spellings counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise

from oncelint.dialects import (
    CLIENT_NAMES,
    Match,
    SettingInfo,
    Table,
    every_spelling,
    match,
    table,
    table_name,
)
from oncelint.effective import normalise
from oncelint.frameworks.brokers import CLIENTS_OWN
from oncelint.frameworks.spelling import told
from oncelint.link.configuration.spelling import nearest, slip
from oncelint.model.facts import UNREAD, Block, WrittenSetting
from oncelint.model.project import AliasClash, KeyUse
from oncelint.model.values import Known
from oncelint.model.versions import at_least

Versions = Mapping[str, Sequence[str]]

_PYTHON = ("kafka-python", "kafka-python-ng", "aiokafka")

# The roles whose releases a client library's version says nothing about.
_SERVERS = ("broker", "connect-worker", "connector")

# A guarantee that this version has no code for is client-with-known-defect's matter, whatever
# other client has the setting as well.
_EXACTLY_ONCE = frozenset(
    {"enable.idempotence", "transactional.id", "transaction.timeout.ms", "isolation.level"}
)
_SECURITY = ("sasl.", "ssl.")

# Tables a stray key is looked up in, the likeliest origin first.
_ORIGINS: dict[str, tuple[str, ...]] = {
    "librdkafka": ("java", "kafka-python", "aiokafka"),
    "kafka-python": ("aiokafka", "librdkafka", "java"),
    "kafka-python-ng": ("aiokafka", "librdkafka", "java"),
    "aiokafka": ("kafka-python", "librdkafka", "java"),
}

# What librdkafka calls a Java setting of another name (librdkafka, CONFIGURATION.md).
_IN_LIBRDKAFKA: dict[str, str] = {
    "buffer.memory": "queue.buffering.max.kbytes",
    "fetch.max.wait.ms": "fetch.wait.max.ms",
    "max.request.size": "message.max.bytes",
    "partitioner.class": "partitioner",
    "sasl.jaas.config": "sasl.username and sasl.password",
    "ssl.truststore.location": "ssl.ca.location",
}

# Settings of the Scala clients, which no Java client ever read (Kafka had them until 2.0, says its
# upgrade notes): what the Java clients call them, or None.
_SCALA: dict[str, dict[str, str | None]] = {
    "producer": {
        "producer.type": None,
        "serializer.class": "value.serializer",
        "key.serializer.class": "key.serializer",
        "request.required.acks": "acks",
        "message.send.max.retries": "retries",
        "queue.buffering.max.ms": "linger.ms",
        "queue.buffering.max.messages": "buffer.memory",
        "queue.enqueue.timeout.ms": "max.block.ms",
        "batch.num.messages": "batch.size",
        "compression.codec": "compression.type",
        "topic.metadata.refresh.interval.ms": "metadata.max.age.ms",
    },
    "consumer": {
        "auto.commit.enable": "enable.auto.commit",
        "fetch.message.max.bytes": "max.partition.fetch.bytes",
        "fetch.wait.max.ms": "fetch.max.wait.ms",
        "offsets.storage": None,
        "dual.commit.enabled": None,
        "rebalance.max.retries": None,
        "rebalance.backoff.ms": None,
        "consumer.timeout.ms": None,
        "zookeeper.connect": None,
        "zookeeper.session.timeout.ms": None,
        "zookeeper.connection.timeout.ms": None,
        "zookeeper.sync.time.ms": None,
        "refresh.leader.backoff.ms": None,
        "queued.max.message.chunks": None,
    },
}
# What says that a file is a Scala client's own.
_SCALA_ONLY = frozenset({"metadata.broker.list", "zookeeper.connect"})
# What the Java producer lost in 0.11 (KAFKA-3353), and what it has instead.
_FORMER: dict[str, str] = {
    "block.on.buffer.full": "max.block.ms",
    "metadata.fetch.timeout.ms": "max.block.ms",
}
_FORMER_UNTIL = "0.11"


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads a block: one client library in the versions it may have.

    `construct` is the class a program makes. `closed` when the block has no keys but the client's
    own, `shared` when both roles are configured from it; `beside` are all of its keys. `java` when
    the Java client is among those that may read it.
    """

    dialect: str
    versions: tuple[str, ...]
    role: str
    construct: str
    closed: bool
    shared: bool
    beside: frozenset[str]
    java: bool

    @property
    def table_name(self) -> str:
        return table_name(self.dialect, self.role)

    @property
    def table(self) -> Table:
        return table(self.table_name)

    @property
    def name(self) -> str:
        return CLIENT_NAMES[self.dialect]

    @property
    def beyond(self) -> bool:
        """Whether a version may know keys that the table does not: it is older or newer."""
        info = self.table
        return any(
            not at_least(one, info.oldest) or (at_least(one, info.newest) and one != info.newest)
            for one in self.versions
        )

    def without(self, info: SettingInfo, key: str) -> tuple[str, ...]:
        """The versions that do not have a setting, or not this spelling of it."""
        return tuple(
            v for v in self.versions if not (info.exists(v) and info.spelling_exists(key, v))
        )


def judge_keys(
    block: Block,
    versions: Versions,
    role: str,
    *,
    closed: bool,
    shared: bool,
    construct: str = "",
) -> tuple[KeyUse, ...]:
    """The status of every written key; a key must be wrong for each client that is possible.

    `shared` blocks are read by both roles. A connector's keys are its plug-in's own and are not
    judged.
    """
    if role == "connector":
        return ()
    beside = frozenset(setting.key for setting in block.settings)
    readers = [
        Reader(
            *(dialect, _versions(dialect, role, known), role, construct, closed, shared, beside),
            java="java" in versions,
        )
        for dialect, known in versions.items()
    ]
    uses = []
    for setting in block.settings:
        if setting.key.startswith(UNREAD):
            uses.append(_unread(setting, block))
            continue
        use = _agreed([_judge(setting, reader) for reader in readers])
        if use is not None:
            uses.append(_as_written(replace(use, canonical=use.nearest), setting, block))
    return tuple(uses)


def _unread(setting: WrittenSetting, block: Block) -> KeyUse:
    """A key that a framework leaves out, with the one that it hands on; the program may read it."""
    meant = setting.key.removeprefix(UNREAD)
    near = told(block.homes[0] if block.homes else None, meant)
    detail = "Spring Boot has no property of that name and hands nothing on"
    shown = setting.shown or meant
    return KeyUse(shown, setting.key_span, "unknown", near, detail, certain=False, canonical=meant)


def _as_written(use: KeyUse, setting: WrittenSetting, block: Block) -> KeyUse:
    """As the file spells keys: with a prefix that the client does not see, or in another way."""
    if setting.shown is None:
        return use
    near = use.nearest
    if not setting.shown.endswith(setting.key):
        home = block.homes[0] if block.homes else None
        return replace(use, key=setting.shown, nearest=told(home, near) if near else near)
    prefix = setting.shown.removesuffix(setting.key)
    return replace(use, key=setting.shown, nearest=prefix + near if near is not None else None)


def _versions(dialect: str, role: str, known: Sequence[str]) -> tuple[str, ...]:
    return table(table_name(dialect, role)).versions if role in _SERVERS else tuple(known)


def _agreed(found: Sequence[KeyUse | None]) -> KeyUse | None:
    """The one verdict of all readers; None when one of them has nothing to say."""
    judged = [use for use in found if use is not None]
    for status in ("known", "deprecated"):
        for use in judged:
            if use.status == status:
                return use
    if not judged or len(judged) < len(found):
        return None
    certain = all(use.certain for use in judged) and len({use.status for use in judged}) == 1
    return replace(judged[0], certain=certain)


def _judge(setting: WrittenSetting, reader: Reader) -> KeyUse | None:
    key = setting.key
    known = KeyUse(key, setting.key_span, "known")
    if _taken_by_wrapper(key, reader):
        return known
    found = match(reader.table_name, key)
    if found is None:
        return _stranger(setting, reader)
    if found.prefix and reader.dialect == "java":
        return _inner(known, found, reader)
    if found.setting is None:
        return _stranger(setting, reader)
    return _own(setting, found.setting, key.removeprefix(found.prefix), reader)


def _inner(known: KeyUse, found: Match, reader: Reader) -> KeyUse | None:
    """A key behind a prefix: a worker's clients are readers of their own; in a Streams
    application a slip counts."""
    if found.setting is not None or found.owner == reader.table_name:
        return known
    if reader.role == "connect-worker":
        return None
    names = [found.prefix + name for name in table(found.owner).by_spelling]
    near = _slip(known.key, names, reader)
    return replace(known, status="unknown", nearest=near) if near else None


def _taken_by_wrapper(key: str, reader: Reader) -> bool:
    """confluent_kafka/avro/__init__.py takes these out for its registry client."""
    return reader.construct in ("AvroProducer", "AvroConsumer") and key.startswith(
        "schema.registry"
    )


def _own(setting: WrittenSetting, info: SettingInfo, spelled: str, reader: Reader) -> KeyUse:
    """A key of this client: there at these versions, for this class and this role?"""
    use = KeyUse(setting.key, setting.key_span, "known")
    missing = reader.without(info, spelled)
    if missing:
        return _missing(use, info, spelled, missing, reader)
    if info.classes and reader.construct not in info.classes and reader.closed:
        taker = min(info.classes, key=len)
        return replace(use, status="other-client", detail=taker, refused=refusal(reader))
    if reader.role not in info.roles and not reader.shared and _plain(reader.role):
        owners = " and ".join(sorted(info.roles & {"producer", "consumer", "admin"}))
        return replace(use, status="other-role", detail=owners, refused=_refuses_role(info, reader))
    if info.deprecated is None:
        return use
    since, note = info.deprecated
    late = tuple(version for version in reader.versions if at_least(version, since))
    if not late:
        return use
    return replace(
        use,
        status="deprecated",
        detail=note,
        versions=late,
        certain=len(late) == len(reader.versions),
    )


def _missing(
    use: KeyUse, info: SettingInfo, spelled: str, missing: tuple[str, ...], reader: Reader
) -> KeyUse:
    """A key this client has at other versions only."""
    since = info.spellings_since.get(spelled, info.since)
    gone = info.removed is not None and any(at_least(v, info.removed) for v in missing)
    if gone:
        detail = f"it is gone since {info.removed}"
    elif all(v in info.absent for v in missing):
        detail = "it was left out of this release"
    else:
        detail = f"it arrived in {since}"
    wrong = replace(
        use,
        status="unknown",
        detail=detail,
        versions=missing,
        certain=len(missing) == len(reader.versions),
        refused=refusal(reader, missing),
    )
    if reader.dialect == "librdkafka" and not gone and info.name not in _EXACTLY_ONCE:
        # what librdkafka learns under Java's name is missing; what it never needed is a mix-up
        if not info.name.startswith(_SECURITY) and _java(spelled, reader) is not None:
            detail = f"the Java client ({reader.name} has it from {since} on)"
            return replace(wrong, status="other-client", detail=detail)
    return wrong


def _plain(role: str) -> bool:
    return role in ("producer", "consumer")


def _refuses_role(info: SettingInfo, reader: Reader) -> str | None:
    """librdkafka only logs a CONFWARN for the other role's settings (rdkafka_conf.c,
    rd_kafka_conf_warn), but the Python layer's own keys are tied to its classes."""
    if reader.dialect == "librdkafka" and info.type != "callable" and not info.classes:
        return None
    return refusal(reader) if reader.closed else None


def _stranger(setting: WrittenSetting, reader: Reader) -> KeyUse | None:
    """A key this client has at no version; None when it may well be somebody else's."""
    key = setting.key
    certain = not reader.beyond
    use = KeyUse(key, setting.key_span, "unknown", certain=certain, refused=refusal(reader))
    if reader.dialect == "java":
        return _java_stranger(use, reader)
    names = _names(reader)
    if not reader.closed:
        if reader.java and _plain(reader.role) and _abandoned(use, reader) is not None:
            return use  # so that it agrees with the Java client, which is to judge this key
        near = _slip(key, names, reader)
        return replace(use, nearest=near) if near else None
    origin = _origin(key, reader)
    if origin is not None:
        client, equivalent = origin
        return replace(use, status="other-client", nearest=equivalent, detail=client)
    return replace(use, nearest=nearest(key, names))


def _java_stranger(use: KeyUse, reader: Reader) -> KeyUse | None:
    """Java clients hand unknown keys on to interceptors, serializers and reporters: only a slip,
    the other role's key or an older client's counts."""
    if reader.role == "broker" and use.key in CLIENTS_OWN:
        return replace(use, status="other-role", detail=CLIENTS_OWN[use.key], refused=None)
    if not _plain(reader.role):
        near = _slip(use.key, _names(reader), reader)
        return replace(use, nearest=near) if near else None
    other = "consumer" if reader.role == "producer" else "producer"
    if table(table_name("java", other)).find(use.key) is not None:
        return None if reader.shared else replace(use, status="other-role", detail=other)
    if use.key in _SCALA[reader.role] or use.key in _FORMER:
        return _abandoned(use, reader)
    foreign = table("librdkafka").find(use.key)
    same = reader.table.settings.get(foreign.name) if foreign is not None else None
    if same is not None and same.name not in reader.beside:
        return replace(use, status="other-client", nearest=same.name, detail="librdkafka")
    near = _slip(use.key, _names(reader), reader)
    return replace(use, nearest=near) if near else None


def _abandoned(use: KeyUse, reader: Reader) -> KeyUse | None:
    """A key of the Scala clients or of early Java ones; None in a Scala client's own file, which
    names ZooKeeper or its brokers and no `bootstrap.servers`, and for every other key."""
    if reader.role == "producer" and use.key in _FORMER:
        old = reader.dialect == "java" and not all(
            at_least(one, _FORMER_UNTIL) for one in reader.versions
        )
        detail = f"the Java producer lost it in {_FORMER_UNTIL}"
        return None if old else replace(use, nearest=_FORMER[use.key], detail=detail, certain=True)
    scala = _SCALA[reader.role]
    own_file = reader.beside & _SCALA_ONLY and "bootstrap.servers" not in reader.beside
    if use.key not in scala or own_file:
        return None
    detail = f"the Scala {reader.role} had it, the Java one never did"
    return replace(use, nearest=scala[use.key], detail=detail, certain=True)


def _slip(key: str, names: Sequence[str], reader: Reader) -> str | None:
    """The key meant in an open world; what is a setting of anything in Kafka is no slip."""
    return None if key in every_spelling() else slip(key, names, reader.beside)


def _names(reader: Reader) -> tuple[str, ...]:
    """Every spelling that would do here."""
    role = "" if reader.shared or not _plain(reader.role) else reader.role
    return _spellings(reader.table_name, role, reader.construct, reader.versions)


@cache
def _spellings(name: str, role: str, construct: str, versions: tuple[str, ...]) -> tuple[str, ...]:
    """The spellings of a table that some version takes; `role` empty: of every role."""
    info = table(name)
    return tuple(
        spelling
        for one in (info, *(table(embedded) for embedded in info.embeds))
        for setting in one.settings.values()
        if not role or role in setting.roles
        if not setting.classes or construct in setting.classes
        for spelling in setting.spellings
        if not versions
        or any(setting.exists(v) and setting.spelling_exists(spelling, v) for v in versions)
    )


def _origin(key: str, reader: Reader) -> tuple[str, str | None] | None:
    """The client whose spelling a key is, and what this client calls the same setting."""
    for dialect in _ORIGINS.get(reader.dialect, ()):
        if dialect == "java":
            found, client = _java(key, reader), "the Java client"
        else:
            found, client = table(dialect).find(key), CLIENT_NAMES[dialect]
        if found is not None:
            return client, _equivalent(found, reader)
    return None


def _java(key: str, reader: Reader) -> SettingInfo | None:
    roles = ("consumer", "producer") if reader.role == "consumer" else ("producer", "consumer")
    return next((one for role in roles if (one := table(f"java-{role}").find(key))), None)


def _equivalent(foreign: SettingInfo, reader: Reader) -> str | None:
    if reader.dialect == "librdkafka" and foreign.name in _IN_LIBRDKAFKA:
        return _IN_LIBRDKAFKA[foreign.name]
    same = reader.table.settings.get(foreign.name)
    if same is None or len(reader.without(same, same.spellings[0])) == len(reader.versions):
        return None
    if _plain(reader.role) and reader.role not in same.roles:
        return None
    return None if same.classes and reader.construct not in same.classes else same.spellings[0]


def refusal(reader: Reader, versions: Sequence[str] | None = None) -> str | None:
    """What a client raises for a key it does not know; None when it only logs, or ignores.

    Sources: librdkafka rd_kafka_conf_set; kafka/producer/kafka.py, kafka/consumer/group.py and
    aiokafka's signatures; AbstractConfig.logUnused of the Java clients.
    """
    if reader.dialect == "librdkafka":
        return "KafkaException: No such configuration property"
    if reader.dialect == "aiokafka":
        return "TypeError: unexpected keyword argument"
    if reader.dialect not in _PYTHON:
        return None
    if reader.role == "consumer":
        return "KafkaConfigurationError: Unrecognized configs"
    asked = list(versions or reader.versions)
    newer = reader.dialect == "kafka-python" and asked and at_least(asked[0], "3.0.0")
    return ("ValueError" if newer else "AssertionError") + ": Unrecognized configs"


def alias_clashes(block: Block, versions: Versions, role: str) -> tuple[AliasClash, ...]:
    """Two spellings of one setting written side by side with different values.

    The later one counts. An override by a spread or a merge key, which stands elsewhere, is none.
    """
    if len(versions) != 1:
        return ()
    (dialect,) = versions
    name = table_name(dialect, role)
    first: dict[str, int] = {}
    clashes = []
    for index, setting in enumerate(block.settings):
        found = match(name, setting.key)
        if found is None or found.setting is None or (found.prefix and dialect == "java"):
            continue
        info = found.setting
        at = first.get(info.name)
        first[info.name] = index
        if at is None:
            continue
        earlier = block.settings[at]
        if _same_value(earlier, setting, info, dialect):
            continue
        if _side_by_side(block.settings[at : index + 1]):
            clashes.append(AliasClash(earlier.key, earlier.key_span, setting.key, setting.key_span))
    return tuple(clashes)


def _same_value(
    one: WrittenSetting, other: WrittenSetting, info: SettingInfo, dialect: str
) -> bool:
    """Whether two settings come to the same; what is not known may well."""
    values = [
        normalise(setting.value, info.type, info.name, dialect)
        if isinstance(setting.value, Known)
        else None
        for setting in (one, other)
    ]
    return None in values or values[0] == values[1]


_GAP = 3


def _side_by_side(settings: Iterable[WrittenSetting]) -> bool:
    """Whether settings stand in one run of lines, as those of one display or section do."""
    return all(
        one.path == other.path and 0 <= other.start.line - one.end.line <= _GAP
        for one, other in pairwise(setting.key_span for setting in settings)
    )
