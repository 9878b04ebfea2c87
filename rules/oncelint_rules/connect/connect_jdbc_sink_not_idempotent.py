"""A JDBC sink connector that writes a redelivered record once more.

## What it does

Reports a JDBC sink of Confluent, Aiven, Debezium or Confluent Cloud that writes with plain INSERT
statements: `insert.mode` is insert, or not set, which is the same, or multi in Aiven's.

## The failure

A sink task writes 500 shipments, the database commits, and the worker is killed before it has
stored the offsets of these records. The next worker reads them again, as Connect promises only
that it delivers at least once. Without a primary key the table now holds 1000 shipments and the
dashboard twice the revenue. With one (`pk.mode` says which) the first of them violates it, and after
its retries the task stands at FAILED: no more shipments are written until somebody looks. Only of a
table that the connector creates itself (`auto.create=true`, `schema.evolution=basic`) is it certain
which of the two happens.

## What the fix costs

`insert.mode=upsert` and a key: `pk.mode=record_key` or `record_value` with `pk.fields` where the
record has a business key, `pk.mode=kafka` (topic, partition and offset as columns) where it has
none. Debezium's sink says `primary.key.mode` and `primary.key.fields`. An upsert is somewhat slower
than an insert, and the table needs a unique key on those columns. The fix is unsafe: it changes the
statements, and an existing table has to be fit for them.

A key of topic, partition and offset makes redelivery harmless. It does not remove duplicates that
the upstream producer wrote, and does not survive mirroring or recreating the topic.

## When it is silent

With `insert.mode` upsert or update, in upper or lower case; when the mode or the key mode is filled
in from somewhere else (`${env:MODE}`); for connector classes that are not known, a source connector
among them. Where a primary key is configured beside inserts it is a warning, since a redelivery
stops the task rather than doubling rows.

## References

Confluent "Configuration Reference for JDBC Sink Connector" (insert.mode, pk.mode, idempotent writes);
Aiven "jdbc-connector-for-apache-kafka" sink documentation; "Debezium connector for JDBC";
Confluent Cloud "PostgreSQL Sink (JDBC) Connector".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from oncelint.model import (
    Connector,
    Goal,
    Hit,
    Known,
    Project,
    Rule,
    Severity,
    World,
    across,
    as_text,
    speak,
)
from oncelint.model.values import Scalar
from oncelint_rules.common.connectors import spot, told, value


def _inserts(world: World, facts: Mapping[str, str]) -> bool | None:
    mode = value(world, facts["mode"], facts["mode-default"])
    return None if mode is None else mode in facts.get("inserts", "insert").split("|")


def _key_columns(world: World, facts: Mapping[str, str]) -> str | None:
    """The columns of the configured key as it is written; None where they are not known."""
    setting = world.setting(facts["key-fields"])
    if setting is None or not isinstance(setting.value, Known) or not setting.value.value:
        return None
    return as_text(setting.value)


def check(connector: Connector, project: Project) -> Iterator[Hit]:
    facts = connector.facts
    if facts.get("kind") != "jdbc-sink":
        return
    verdict = across(connector.worlds, lambda world: _inserts(world, facts))
    if not verdict:
        return
    world = verdict.world
    key = value(world, facts["key"], facts["key-default"])
    if key is None:
        return
    mode, key_setting = world.setting(facts["mode"]), world.setting(facts["key"])
    creates = value(world, facts["create"]) == facts["creates"]
    span = spot(mode, connector, world)
    mode_told = told(mode, facts["mode"], facts["mode-default"])
    key_told = told(key_setting, facts["key"], facts["key-default"])
    severity: Severity | None = None
    written = as_text(mode.value) if mode is not None else ""
    # Confluent Cloud documents its modes in capitals
    upsert = "UPSERT" if written.isupper() else "upsert"
    settings: dict[str, Scalar] = {facts["mode"]: upsert}
    if key == "none":
        consequence = "a record delivered again becomes a second row"
        if not creates:
            consequence += ", or violates a key of the table and stops the task"
        advice = (
            f"set {facts['mode']} to {upsert} and {facts['key']} to record_key or record_value with"
            f" {facts['key-fields']}, or to kafka"
        )
        title = f"set {facts['mode']} to {upsert} and {facts['key']} to kafka"
        settings[facts["key"]] = "kafka"
        # other fields than the three of the record's position are refused (FieldsMetadata)
        settings[facts["key-fields"]] = None
    else:
        severity = "warning"
        consequence = (
            "a record delivered again violates the table's key and stops the task, or becomes a"
            " second row where the table has no such key"
        )
        advice = title = f"set {facts['mode']} to {upsert}"
    if not creates:
        columns = _key_columns(world, facts) if key != "none" else None
        advice += f"; the table needs a unique key on {columns or 'those columns'} for it"
    yield Hit(
        span=span,
        message=f"{consequence}: {mode_told} in {facts['name']}, and {key_told}; {advice}",
        confidence=verdict.confidence,
        severity=severity,
        setting=facts["mode"],
        related=speak.elsewhere(connector, span, mode, key_setting),
        provenance=mode.origins if mode is not None else (),
        goal=Goal(title, settings, "unsafe", _needs(settings, facts)),
        subject_key=speak.subject_key(connector, connector.connector_class),
    )


def _needs(settings: Mapping[str, Scalar], facts: Mapping[str, str]) -> str:
    """What the table has to have for it, which no configuration tells."""
    if settings.get(facts["key"]) == "kafka":
        return (
            "the table needs the columns __connect_topic, __connect_partition and __connect_offset as"
            " its key, which one that exists already has not"
        )
    return "the table needs a unique key on the connector's key columns"


RULE = Rule(
    id="connect-jdbc-sink-not-idempotent",
    group="connect",
    subject=Connector,
    severity="error",
    check=check,
    summary="a JDBC sink connector that writes redelivered records again",
    fix="unsafe",
)
