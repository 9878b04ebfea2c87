"""The dialect tables of the Python clients, held to the installed clients both ways.

kafka-python and aiokafka are imported and asked at run time, where the generators read their sources;
librdkafka is dumped again from the shared object that confluent-kafka carries.
"""

import importlib
import inspect
import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.dialects.installations import (
    NOT_PINNED,
    Installation,
    installations,
    installed,
)

from dialect_sources import aiokafka, kafka_python, librdkafka
from dialect_sources.keywords import VERSION_MARK, canonical_name
from dialect_sources.tables import Snapshot, render, same, snapshot_at
from dialect_sources.writer import DATA

GENERATORS = {
    "librdkafka": "tools/dialects/librdkafka.py",
    "kafka-python": "tools/dialects/kafka_python.py",
    "kafka-python-ng": "tools/dialects/kafka_python.py",
    "aiokafka": "tools/dialects/aiokafka_signatures.py",
}

Declarations = dict[str, dict[str, Any]]
"""Client's own spelling to role to default."""


def read_table(dialect: str) -> dict[str, Any]:
    """A dialect table as the linter has it."""
    table: dict[str, Any] = json.loads((DATA / f"{dialect}.json").read_text(encoding="utf-8"))
    return table


def table_at(dialect: str, version: str) -> dict[str, dict[str, Any]]:
    """What the table says about a version; a version that is not in it fails the test."""
    table = read_table(dialect)
    if version not in table["versions"]:
        pytest.fail(
            f"{dialect}.json does not know {version}: add it to VERSIONS in "
            f"{GENERATORS[dialect]} and run python {GENERATORS[dialect]}"
        )
    return snapshot_at(table, version)


def folder_of(installation: Installation) -> Path:
    """The folder that holds the client's package."""
    if installation.folder is not None:
        return installation.folder
    packages = {"librdkafka": "confluent_kafka", "aiokafka": "aiokafka"}
    origin = importlib.import_module(packages.get(installation.dialect, "kafka")).__file__
    assert origin is not None
    return Path(origin).parents[1]


def release(installation: Installation) -> Snapshot:
    """What the generator's reader makes of an installation."""
    readers = {"librdkafka": librdkafka.read_release, "aiokafka": aiokafka.read_release}
    reader = readers.get(installation.dialect, kafka_python.read_release)
    return reader(folder_of(installation))


@pytest.mark.parametrize("installation", installations(), ids=str)
def test_table_equals_the_release(installation: Installation) -> None:
    declared = release(installation)
    table = table_at(installation.dialect, installation.version)
    assert sorted(table) == sorted(declared)
    for name, setting in declared.items():
        row = table[name]
        assert sorted(row["spellings"]) == sorted(setting.spellings), name
        if setting.hidden:
            # The roles of an undocumented setting are not the client's word.
            assert next(iter(setting.defaults.values())) in row["defaults"].values(), name
        else:
            assert same(row["defaults"], dict(setting.defaults)), name


@pytest.mark.parametrize("installation", installations(), ids=str)
def test_ranges_and_values_hold_what_the_release_takes(installation: Installation) -> None:
    settings = read_table(installation.dialect)["settings"]
    for name, setting in release(installation).items():
        row = settings[name]
        if row["values"] is not None:
            assert set(map(str, setting.values or ())) <= set(map(str, row["values"])), name
        if row["min"] is not None:
            assert row["min"] <= (setting.minimum or 0), name
        if row["max"] is not None:
            assert setting.maximum is not None, name
            assert row["max"] >= setting.maximum, name


def test_every_python_client_is_installed() -> None:
    here = {installation.dialect for installation in installed()}
    assert {"librdkafka", "kafka-python", "aiokafka"} <= here


def declared_at_run_time(dialect: str) -> Declarations:
    """Spellings and defaults that an imported client declares, as JSON values."""
    declarations: Declarations = {}
    if dialect == "kafka-python":
        kafka = importlib.import_module("kafka")
        for role, (class_name, _) in kafka_python.CLIENTS.items():
            client = getattr(kafka, class_name)
            ignored = dict.fromkeys(getattr(client, "DEPRECATED_CONFIGS", ()))
            for key, value in {**client.DEFAULT_CONFIG, **ignored}.items():
                declarations.setdefault(key, {})[role] = as_json(value)
        return declarations
    names = {
        "producer": "AIOKafkaProducer",
        "consumer": "AIOKafkaConsumer",
        "admin": "admin.AIOKafkaAdminClient",
    }
    package = importlib.import_module("aiokafka")
    importlib.import_module("aiokafka.admin")
    for role, path in names.items():
        client = package
        for part in path.split("."):
            client = getattr(client, part)
        for key, parameter in inspect.signature(client).parameters.items():
            if parameter.kind is not inspect.Parameter.VAR_POSITIONAL:
                declarations.setdefault(key, {})[role] = as_json(parameter.default)
    return declarations


def as_json(value: Any) -> Any:
    """A default as a table holds it; objects, and lists of objects, become null."""
    if value == float("inf"):
        return "inf"
    if isinstance(value, (list, tuple, set)):
        items = [as_json(item) for item in value]
        # Lists within a list are socket options, which the sources write with constants of `socket`.
        opaque = any(item is None or isinstance(item, list) for item in items)
        return None if opaque else items
    return value if isinstance(value, (bool, int, float, str)) else None


@pytest.mark.parametrize("installation", list(installed()), ids=str)
def test_table_equals_the_imported_client(installation: Installation) -> None:
    if installation.dialect == "librdkafka":
        pytest.skip("librdkafka has no declarations in Python; it is dumped and provoked instead")
    table = table_at(installation.dialect, installation.version)
    by_spelling = {row["spellings"][0]: row["defaults"] for row in table.values()}
    declared = declared_at_run_time(installation.dialect)
    assert sorted(by_spelling) == sorted(declared)
    for keyword, defaults in declared.items():
        assert canonical_name(keyword) in table
        expected = {
            role: value.replace(VERSION_MARK, installation.version)
            if isinstance(value, str)
            else value
            for role, value in by_spelling[keyword].items()
        }
        if (installation.dialect, keyword) == ("aiokafka", "acks"):
            # The signature holds a sentinel; the value in force is among the client facts.
            assert defaults == {"producer": None}
            continue
        assert same(expected, defaults), keyword


def librdkafka_spellings() -> Iterator[Any]:
    """Every spelling in librdkafka's table, with its setting and default at the installed version."""
    for installation in installed():
        if installation.dialect != "librdkafka":
            continue
        table = read_table("librdkafka")
        if installation.version not in table["versions"]:
            continue
        for name, row in snapshot_at(table, installation.version).items():
            for spelling in row["spellings"]:
                yield pytest.param(spelling, name, row["defaults"], id=spelling)


@pytest.mark.filterwarnings("ignore:open_text is deprecated")
@pytest.mark.parametrize(("spelling", "name", "defaults"), list(librdkafka_spellings()))
def test_confluent_kafka_takes_the_key_and_its_default(
    spelling: str, name: str, defaults: dict[str, Any]
) -> None:
    confluent_kafka = pytest.importorskip("confluent_kafka")
    setting = read_table("librdkafka")["settings"][name]
    role = next(iter(defaults))
    classes = setting.get("classes", [])
    module = confluent_kafka
    if classes and not hasattr(module, classes[0]):
        pytest.fail(f"confluent_kafka has no {classes[0]}")
    client = getattr(module, classes[0] if classes else role.capitalize())
    # librdkafka aborts the process at an empty group id.
    some: dict[str, Any] = {"group.id": "g", "default.topic.config": {}, "logger": None}
    default = "" if defaults[role] is None else defaults[role]
    value = print if setting["type"] == "callable" else some.get(name, default)
    config = {"bootstrap.servers": "127.0.0.1:1", "log_level": 0, spelling: value}
    if role == "consumer":
        config.setdefault("group.id", "g")
    refusal = refusal_of(client, config)
    if refusal is not None:
        assert "No such configuration property" not in refusal
        # A key whose default is "nothing" may refuse the empty text, and one is for Windows only.
        assert default == "" or "not supported in this build" in refusal, refusal


def refusal_of(client: Callable[[dict[str, Any]], Any], config: dict[str, Any]) -> str | None:
    """What a constructor of confluent-kafka says against a configuration, or None when it takes it."""
    try:
        client(config)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None


@pytest.mark.parametrize("dialect", GENERATORS)
def test_table_is_written_as_the_generator_writes_it(dialect: str) -> None:
    text = (DATA / f"{dialect}.json").read_text(encoding="utf-8")
    assert render(json.loads(text)) == text


@pytest.mark.parametrize("dialect", GENERATORS)
def test_table_is_consistent(dialect: str) -> None:
    table = read_table(dialect)
    versions = table["versions"]
    spellings: set[str] = set()
    for name, setting in table["settings"].items():
        assert not spellings & set(setting["spellings"]), name
        spellings |= set(setting["spellings"])
        assert set(setting["roles"]) <= {"producer", "consumer", "admin"}
        assert setting["defaults"][0][0] == setting["since"], name
        for changes in (setting["defaults"], *setting.get("role_defaults", {}).values()):
            order = [versions.index(version) for version, _ in changes]
            assert order == sorted(set(order)), name
            values = [json.dumps(value) for _, value in changes]
            assert all(a != b for a, b in itertools.pairwise(values)), name
        if setting["removed"] is not None:
            assert versions.index(setting["since"]) < versions.index(setting["removed"]), name
        for version in setting.get("absent", ()):
            assert name not in snapshot_at(table, version)


def test_pinned_releases_were_read() -> None:
    if all(installation.folder is None for installation in installations()):
        pytest.skip(NOT_PINNED)
    assert any(installation.folder is not None for installation in installations())
