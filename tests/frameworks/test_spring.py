"""Application files of Spring: names, order of documents, profiles, placeholders, places."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st

from oncelint.dependencies.interest import QUARKUS, SPRING_BOOT
from oncelint.dependencies.platforms import MEASURED, clients_of
from oncelint.discover import Candidate, kind_of
from oncelint.extract import extract
from oncelint.frameworks import assemble
from oncelint.frameworks.applications.files import is_active, named_profiles
from oncelint.frameworks.applications.relaxed import elements, environment, key_of, uniform
from oncelint.frameworks.applications.spring.names import NAMES, convert
from oncelint.frameworks.spelling import STYLES
from oncelint.model.facts import UNREAD, ConfigFact
from oncelint.model.values import Computed, Known, Unknown, as_text

MAIN = "src/main/resources/application.yml"


def clients(files: Mapping[str, str]) -> list[ConfigFact]:
    found: list[ConfigFact] = []
    for path, body in files.items():
        facts = extract(Candidate(path, kind_of(path) or "", body.encode(), None))
        assert not facts.errors
        found.extend(facts.configs)
    return assemble(found, lambda path: None)


def settings(fact: ConfigFact) -> dict[str, str]:
    return {
        one.key: as_text(one.alternatives[0].value)
        for one in fact.block.settings
        if one.alternatives[0].value is not None
    }


def only(files: Mapping[str, str], role: str = "producer") -> dict[str, str]:
    (fact,) = [one for one in clients(files) if one.role == role]
    return settings(fact)


# Names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("spring.kafka.producer.acks", ("spring", "kafka", "producer", "acks")),
        ("a.properties[b.c]", ("a", "properties", "[b.c]")),
        ("a[b.c].d", ("a", "[b.c]", "d")),
        ("a..b", ("a", "b")),
    ],
)
def test_elements(name: str, parts: tuple[str, ...]) -> None:
    assert elements(name) == parts


@pytest.mark.parametrize("name", ["batchSize", "batch-size", "BATCH_SIZE", "batch_size"])
def test_relaxed_names_are_one(name: str) -> None:
    assert uniform((name,)) == ("batchsize",)


def test_brackets_keep_a_map_key() -> None:
    assert key_of(elements("[Max.Poll-Records]")) == "Max.Poll-Records"
    assert key_of(elements("max.poll_records")) == "max.poll_records"
    assert key_of(("a/b",)) == "ab"


@given(st.text(max_size=40))
def test_no_name_breaks_the_elements(name: str) -> None:
    assert all(elements(name))
    assert len(uniform(elements(name))) == len(elements(name))


@pytest.mark.parametrize(
    ("variable", "name"),
    [
        ("SPRING_KAFKA_PRODUCER_ACKS", "spring.kafka.producer.acks"),
        ("SPRING_KAFKA_BOOTSTRAPSERVERS", "spring.kafka.bootstrapservers"),
        ("SPRING_KAFKA_CONSUMER_ISOLATION_LEVEL", "spring.kafka.consumer.isolationlevel"),
        (
            "SPRING_KAFKA_PRODUCER_PROPERTIES_ENABLE_IDEMPOTENCE",
            "spring.kafka.producer.properties.enable.idempotence",
        ),
        ("SPRING_CLOUD_STREAM_KAFKA_BINDER_BROKERS", None),
        ("SPRING_DATASOURCE_URL", None),
        ("spring_kafka_producer_acks", None),
        ("KAFKA_BROKERS", None),
    ],
)
def test_variables(variable: str, name: str | None) -> None:
    assert environment(variable) == name


def test_names_of_every_notation_are_read() -> None:
    body = """
spring.kafka:
  producer:
    batchSize: 16KB
    BUFFER_MEMORY: 1MB
    properties:
      max.in:
        flight.requests.per.connection: 3
      "[linger.ms]": 5
"""
    assert only({MAIN: body}) == {
        "batch.size": "16384",
        "buffer.memory": "1048576",
        "max.in.flight.requests.per.connection": "3",
        "linger.ms": "5",
    }


@pytest.mark.parametrize(
    ("key", "written", "value"),
    [
        ("fetch.max.wait.ms", "2s", 2000),
        ("fetch.max.wait.ms", "500", 500),
        ("batch.size", "32KB", 32768),
        ("isolation.level", "READ-COMMITTED", "read_committed"),
        ("isolation.level", "read_uncommitted", "read_uncommitted"),
        ("acks", "1", "1"),
        ("batch.size", "many", "many"),
    ],
)
def test_the_notation_of_values(key: str, written: str, value: str | int) -> None:
    assert convert(key, Known(written)) == Known(value)


# Order ----------------------------------------------------------------------------------------


def test_passed_through_lies_above_the_name() -> None:
    body = (
        "spring.kafka:\n  properties.acks: 0\n  producer:\n    acks: 1\n    properties.acks: all\n"
    )
    files = {MAIN: body}
    assert only(files)["acks"] == "all"
    (fact,) = clients(files)
    (acks,) = fact.block.settings
    shown = [origin.span.start.line for origin in acks.alternatives[0].origins if origin.span]
    assert shown == [5, 4, 2]


def test_what_all_share_goes_to_those_who_know_it() -> None:
    body = (
        "spring.kafka:\n  properties:\n    acks: all\n    max.poll.records: 5\n"
        "    security.protocol: SSL\n  producer.client-id: a\n  consumer.client-id: b\n"
    )
    assert set(only({MAIN: body})) == {"acks", "security.protocol", "client.id"}
    assert set(only({MAIN: body}, "consumer")) == {
        "max.poll.records",
        "security.protocol",
        "client.id",
    }


@pytest.mark.parametrize(
    ("lower", "upper"),
    [
        ("src/main/resources/application.yml", "src/main/resources/application.properties"),
        ("src/main/resources/application.yml", "src/main/resources/config/application.yml"),
        ("src/main/resources/config/application.yml", "application.yml"),
        ("application.yml", "config/application.yml"),
        ("src/main/resources/bootstrap.yml", "src/main/resources/application.yml"),
    ],
)
def test_the_order_of_files(lower: str, upper: str) -> None:
    bodies = {lower: "1", upper: "all"}
    files = {
        path: f"spring.kafka.producer.acks={value}\n".replace("=", "=" if "prop" in path else ": ")
        for path, value in bodies.items()
    }
    assert only(files)["acks"] == "all"
    assert only(dict(reversed(list(files.items()))))["acks"] == "all"


def test_modules_are_applications_of_their_own() -> None:
    files = {f"{module}/{MAIN}": f"spring.kafka.producer.client-id: {module}\n" for module in "ab"}
    assert sorted(settings(one)["client.id"] for one in clients(files)) == ["a", "b"]


# Profiles -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "active", "holds"),
    [
        ("prod", {"prod"}, True),
        ("prod", {"dev"}, False),
        ("!dev", {"prod"}, True),
        ("prod & eu", {"prod"}, False),
        ("prod | eu", {"eu"}, True),
        ("(prod & !eu) | bulk", {"bulk"}, True),
        ("a,b", {"b"}, True),
        ("(a", {"b"}, False),
        ("", {"b"}, False),
    ],
)
def test_profile_expressions(expression: str, active: set[str], holds: bool) -> None:
    assert is_active(expression, frozenset(active)) is holds


@given(st.text(alphabet="ab!&|(), ", max_size=20))
def test_no_expression_breaks(expression: str) -> None:
    assert is_active(expression, frozenset({"a"})) in (True, False)
    assert all(named_profiles(expression))


@pytest.mark.parametrize(
    "key",
    ["spring.config.activate.on-profile", "spring.profiles", "spring.config.activate.onProfile"],
)
def test_documents_of_profiles(key: str) -> None:
    body = (
        f"spring.kafka.producer.acks: all\n---\n{key}: bulk\nspring.kafka.producer.acks: 1\n"
        "spring.kafka.producer.client-id: b\n"
    )
    base, bulk = clients({MAIN: body})
    assert settings(base) == {"acks": "all"}
    assert settings(bulk) == {"acks": "1", "client.id": "b"}
    assert bulk.details["profile"] == "bulk"
    assert base.details["replaced"] == "bulk"
    assert bulk.span == base.span


def test_a_profile_that_says_the_same_is_no_client() -> None:
    files = {
        MAIN: "spring.kafka.producer.acks: all\n",
        "src/main/resources/application-prod.yml": "spring.kafka.bootstrap-servers: b:9092\n"
        "logging.level.root: INFO\n",
        "src/main/resources/application-eu.yml": "spring.kafka.producer.acks: all\n",
    }
    assert [one.details.get("profile") for one in clients(files)] == [None, "prod"]


@pytest.mark.parametrize("profile", ["test", "local", "it"])
def test_profiles_that_are_not_judged(profile: str) -> None:
    files = {
        MAIN: "spring.kafka.producer.acks: all\n",
        f"src/main/resources/application-{profile}.yml": "spring.kafka.producer.acks: 0\n",
    }
    assert only(files)["acks"] == "all"


# Placeholders ---------------------------------------------------------------------------------


def _acks(value: str, more: str = "") -> ConfigFact:
    (fact,) = clients({MAIN: f"spring.kafka.producer.acks: {value}\n{more}"})
    return fact


def test_a_placeholder_of_the_file_set() -> None:
    assert settings(_acks("${kafka.acks}", "kafka.acks: ${other}\nother: all\n")) == {"acks": "all"}


def test_a_placeholder_with_a_default_is_two_worlds() -> None:
    (acks,) = _acks("${ACKS:1}").block.settings
    default, given = acks.alternatives
    assert default.value == Known("1")
    assert default.when[0].branch == "is unset"
    assert isinstance(given.value, Unknown)
    assert given.when[0].choice == default.when[0].choice


def test_a_placeholder_in_a_default() -> None:
    assert settings(_acks("${ACKS:${MORE:all}}"))["acks"] == "all"


def test_placeholders_in_a_circle_end() -> None:
    (acks,) = _acks("${a}", "a: ${b}\nb: ${a}\n").block.settings
    assert all(not isinstance(one.value, Known) for one in acks.alternatives)


@pytest.mark.parametrize(
    "value", ["'@acks@'", "'{{ acks }}'", "${ACKS}", "'#{acks}'", "${unclosed"]
)
def test_what_is_filled_in_elsewhere_is_unknown(value: str) -> None:
    (acks,) = _acks(value).block.settings
    assert not isinstance(acks.value, Known)


def test_a_prefix_is_no_id_yet() -> None:
    (fact,) = clients({MAIN: "spring.kafka.producer.transaction-id-prefix: tx-${random.uuid}-\n"})
    value = fact.block.settings[0].value
    assert isinstance(value, Computed)
    assert not value.kinds
    assert value.template.endswith("{n}")


# Which files ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["settings.yml", "docker-compose.yml", "orders.yml", "config/orders.properties"]
)
def test_a_file_of_another_name_needs_proof(path: str) -> None:
    line = "spring.application.name: kafka" if path.endswith("yml") else "spring.kafka_x=1"
    assert not clients({path: f"{line}\n"})


def test_a_mapping_of_properties_is_no_clients_file() -> None:
    body = (
        "spring:\n  kafka:\n    producer:\n      properties:\n"
        "        bootstrap.servers: broker:9092\n        acks: all\n"
        "        key.serializer: org.apache.kafka.common.serialization.StringSerializer\n"
    )
    assert [one.placement for one in clients({MAIN: body})] == ["spring producer"]


def test_another_file_of_the_project_is_left_alone() -> None:
    files = {
        MAIN: "spring.kafka.producer.acks: all\n",
        "producer.properties": "bootstrap.servers=b:9092\nacks=1\n",
    }
    assert {one.placement for one in clients(files)} == {"spring producer", "client properties"}


def test_duplicate_properties_are_told() -> None:
    path = "src/main/resources/application.properties"
    (fact,) = clients({path: "spring.kafka.producer.acks=1\nspring.kafka.producer.acks=all\n"})
    (duplicate,) = fact.block.duplicates
    assert (duplicate.first.start.line, duplicate.second.start.line) == (1, 2)


# Writing --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("style", "key", "written"),
    [
        ("spring-producer", "acks", "acks"),
        ("spring-producer", "enable.idempotence", "properties.enable.idempotence"),
        ("spring-producer", "transactional.id", "transaction-id-prefix"),
        ("spring-producer-camel", "batch.size", "batchSize"),
        ("spring-consumer", "isolation.level", "isolation-level"),
        ("spring-consumer-camel", "enable.auto.commit", "enableAutoCommit"),
        ("spring-consumer", "max.poll.interval.ms", "properties.max.poll.interval.ms"),
        ("spring-streams", "processing.guarantee", "properties.processing.guarantee"),
        ("spring-streams", "replication.factor", "replication-factor"),
        ("spring-binder-producer", "acks", "required-acks"),
        ("spring-binder-producer-camel", "linger.ms", "producerProperties.linger.ms"),
        ("spring-binder-consumer", "isolation.level", "consumer-properties.isolation.level"),
        ("spring-binder-streams", "application.id", "application-id"),
        ("spring-binder-streams", "processing.guarantee", "configuration.processing.guarantee"),
    ],
)
def test_styles(style: str, key: str, written: str) -> None:
    assert STYLES[style]("p.", key, True) == (f"p.{written}", True)


def test_every_name_is_read_back() -> None:
    """What a style writes for a key is read as that key."""
    for section in ("producer", "consumer", "streams"):
        for key in (*NAMES[section].values(), "reconnect.backoff.ms"):
            if key in ("security.protocol", "transactional.id"):
                continue
            name, _ = STYLES[f"spring-{section}"](f"spring.kafka.{section}.", key, "7")
            path = "src/main/resources/application.properties"
            assert only({path: f"{name}=7\n"}, section) == {key: "7"}


# Platforms ------------------------------------------------------------------------------------

KNOWN = ("2.8.2", "3.0.1", "3.9.1", "4.1.1", "4.2.0", "4.3.0")


@pytest.mark.parametrize(
    ("platform", "version", "brought"),
    [
        (SPRING_BOOT, "3.2.0", ("3.6.0",)),
        (SPRING_BOOT, "3.2.5", ("3.6.0", "3.6.2")),
        (SPRING_BOOT, "2.6.4", ("3.0.0",)),
        (SPRING_BOOT, "2.6.5", ("3.0.1",)),
        (SPRING_BOOT, "2.3.0.RELEASE", ("2.5.0",)),
        (SPRING_BOOT, "3.5.9", ("3.9.1",)),
        (SPRING_BOOT, "4.0.1", ("4.1.1",)),
        (SPRING_BOOT, "4.0.3", ("4.1.1", "4.1.2")),
        (SPRING_BOOT, "4.2.0", ("4.2.1", "4.3.0")),
        (SPRING_BOOT, "1.5.0", ()),
        (QUARKUS, "3.8.4", ("3.6.1",)),
        (QUARKUS, "3.7.0", ("3.6.0", "3.6.1")),
        (QUARKUS, "2.2.0.Final", ("2.8.0",)),
    ],
)
def test_the_clients_of_a_platform(platform: str, version: str, brought: tuple[str, ...]) -> None:
    assert clients_of(platform, version, KNOWN) == brought


def test_the_releases_ascend() -> None:
    for rows in MEASURED.values():
        releases = [tuple(map(int, release.split("."))) for release, _ in rows]
        assert releases == sorted(set(releases))


# Names that Boot does not have ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("enable-idempotence", "enable.idempotence"),
        ("enableIdempotence", "enable.idempotence"),
        ("linger.ms", "linger.ms"),
        ("max-in-flight-requests-per-connection", "max.in.flight.requests.per.connection"),
    ],
)
def test_a_name_that_boot_has_not_reaches_no_client(written: str, meant: str) -> None:
    (fact,) = clients({MAIN: f"spring.kafka.producer.{written}: 1\n"})
    (setting,) = fact.block.settings
    assert setting.key == UNREAD + meant
    assert setting.shown == f"spring.kafka.producer.{written}"


@pytest.mark.parametrize("written", ["topic", "enabled", "ssl.key-password", "batch-size"])
def test_other_names_are_the_applications_or_boots_own(written: str) -> None:
    (fact,) = clients({MAIN: f"spring.kafka.producer.{written}: 1\n"})
    assert not any(one.key.startswith(UNREAD) for one in fact.block.settings)


# Anything -------------------------------------------------------------------------------------

_WORDS: tuple[str, ...] = (
    "spring",
    "kafka",
    "producer",
    "properties",
    "acks",
    "cloud",
    "stream",
    "bindings",
)
_WORDS += ("a-out-0", "binder", "[a.b]", "%prod", "mp", "messaging", "outgoing", "micronaut")
_WORDS += ("", ".", "[", "]", "${a}", "producers", "default", "profiles", "connector", "config")
_TREES = st.recursive(
    st.sampled_from(["1", "${a:1}", "${spring.kafka.producer.acks}", "smallrye-kafka", "", "!a"]),
    lambda inner: st.dictionaries(st.sampled_from(_WORDS), inner, max_size=4),
    max_leaves=12,
)


@settings_of_hypothesis(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(_WORDS), _TREES, max_size=4), st.booleans())
def test_no_application_file_is_an_error(tree: dict[str, object], bound: bool) -> None:
    import yaml

    body = "# spring.kafka mp.messaging kafka.producers\n" + yaml.safe_dump(tree)
    profile = {"src/main/resources/application-b.yml": body} if bound else {}
    clients({MAIN: body, **profile})


def test_aliases_of_aliases_end() -> None:
    lines = ["kafka: &a0 {spring: 1}"]
    lines += [f"a{n}: &a{n} {{x: *a{n - 1}, y: *a{n - 1}, z: *a{n - 1}}}" for n in range(1, 30)]
    assert clients({MAIN: "\n".join([*lines, "spring.kafka.producer.acks: all"]) + "\n"})


# Binders of Spring Cloud Stream -----------------------------------------------------------------


def test_both_ends_of_a_renamed_binding_are_clients() -> None:
    found = clients(
        {
            "application.properties": "spring.cloud.stream.kafka.binder.brokers=b:9092\n"
            "spring.cloud.stream.function.bindings.make-out-0=rides\n"
            "spring.cloud.stream.function.bindings.take-in-0=rides\n"
            "spring.cloud.stream.bindings.rides.destination=rides.v1\n"
        }
    )
    assert {one.role: one.details["topics"] for one in found} == {
        "producer": "rides.v1",
        "consumer": "rides.v1",
    }


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ("binders.one.environment.spring.cloud.stream.kafka.binder.required-acks=all", True),
        ("binders.one.inherit-environment=false", False),
        ("binders.one.default-candidate=false", False),
        ("binders.two.type=kafka", False),
        ("default-binder=another", False),
        ("kafka.streams.binder.brokers=b:9092", False),
    ],
)
def test_a_single_defined_binder_is_followed(line: str, seen: bool) -> None:
    found = clients(
        {
            "application.properties": "spring.cloud.stream.bindings.make-out-0.destination=rides\n"
            f"spring.cloud.stream.binders.one.type=kafka\nspring.cloud.stream.{line}\n"
        }
    )
    assert [one.role for one in found] == (["producer"] if seen else [])
