"""Writes the dialect tables of Kafka's own Java classes.

For every Kafka version in ``VERSIONS`` the jars come from Maven Central through ``mvn``, the program
``java/DumpConfigDefs.java`` prints the ConfigDef of each configuration class, and the rows of all
versions are folded into one JSON table per component under ``linter/oncelint/dialects/data``.

Run ``python tools/dialects/java_tables.py`` to write the tables, with ``--check`` to compare them
with the tree instead (exit code 1 when they differ). Needs Java 17 and Maven.
"""

import argparse
import functools
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from java_facts.maven import class_path, compile_program

HERE = Path(__file__).resolve().parent
PROGRAM = HERE / "java" / "DumpConfigDefs.java"
DATA = HERE.parents[1] / "linter" / "oncelint" / "dialects" / "data"

# Settings arrive and leave with minor releases, so one release of each minor is enough; 3.0 and 3.1
# appear twice because the producer's idempotence changed between their patch releases (KAFKA-13598).
VERSIONS = (
    "2.0.1", "2.1.1", "2.2.2", "2.3.1", "2.4.1", "2.5.1", "2.6.3", "2.7.2", "2.8.2",
    "3.0.0", "3.0.1", "3.1.0", "3.1.1", "3.2.0", "3.3.2", "3.4.1", "3.5.2", "3.6.2", "3.7.2",
    "3.8.1", "3.9.2", "4.0.2", "4.1.2", "4.2.1", "4.3.1", "4.4.0",
)  # fmt: skip

# The newest release read of the artifacts that were not to be had at the newest of VERSIONS.
NEWEST = {"connect-runtime": "4.3.1", "kafka-streams": "4.3.1"}

REQUIRED = "<required>"
JAVA_TYPES = {
    "BOOLEAN": "boolean",
    "CLASS": "class",
    "DOUBLE": "double",
    "INT": "int",
    "LIST": "list",
    "LONG": "long",
    "PASSWORD": "password",
    "SHORT": "short",
    "STRING": "string",
}
# These validators accept more spellings than they print (2.8 beside 2.8-IV1).
OPEN_VALIDATORS = ("ApiVersionValidator", "MetadataVersionValidator")
RANGE_TEXT = re.compile(r"\[(-?\d+(?:\.\d+)?)?,\.\.\.(?:,(-?\d+(?:\.\d+)?))?\]")
CODED_KEY = re.compile(r"(?:<code>|`|')([a-z][a-z0-9]*(?:[._][a-z0-9-]+)+)(?:</code>|`|')")
DEPRECATION = re.compile(
    r"^\W*deprecated\b|(?i:this config\w*) (?:is|has been) deprecated\b"
    r"|(?:^|\. )(?:Deprecated|DEPRECATED)[;:.]",
    re.IGNORECASE,
)
# What to use instead, where the class does not say: Kafka's upgrade notes and the KIP named.
REPLACEMENTS = {
    "advertised.host.name": "use advertised.listeners instead",
    "advertised.port": "use advertised.listeners instead",
    "cache.max.bytes.buffering": "use statestore.cache.max.bytes instead (KIP-770)",
    "default.deserialization.exception.handler": "use deserialization.exception.handler instead "
    "(KIP-1056)",
    "default.dsl.store": "use dsl.store.suppliers.class instead (KIP-954)",
    "default.production.exception.handler": "use production.exception.handler instead (KIP-1056)",
    "delegation.token.master.key": "use delegation.token.secret.key instead",
    "group.coordinator.rebalance.protocols": "protocols follow the feature versions",
    "host.name": "use listeners instead",
    "internal.key.converter": "has no effect worth setting (KIP-174)",
    "internal.value.converter": "has no effect worth setting (KIP-174)",
    "log.message.format.version": "ignored once inter.broker.protocol.version is 3.0 (KIP-724)",
    "log.message.timestamp.difference.max.ms": "use log.message.timestamp.before.max.ms and "
    "log.message.timestamp.after.max.ms instead (KIP-937)",
    "message.format.version": "ignored once inter.broker.protocol.version is 3.0 (KIP-724)",
    "message.timestamp.difference.max.ms": "use message.timestamp.before.max.ms and "
    "message.timestamp.after.max.ms instead (KIP-937)",
    "port": "use listeners instead",
    "quota.consumer.default": "set default quotas dynamically instead",
    "quota.producer.default": "set default quotas dynamically instead",
    "rest.host.name": "use listeners instead",
    "rest.port": "use listeners instead",
    "retries": "use task.timeout.ms instead (KIP-572)",
    "window.size.ms": "set it on the deserializer instead (KIP-1020)",
}
# Deprecated in Kafka's documentation without a mark that reflection finds (KIP-724).
UNMARKED = {"log.message.format.version": (3, 0)}
# What a producer runs with when the setting is left out, where the ConfigDef says otherwise: 3.0.0
# and 3.1.0 declare idempotence on but only switch it on when it is set (KAFKA-13598).
EFFECTIVE_DEFAULTS = {
    ("producer", "enable.idempotence"): [
        ["2.0.1", False],
        ["3.0.1", True],
        ["3.1.0", False],
        ["3.1.1", True],
    ],
}

Json = Any  # A decoded JSON value.


@dataclass(frozen=True, slots=True)
class Facet:
    """One configuration class as one view of a component.

    ``label`` names the view ("distributed", "source"); ``classes`` are the places where the class
    has been, newest last.
    """

    label: str
    classes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Component:
    """One table: the classes it is read from and the artifact that carries them."""

    role: str
    artifact: str
    facets: tuple[Facet, ...]
    facet_field: str | None = None
    prefixes: Mapping[str, str | None] | None = None
    embeds: tuple[str, ...] = ()

    @property
    def dialect(self) -> str:
        """The table's name."""
        return f"java-{self.role}"


CLIENTS = "org.apache.kafka.clients"
CONNECT = "org.apache.kafka.connect.runtime"
COMPONENTS = (
    Component(
        "producer",
        "kafka-clients",
        (Facet("producer", (f"{CLIENTS}.producer.ProducerConfig",)),),
    ),
    Component(
        "consumer",
        "kafka-clients",
        (Facet("consumer", (f"{CLIENTS}.consumer.ConsumerConfig",)),),
    ),
    Component(
        "admin",
        "kafka-clients",
        (Facet("admin", (f"{CLIENTS}.admin.AdminClientConfig",)),),
    ),
    Component(
        "streams",
        "kafka-streams",
        (Facet("streams", ("org.apache.kafka.streams.StreamsConfig",)),),
        # Configuration classes of the clients inside, StreamsConfig.*_PREFIX.
        prefixes={
            "admin.": "java-admin",
            "consumer.": "java-consumer",
            "global.consumer.": "java-consumer",
            "main.consumer.": "java-consumer",
            "producer.": "java-producer",
            "restore.consumer.": "java-consumer",
            "topic.": "java-topic",
        },
        embeds=("java-admin", "java-consumer", "java-producer"),
    ),
    Component(
        "connect-worker",
        "connect-runtime",
        (
            Facet("distributed", (f"{CONNECT}.distributed.DistributedConfig",)),
            Facet("standalone", (f"{CONNECT}.standalone.StandaloneConfig",)),
        ),
        facet_field="modes",
        # Worker (clients, converters), DistributedConfig.*_STORAGE_PREFIX, AbstractConfig (providers).
        prefixes={
            "admin.": "java-admin",
            "admin.listeners.https.": None,
            "config.providers.": None,
            "config.storage.": "java-topic",
            "consumer.": "java-consumer",
            "header.converter.": None,
            "key.converter.": None,
            "listeners.https.": None,
            "metrics.context.": None,
            "offset.storage.": "java-topic",
            "producer.": "java-producer",
            "status.storage.": "java-topic",
            "value.converter.": None,
        },
    ),
    Component(
        "connector",
        "connect-runtime",
        (
            Facet("sink", (f"{CONNECT}.SinkConnectorConfig",)),
            Facet("source", (f"{CONNECT}.SourceConnectorConfig",)),
        ),
        facet_field="kinds",
        # ConnectorConfig.CONNECTOR_CLIENT_*_OVERRIDES_PREFIX and the groups a connector declares.
        prefixes={
            "admin.override.": "java-admin",
            "consumer.override.": "java-consumer",
            "header.converter.": None,
            "key.converter.": None,
            "predicates.": None,
            "producer.override.": "java-producer",
            "topic.creation.": "java-topic",
            "transforms.": None,
            "value.converter.": None,
        },
    ),
    Component(
        "broker",
        "kafka_2.13",
        (
            Facet(
                "broker",
                ("kafka.server.KafkaConfig", "org.apache.kafka.server.config.AbstractKafkaConfig"),
            ),
        ),
        # ListenerName.configPrefix and the plug-ins' own settings.
        prefixes={
            "config.providers.": None,
            "listener.name.": None,
            "metrics.context.": None,
            "rlmm.config.": None,
            "rsm.config.": None,
        },
    ),
    Component(
        "topic",
        "kafka_2.13",
        (
            Facet(
                "topic",
                ("kafka.log.LogConfig", "org.apache.kafka.storage.internals.log.LogConfig"),
            ),
        ),
    ),
)


# ---- reading one version ----


def artifact_for(artifact: str, version: str) -> str:
    """The artifact's name at *version*: the broker was built for Scala 2.13 from Kafka 2.4 on."""
    minor = tuple(int(part) for part in version.split(".")[:2])
    return "kafka_2.12" if artifact == "kafka_2.13" and minor < (2, 4) else artifact


def dump(classes: Path, path: str, wanted: Mapping[str, str]) -> dict[str, Json]:
    """Runs the program over label → class name pairs and returns its decoded answer."""
    run = subprocess.run(
        # A default under the temporary folder would otherwise carry this machine's folder.
        ["java", "-Djava.io.tmpdir=${java.io.tmpdir}", "-Duser.home=${user.home}"]
        + ["-cp", f"{classes}:{path}", "DumpConfigDefs"]
        + [f"{label}={name}" for label, name in wanted.items()],
        capture_output=True,
        text=True,
        check=True,
    )
    answer = json.loads(run.stdout.splitlines()[-1])
    assert isinstance(answer, dict)
    return answer


def read_artifact(
    classes: Path, artifact: str, version: str, components: Iterable[Component]
) -> dict[str, Json] | None:
    """Every facet of *components* at *version*, by "role/label"; None when there is no artifact."""
    path = class_path(artifact_for(artifact, version), version)
    if path is None:
        return None
    wanted = {
        f"{component.role}/{facet.label}/{place}": name
        for component in components
        for facet in component.facets
        for place, name in enumerate(facet.classes)
    }
    wanted["topic-names"] = "org.apache.kafka.common.config.TopicConfig"
    answers = dump(classes, path, wanted)
    result: dict[str, Json] = {}
    for component in components:
        for facet in component.facets:
            name = f"{component.role}/{facet.label}"
            places = [answers[f"{name}/{place}"] for place in range(len(facet.classes))]
            read = [place for place in places if "error" not in place]
            if not read:
                raise RuntimeError(f"{artifact} {version}: {places[-1]}")
            result[name] = read[0] | {
                "constants": [c for p in places for c in p.get("constants", [])]
            }
            if component.role == "topic":
                result[name]["constants"] += answers["topic-names"]["constants"]
    return result


# ---- folding versions into a table ----


def version_key(version: str) -> tuple[int, ...]:
    """Sort key of a version string."""
    return tuple(int(part) for part in version.split("."))


def allowed_values(key: Mapping[str, Json]) -> list[str] | None:
    """The closed set of values that the key's validator accepts, or None when it is open."""
    accepted = key["accepted"]
    if accepted is None or accepted["bogus"] or not accepted["values"]:
        return None
    if any(name in key["validator"]["class"] for name in OPEN_VALIDATORS):
        return None
    return sorted(accepted["values"])


def value_prefixes(key: Mapping[str, Json]) -> list[str]:
    """Prefixes that open a value beside the closed set (``by_duration:`` of auto.offset.reset)."""
    if allowed_values(key) is None:
        return []
    return sorted(set(re.findall(r"([a-z_]+:)[A-Z]", key["validator"]["text"])))


def limits(validator: Mapping[str, Json] | None) -> tuple[Json, Json]:
    """Smallest and largest number that the validator accepts; None where it has no limit."""
    if validator is None:
        return None, None
    low, high = validator["min"], validator["max"]
    if low is None and high is None:
        text = RANGE_TEXT.fullmatch(validator["text"] or "")
        if text:
            low, high = (None if part is None else json.loads(part) for part in text.groups())
    for part in validator["parts"]:
        part_low, part_high = limits(part)
        low = part_low if low is None else low
        high = part_high if high is None else high
    return low, high


def default_of(key: Mapping[str, Json]) -> Json:
    """The key's default as JSON, or ``REQUIRED``."""
    return key["default"] if key["has_default"] else REQUIRED


def deprecation(
    key: Mapping[str, Json], constants: Sequence[Mapping[str, Json]], version: str
) -> str | None:
    """A short note when the class or its documentation calls the key deprecated, else None.

    A constant counts when every constant of its class for this key is marked: a misspelt constant may
    be deprecated in favour of another for the same key.
    """
    marks: dict[str, list[bool]] = {}
    for constant in constants:
        if constant["value"] == key["name"]:
            owner = constant["field"].split(".")[0]
            marks.setdefault(owner, []).append(constant["deprecated"])
    text = key["documentation"] or ""
    said = DEPRECATION.search(text)
    unmarked = version_key(version) >= UNMARKED.get(key["name"], (99,))
    if not said and not unmarked and not any(all(mark) for mark in marks.values()):
        return None
    named = CODED_KEY.findall(text[said.end() : said.end() + 300]) if said else []
    other = next((name for name in named if name != key["name"]), None)
    automatic = f"use {other} instead" if other else "no replacement is named"
    return REPLACEMENTS.get(key["name"], automatic)


@dataclass(frozen=True, slots=True)
class Observation:
    """One key at one version, over the facets that have it."""

    type: str
    default: Json
    values: tuple[str, ...] | None
    prefixes: tuple[str, ...]
    any_case: bool
    limits: tuple[Json, Json]
    internal: bool
    note: str | None
    facets: tuple[str, ...]


def observe(
    component: Component, version: str, answers: Mapping[str, Json]
) -> dict[str, Observation]:
    """The component's keys at one version."""
    result: dict[str, Observation] = {}
    for facet in component.facets:
        answer = answers[f"{component.role}/{facet.label}"]
        for key in answer["keys"]:
            values = allowed_values(key)
            seen = Observation(
                type=JAVA_TYPES[key["type"]],
                default=default_of(key),
                values=None if values is None else tuple(values),
                prefixes=tuple(value_prefixes(key)),
                any_case=bool(key["accepted"] and key["accepted"]["any_case"]),
                limits=limits(key["validator"]),
                internal=key["internal"],
                note=deprecation(key, answer["constants"], version),
                facets=(facet.label,),
            )
            earlier = result.get(key["name"])
            result[key["name"]] = seen if earlier is None else joined(key["name"], earlier, seen)
    return result


def joined(name: str, one: Observation, other: Observation) -> Observation:
    """The same key in two facets, which must agree on what decides a value."""
    if (one.type, one.default, one.values) != (other.type, other.default, other.values):
        raise RuntimeError(f"{name}: {one} and {other} differ")
    return Observation(
        one.type, one.default, one.values, one.prefixes, one.any_case, one.limits, one.internal,
        one.note, one.facets + other.facets,
    )  # fmt: skip


def changes(history: Sequence[tuple[str, Json]]) -> list[list[Json]]:
    """The points at which a value changes: [version, value], ascending."""
    points: list[list[Json]] = []
    for version, value in history:
        if not points or json.dumps(points[-1][1]) != json.dumps(value):
            points.append([version, value])
    return points


def widest(history: Sequence[Json], pick: Any) -> Json:
    """The weakest of several limits; None (no limit) is the weakest of all."""
    return None if None in history else pick(history)


def deprecated_since(history: Sequence[tuple[str, Observation]]) -> Json:
    """When the deprecation that the newest version still states began, and its note."""
    note = history[-1][1].note
    if note is None:
        return None
    since = history[-1][0]
    for version, observation in reversed(history):
        if observation.note is None:
            break
        since = version
    return {"since": since, "note": note}


def fold(
    component: Component, name: str, history: Sequence[tuple[str, Observation]], versions: list[str]
) -> dict[str, Json]:
    """The table's row for one key, from the versions that have it (ascending)."""
    seen = [observation for _, observation in history]
    present = [version for version, _ in history]
    last = versions.index(present[-1])
    lifetime = versions[versions.index(present[0]) : last + 1]
    absent = [version for version in lifetime if version not in present]
    value_points = changes([(v, None if o.values is None else list(o.values)) for v, o in history])
    limit_points = changes([(v, list(o.limits)) for v, o in history])
    closed = [set(o.values) for o in seen if o.values is not None]
    every_value = sorted(set().union(*closed)) if len(closed) == len(seen) else None
    kind = seen[-1].type
    row: dict[str, Json] = {
        "spellings": [name],
        "type": "enum" if kind == "string" and seen[-1].values else kind,
        "roles": [component.role],
        "values": every_value,
        "min": widest([o.limits[0] for o in seen], min),
        "max": widest([o.limits[1] for o in seen], max),
        "defaults": changes([(v, o.default) for v, o in history]),
        "since": present[0],
        "removed": versions[last + 1] if last + 1 < len(versions) else None,
        "deprecated": deprecated_since(history),
    }
    if absent:
        row["absent"] = absent
    if component.facet_field:
        row[component.facet_field] = sorted({facet for o in seen for facet in o.facets})
    if any(o.any_case for o in seen) and any(closed):
        row["case_insensitive"] = True
    prefixes = sorted({prefix for o in seen for prefix in o.prefixes})
    if prefixes:
        row["value_prefixes"] = prefixes
    if len(value_points) > 1:
        row["values_by_version"] = value_points
    if len(limit_points) > 1:
        row["limits_by_version"] = limit_points
    if len({o.type for o in seen}) > 1:
        row["type_by_version"] = changes([(v, o.type) for v, o in history])
    if seen[-1].internal:
        row["internal"] = True
    effective = EFFECTIVE_DEFAULTS.get((component.role, name))
    if effective:
        row["effective_defaults"] = effective
    return row


def table(component: Component, answers: Mapping[str, Mapping[str, Json]]) -> dict[str, Json]:
    """The component's table from the answers by version."""
    versions = sorted(answers, key=version_key)
    by_key: dict[str, list[tuple[str, Observation]]] = {}
    for version in versions:
        for name, observation in observe(component, version, answers[version]).items():
            by_key.setdefault(name, []).append((version, observation))
    head: dict[str, Json] = {
        "dialect": component.dialect,
        "distribution": f"org.apache.kafka:{component.artifact}",
        "source": "ConfigDef of "
        + " and ".join(sorted({f.classes[-1] for f in component.facets}))
        + ", read by reflection from the released jar of each version",
        "versions": versions,
    }
    if component.prefixes:
        head["prefixes"] = dict(sorted(component.prefixes.items()))
    if component.embeds:
        head["embeds"] = list(component.embeds)
    rows = {name: fold(component, name, by_key[name], versions) for name in sorted(by_key)}
    return head | {"settings": rows}


# ---- writing ----


def render(content: Mapping[str, Json]) -> str:
    """JSON text with keys sorted and one field of a setting a line, so that a difference reads well."""
    lines = ["{"]
    heads = [f" {pair(key, content[key])}" for key in sorted(content) if key != "settings"]
    for name, row in content["settings"].items():
        body = ",\n".join(f"   {pair(key, row[key])}" for key in sorted(row))
        lines.append(f"  {json.dumps(name)}: {{\n{body}\n  }},")
    lines[-1] = lines[-1].rstrip(",")
    lines.insert(1, ' "settings": {')
    return "\n".join(["{", ",\n".join(heads) + ",", *lines[1:], " }", "}", ""])


def pair(name: str, value: Json) -> str:
    """One member of a JSON object."""
    return f"{json.dumps(name)}: {json.dumps(value, sort_keys=True)}"


def collect(
    components: Sequence[Component], versions: Sequence[str]
) -> dict[str, dict[str, dict[str, Json]]]:
    """Raw answers by artifact and version; versions that Maven cannot resolve are left out."""
    result: dict[str, dict[str, dict[str, Json]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        compile_program(PROGRAM, Path(folder))
        for artifact in sorted({component.artifact for component in components}):
            mine = [component for component in components if component.artifact == artifact]
            read = functools.partial(read_artifact, Path(folder), artifact, components=mine)
            newest = version_key(NEWEST.get(artifact, versions[-1]))
            found = {v: read(v) for v in versions if version_key(v) <= newest}
            result[artifact] = {v: answer for v, answer in found.items() if answer is not None}
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes or checks the tables; returns the exit code."""
    parser = argparse.ArgumentParser(
        description="Write the dialect tables of Kafka's Java classes."
    )
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    parser.add_argument("--role", action="append", help="only this component (repeatable)")
    parser.add_argument("--raw", type=Path, help="keep the raw answers in this file")
    options = parser.parse_args(arguments)
    components = [c for c in COMPONENTS if not options.role or c.role in options.role]
    answers = collect(components, VERSIONS)
    if options.raw:
        options.raw.write_text(json.dumps(answers), encoding="utf-8")
    stale = []
    for component in components:
        text = render(table(component, answers[component.artifact]))
        target = DATA / f"{component.dialect}.json"
        if options.check:
            if not target.exists() or target.read_text(encoding="utf-8") != text:
                stale.append(target.name)
        else:
            DATA.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
    if stale:
        print("differs from the classes: " + ", ".join(stale), file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
