"""Write the tables of Flink's Kafka tables and of a job's checkpoints from Flink's source jars.

Run `python tools/dialects/flink.py`; Maven fetches the jars (`mvn dependency:get`), and the option
constants of the classes below are read from the sources. A new release goes to RELEASES.
Before 1.14 the guarantee had another name, sink.semantic, which 1.14 to 1.20 still take.
"""

import json
import re
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

DATA = Path(__file__).resolve().parents[2] / "linter" / "oncelint" / "dialects" / "data"
REPOSITORY = Path.home() / ".m2" / "repository"

# Flink's release, the Kafka connector for it, and where the options of checkpoints are declared.
RELEASES = (
    ("1.14.6", "flink-connector-kafka_2.12:1.14.6", "flink-streaming-java_2.12:1.14.6"),
    ("1.15.4", "flink-connector-kafka:1.15.4", "flink-streaming-java:1.15.4"),
    ("1.16.3", "flink-connector-kafka:1.16.3", "flink-streaming-java:1.16.3"),
    ("1.17.2", "flink-connector-kafka:1.17.2", "flink-streaming-java:1.17.2"),
    ("1.18.1", "flink-connector-kafka:3.0.2-1.18", "flink-streaming-java:1.18.1"),
    ("1.19.1", "flink-connector-kafka:3.2.0-1.19", "flink-streaming-java:1.19.1"),
    ("1.20.0", "flink-connector-kafka:3.4.0-1.20", "flink-core:1.20.0"),
    ("2.0.0", "flink-connector-kafka:4.0.0-2.0", "flink-core:2.0.0"),
)
TABLE_SOURCES = ("KafkaConnectorOptions", "KafkaDynamicTableFactory")
JOB_SOURCES = ("ExecutionCheckpointingOptions", "CheckpointingOptions")
# FactoryUtil of flink-table-common: every connector has them
COMMON = ("connector", "format", "sink.parallelism", "scan.watermark.emit.strategy")
# of the clients' settings, which are all taken, those that a rule has something to say of
HANDED_ON = ("properties.transaction.timeout.ms", "properties.isolation.level")
# a format's own options stand behind its name, and the client's behind `properties.`
OPEN = ("properties.", "key.", "value.", "json.", "csv.", "avro.", "raw.", "protobuf.")
CHANGELOGS = ("debezium-json.", "canal-json.", "maxwell-json.", "ogg-json.", "avro-confluent.")

_OPTION = re.compile(
    r'(?:ConfigOptions\s*\.\s*)?\bkey\(\s*"(?P<key>[\w.-]+)"\s*\)(?P<rest>(?:[^;"]|"[^"]*")*?);',
    re.S,
)
# what an option was called before is still read
_FORMER = re.compile(r"\.withDeprecatedKeys\((?P<keys>[^()]*)\)")
_DEFAULT = re.compile(r"\.defaultValue\(\s*(?P<value>[^()]*(?:\([^()]*\))?)\s*\)")


def main() -> None:
    tables: dict[str, dict[str, dict[str, object]]] = {}
    jobs: dict[str, dict[str, dict[str, object]]] = {}
    for version, connector, streaming in RELEASES:
        declared = dict(_options(_jar(connector), TABLE_SOURCES))
        for name in (*COMMON, *HANDED_ON):
            declared.setdefault(name, None)
        _note(tables, version, declared)
        checkpoints = {
            key: value
            for key, value in _options(_jar(streaming), JOB_SOURCES)
            if key.startswith("execution.checkpointing.")
        }
        _note(jobs, version, {**checkpoints, "execution.runtime-mode": "STREAMING"})
    _write(
        "flink-table",
        "option constants of the Kafka connector's KafkaConnectorOptions"
        " and KafkaDynamicTableFactory, read from the source jar of each release, with the options of"
        " flink-table-common's FactoryUtil",
        tables,
        ["flink-source", "flink-sink"],
        dict.fromkeys((*OPEN, *CHANGELOGS)),
    )
    _write(
        "flink-job",
        "execution.checkpointing.* of ExecutionCheckpointingOptions (CheckpointingOptions from 1.20"
        " on), read from the source jar of each release",
        jobs,
        ["flink-job"],
        {"execution.": None},
    )


def _jar(artifact: str) -> Path:
    name, version = artifact.split(":")
    path = REPOSITORY / "org/apache/flink" / name / version / f"{name}-{version}-sources.jar"
    if not path.exists():
        goal = f"-Dartifact=org.apache.flink:{artifact}:jar:sources"
        command = ["mvn", "-q", "-B", "dependency:get", "-Dtransitive=false", goal]
        subprocess.run(command, check=True)
    return path


def _options(jar: Path, classes: tuple[str, ...]) -> Iterator[tuple[str, object]]:
    """Every declared option with its default, and the names that it had before; None where it has
    none, or one that is an object."""
    with zipfile.ZipFile(jar) as archive:
        for name in sorted(archive.namelist()):
            if Path(name).stem not in classes or not name.endswith(".java"):
                continue
            source = archive.read(name).decode()
            for option in _OPTION.finditer(source):
                former = _FORMER.search(option["rest"])
                for key in re.findall(r'"([\w.-]+)"', former["keys"]) if former else ():
                    yield key, None
                found = _DEFAULT.search(option["rest"])
                yield option["key"], _literal(found["value"]) if found else None


def _literal(written: str) -> object:
    if written in ("true", "false"):
        return written == "true"
    if re.fullmatch(r"-?\d+", written):
        return int(written)
    if written.startswith('"'):
        return written.strip('"')
    name = re.fullmatch(r"\w+\.([A-Z_]+)", written)
    return name[1].lower().replace("_", "-") if name else None


def _note(
    table: dict[str, dict[str, dict[str, object]]], version: str, declared: dict[str, object]
) -> None:
    for key, default in declared.items():
        table.setdefault(key, {})[version] = {"default": default}


def _write(
    name: str,
    source: str,
    table: dict[str, dict[str, dict[str, object]]],
    roles: list[str],
    prefixes: dict[str, None],
) -> None:
    versions = [version for version, *_ in RELEASES]
    settings = {}
    for key, seen in sorted(table.items()):
        here = [version for version in versions if version in seen]
        after = versions[versions.index(here[-1]) + 1 :]
        defaults: list[list[object]] = []
        for version in here:
            value = seen[version]["default"]
            if not defaults or defaults[-1][1] != value:
                defaults.append([version, value])
        settings[key] = {
            "spellings": [key],
            "type": "string",
            "roles": roles,
            "defaults": defaults,
            "since": here[0],
            "removed": after[0] if after else None,
        }
    body = ",\n".join(
        f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in settings.items()
    )
    head = {
        "dialect": name,
        "distribution": "apache-flink",
        "source": source,
        "versions": versions,
        "prefixes": prefixes,
    }
    lines = ",\n".join(f" {json.dumps(key)}: {json.dumps(value)}" for key, value in head.items())
    text = "{\n" + lines + ',\n "settings": {\n' + body + "\n }\n}\n"
    (DATA / f"{name}.json").write_text(text, encoding="utf-8")
    print(f"{name}.json: {len(settings)} settings, {len(versions)} versions")


if __name__ == "__main__":
    main()
