"""From constructions and configuration files to clients with their worlds."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from oncelint.dependencies.interest import SPRING_BOOT
from oncelint.dependencies.platforms import MEASURED, clients_of, platform_versions
from oncelint.dependencies.resolve import (
    Knowledge,
    Memory,
    deployment_unit,
    resolve,
    resolve_distribution,
)
from oncelint.dialects import CLIENT_NAMES, DISTRIBUTIONS, table, table_name
from oncelint.dialects.defects import defects_of
from oncelint.effective import worlds
from oncelint.flow.blocks import span_of
from oncelint.flow.trace import Making, Site
from oncelint.flow.values import Lit
from oncelint.frameworks.connectors import facts_of
from oncelint.frameworks.python.clients import CLIENTS, TOPICS
from oncelint.frameworks.python.streaming import BATCH_FUNCTIONS, STREAM_SOURCE, STREAMS
from oncelint.frameworks.spelling import told
from oncelint.link.configuration.admissible import value_problems
from oncelint.link.configuration.keys import alias_clashes, judge_keys
from oncelint.link.streaming import stream_consumer
from oncelint.model.facts import Block, ConfigFact, Requirement
from oncelint.model.layers import Layer
from oncelint.model.project import (
    Broker,
    Client,
    Connector,
    ConnectWorker,
    Consumer,
    FlinkJob,
    FlinkSink,
    FlinkSource,
    Producer,
    SparkSession,
    SparkSink,
    SparkSource,
    Step,
    StreamsApplication,
    Topic,
    TopicUse,
    World,
)
from oncelint.model.values import Span

# Kafka releases its artifacts together: each of them tells the version of the clients.
_KAFKA_ARTIFACTS = (
    "org.apache.kafka:kafka-clients",
    "org.apache.kafka:kafka-streams",
    "org.apache.kafka:connect-runtime",
    "org.apache.kafka:connect-api",
)
_SERVERS = ("org.apache.kafka:connect-runtime", "org.apache.kafka:connect-api")
_ON_SERVERS = frozenset({"broker", "topic", "connect-worker", "connector"})
_MAKINGS = 8


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What deciding about a client needs of the project.

    `pinned` are client versions from oncelint's settings, by distribution; `java_units` the
    deployment units with code of a JVM language that uses Kafka.
    """

    requirements: Mapping[str, tuple[Requirement, ...]]
    unit_files: Collection[str]
    pinned: Mapping[str, str]
    java_units: Collection[str] = ()
    include_tests: bool = False
    memory: Memory = field(default_factory=dict, init=False, compare=False, repr=False)
    units: dict[str, str] = field(default_factory=dict, init=False, compare=False, repr=False)

    def unit(self, path: str) -> str:
        """The deployment unit of a file: one answer for each folder."""
        folder = path.rpartition("/")[0]
        known = self.units.get(folder)
        if known is None:
            known = self.units[folder] = deployment_unit(path, self.unit_files)
        return known

    def served(self, path: str) -> Knowledge:
        """What the project says of the version of Kafka's own servers: brokers and Connect workers.

        An application's clients do not tell it; who builds on Connect's runtime means that release.
        """
        known = _versions_of("java")
        for artifact in _SERVERS:
            found = resolve(self.requirements, path, artifact, known, self.memory)
            if found.source != "none" and not found.elsewhere:
                return found
        pinned = self.pinned.get(DISTRIBUTIONS["java"])
        if pinned is not None:
            return Knowledge((pinned,), True, None, "", "none", False)
        return Knowledge(known, False, None, "", "none", False)

    def knowledge(self, path: str, dialect: str) -> Knowledge:
        """What the project says of the version of a dialect's library at a place."""
        distribution = DISTRIBUTIONS[dialect]
        known = _versions_of(dialect)
        found = resolve(self.requirements, path, distribution, known, self.memory)
        if dialect == "java":
            for artifact in _KAFKA_ARTIFACTS[1:]:
                if found.source != "none":
                    break
                found = resolve(self.requirements, path, artifact, known, self.memory)
            if found.source == "none" or found.elsewhere:  # the module's own platform is nearer
                found = self._of_platform(path, known) or found
            if found.elsewhere:  # what stands beside a program or above it may be another's
                found = Knowledge(known, False, None, "", "none", False)
        if found.source == "none" and distribution in self.pinned:
            return replace(found, versions=(self.pinned[distribution],), exact=True)
        return found

    def _of_platform(self, path: str, known: tuple[str, ...]) -> Knowledge | None:
        """The clients that the framework's platform brings, where a file above names its release."""
        for platform in MEASURED:
            releases = platform_versions(platform)
            found = resolve(self.requirements, path, platform, releases, self.memory)
            if found.elsewhere:
                continue
            if found.source == "none":
                if platform == SPRING_BOOT and found.span is not None:
                    return None  # it manages the clients, whatever spring-kafka was built with
                continue
            brought = dict.fromkeys(
                version
                for release in found.versions
                for version in clients_of(platform, release, known)
            )
            if brought:
                exact = found.exact and len(brought) == 1
                return replace(found, versions=tuple(brought), exact=exact)
        return None


def _versions_of(dialect: str) -> tuple[str, ...]:
    role = f"{dialect}-sink" if dialect in ("flink", "spark") else "producer"
    return table(table_name(dialect, role)).versions


@lru_cache(maxsize=1 << 16)
def is_test(path: str) -> bool:
    """Whether a file is test code or a test's resource, by its name and folders."""
    folder, _, name = path.lower().rpartition("/")
    return (
        name.startswith(("test_", "conftest."))
        or name.endswith(("_test.py", "_tests.py"))
        or name in ("tests.py", "test.py")
        or not _TEST_FOLDERS.isdisjoint(folder.split("/"))
    )


_TEST_FOLDERS = frozenset(
    {"test", "tests", "testing", "__tests__", "integration-tests", "integration_tests"}
    | {"integrationtest", "unittests", "unit_tests", "e2e", "testdata", "test-resources"}
)


@dataclass(frozen=True, slots=True)
class Made:
    """A client of a Python construction, with the way it was reached."""

    site: int
    client: Client
    making: Making


def python_clients(
    sites: Sequence[Site], around: Surroundings, used: Collection[int]
) -> list[Made]:
    """One client for every way a construction is reached with its own configuration.

    `used` are the sites on whose clients a method is called. A client whose name is given to
    another one before that writes and reads nothing, and is left out.
    """
    made: list[Made] = []
    known = {*CLIENTS, *STREAMS, *TOPICS}
    if all(site.constructor != STREAM_SOURCE for site in sites):
        # what comes from somewhere that is not seen does not come from Kafka, where nothing does
        known -= BATCH_FUNCTIONS
    for site in sites:
        if site.constructor not in known:
            continue  # built by calls: link/builders.py
        if site.rebound and site.index not in used:
            continue
        makings = [one for one in site.makings if one.called] or site.makings
        if not is_test(site.at.path):
            makings = [one for one in makings if not _from_tests(one)] or makings
        seen: list[object] = []
        twins: dict[int, list[Block]] = {}
        for making in makings:
            worth = (_worth(making.block), making.topics)
            if worth in seen:
                twins.setdefault(seen.index(worth), []).append(making.block)
                continue
            if len(seen) >= _MAKINGS:
                continue
            seen.append(worth)
            if site.constructor in STREAMS:
                made.append(Made(site.index, _streaming(site, making, around), making))
                continue
            make = _python_topic if site.constructor in TOPICS else _python_client
            made.append(Made(site.index, make(site, making, around), making))
        first = len(made) - len(seen)
        for number, blocks in twins.items():
            one = made[first + number]
            if isinstance(one.client, (Producer, Consumer)):
                twin = replace(one.client, twins=tuple(blocks))
                made[first + number] = replace(one, client=twin)
    return made


def _streaming(site: Site, making: Making, around: Surroundings) -> Consumer:
    path = site.at.path
    in_tests = is_test(path) and not around.include_tests
    return stream_consumer(site, making, unit=around.unit(path), in_tests=in_tests)


def _from_tests(making: Making) -> bool:
    """Whether a test leads to a construction: what it hands over is nothing the application has."""
    return any(is_test(step.span.path) for step in making.path)


def _worth(block: Block) -> object:
    """What a block says, wherever it says it."""
    return (
        block.open_reason,
        [(s.key, [(a.value, a.when) for a in s.alternatives]) for s in block.settings],
    )


def _python_client(site: Site, making: Making, around: Surroundings) -> Client:
    shape = CLIENTS[site.constructor]
    path = site.at.path
    distributions = [DISTRIBUTIONS[name] for name in shape.dialects]
    installed = resolve_distribution(around.requirements, path, distributions, around.memory)
    dialects = [name for name in shape.dialects if DISTRIBUTIONS[name] in installed]
    return _client(
        [(name, around.knowledge(path, name)) for name in dialects or shape.dialects],
        shape.role,
        making.block,
        span_of(site.at),
        around,
        construct=site.constructor.rpartition(".")[2],
        placement="python",
        path=making.path,
        closed=True,
    )


_TOPIC_ARGUMENTS = {"num_partitions": "partitions", "replication_factor": "replication.factor"}


def _python_topic(site: Site, making: Making, around: Surroundings) -> Client:
    """A topic that an admin client is told to create."""
    path = site.at.path
    settings = tuple(
        replace(one, key=_TOPIC_ARGUMENTS.get(one.key, one.key), shown=one.key)
        for one in making.block.settings
        if one.key not in ("replica_assignment", "replica_assignments")
    )
    title = making.topics[0] if making.topics else None
    return _client(
        [("java", around.knowledge(path, "java"))],
        "topic",
        replace(making.block, settings=settings),
        span_of(site.at),
        around,
        construct=site.constructor.rpartition(".")[2],
        placement="python",
        path=making.path,
        closed=False,
        name=title.value if isinstance(title, Lit) and isinstance(title.value, str) else "",
    )


def config_client(fact: ConfigFact, around: Surroundings) -> Client:
    """The client of a block in a configuration file."""
    path = fact.span.path
    role = fact.role.removeprefix("shared-")
    dialects = fact.dialects
    if len(dialects) > 1:
        dialects = _narrowed(dialects, path, around)
    client = _client(
        [(name, _told(fact, name, _known(fact, name, around))) for name in dialects],
        role,
        fact.block,
        fact.span,
        around,
        construct=path.rpartition("/")[2],
        placement=fact.placement,
        closed=fact.closed,
        shared=fact.role.startswith("shared-"),
        name=fact.name,
        layers=fact.layers,
    )
    library = fact.details.get("client", client.client)
    if "drops" in fact.details:
        client = _dropping(client, fact.details["drops"])
    if isinstance(client, ConnectWorker):
        client = _without_tasks(client)
    topics = _topics(fact)
    return replace(
        client,
        client=library,
        worlds=tuple(
            _named(world, library) if "client" in fact.details else world
            for world in _spelled(client.worlds, fact.block)
        ),
        instances=fact.instances,
        details=fact.details,
        topics=topics or client.topics,
        topics_complete=bool(topics) or client.topics_complete,
    )


_TASKS = ("producer.", "consumer.", "admin.")


def _without_tasks(worker: ConnectWorker) -> ConnectWorker:
    """A worker without the wrong values that it hands to its tasks: it starts, and they do not,
    which is said of the clients that it makes."""
    theirs = {one.shown or one.key for one in worker.block.settings if one.key.startswith(_TASKS)}
    return replace(
        worker,
        value_problems=tuple(one for one in worker.value_problems if one.key not in theirs),
    )


def _dropping(client: Client, effect: str) -> Client:
    """A client whose program leaves out what its library refuses, which has `effect`."""
    return replace(
        client,
        keys=tuple(replace(one, refused=None) for one in client.keys),
        value_problems=tuple(
            replace(one, refused=None, effect=effect) for one in client.value_problems
        ),
    )


_NAMES_TOPICS = ("flink", "spring cloud stream", "smallrye", "collector")


def _topics(fact: ConfigFact) -> tuple[TopicUse, ...]:
    """The topics of a table of Flink, of a binding, a channel or a collector's plugin, which the
    same options name; a program's are known later."""
    if fact.details.get("framework") not in _NAMES_TOPICS:
        return ()
    patterns = fact.details.get("patterns", "").split()
    return (
        *(TopicUse(one, fact.span) for one in fact.details.get("topics", "").split()),
        *(TopicUse(one, fact.span, pattern=True) for one in patterns),
    )


def _named(world: World, library: str) -> World:
    """The world of a program that has a client built in: its defaults are the program's."""
    settings = {
        name: replace(
            one,
            origins=tuple(
                replace(origin, note=f"default of {library}")
                if origin.note.startswith("default of ")
                else origin
                for origin in one.origins
            ),
        )
        for name, one in world.settings.items()
    }
    return replace(world, client=library, settings=settings)


def _spelled(found: tuple[World, ...], block: Block) -> tuple[World, ...]:
    """The worlds with what nobody wrote spelled as it would be written in the block's home."""
    home = block.homes[0] if block.homes else None
    if home is None or (not home.prefix and not home.path and home.style == "plain"):
        return found
    return tuple(
        replace(
            world,
            settings={
                name: one
                if one.key_span is not None
                else replace(one, spelled=told(home, one.spelled))
                for name, one in world.settings.items()
            },
        )
        for world in found
    )


def _known(fact: ConfigFact, dialect: str, around: Surroundings) -> Knowledge:
    path = fact.span.path
    if fact.role in _ON_SERVERS or fact.details.get("framework") == "connect":
        return around.served(path)
    found = around.knowledge(path, dialect)
    if (
        dialect == "flink" and found.elsewhere
    ):  # another module's jobs run on a cluster of their own
        return Knowledge(_versions_of(dialect), False, None, "", "none", False)
    return found


def _told(fact: ConfigFact, dialect: str, knowledge: Knowledge) -> Knowledge:
    """What is known of a version; the placement's own word counts over the project's files."""
    if "client" in fact.details:  # it has the library built in, whatever the project depends on
        every = fact.versions or _versions_of(dialect)
        return Knowledge(every, False, None, "", "none", False)
    if not fact.versions:
        return knowledge
    return replace(knowledge, versions=fact.versions, exact=True)


def _narrowed(dialects: tuple[str, ...], path: str, around: Surroundings) -> tuple[str, ...]:
    """A plain client file belongs to the client its deployment unit depends on, if to one."""
    named = []
    for dialect in dialects:
        found = around.knowledge(path, dialect)
        if found.span is not None:
            named.append(dialect)
    if "java" in dialects and "java" not in named and around.unit(path) in around.java_units:
        named.append("java")
    return tuple(named) if len(named) == 1 else dialects


def _client(
    candidates: Iterable[tuple[str, Knowledge]],
    role: str,
    block: Block,
    span: Span,
    around: Surroundings,
    *,
    construct: str,
    placement: str,
    closed: bool,
    path: tuple[Step, ...] = (),
    shared: bool = False,
    name: str = "",
    layers: tuple[Layer, ...] = (),
) -> Client:
    chosen = [(dialect, found) for dialect, found in candidates if found.versions]
    found_worlds = worlds(block, [(d, k.versions) for d, k in chosen], role, layers)
    dialect = chosen[0][0] if chosen else "java"
    known = tuple(
        version
        for _, knowledge in chosen
        if knowledge.source != "none" or knowledge.exact
        for version in knowledge.versions
    )
    versions = {d: k.versions for d, k in chosen}
    fields = dict(
        role=role,
        client=" or ".join(dict.fromkeys(CLIENT_NAMES[d] for d, _ in chosen)),
        dialect=dialect,
        client_versions=known,
        construct=construct,
        span=span,
        placement=placement,
        worlds=found_worlds,
        block=block,
        unit=around.unit(span.path),
        in_tests=is_test(span.path) and not around.include_tests,
        keys=judge_keys(block, versions, role, closed=closed, shared=shared, construct=construct),
        value_problems=value_problems(block, versions, role, python=closed),
        alias_clashes=alias_clashes(block, versions, role),
        defects=tuple(
            replace(defect, certain=defect.certain and not known_.elsewhere)
            for library, known_ in chosen
            if known_.source != "none" or known_.exact
            for defect in defects_of(library, known_.versions, found_worlds, known_.span or span)
        ),
        path=path,
        name=name,
        layers=layers,
    )
    kinds: dict[str, type[Client]] = {
        "producer": Producer,
        "consumer": Consumer,
        "broker": Broker,
        "connect-worker": ConnectWorker,
        "streams": StreamsApplication,
        "topic": Topic,
        "flink-source": FlinkSource,
        "flink-sink": FlinkSink,
        "flink-job": FlinkJob,
        "spark-source": SparkSource,
        "spark-sink": SparkSink,
        "spark-session": SparkSession,
    }
    if role == "connector":
        facts = facts_of(name, [setting.key for setting in block.settings])
        return Connector(**fields, connector_class=name, facts=facts)  # type: ignore[arg-type]
    return kinds.get(role, Client)(**fields)  # type: ignore[arg-type]
