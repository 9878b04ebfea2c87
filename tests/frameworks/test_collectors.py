"""Where collectors say what their Kafka clients are given, and what only looks like it."""

from __future__ import annotations

import pytest

from oncelint.formats import read
from oncelint.frameworks import recognise
from oncelint.model.facts import ConfigFact
from oncelint.model.values import Known
from oncelint.text import SourceText


def facts(kind: str, source: str, path: str = "deploy/file") -> list[ConfigFact]:
    text = SourceText(path, source)
    found = recognise(kind, read(kind, text), text, path)
    return [fact for fact in found if fact.details.get("framework") == "collector"]


def told(fact: ConfigFact) -> dict[str, object]:
    """The settings by key; None for what is not known."""
    return {
        one.key: one.value.value if isinstance(one.value, Known) else None
        for one in fact.block.settings
    }


def shown(fact: ConfigFact) -> dict[str, str | None]:
    return {one.key: one.shown for one in fact.block.settings}


def topics(fact: ConfigFact) -> tuple[list[str], list[str]]:
    return fact.details["topics"].split(), fact.details["patterns"].split()


SINK = 'type = "kafka"\ninputs = ["a"]\nbootstrap_servers = "kafka:9092"\ntopic = "orders"\n'
SOURCE = "type: kafka\nbootstrap_servers: kafka:9092\ngroup_id: g\n"


def indented(source: str, by: str) -> str:
    return "".join(by + line + "\n" for line in source.splitlines())


# Vector -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "settings"),
    [
        ("", {}),
        ('librdkafka_options."acks" = "1"\n', {"acks": "1"}),
        ('[sinks.a.librdkafka_options]\n"acks" = "1"\n', {"acks": "1"}),
        ('librdkafka_options = { "linger.ms" = "5" }\n', {"linger.ms": "5"}),
    ],
)
def test_a_sink_of_vector(options: str, settings: dict[str, object]) -> None:
    (fact,) = facts("toml", "[sinks.a]\n" + SINK + options)
    assert (fact.placement, fact.role, fact.dialects) == (
        "vector kafka sink",
        "producer",
        ("librdkafka",),
    )
    assert told(fact) == settings
    assert topics(fact) == (["orders"], [])
    assert fact.versions[0] == "1.3.0"
    (home,) = fact.block.homes
    assert (home.within, home.path) == (
        ("librdkafka_options", "librdkafka_options.") if not settings else ("", "")
    )


def test_a_source_of_vector() -> None:
    source = SOURCE + "auto_offset_reset: earliest\ntopics: [orders, '^pay.*']\n"
    source += "librdkafka_options:\n  group.id: other\n  isolation.level: read_uncommitted\n"
    (fact,) = facts("yaml", "sources:\n  a:\n" + indented(source, "    "))
    assert (fact.placement, fact.role) == ("vector kafka source", "consumer")
    assert told(fact) == {
        "group.id": "other",
        "auto.offset.reset": "earliest",
        "isolation.level": "read_uncommitted",
    }
    assert topics(fact) == (["orders"], ["^pay.*"])


@pytest.mark.parametrize("topic", ["logs-%F", "{{ app }}", "${TOPIC}"])
def test_a_template_names_no_topic(topic: str) -> None:
    (fact,) = facts("toml", "[sinks.a]\n" + SINK.replace('"orders"', f'"{topic}"'))
    assert topics(fact) == ([], [])


def test_a_file_for_each_component_of_vector() -> None:
    assert len(facts("toml", SINK, "etc/vector/sinks/orders.toml")) == 1
    assert len(facts("yaml", SOURCE + "topics: [a]\n", "vector/sources/orders.yaml")) == 1
    assert facts("toml", SINK, "etc/vector/transforms/orders.toml") == []
    assert facts("toml", SINK, "orders.toml") == []


@pytest.mark.parametrize("missing", ["inputs", "topic", "bootstrap_servers", "type"])
def test_what_is_no_sink_of_vector(missing: str) -> None:
    left = "".join(line for line in SINK.splitlines(True) if not line.startswith(missing))
    assert facts("toml", "[sinks.a]\n" + left + "librdkafka_options.a = 'b'\n") == []


# Fluent Bit -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        "[OUTPUT]\n  Name kafka\n  Brokers a:1\n  Topics x,y\n  rdkafka.acks 1\n",
        "[output]\n  name KAFKA\n  brokers a:1\n  topics x , y\n  Rdkafka.Acks 1\n",
    ],
)
def test_an_output_of_fluent_bit(source: str) -> None:
    (fact,) = facts("fluent-bit", source)
    assert (fact.placement, told(fact)) == ("fluent-bit kafka output", {"acks": "1"})
    assert topics(fact) == (["x", "y"], [])
    assert fact.block.homes[0].prefix == "rdkafka."


def test_an_input_of_fluent_bit() -> None:
    source = "[INPUT]\n  Name kafka\n  Brokers a:1\n  Topics x:0-3\n  Group_Id g\n"
    source += "  Enable_Auto_Commit On\n  rdkafka.enable.auto.commit false\n"
    (fact,) = facts("fluent-bit", source)
    # the plugin's own switch is set last (in_kafka.c)
    assert told(fact) == {"group.id": "g", "enable.auto.commit": True}
    assert shown(fact)["enable.auto.commit"] == "Enable_Auto_Commit"
    assert topics(fact) == (["x"], [])


def test_the_yaml_form_of_fluent_bit() -> None:
    source = "pipeline:\n  inputs:\n    - name: kafka\n      brokers: a:1\n      topics: x\n"
    source += "      groupId: g\n      enableAutoCommit: 'off'\n"
    source += "  outputs:\n    - {name: kafka, brokers: 'a:1', topic_key: t}\n"
    first, second = facts("yaml", source)
    assert told(first) == {"group.id": "g", "enable.auto.commit": False}
    assert (second.role, topics(second)) == ("producer", ([], []))


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        ("fluent-bit", "[FILTER]\n  Name kafka\n  Brokers a:1\n"),
        ("fluent-bit", "[OUTPUT]\n  Name kafka-rest\n  Host a\n"),
        ("fluent-bit", "[OUTPUT]\n  Name es\n  Match kafka\n  Brokers a:1\n"),
        ("fluent-bit", "[OUTPUT]\n  Name kafka\n  Host a\n"),
        ("yaml", "outputs:\n  - name: kafka\n    brokers: a:1\n"),
        ("yaml", "pipeline:\n  filters:\n    - name: kafka\n      brokers: a:1\n"),
        ("yaml", "jobs:\n  outputs:\n    kafka:\n      name: kafka\n      brokers: a:1\n"),
    ],
)
def test_what_is_nothing_of_fluent_bit(kind: str, source: str) -> None:
    assert facts(kind, source) == []


# Logstash ---------------------------------------------------------------------------------------


def test_plugins_of_logstash() -> None:
    source = 'input { kafka { topics => ["a", "b"] isolation_level => "read_committed" } }\n'
    source += 'output { if [x] { kafka { topic_id => "c" acks => "all" } } else { stdout { } } }\n'
    first, second = facts("logstash", source)
    assert (first.role, told(first)) == ("consumer", {"isolation.level": "read_committed"})
    assert topics(first) == (["a", "b"], [])
    assert (second.role, told(second), topics(second)) == ("producer", {"acks": "all"}, (["c"], []))


def test_a_pattern_of_logstash() -> None:
    (fact,) = facts("logstash", 'input { kafka { topics_pattern => "pay.*" topics => ["x"] } }')
    assert topics(fact) == ([], ["^pay.*"])


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        ("logstash", 'filter { kafka { topic_id => "a" acks => "1" } }'),
        ("logstash", 'input { kafka { zk_connect => "z:2181" topics => ["a"] } }'),
        ("logstash", 'output { kafka { broker_list => "k:9092" topic_id => "a" } }'),
        ("logstash", 'output { http { kafka => { "topic_id" => "a" } } }'),
        (
            "yaml",
            "output:\n  kafka:\n    bootstrap_servers: k:9092\n    topic_id: a\n    acks: 1\n",
        ),
        ("yaml", "output: {kafka: {bootstrap_servers: 'k:9092', topic_id: a, acks: 1}}\n"),
    ],
)
def test_what_is_nothing_of_logstash(kind: str, source: str) -> None:
    assert facts(kind, source) == []


# Telegraf ---------------------------------------------------------------------------------------

TELEGRAF = '[[outputs.kafka]]\nbrokers = ["k:9092"]\ntopic = "a"\n'


@pytest.mark.parametrize(
    ("more", "settings"),
    [
        ("", {}),
        ("required_acks = -1\n", {"acks": "all"}),
        (
            "required_acks = 1\nidempotent_writes = false\n",
            {"acks": 1, "enable.idempotence": False},
        ),
        ('version = "2.8.0"\nmax_retry = 0\n', {"retries": 0}),
    ],
)
def test_an_output_of_telegraf(more: str, settings: dict[str, object]) -> None:
    (fact,) = facts("toml", TELEGRAF + more)
    assert (fact.placement, told(fact)) == ("telegraf kafka output", settings)
    assert topics(fact) == (["a"], [])


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        ("toml", TELEGRAF + 'version = "0.10.2.0"\n'),
        ("toml", '[[inputs.kafka_consumer]]\nbrokers = ["outputs.kafka"]\ntopics = ["a"]\n'),
        ("toml", '[outputs.kafka]\nbrokers = "k:9092"\ntopic = "a"\n'),
        ("toml", '[app]\n[[app.outputs.kafka]]\nbrokers = ["k:9092"]\ntopic = "a"\n'),
        ("yaml", "outputs:\n  kafka:\n    brokers: [k:9092]\n    topic: a\n"),
        ("yaml", "config:\n  outputs:\n    kafka:\n      brokers: k:9092\n      topic: a\n"),
    ],
)
def test_what_is_nothing_of_telegraf(kind: str, source: str) -> None:
    assert facts(kind, source) == []


# Redpanda Connect -------------------------------------------------------------------------------

FRANZ = "{seed_brokers: ['k:9092'], topic: a, idempotent_write: false}"


@pytest.mark.parametrize(
    "source",
    [
        f"output:\n  kafka_franz: {FRANZ}\n",
        f"output:\n  label: x\n  redpanda: {FRANZ}\n",
        f"output:\n  broker:\n    outputs:\n      - kafka_franz: {FRANZ}\n",
        f"output:\n  fallback:\n    - drop: {{}}\n    - redpanda: {FRANZ}\n",
        f"output:\n  switch:\n    cases:\n      - check: x\n        output:\n          kafka_franz: {FRANZ}\n",
        f"output_resources:\n  - label: x\n    kafka_franz: {FRANZ}\n",
        f"input:\n  broker:\n    inputs: []\noutput:\n  retry:\n    output:\n      redpanda_migrator: {FRANZ}\n",
    ],
)
def test_an_output_of_redpanda_connect(source: str) -> None:
    (fact,) = facts("yaml", source)
    assert (fact.placement, fact.role) == ("redpanda-connect output", "producer")
    assert told(fact) == {"enable.idempotence": False}
    assert topics(fact) == (["a"], [])


def test_an_output_in_an_input_s_list_is_an_input() -> None:
    source = (
        "input:\n  sequence:\n    inputs:\n      - kafka_franz:\n          topics: ['a:0,b', c]\n"
    )
    (fact,) = facts("yaml", source + "          seed_brokers: [k]\n          consumer_group: g\n")
    assert (fact.role, told(fact)) == ("consumer", {"group.id": "g"})
    assert topics(fact) == (["a", "b", "c"], [])


@pytest.mark.parametrize(
    ("given", "patterns"),
    [
        ("regexp_topics: true\n    topics: [pay.*]\n", ["^pay.*"]),
        ("regexp_topics_include: [pay.*, x]\n", ["^pay.*", "^x"]),
    ],
)
def test_patterns_of_redpanda_connect(given: str, patterns: list[str]) -> None:
    (fact,) = facts("yaml", f"input:\n  redpanda:\n    seed_brokers: [k]\n    {given}")
    assert topics(fact) == ([], patterns)


@pytest.mark.parametrize(("word", "value"), [("all", "all"), ("leader", 1), ("none", 0)])
def test_the_words_for_acknowledgements(word: str, value: object) -> None:
    source = f"output:\n  redpanda:\n    seed_brokers: [k]\n    topic: a\n    acks: {word}\n"
    (fact,) = facts("yaml", source)
    assert told(fact) == {"acks": value}
    assert fact.details[f"acks={value}"] == word


@pytest.mark.parametrize(("word", "value"), [("true", "all"), ("false", 1)])
def test_the_older_output(word: str, value: object) -> None:
    source = f"output:\n  kafka:\n    addresses: [k]\n    topic: a\n    ack_replicas: {word}\n"
    (fact,) = facts("yaml", source + "    idempotent_write: false\n")
    assert (fact.placement, told(fact)) == ("redpanda-connect kafka output", {"acks": value})


def test_the_shared_client() -> None:
    source = (
        "output:\n  redpanda:\n    topic: a\n    acks: leader\nredpanda:\n  seed_brokers: [k]\n"
    )
    (fact,) = facts("yaml", source)
    assert (fact.placement, told(fact)) == ("redpanda-connect shared client", {})


@pytest.mark.parametrize(
    "source",
    [
        "services:\n  kafka:\n    image: kafka\n    environment: {bootstrap_servers: 'k:9092'}\n",
        "outputs:\n  kafka: {brokers: 'k:9092', topic: a}\n",
        "output:\n  kafka: {hosts: [k], topic: a, required_acks: 1}\n",
        "input:\n  kafka: {addresses: [k], topics: [a]}\n",
        "output:\n  redpanda_common: {topic: a, seed_brokers: [k]}\n",
        "kafka_franz: {seed_brokers: [k], topic: a}\n",
        "app:\n  redpanda: {seed_brokers: [k]}\n",
    ],
)
def test_what_is_nothing_of_redpanda_connect(source: str) -> None:
    assert facts("yaml", source) == []
