"""What Connect connector classes do with records, as far as exactly-once goes.

One entry for a class: how a JDBC sink is told to write, and what it does when it is not told.
Sources, by documentation page: Confluent "Configuration Reference for JDBC Sink Connector"
(insert.mode, pk.mode); Aiven "jdbc-connector-for-apache-kafka: Sink connector configuration";
Debezium "Debezium connector for JDBC" (insert.mode, primary.key.mode); Confluent Cloud "PostgreSQL
Sink (JDBC) Connector" and its MySQL, SQL Server and Oracle siblings, which write modes in capitals.

Facts of a JDBC sink:

* `kind`: jdbc-sink
* `name`: what a reader calls it
* `mode`, `mode-default`: the setting that chooses insert, upsert or update, and its default
* `key`, `key-default`: the setting that says where the primary key comes from, and its default
* `key-fields`: the setting that names the key's columns
* `create`, `creates`: the setting that lets it create tables, and the value that does; none does so
  by default
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

_KAFKA_CONNECT_JDBC: Mapping[str, str] = {
    "kind": "jdbc-sink",
    "mode": "insert.mode",
    "mode-default": "insert",
    "key": "pk.mode",
    "key-default": "none",
    "key-fields": "pk.fields",
    "create": "auto.create",
    "creates": "true",
}
_DEBEZIUM: Mapping[str, str] = {
    **_KAFKA_CONNECT_JDBC,
    "name": "Debezium's JDBC sink",
    "key": "primary.key.mode",
    "key-fields": "primary.key.fields",
    "create": "schema.evolution",
    "creates": "basic",
}
_CONFLUENT: Mapping[str, str] = {**_KAFKA_CONNECT_JDBC, "name": "Confluent's JDBC sink"}
_AIVEN: Mapping[str, str] = {**_KAFKA_CONNECT_JDBC, "name": "Aiven's JDBC sink"}

_CLASSES: Mapping[str, Mapping[str, str]] = {
    "io.confluent.connect.jdbc.JdbcSinkConnector": _CONFLUENT,
    "io.aiven.connect.jdbc.JdbcSinkConnector": _AIVEN,
    "io.debezium.connector.jdbc.JdbcSinkConnector": _DEBEZIUM,
}

# Confluent Cloud's own names of its managed JDBC sinks, in lower case: examples vary in it.
_MANAGED: Mapping[str, str] = {
    "postgressink": "Confluent Cloud's PostgreSQL sink",
    "mysqlsink": "Confluent Cloud's MySQL sink",
    "microsoftsqlserversink": "Confluent Cloud's SQL Server sink",
    "oracledatabasesink": "Confluent Cloud's Oracle sink",
}

# Connect finds a plugin by its simple class name, with or without "Connector", as well.
_ALIASES = frozenset(("JdbcSinkConnector", "JdbcSink"))


def facts_of(connector_class: str, keys: Collection[str]) -> Mapping[str, str]:
    """The delivery facts of a connector class; empty when it is none that is known.

    `keys` are the connector's settings: they tell whose plugin a short name means.
    """
    found = _CLASSES.get(connector_class)
    if found is not None:
        return found
    managed = _MANAGED.get(connector_class.lower())
    if managed is not None:
        return {**_KAFKA_CONNECT_JDBC, "name": managed}
    if connector_class in _ALIASES:
        return _DEBEZIUM if _debezium(keys) else {**_KAFKA_CONNECT_JDBC, "name": "this JDBC sink"}
    return {}


def _debezium(keys: Collection[str]) -> bool:
    return any(key.startswith("primary.key.") or key == "connection.username" for key in keys)
