"""Placement: Kafka in the configuration of data collectors.

Vector and Fluent Bit hand settings on to librdkafka under its own names. Logstash has names of its
own for settings of the Java client. Telegraf and Redpanda Connect (Benthos) have a few switches of
their own before sarama and franz-go. What is no client's setting (a codec, a batch) is left out, and
so is a plugin whose collector has no option that would matter: Telegraf's kafka_consumer and Redpanda
Connect's `kafka` input read uncommitted records whatever is written.

Sources: Vector src/sinks/kafka/config.rs and src/sources/kafka.rs; Fluent Bit src/flb_kafka.c,
src/config_format/flb_config_format.c, plugins/out_kafka/kafka_config.c and
plugins/in_kafka/in_kafka.c; logstash-integration-kafka lib/logstash/{outputs,inputs}/kafka.rb;
Telegraf plugins/common/kafka/config.go and plugins/outputs/kafka/kafka.go; Redpanda Connect
internal/impl/kafka/{output_sarama_kafka,franz_writer,franz_reader,output_redpanda,input_redpanda}.go,
internal/impl/kafka/enterprise/global_redpanda_writer.go, internal/impl/redpanda/migrator/migrator.go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from oncelint.formats.tree import Document, Entry, Node, Scalar, Sequence
from oncelint.formats.tree import Mapping as MappingNode
from oncelint.frameworks.blocks import block_of, is_placeholder, mappings, span_of
from oncelint.frameworks.spelling import (
    LOGSTASH,
    REDPANDA_CONNECT,
    REDPANDA_CONNECT_SARAMA,
    TELEGRAF,
)
from oncelint.model.facts import Alternative, Block, ConfigFact, WrittenSetting
from oncelint.model.layers import Layer
from oncelint.model.values import Known, Value
from oncelint.model.values import Scalar as ScalarValue
from oncelint.model.versions import at_least
from oncelint.text import Text

Trail = tuple[str, ...]


def recognise(document: Document, text: Text, path: str) -> Iterator[ConfigFact]:
    # a folder of Vector's configuration may hold a file for each component
    outside: Trail = tuple(path.split("/")[-2:])
    for root in document.roots:
        for trail, mapping in mappings(root):
            place = _Place(trail or outside, mapping, text)
            for component in _COMPONENTS:
                if component.stands(place):
                    yield component.fact(place)
                    break


@dataclass(frozen=True, slots=True)
class _Place:
    """A mapping with the keys that lead to it, or with the folder and file whose root it is."""

    trail: Trail
    mapping: MappingNode
    text: Text

    def word(self, key: str) -> str | None:
        """The text of a scalar; None where there is none."""
        value = self.mapping.get(key)
        return value.text if isinstance(value, Scalar) else None

    def has(self, *keys: str) -> bool:
        return all(self.mapping.get(key) is not None for key in keys)

    def named(self, key: str) -> list[str] | None:
        """The items of a list, or of a text with commas; None where one of them is not known."""
        node = self.mapping.get(key)
        items: Iterable[Node] = node.items if isinstance(node, Sequence) else [node] if node else []
        found: list[str] = []
        for item in items:
            if not isinstance(item, Scalar) or is_placeholder(item.text):
                return None
            found.extend(one.strip() for one in item.text.split(","))
        return [one for one in found if one]


@dataclass(frozen=True, slots=True)
class _Component:
    """One plugin of a collector: where it stands, whose client it makes of its settings, and which
    topics it names: None where they are not all known, patterns with `^` before them. `values` are
    further details: the words that it has for values, by setting and value (`acks=all`)."""

    placement: str
    client: str
    dialect: str
    role: str
    stands: Callable[[_Place], bool]
    block: Callable[[_Place], Block]
    topics: Callable[[_Place], list[str] | None]
    layers: tuple[Layer, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)

    def fact(self, place: _Place) -> ConfigFact:
        topics = self.topics(place) or []
        return ConfigFact(
            self.placement,
            (self.dialect,),
            self.role,
            self.block(place),
            span_of(place.mapping, place.text),
            versions=_built_in() if self.dialect == "librdkafka" else (),
            layers=self.layers,
            instances=None,
            details={
                "framework": "collector",
                "client": self.client,
                "topics": " ".join(one for one in topics if not one.startswith("^")),
                "patterns": " ".join(one for one in topics if one.startswith("^")),
                **self.values,
            },
        )


# What Vector 0.8, the first to take librdkafka's options, and Fluent Bit 1.4 have built in (2020).
_OLDEST = "1.3.0"


def _built_in() -> tuple[str, ...]:
    """The releases of librdkafka that a collector may have built in."""
    from oncelint.dialects import table  # where a collector is found

    return tuple(one for one in table("librdkafka").versions if at_least(one, _OLDEST))


# Vector -----------------------------------------------------------------------------------------

_OPTIONS = "librdkafka_options"


def _vector(group: str, *required: str) -> Callable[[_Place], bool]:
    def stands(place: _Place) -> bool:
        return (
            len(place.trail) >= 2
            and place.trail[-2] == group
            and place.word("type") == "kafka"
            and place.has("bootstrap_servers", *required)
        )

    return stands


def _vector_sink(place: _Place) -> Block:
    return _vector_block(place, {})


def _vector_source(place: _Place) -> Block:
    return _vector_block(place, {"group_id": "group.id", "auto_offset_reset": "auto.offset.reset"})


def _vector_block(place: _Place, names: Mapping[str, str]) -> Block:
    """The options that go to librdkafka, which come last and win, over Vector's own."""
    mapping, text = place.mapping, place.text
    own = block_of(mapping, text, keep=lambda entry: entry.key.text in names)
    settings = {names[one.key]: _as(one, names[one.key]) for one in own.settings}
    options = mapping.get(_OPTIONS)
    if options is None:
        # every option is a text to Vector (HashMap<String, String>)
        home = replace(own.homes[0], style="text", path=f"{_OPTIONS}.", within=_OPTIONS)
        return Block(tuple(settings.values()), mapping.open_reason, (), (home,))
    if not isinstance(options, MappingNode):
        return Block(tuple(settings.values()), f"{_OPTIONS} stand elsewhere")
    passed = block_of(options, text)
    settings.update((one.key, one) for one in passed.settings)
    home = replace(passed.homes[0], style="text")
    return replace(passed, settings=tuple(settings.values()), homes=(home,))


def _as(setting: WrittenSetting, key: str) -> WrittenSetting:
    """A collector's own option as the setting it is of the client."""
    return replace(setting, key=key, shown=setting.shown or setting.key)


def _vector_topic(place: _Place) -> list[str] | None:
    """A template has fields of the event (`{{ }}`) or of its time (`%F`)."""
    topic = place.word("topic")
    return None if topic is None or "%" in topic or is_placeholder(topic) else [topic]


_VECTOR_SOURCE = Layer(
    "set by Vector for its kafka source",
    False,
    {"enable.auto.commit": (("0", True),), "enable.auto.offset.store": (("0", False),)},
)

# Fluent Bit -------------------------------------------------------------------------------------

_RDKAFKA = "rdkafka."
_CAPITAL = re.compile(r"(?<=.)([A-Z])")


def _fluent_bit(section: str) -> Callable[[_Place], bool]:
    def stands(place: _Place) -> bool:
        trail = place.trail
        classic = len(trail) == 1 and trail[0].lower() == section
        nested = len(trail) >= 2 and trail[-2:] == ("pipeline", f"{section}s")
        if not classic and not nested:
            return False
        options = {_snake(one.key.text): one.value for one in place.mapping.entries}
        name = options.get("name")
        return isinstance(name, Scalar) and name.text.lower() == "kafka" and "brokers" in options

    return stands


def _snake(key: str) -> str:
    """An option as Fluent Bit knows it: keys are small, camelCase of YAML is snake_case."""
    if key[:1].islower() and "_" not in key:
        key = _CAPITAL.sub(r"_\1", key)
    return key.lower()


def _fluent_bit_output(place: _Place) -> Block:
    def passed(entry: Entry) -> bool:
        return _snake(entry.key.text).startswith(_RDKAFKA)

    block = block_of(place.mapping, place.text, keep=passed)
    settings = tuple(_as(one, one.key[len(_RDKAFKA) :].lower()) for one in block.settings)
    home = replace(block.homes[0], prefix=_RDKAFKA, style="text")
    return replace(block, settings=settings, homes=(home,))


def _fluent_bit_input(place: _Place) -> Block:
    """What goes to librdkafka wins over `group_id`, and `enable_auto_commit` over what goes there:
    the plugin sets that last, and commits by itself where it is off."""
    block = _fluent_bit_output(place)
    names = {"enable_auto_commit": "enable.auto.commit", "group_id": "group.id"}
    own = block_of(place.mapping, place.text, keep=lambda entry: _snake(entry.key.text) in names)
    settings = {
        names[_snake(one.key)]: _translated(_as(one, names[_snake(one.key)]), _fluent_bit_value)
        for one in own.settings
    }
    passed = (one for one in block.settings if one.key != "enable.auto.commit")
    settings.update((one.key, one) for one in passed)
    return replace(block, settings=tuple(settings.values()))


def _fluent_bit_value(key: str, value: ScalarValue) -> ScalarValue:
    """As flb_utils_bool reads a switch."""
    switch = {"on": True, "yes": True, "off": False, "no": False}
    return switch.get(str(value).lower(), value) if key == "enable.auto.commit" else value


def _fluent_bit_topics(place: _Place) -> list[str] | None:
    """The topics, with partitions behind a colon perhaps; an output can take one of the record."""
    options = {_snake(one.key.text): one for one in place.mapping.entries}
    if "topic_key" in options or "dynamic_topic" in options:
        return None
    topics = options.get("topics")
    named = place.named(topics.key.text) if topics is not None else ["fluent-bit"]
    return [one.partition(":")[0] for one in named] if named is not None else None


# flb_kafka_conf_create goes on after a property that librdkafka refuses
_FLUENT_BIT = {"drops": "Fluent Bit leaves the property out, with no more than a line in its log"}
_FLUENT_BIT_SOURCE = Layer(
    "set by Fluent Bit for its kafka input", False, {"enable.auto.commit": (("0", False),)}
)

# Logstash ---------------------------------------------------------------------------------------


def _logstash(section: str, *topics: str) -> Callable[[_Place], bool]:
    def stands(place: _Place) -> bool:
        trail = place.trail
        if len(trail) < 2 or trail[0] != section or trail[-1] != "kafka":
            return False
        # `kafka {` is a plugin, `kafka: {` is YAML
        before = place.text.text[: place.mapping.start].rstrip()
        # plugins before 5.0 talk to ZooKeeper and have other options
        old = place.has("zk_connect") or place.has("broker_list")
        return before.endswith("kafka") and not old and any(map(place.has, topics))

    return stands


def _logstash_input(place: _Place) -> list[str] | None:
    pattern = place.word("topics_pattern")
    if pattern is not None:
        return None if is_placeholder(pattern) else [f"^{pattern.removeprefix('^')}"]
    return place.named("topics")


def _logstash_output(place: _Place) -> list[str] | None:
    topic = place.word("topic_id")
    return None if topic is None or "%{" in topic or is_placeholder(topic) else [topic]


_Values = Callable[[str, ScalarValue], ScalarValue]


def _translated(setting: WrittenSetting, values: _Values) -> WrittenSetting:
    """A setting with what its values mean to the client."""

    def meant(value: Value | None) -> Value | None:
        if isinstance(value, Known) and not isinstance(value.value, tuple):
            return Known(values(setting.key, value.value))
        return value

    alternatives = tuple(
        Alternative(meant(one.value), one.when, one.span, one.origins)
        for one in setting.alternatives
    )
    return replace(setting, alternatives=alternatives)


def _options(
    options: Mapping[str, str], style: str, values: _Values = lambda _, value: value
) -> Callable[[_Place], Block]:
    """What reads the options that have a client's setting behind them: `options` gives the option
    of a setting, `values` what a value of a setting means."""
    names = {option: key for key, option in options.items()}

    def block(place: _Place) -> Block:
        own = block_of(place.mapping, place.text, keep=lambda entry: entry.key.text in names)
        settings = tuple(_translated(_as(one, names[one.key]), values) for one in own.settings)
        return replace(own, settings=settings, homes=(replace(own.homes[0], style=style),))

    return block


# Telegraf ---------------------------------------------------------------------------------------

_TELEGRAF_TABLE = "[[outputs.kafka]]"
_RELEASE = re.compile(r"(\d+)\.(\d+)")


def _telegraf(place: _Place) -> bool:
    """An output of Telegraf's own file, or of the values of its Helm chart, which makes TOML of
    `config.outputs`. Sarama refuses idempotence with a `version` before 0.11."""
    if place.trail[-2:] != ("outputs", "kafka") or not place.has("brokers", "topic"):
        return False
    release = _RELEASE.match(place.word("version") or "")
    if release is not None and (int(release[1]), int(release[2])) < (0, 11):
        return False
    chart = "config" in place.trail[:-2] and isinstance(place.mapping.get("brokers"), Sequence)
    return chart or (len(place.trail) == 2 and _TELEGRAF_TABLE in place.text.text)


def _telegraf_value(key: str, value: ScalarValue) -> ScalarValue:
    return "all" if (key, value) == ("acks", -1) else value


def _telegraf_topic(place: _Place) -> list[str] | None:
    changed = place.has("topic_tag") or place.has("topic_suffix")
    return None if changed else place.named("topic")


# Redpanda Connect -------------------------------------------------------------------------------

_SIDES = {
    **dict.fromkeys(("input", "inputs", "input_resources"), "input"),
    **dict.fromkeys(("output", "outputs", "output_resources"), "output"),
}


def _redpanda(side: str, names: tuple[str, ...], *required: str) -> Callable[[_Place], bool]:
    def stands(place: _Place) -> bool:
        trail = place.trail
        if not trail or trail[-1] not in names or not any(map(place.has, required)):
            return False
        # the innermost side around it counts: broker, fallback and switch nest them
        around = next((_SIDES[one] for one in reversed(trail[:-1]) if one in _SIDES), "")
        return around == side

    return stands


def _redpanda_shared(place: _Place) -> bool:
    """The block that outputs without brokers of their own take their client from."""
    return place.trail == ("redpanda",) and place.has("seed_brokers")


def _franz_value(key: str, value: ScalarValue) -> ScalarValue:
    return {"leader": 1, "none": 0}.get(str(value), value) if key == "acks" else value


def _sarama_value(key: str, value: ScalarValue) -> ScalarValue:
    if key == "acks" and isinstance(value, bool):
        return "all" if value else 1
    return value


def _redpanda_topic(place: _Place) -> list[str] | None:
    topic = place.word("topic")
    return None if topic is None or is_placeholder(topic) else [topic]


def _redpanda_topics(place: _Place) -> list[str] | None:
    """Topics, with partitions behind a colon perhaps, or patterns of them."""
    patterns = place.named("regexp_topics_include") or []
    named = place.named("topics") if place.has("topics") else []
    if named is None:
        return None
    if (place.word("regexp_topics") or "").lower() == "true":
        named, patterns = [], named
    return [*(one.partition(":")[0] for one in named), *(f"^{one}" for one in patterns)]


def _unknown(place: _Place) -> None:
    return None


# their outputs have the fields of franz_writer.go; `redpanda_common` has not, and takes the shared block's
_FRANZ_OUTPUTS = ("kafka_franz", "redpanda", "redpanda_migrator")
_FRANZ_INPUTS = (*_FRANZ_OUTPUTS, "redpanda_common")
_REDPANDA = "Redpanda Connect"
_FRANZ_WORDS = {"acks=all": "all", "acks=1": "leader", "acks=0": "none"}

_COMPONENTS: tuple[_Component, ...] = (
    _Component(
        "vector kafka sink",
        "Vector",
        "librdkafka",
        "producer",
        _vector("sinks", "topic", "inputs"),
        _vector_sink,
        _vector_topic,
    ),
    _Component(
        "vector kafka source",
        "Vector",
        "librdkafka",
        "consumer",
        _vector("sources", "topics", "group_id"),
        _vector_source,
        lambda place: place.named("topics"),
        (_VECTOR_SOURCE,),
    ),
    _Component(
        "fluent-bit kafka output",
        "Fluent Bit",
        "librdkafka",
        "producer",
        _fluent_bit("output"),
        _fluent_bit_output,
        _fluent_bit_topics,
        values=_FLUENT_BIT,
    ),
    _Component(
        "fluent-bit kafka input",
        "Fluent Bit",
        "librdkafka",
        "consumer",
        _fluent_bit("input"),
        _fluent_bit_input,
        _fluent_bit_topics,
        (_FLUENT_BIT_SOURCE,),
        _FLUENT_BIT,
    ),
    _Component(
        "logstash kafka output",
        "Logstash",
        "logstash",
        "producer",
        _logstash("output", "topic_id"),
        _options(LOGSTASH["producer"], "logstash output"),
        _logstash_output,
    ),
    _Component(
        "logstash kafka input",
        "Logstash",
        "logstash",
        "consumer",
        _logstash("input", "topics", "topics_pattern"),
        _options(LOGSTASH["consumer"], "logstash input"),
        _logstash_input,
    ),
    _Component(
        "telegraf kafka output",
        "Telegraf",
        "telegraf",
        "producer",
        _telegraf,
        _options(TELEGRAF, "telegraf", _telegraf_value),
        _telegraf_topic,
        values={"acks=all": "-1"},
    ),
    _Component(
        "redpanda-connect output",
        _REDPANDA,
        "redpanda-connect",
        "producer",
        _redpanda("output", _FRANZ_OUTPUTS, "seed_brokers"),
        _options(REDPANDA_CONNECT, "redpanda-connect", _franz_value),
        _redpanda_topic,
        values=_FRANZ_WORDS,
    ),
    _Component(
        "redpanda-connect shared client",
        _REDPANDA,
        "redpanda-connect",
        "producer",
        _redpanda_shared,
        _options(REDPANDA_CONNECT, "redpanda-connect", _franz_value),
        _unknown,
        values=_FRANZ_WORDS,
    ),
    _Component(
        "redpanda-connect input",
        _REDPANDA,
        "redpanda-connect",
        "consumer",
        _redpanda("input", _FRANZ_INPUTS, "topics", "regexp_topics_include"),
        _options(REDPANDA_CONNECT, "redpanda-connect"),
        _redpanda_topics,
    ),
    _Component(
        "redpanda-connect kafka output",
        _REDPANDA,
        "redpanda-connect-sarama",
        "producer",
        _redpanda("output", ("kafka",), "addresses"),
        _options(REDPANDA_CONNECT_SARAMA, "redpanda-connect kafka", _sarama_value),
        _redpanda_topic,
        values={"acks=all": "true", "acks=1": "false"},
    ),
)
