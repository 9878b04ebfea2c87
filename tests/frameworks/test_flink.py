"""Flink: tables by what is done with them, and checkpoints by who configures them."""

from __future__ import annotations

import pytest

from oncelint.formats import read
from oncelint.frameworks import assemble, flink
from oncelint.frameworks.flink import conf as flink_conf
from oncelint.frameworks.flink import duration_ms, switched
from oncelint.model.facts import ConfigFact
from oncelint.text import SourceText

OPTIONS = "WITH ('connector'='kafka', 'topic'='{topic}', 'properties.acks'='all', 'format'='json')"


def _table(name: str, topic: str = "t") -> str:
    return f"CREATE TABLE {name} (a STRING) {OPTIONS.format(topic=topic)};\n"


def _facts(**files: str) -> list[ConfigFact]:
    found: list[ConfigFact] = []
    for name, source in files.items():
        path = name.replace("_", ".")
        text = SourceText(path, source)
        if path.endswith(".sql"):
            found.extend(flink.recognise(read("sql", text), text, path))
        else:
            found.extend(flink_conf.recognise(read("yaml", text), text, path))
    return assemble(found, lambda path: None)


def _roles(facts: list[ConfigFact]) -> list[str]:
    return [fact.role for fact in facts]


def test_a_table_that_is_inserted_into_is_a_sink() -> None:
    facts = _facts(job_sql=_table("a") + _table("b", "u;v") + "INSERT INTO b SELECT a FROM a;")
    assert _roles(facts) == ["flink-source", "consumer", "flink-sink", "producer"]
    sink = facts[2]
    assert (sink.details["table"], sink.details["topics"], sink.details["key"]) == (
        "b",
        "u v",
        "no",
    )
    assert sink.details["inserts"] == "job.sql:3"


def test_the_client_is_given_what_stands_behind_the_prefix() -> None:
    facts = _facts(job_sql=_table("a") + "INSERT INTO a SELECT 1;")
    producer = next(fact for fact in facts if fact.role == "producer")
    (acks,) = producer.block.settings
    assert (acks.key, acks.shown) == ("acks", "properties.acks")
    assert producer.block.homes[0].prefix == "properties."
    assert producer.layers[0].at("transaction.timeout.ms", "3.4.1") == 3_600_000


def test_no_role_of_a_script_is_left() -> None:
    facts = _facts(job_sql=_table("a") + "INSERT INTO elsewhere SELECT a FROM a;")
    assert not {"flink-table", "flink-insert"} & set(_roles(facts))


def test_an_insert_finds_the_table_of_another_script() -> None:
    facts = _facts(tables_sql=_table("a"), jobs_sql="-- STATEMENT SET\nINSERT INTO a SELECT 1;")
    assert _roles(facts)[:1] == ["flink-sink"]


def test_an_insert_does_not_choose_between_two_tables() -> None:
    facts = _facts(
        one_sql=_table("a"),
        two_sql=_table("a"),
        jobs_sql="-- STATEMENT SET\nINSERT INTO a SELECT 1;",
    )
    assert "flink-sink" not in _roles(facts)


@pytest.mark.parametrize(
    ("interval", "state"),
    [
        ("10s", "on"),
        ("3 min", "on"),
        (60000, "on"),
        ("0", "off"),
        ("0 ms", "off"),
        (0, "off"),
        ("${INTERVAL}", ""),
        ("", ""),
        ("soon", ""),
        (None, ""),
        (True, ""),
    ],
)
def test_an_interval_switches_checkpoints(interval: object, state: str) -> None:
    assert switched(interval) == state


CONF = "execution.checkpointing.interval: {}\n"


@pytest.mark.parametrize(
    ("script", "confs", "state"),
    [
        ("", ["10s"], "on"),
        ("", ["0s"], "off"),
        ("", ["0s", "10s"], None),
        ("", [], None),
        ("SET 'execution.checkpointing.interval' = '5s';", ["0s"], "on"),
        ("SET 'execution.checkpointing.interval' = '0';", ["5s"], "off"),
    ],
)
def test_a_script_counts_over_the_cluster(script: str, confs: list[str], state: str | None) -> None:
    files = {f"c{number}_yaml": CONF.format(one) for number, one in enumerate(confs)}
    facts = _facts(job_sql=script + _table("a") + "INSERT INTO a SELECT 1;", **files)
    sink = next(fact for fact in facts if fact.role == "flink-sink")
    assert sink.details.get("checkpointing") == state


def test_an_insert_before_the_setting_is_not_under_it() -> None:
    source = _table("a") + "INSERT INTO a SELECT 1; SET 'execution.checkpointing.interval' = '0';"
    sink = next(fact for fact in _facts(job_sql=source) if fact.role == "flink-sink")
    assert sink.details["checkpointing"] == "unknown"


@pytest.mark.parametrize(
    ("query", "updates"),
    [
        ("SELECT a, COUNT(*) FROM s GROUP BY a", True),
        ("SELECT a, SUM(b) FROM s AS x WHERE b > 1 GROUP BY a", True),
        ("SELECT a, COUNT(*) FROM s GROUP BY a, TUMBLE(ts, INTERVAL '1' MINUTE)", False),
        ("SELECT a, COUNT(*) FROM v GROUP BY a", False),
        ("SELECT a, COUNT(*) FROM (SELECT a FROM s) GROUP BY a", False),
        ("SELECT a FROM s GROUP BY a", False),
        ("SELECT a, COUNT(*) FROM s JOIN t ON s.a = t.a GROUP BY a", False),
        ("SELECT a FROM s", False),
    ],
)
def test_only_a_plain_aggregate_surely_updates(query: str, updates: bool) -> None:
    source = _table("s") + _table("o") + f"INSERT INTO o {query};"
    sink = next(fact for fact in _facts(job_sql=source) if fact.role == "flink-sink")
    assert ("updates" in sink.details) is updates


@pytest.mark.parametrize(
    ("source", "placement", "versions"),
    [
        (CONF.format("1s"), "flink conf", ()),
        ("execution:\n  checkpointing:\n    interval: 1s\n", "flink conf", ()),
        (
            "kind: FlinkDeployment\nspec:\n  flinkVersion: v1_18\n  flinkConfiguration:\n    "
            + CONF.format("1s"),
            "flink deployment",
            ("1.18.0",),
        ),
        (
            "services:\n  jm:\n    image: flink:1.19.1-java17\n    command: jobmanager\n    environment:\n"
            "      FLINK_PROPERTIES: |\n        " + CONF.format("1s"),
            "flink compose",
            ("1.19.1",),
        ),
        (
            "services:\n  jm:\n    image: flink:2.0\n    command: [jobmanager]\n    environment:\n"
            "      - |\n        FLINK_PROPERTIES=\n        " + CONF.format("1s"),
            "flink compose",
            ("2.0.0",),
        ),
    ],
)
def test_where_a_job_is_configured(source: str, placement: str, versions: tuple[str, ...]) -> None:
    (fact,) = _facts(conf_yaml=source)
    assert (fact.role, fact.placement, fact.versions) == ("flink-job", placement, versions)
    (setting,) = fact.block.settings
    assert setting.key == flink.INTERVAL
    span = setting.alternatives[0].span
    assert span is not None
    assert SourceText("conf.yaml", source).slice(span) == "1s"


@pytest.mark.parametrize(
    "source",
    [
        "execution:\n  mode: fast\n",
        "kind: Deployment\n",
        "services:\n  a:\n    image: flink:1.18\n",
    ],
)
def test_what_configures_no_checkpoints_is_no_job(source: str) -> None:
    assert not _facts(conf_yaml=source)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10000", 10_000),
        ("30s", 30_000),
        ("5 min", 300_000),
        ("1 h", 3_600_000),
        ("2 Days", 172_800_000),
        ("500ms", 500),
        ("PT10M", None),
        ("a while", None),
        ("", None),
    ],
)
def test_durations_are_read_as_flink_does(text: str, expected: int | None) -> None:
    assert duration_ms(text) == expected


def test_an_insert_has_the_interval_that_stands_before_it() -> None:
    script = (
        _table("a")
        + _table("b")
        + "SET 'execution.checkpointing.interval' = '10 min';\nINSERT INTO a SELECT x FROM c;\n"
        + "SET 'execution.checkpointing.interval' = '30 s';\nINSERT INTO b SELECT x FROM c;\n"
    )
    sinks = [fact for fact in _facts(job_sql=script) if fact.role == "flink-sink"]
    assert [one.details["interval"] for one in sinks] == ["10 min", "30 s"]
