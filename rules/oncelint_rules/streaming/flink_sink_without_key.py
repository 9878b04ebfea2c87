"""A Kafka table of Flink whose rows are updated without a key, or keyed without a format for it.

## What it does

Reports three things that Flink refuses: a table with the connector upsert-kafka and no PRIMARY KEY; a
table with the connector kafka that has a PRIMARY KEY, in a format that holds inserts only (json, csv,
avro, …); and the result of an aggregation, which changes with every record, that is inserted into
a table with the connector kafka in such a format.

## The failure

A clickstream team counts clicks by page: INSERT INTO page_counts SELECT page, COUNT(*) … GROUP BY page.
The count of a page changes with every click, and the table is an ordinary Kafka topic that knows no
updates. The statement is refused: the table sink does not support consuming update changes. Somebody
adds a PRIMARY KEY; the table is refused now, as its format cannot keep what a key promises. With
upsert-kafka and the key both hold, and a count that is written twice after a restart is the same row
again.

## What the fix costs

`'connector' = 'upsert-kafka'` with `PRIMARY KEY (…) NOT ENFORCED` and a `key.format` beside a
`value.format`. Its records have the key as Kafka's key, so the topic can be compacted; other readers see
updates and tombstones. It changes the table's columns, and is for its owner to write.

## When it is silent

For queries with windows, joins, unions or subqueries, and for what is read from views, whose results
may be final; for formats that hold changes (debezium-json, canal-json, …) or that are not known;
for tables that take over another one's columns (LIKE).

## References

Flink documentation, "Upsert Kafka SQL Connector" (primary key constraints), "Dynamic Tables" (append and
upsert queries), "Group Aggregation"; UpsertKafkaDynamicTableFactory.validatePKConstraints;
KafkaDynamicTableFactory.validatePKConstraints.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import Client, FlinkSink, FlinkSource, Hit, Known, Project, Rule, World, speak

# formats whose changelog mode holds inserts alone
_INSERTS = frozenset({"json", "csv", "avro", "avro-confluent", "raw", "protobuf"})


def _value(world: World, name: str) -> str:
    found = world.setting(name)
    if found is None or not isinstance(found.value, Known):
        return ""
    return str(found.value.value).strip()


def check(table: Client, project: Project) -> Iterator[Hit]:
    if not isinstance(table, (FlinkSink, FlinkSource)) or not table.details.get("table"):
        return
    world = table.worlds[-1]
    connector, key = _value(world, "connector"), table.details.get("key")
    name = table.details["table"]
    inserts = (_value(world, "format") or _value(world, "value.format")) in _INSERTS
    if connector == "upsert-kafka" and key == "no" and isinstance(table, FlinkSink):
        message = (
            f"Flink refuses to write to the table {name}: its connector is upsert-kafka, and it has no"
            " PRIMARY KEY; add PRIMARY KEY (…) NOT ENFORCED with the columns that tell its rows apart"
        )
    elif connector == "kafka" and key == "yes" and inserts:
        message = (
            f"Flink refuses to use the table {name}: it has a PRIMARY KEY, which the connector kafka"
            f" cannot keep in the format {_value(world, 'format') or _value(world, 'value.format')};"
            " use upsert-kafka, or take the key out"
        )
    elif connector == "kafka" and inserts and table.details.get("updates"):
        message = (
            f"Flink refuses the INSERT at {table.details['updates']}: its rows are updated, and the"
            f" table {name} has no key by which; use upsert-kafka with a PRIMARY KEY, or a window"
        )
    else:
        return
    setting = world.settings["connector"]
    span = speak.place(setting, table)
    yield Hit(
        span=span,
        message=message,
        setting=setting.spelled,
        related=speak.elsewhere(table, span, setting),
        provenance=setting.origins,
        causes=(table.span, span),
        subject_key=speak.subject_key(table, name),
    )


RULE = Rule(
    id="flink-sink-without-key",
    group="streaming",
    subject=Client,
    severity="error",
    check=check,
    summary="a Kafka table of Flink whose rows are updated without a key",
    stable=False,
    supersedes=(
        "flink-sink-not-exactly-once",
        "flink-transactional-id-prefix",
        "flink-checkpointing-off",
        "producer-not-idempotent",
    ),
)
