"""The linked project: the subjects that rules judge.

Everything is frozen. A subject tells what it is, where it stands, and what its configuration
comes to in every world that the project leaves possible.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from oncelint.model.values import Known, Unknown, is_given

if TYPE_CHECKING:
    from collections.abc import Mapping

    from oncelint.model.facts import Block, Condition, SuppressionComment
    from oncelint.model.layers import Layer
    from oncelint.model.pipelines import Lifecycle, Pipeline, TransactionTrace
    from oncelint.model.sinks import Sink
    from oncelint.model.values import Origin, Scalar, Span, Value

SetBy: TypeAlias = Literal["user", "default", "implied", "lock"]


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting's effective value in one world.

    `name` is the canonical (dotted Kafka) name, `spelled` the user's key or, for what the user
    did not set, the client's preferred spelling. `set_by` tells the user's own value from the
    client's default, from what another setting implies and from what a framework locks.
    `overridden` is what the user wrote where another setting decides in the end.
    """

    name: str
    spelled: str
    value: Value
    set_by: SetBy
    key_span: Span | None = None
    value_span: Span | None = None
    origins: tuple[Origin, ...] = ()
    overridden: Value | None = None

    @property
    def known(self) -> bool:
        return isinstance(self.value, Known)


Outcome: TypeAlias = Literal["refuses", "corrects", "switches-off", "ignores"]


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Settings that this client does not accept together.

    `outcome`: the client refuses to start, corrects a setting silently, switches the guarantee
    off, or ignores a setting. `error` is what the client raises, for messages. `settings` are
    the canonical names involved, the one to blame first; `family` groups contradictions for the
    rules (idempotence, transactions, timeouts).
    """

    family: str
    outcome: Outcome
    settings: tuple[str, ...]
    error: str
    source: str


@dataclass(frozen=True, slots=True)
class World:
    """One self-consistent possibility: client versions that behave alike, and one branch of every
    choice. `versions` ascend."""

    client: str
    dialect: str
    versions: tuple[str, ...]
    conditions: tuple[Condition, ...]
    settings: Mapping[str, Setting]
    open_reason: str | None
    contradictions: tuple[Contradiction, ...] = ()

    def setting(self, name: str) -> Setting | None:
        """The effective setting of a canonical name; None when this client has no such setting."""
        return self.settings.get(name)

    def value(self, name: str) -> Value:
        found = self.settings.get(name)
        return found.value if found else Unknown(f"{self.client} has no setting {name}")

    def known(self, name: str) -> Scalar | tuple[Scalar, ...]:
        """The known value, or None when it is unknown, computed or there is no such setting."""
        value = self.value(name)
        return value.value if isinstance(value, Known) else None

    def is_set(self, name: str) -> bool:
        """Whether the user set it (so the client treats a contradiction as the user's own)."""
        found = self.settings.get(name)
        return found is not None and found.set_by == "user"

    def transactional(self) -> bool | None:
        """Whether a producer has a transactional id; None when that cannot be known."""
        found = self.settings.get("transactional.id")
        if found is None or found.set_by != "user":
            return None if self.open_reason is not None else False
        return is_given(found.value)

    def in_flight_bound(self) -> int:
        """How many requests in flight an idempotent producer of this client may have: one in
        kafka-python 2.2 and 2.3 (kafka/producer/kafka.py) and in Redpanda Connect (franz_writer.go),
        else five."""
        if self.dialect == "redpanda-connect":
            return 1
        old = self.dialect == "kafka-python" and self.versions[-1].startswith("2.")
        return 1 if old else 5

    def refuses(self) -> bool:
        """Whether this client would not start with this configuration."""
        return any(item.outcome == "refuses" for item in self.contradictions)


@dataclass(frozen=True, slots=True)
class TopicUse:
    """A topic a client writes or reads; `name` None when it could not be known."""

    name: str | None
    span: Span
    pattern: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One hop of a call path, labelled for the reader (`consume here`, `called here`)."""

    span: Span
    label: str


@dataclass(frozen=True, slots=True)
class KeyUse:
    """A key the user wrote, as the config/ rules judge it.

    `status`: known to this client; unknown to it; read only by another role (`detail` names it);
    a key of another client (`detail` names that); deprecated. `nearest` is the key to write
    instead, `detail` else why the status holds. It holds in `versions`, or (empty) in every one;
    `certain` when no possible version or client knows better. `refused` is what the client raises
    for the key; None when it goes on without it. `key` and `nearest` are spelled as the file spells
    them; `canonical` is the nearest key as the client knows it.
    """

    key: str
    span: Span
    status: Literal["known", "unknown", "other-role", "other-client", "deprecated"]
    nearest: str | None = None
    detail: str = ""
    versions: tuple[str, ...] = ()
    certain: bool = True
    refused: str | None = None
    canonical: str | None = None


@dataclass(frozen=True, slots=True)
class ValueProblem:
    """A written value the client's own type, range or names do not admit.

    `span` is the value's token and `key_span` its key's; `text` the value, never a secret one.
    `refused` is what the client raises, None when it goes on, and then `effect` tells how.
    """

    key: str
    span: Span
    text: str
    expected: str
    certain: bool = True
    refused: str | None = None
    effect: str = ""
    key_span: Span | None = None


@dataclass(frozen=True, slots=True)
class AliasClash:
    """A setting written under two spellings; the later one counts."""

    loser: str
    loser_span: Span
    winner: str
    winner_span: Span


@dataclass(frozen=True, slots=True)
class Defect:
    """A published exactly-once defect of the client in use, or a feature it has no code for."""

    id: str
    text: str
    source: str
    fixed_in: str | None
    span: Span
    setting: str | None = None
    certain: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A producer, consumer, Streams application, worker, connector or broker configuration.

    `client` names the library as its distribution does (`confluent-kafka`), `client_versions`
    what the project's files say of its version (empty: nothing). `span` is the construction, or
    the block's place in a configuration file. `unit` is the deployment unit's folder. `in_tests`
    subjects are seen but not judged. `twins` are blocks that say the same in other places, with which
    the client is constructed on other ways. `layers` is what a framework adds to the block,
    `instances` how many processes run with it (None: not known), `details` what the placement says
    besides (the cluster's name, the profile, the image).
    """

    role: str
    client: str
    dialect: str
    client_versions: tuple[str, ...]
    construct: str
    span: Span
    placement: str
    worlds: tuple[World, ...]
    block: Block
    unit: str
    twins: tuple[Block, ...] = ()
    in_tests: bool = False
    keys: tuple[KeyUse, ...] = ()
    value_problems: tuple[ValueProblem, ...] = ()
    alias_clashes: tuple[AliasClash, ...] = ()
    defects: tuple[Defect, ...] = ()
    topics: tuple[TopicUse, ...] = ()
    topics_complete: bool = False
    path: tuple[Step, ...] = ()
    name: str = ""
    layers: tuple[Layer, ...] = ()
    instances: int | None = 1
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Producer(Client):
    """`sends_offsets`: places of send_offsets_to_transaction; `commits_transaction`: of
    commit_transaction. `group_metadata`: offsets go with the consumer's group metadata."""

    sends_offsets: tuple[Span, ...] = ()
    group_metadata: bool = False
    uses_transactions: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer(Client):
    """`reads`: whether records are taken from it at all (not only metadata or watermarks).
    `counts_offsets` are comparisons that take its offsets for a gapless count, told by what they
    wait for."""

    reads: bool = True
    commits: tuple[Span, ...] = ()
    counts_offsets: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectWorker(Client):
    """A Connect worker's own configuration. `distributed` None: not known which sort it is."""

    distributed: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Connector(Client):
    """A Connect connector; `connector_class` as written, `facts` its delivery facts by name.

    `workers` are the workers it can run on: one where the project has one, several where it does
    not tell which, none where it has none.
    """

    connector_class: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    workers: tuple[ConnectWorker, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamsApplication(Client):
    """A Kafka Streams application, ksqlDB's server among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlinkSource(Client):
    """A Kafka table of Flink that is read, or a KafkaSource of a program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlinkSink(Client):
    """A Kafka table of Flink that is written to, or a KafkaSink of a program.

    `details` tell of the `table` its name, whether it has a `key` (yes, no), where an insert of an
    updating query stands (`updates`), whether the job's checkpoints are on or off (`checkpointing`)
    and where that is said (`checkpointing-at`), and the `script` whose job writes it.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class FlinkJob(Client):
    """What a Flink job is configured with: its checkpoints."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SparkSource(Client):
    """Spark reading from Kafka: a stream, or once as a batch."""

    streaming: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SparkSink(Client):
    """A Spark query's end, or a batch written to Kafka.

    `format` is what it writes to (`kafka`, `delta`, `foreachBatch`; `unknown`), `sources` are the
    places of the Kafka sources it draws from: None where that is not known.
    """

    streaming: bool = True
    format: str = ""
    sources: tuple[Span, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SparkSession(Client):
    """What a Spark session is given about streaming, in a program or from outside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic(Client):
    """A topic as somebody creates it: `name`, its own settings, and among these
    `replication.factor` and `partitions`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker(Client):
    """A broker's own configuration."""


@dataclass(frozen=True, slots=True)
class Workload:
    """What runs the processes of a program: a Deployment, a StatefulSet, a service of compose.

    `replicas` None: not known how many. `environment` are the variables that its containers are
    given, with their values where these are known.
    """

    kind: str
    name: str
    span: Span
    replicas: int | None
    image: str
    unit: str
    environment: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cluster:
    """The brokers that stand together, over all documents and services that name them.

    `size` is how many brokers there are, None where something that may be a broker, or how many
    run, is not known. `name` tells the cluster from others of the project.
    """

    name: str
    span: Span
    brokers: tuple[Broker, ...]
    size: int | None
    topics: tuple[Topic, ...] = ()


@dataclass(frozen=True, slots=True)
class Feed:
    """Records of `consumer` are produced by `producer` in the same consume loop.

    `path` leads from the loop to the produce call.
    """

    consumer: Consumer
    producer: Producer
    path: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class TransactionalPair:
    """A consumer that reads what a transactional producer writes.

    `topic` is the shared topic, or None when they are paired by their deployment unit alone.
    """

    producer: Producer
    consumer: Consumer
    topic: str | None
    write_span: Span | None = None
    read_span: Span | None = None


@dataclass(frozen=True, slots=True)
class SuppressionUse:
    """A suppression comment and whether it suppressed anything in this run."""

    comment: SuppressionComment
    used: tuple[str, ...]
    unknown: tuple[tuple[str, str | None], ...]
    judged: bool = True


@dataclass(frozen=True, slots=True)
class BrokerLimit:
    """transaction.max.timeout.ms as the project's broker files set it (None: 15 minutes)."""

    value_ms: int
    span: Span | None


@dataclass(frozen=True, slots=True)
class Unresolved:
    """Something that could not be known, and why; silence about it is deliberate."""

    span: Span
    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class Project:
    """Everything linked. `partial` when files that could matter were not read: claims of absence
    are then muted."""

    producers: tuple[Producer, ...]
    consumers: tuple[Consumer, ...]
    clients: tuple[Client, ...]
    feeds: tuple[Feed, ...]
    pairs: tuple[TransactionalPair, ...]
    sinks: tuple[Sink, ...]
    broker_limit: BrokerLimit
    unresolved: tuple[Unresolved, ...]
    partial: bool = False
    pipelines: tuple[Pipeline, ...] = ()
    transactions: tuple[TransactionTrace, ...] = ()
    lifecycles: tuple[Lifecycle, ...] = ()
    clusters: tuple[Cluster, ...] = ()
    workloads: tuple[Workload, ...] = ()
