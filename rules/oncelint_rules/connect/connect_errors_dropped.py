"""A connector that goes on past records it could not process, and keeps them nowhere.

## What it does

Reports sinks with `errors.tolerance=all` (`mongo.errors.tolerance` in MongoDB's) and no
`errors.deadletterqueue.topic.name`, and switches by which a sink skips records itself:
`behavior.on.malformed.documents` ignore or warn and `drop.invalid.message=true` in the
Elasticsearch and OpenSearch sinks, `ignoreErrors` in DataStax's, `connect.….error.policy=NOOP` in
Lenses'. A source with `errors.tolerance=all` is a note: Connect has no dead letter queue for sources,
so that only stopping is left.

## The failure

A new release of the orders service writes a timestamp as a number. The sink's converter cannot read
these records, and with `errors.tolerance=all` Connect takes the next one. The offsets are stored as if
they had been written. The connector is RUNNING and there is no lag, and in the evening 31,000 orders
are missing in the warehouse. `errors.log.enable` would have said so 31,000 times in a log.

## What the fix costs

A dead letter queue: a topic with the failed records as they are, which somebody has to look at and to
replay. Connect creates it with replication factor 3 unless
`errors.deadletterqueue.topic.replication.factor` says otherwise. Or `errors.tolerance=none`, the
default: one bad record then stops the task until it is repaired. The fix is unsafe: it writes to
another topic.

## When it is silent

With a dead letter queue, also one whose name is filled in from somewhere else; with
`errors.tolerance=none`. For managed connectors, whose service keeps failed records in a topic of its
own. For records without a value (`behavior.on.null.values`), which are deletions rather than failures.

## References

KIP-298 (errors.tolerance covers converters and transforms, and what is tolerated counts as
processed), KIP-610 (sinks report records of their own), KIP-779 (with errors.tolerance=all a source
drops what its producer cannot send). Confluent "Kafka Connect Deep Dive – Error Handling and Dead
Letter Queues". kafka-connect-elasticsearch, ElasticsearchClient.java.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import (
    Confidence,
    Connector,
    Goal,
    Hit,
    Known,
    Project,
    Rule,
    Setting,
    World,
    across,
    speak,
)
from oncelint_rules.common.connectors import Switch, name_of, spot, switches, told, value

_TOLERANCE = "errors.tolerance"
_QUEUE = "errors.deadletterqueue.topic.name"
_LOG = "errors.log.enable"


def check(connector: Connector, project: Project) -> Iterator[Hit]:
    if "managed" in connector.facts or _unknown_service(connector):
        return
    role = connector.facts.get("role") or _told_role(connector)
    if role == "sink":
        verdict = across(connector.worlds, lambda world: _tolerates(world, connector))
        if verdict:
            yield _dropped(connector, verdict.world, verdict.confidence)
            return
        for switch in switches(connector.facts.get("drops")):
            yield from _skipped(connector, switch)
    elif role == "source":
        verdict = across(connector.worlds, lambda world: _tolerates(world, connector))
        if verdict:
            yield _dropped_by_source(connector, verdict.world, verdict.confidence)


def _unknown_service(connector: Connector) -> bool:
    """Whether the class may be a name that a service has for one of its own."""
    return not connector.facts and "." not in connector.connector_class


def _told_role(connector: Connector) -> str | None:
    """The role of a connector of unknown class: only a sink is told which topics to read."""
    written = {setting.key for setting in connector.block.settings}
    return "sink" if written & {"topics", "topics.regex"} else None


def _tolerance(world: World, connector: Connector) -> Setting | None:
    """The setting that decides: the connector's own, where it has one and it is written."""
    own = connector.facts.get("tolerance")
    written = world.setting(own) if own else None
    return written if written is not None else world.setting(_TOLERANCE)


def _tolerates(world: World, connector: Connector) -> bool | None:
    setting = _tolerance(world, connector)
    if setting is None or isinstance(setting.value, Known):
        # Connect refuses the word in capitals
        everything = setting is not None and setting.value == Known("all")
        return _unkept(world, connector) if everything else False
    return None


def _unkept(world: World, connector: Connector) -> bool | None:
    """Whether there is no topic for records that failed."""
    names = [value(world, _QUEUE)]
    if "dead-letter" in connector.facts:
        names.append(value(world, connector.facts["dead-letter"]))
    if any(names):
        return False
    return None if None in names else True


def _dropped(connector: Connector, world: World, confidence: Confidence) -> Hit:
    setting = _tolerance(world, connector)
    key = setting.name if setting is not None else _TOLERANCE
    span = spot(setting, connector, world)
    advice = "name a topic for them"
    if name_of(connector, world) is None:
        advice = "let the connector stop at them, with none, or name a topic for them"
    return Hit(
        span=span,
        message=(
            "records that fail are dropped, and their offsets stored as if they had been written:"
            f" {told(setting, key, '')} and {_QUEUE} is not set; {advice}"
        ),
        confidence=confidence,
        setting=key,
        related=speak.elsewhere(connector, span, setting),
        provenance=setting.origins if setting is not None else (),
        goal=_kept(connector, world, key),
        subject_key=speak.subject_key(connector, connector.connector_class),
    )


def _kept(connector: Connector, world: World, key: str) -> Goal:
    """A dead letter queue where the connector has a name to call it by, or stopping."""
    name = name_of(connector, world)
    if name is None:
        return Goal(
            f"set {key} to none",
            {key: "none"},
            "unsafe",
            "a record that fails stops the task until somebody has looked at it",
        )
    return Goal(
        f"set {_QUEUE} to {name}-dlq",
        {_QUEUE: f"{name}-dlq"},
        "unsafe",
        "the connector writes failed records to that topic, which it creates with replication"
        " factor 3 unless errors.deadletterqueue.topic.replication.factor says otherwise",
    )


def _skipped(connector: Connector, switch: Switch) -> Iterator[Hit]:
    """A sink's own switch for skipping records."""
    verdict = across(connector.worlds, lambda world: _skips(world, connector, switch))
    if not verdict:
        return
    world = verdict.world
    setting = world.setting(switch.key)
    span = spot(setting, connector, world)
    yield Hit(
        span=span,
        message=(
            "records that cannot be written are dropped, and their offsets stored as if they had been:"
            f" {told(setting, switch.key, '')} in {connector.facts['name']}, and {_QUEUE} is not set"
        ),
        confidence=verdict.confidence,
        setting=switch.key,
        related=speak.elsewhere(connector, span, setting),
        provenance=setting.origins if setting is not None else (),
        goal=Goal(
            f"remove {switch.key}",
            {switch.key: None},
            "unsafe",
            "a record that fails stops the task until somebody has looked at it",
        ),
        subject_key=speak.subject_key(connector, connector.connector_class, switch.key),
    )


def _skips(world: World, connector: Connector, switch: Switch) -> bool | None:
    on = switch.on(world)
    if not on:
        return on
    # a reporter that only logs exists, and stops the task where errors are not tolerated
    if value(world, _LOG, "false") != "false":
        return None
    return _unkept(world, connector)


def _dropped_by_source(connector: Connector, world: World, confidence: Confidence) -> Hit:
    setting = _tolerance(world, connector)
    key = setting.name if setting is not None else _TOLERANCE
    span = spot(setting, connector, world)
    return Hit(
        span=span,
        message=(
            "records that cannot be converted or sent are dropped, and the position goes on past"
            f" them: {told(setting, key, '')} in {connector.facts['name']}, and a source has no dead"
            " letter queue; let it stop there, with none"
        ),
        confidence=confidence,
        severity="note",
        setting=key,
        related=speak.elsewhere(connector, span, setting),
        provenance=setting.origins if setting is not None else (),
        goal=Goal(
            f"set {key} to none",
            {key: "none"},
            "unsafe",
            "a record that fails stops the task until somebody has looked at it",
        ),
        subject_key=speak.subject_key(connector, connector.connector_class),
    )


RULE = Rule(
    id="connect-errors-dropped",
    group="connect",
    subject=Connector,
    severity="warning",
    check=check,
    summary="a connector that drops records it could not process",
    fix="unsafe",
)
