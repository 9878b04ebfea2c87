"""A source connector that reads the same rows again, or passes over some.

## What it does

Reports a JDBC source with `mode=bulk`, which writes all of a table with each poll (a note where it
polls once an hour or less often, since a copy is wanted then), and one with
`mode=timestamp` alone, which cannot tell rows of one timestamp apart; and sources that read everything
again each time they start: Debezium's with `snapshot.mode=always`, Neo4j's with
`neo4j.ignore-stored-offset=true`.

## The failure

`mode=bulk` polls every five seconds unless `poll.interval.ms` says otherwise: after an hour a table
of 10,000 customers has become 7.2 million records, and a consumer that counts customers counts each of
them 720 times. With `mode=timestamp` two payments are booked in the same millisecond. The connector has
written the first when its worker is killed, and goes on with what is later than their timestamp: the
second is never written (newer versions of Confluent's source go back to the timestamp instead and
write the first one twice). A payment whose transaction commits after that of a later timestamp is
passed over as well. A connector with `snapshot.mode=always` writes its tables once more with each
start of its task, which a rebalance of the workers is as well.

## What the fix costs

`mode=timestamp+incrementing` needs a column that only ever grows beside the timestamp, which makes each
position a row of its own; `timestamp.delay.interval.ms` waits for transactions that commit late. Where
there is no such column, read the database's log with Debezium. Where a whole table is wanted with each
poll, its consumers have to replace by key, and the topic can be compacted. `snapshot.mode=initial`
takes one snapshot, and `when_needed` another one where the log is gone. The fixes are unsafe: they
change what is read.

## When it is silent

With `mode` incrementing (which does not see updates, and says so) or timestamp+incrementing; when the
mode is filled in from somewhere else; for sources that are not known.

## References

Confluent "JDBC Source Connector", section on incremental query modes (a timestamp alone cannot
guarantee that all updates are delivered), "Configuration Reference for JDBC Source Connector" (mode,
poll.interval.ms); kafka-connect-jdbc, TimestampTableQuerier.java; Aiven's source documentation.
Debezium connector pages (snapshot.mode). neo4j-kafka-connector, neo4j-source-configuration.properties.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import Connector, Goal, Hit, Project, Rule, across, speak
from oncelint_rules.common.connectors import Switch, spot, switches, told, value

_BOTH = "timestamp+incrementing"
# Who reads a table once an hour or less often wants a copy of it.
_DUMP = 3_600_000


def check(connector: Connector, project: Project) -> Iterator[Hit]:
    if connector.facts.get("kind") == "jdbc-source":
        yield from _bulk(connector)
        yield from _timestamp(connector)
    for switch in switches(connector.facts.get("every-start")):
        yield from _every_start(connector, switch)


def _bulk(connector: Connector) -> Iterator[Hit]:
    key = connector.facts["mode"]
    verdict = across(connector.worlds, Switch(key, ("bulk",)).on)
    if not verdict:
        return
    world = verdict.world
    setting, interval = world.setting(key), world.setting("poll.interval.ms")
    span = spot(setting, connector, world)
    pause = value(world, "poll.interval.ms") if interval is not None else None
    every = f"every {pause} ms" if pause else "with each poll"
    yield Hit(
        span=span,
        message=(
            f"every row is written again {every}: {told(setting, key, '')} in"
            f" {connector.facts['name']}, which keeps no position; {_BOTH} reads what has changed"
        ),
        confidence=verdict.confidence,
        severity="note" if pause and pause.isdigit() and int(pause) >= _DUMP else None,
        setting=key,
        related=speak.elsewhere(connector, span, setting, interval),
        provenance=setting.origins if setting is not None else (),
        subject_key=speak.subject_key(connector, connector.connector_class),
    )


def _timestamp(connector: Connector) -> Iterator[Hit]:
    facts = connector.facts
    verdict = across(connector.worlds, Switch(facts["mode"], ("timestamp",)).on)
    if not verdict:
        return
    world = verdict.world
    setting = world.setting(facts["mode"])
    column = value(world, facts["incrementing"])
    span = spot(setting, connector, world)
    yield Hit(
        span=span,
        message=(
            "rows that share a timestamp are skipped or written twice after a restart:"
            f" {told(setting, facts['mode'], '')} in {facts['name']}, which cannot tell them apart;"
            f" set it to {_BOTH}"
            + ("" if column else f" and name an increasing column in {facts['incrementing']}")
        ),
        confidence=verdict.confidence,
        setting=facts["mode"],
        related=speak.elsewhere(connector, span, setting),
        provenance=setting.origins if setting is not None else (),
        goal=_both(facts["mode"]) if column else None,
        subject_key=speak.subject_key(connector, connector.connector_class),
    )


def _both(mode: str) -> Goal:
    return Goal(
        f"set {mode} to {_BOTH}",
        {mode: _BOTH},
        "unsafe",
        "the incrementing column has to grow with every row, and rows of the last timestamp are"
        " read once more",
    )


def _every_start(connector: Connector, switch: Switch) -> Iterator[Hit]:
    verdict = across(connector.worlds, switch.on)
    if not verdict:
        return
    setting = verdict.world.setting(switch.key)
    span = spot(setting, connector, verdict.world)
    yield Hit(
        span=span,
        message=(
            "everything is read and written again with each start of the task:"
            f" {told(setting, switch.key, '')} in {connector.facts['name']}; without it the connector"
            " goes on from its stored position"
        ),
        confidence=verdict.confidence,
        setting=switch.key,
        related=speak.elsewhere(connector, span, setting),
        provenance=setting.origins if setting is not None else (),
        goal=Goal(
            f"remove {switch.key}",
            {switch.key: None},
            "unsafe",
            "where the stored position is no longer in the database's log, the connector stops",
        ),
        subject_key=speak.subject_key(connector, connector.connector_class),
    )


RULE = Rule(
    id="connect-source-duplicates",
    group="connect",
    subject=Connector,
    severity="warning",
    check=check,
    summary="a source connector that reads the same rows again, or passes over some",
    fix="unsafe",
)
