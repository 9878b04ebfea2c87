"""An object storage sink that writes redelivered records to other objects.

## What it does

Reports Confluent's sinks for S3, Google Cloud Storage and Azure where the objects depend on the clock:
`rotate.schedule.interval.ms` closes files at times of day, and a time-based partitioner with
`timestamp.extractor` Wallclock, its default, chooses the path by the time at which the task happens
to see the record.

## The failure

These sinks store no offsets beside the objects. They rely on names: `orders+3+0000001000.avro` holds
the records from offset 1000 on, and a task that starts again at offset 1000 writes that object once
more. A schedule of one minute closed it at 10:00 with 740 records and `orders+3+0000001740.avro` at
10:01, and the worker was killed before the offsets were stored. The next task starts at offset 1000,
reads all of it in a second, and closes the first object at 10:02 with 1900 records. The second object
is still there: its records are in both. With Wallclock the records of 09:59 go to `hour=10` the second
time, beside those in `hour=09`.

## What the fix costs

`rotate.interval.ms` in place of the schedule, together with `timestamp.extractor` Record or
RecordField: files are closed by the records' own times, the same each time. A partition without new
records keeps its last file open until one comes. Where files have to appear at times of day, whoever
reads them has to drop duplicates. The fixes are unsafe: objects come at other times, or are arranged
by other times.

## When it is silent

With DefaultPartitioner or FieldPartitioner and no schedule, with Record and RecordField extractors,
with a partitioner or an extractor of one's own; when one is filled in from somewhere else. For the
sinks of Aiven and Lenses, which name and find objects in other ways, and HDFS, where the offsets are
found in the names of the files.

## References

Confluent "Amazon S3 Sink Connector", section on exactly-once delivery (a deterministic partitioner,
no rotate.schedule.interval.ms); "Configuration Reference for Amazon S3 Sink Connector" and its Google
Cloud Storage and Azure siblings; kafka-connect-storage-common, PartitionerConfig.java.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from oncelint.model import Connector, Goal, Hit, Project, Rule, World, across, as_text, speak
from oncelint_rules.common.connectors import simple, spot, told, value

_TIMED = ("timebasedpartitioner", "hourlypartitioner", "dailypartitioner")
_CLOCKS = ("wallclock", "wallclocktimestampextractor")


def check(connector: Connector, project: Project) -> Iterator[Hit]:
    if connector.facts.get("kind") != "object-sink":
        return
    yield from _schedule(connector)
    if "extractor" in connector.facts:
        yield from _clock(connector)


def _schedule(connector: Connector) -> Iterator[Hit]:
    """Files that are closed at times of day."""
    facts = connector.facts
    verdict = across(connector.worlds, lambda world: _positive(world, facts["scheduled"]))
    if not verdict:
        return
    setting = verdict.world.setting(facts["scheduled"])
    span = spot(setting, connector, verdict.world)
    yield Hit(
        span=span,
        message=(
            "records delivered again are written to other objects than the first time:"
            f" {told(setting, facts['scheduled'], '')} in {facts['name']}, which closes files by the"
            " clock; use rotate.interval.ms with the time of the record"
        ),
        confidence=verdict.confidence,
        setting=facts["scheduled"],
        related=speak.elsewhere(connector, span, setting),
        provenance=setting.origins if setting is not None else (),
        goal=Goal(
            f"remove {facts['scheduled']}",
            {facts["scheduled"]: None},
            "unsafe",
            "files of partitions with few records stay open until flush.size or rotate.interval.ms"
            " closes them",
        ),
        subject_key=speak.subject_key(connector, connector.connector_class, facts["scheduled"]),
    )


def _positive(world: World, name: str) -> bool | None:
    found = value(world, name, "-1")
    if found is None:
        return None
    try:
        return int(found) > 0
    except ValueError:
        return None


def _clock(connector: Connector) -> Iterator[Hit]:
    """Paths that depend on when a record is seen."""
    facts = connector.facts
    verdict = across(connector.worlds, lambda world: _by_clock(world, facts))
    if not verdict:
        return
    world = verdict.world
    extractor, partitioner = world.setting(facts["extractor"]), world.setting(facts["partitioner"])
    arranged = simple(as_text(world.value(facts["partitioner"])))
    span = spot(extractor or partitioner, connector, world)
    chosen = told(extractor, facts["extractor"], facts["extractor-default"])
    yield Hit(
        span=span,
        message=(
            "records delivered again are written to another path than the first time:"
            f" {chosen} in {facts['name']}, and"
            f" {arranged} arranges objects by it; set {facts['extractor']} to Record or RecordField"
        ),
        confidence=verdict.confidence,
        setting=facts["extractor"],
        related=speak.elsewhere(connector, span, extractor, partitioner),
        provenance=extractor.origins if extractor is not None else (),
        goal=Goal(
            f"set {facts['extractor']} to Record",
            {facts["extractor"]: "Record"},
            "unsafe",
            "objects are arranged by the records' timestamps rather than by when they were written",
        ),
        subject_key=speak.subject_key(connector, connector.connector_class, facts["extractor"]),
    )


def _by_clock(world: World, facts: Mapping[str, str]) -> bool | None:
    partitioner = value(world, facts["partitioner"], facts["partitioner-default"])
    extractor = value(world, facts["extractor"], facts["extractor-default"])
    if partitioner is None or extractor is None:
        return None
    return simple(partitioner) in _TIMED and simple(extractor) in _CLOCKS


RULE = Rule(
    id="connect-nondeterministic-partitioner",
    group="connect",
    subject=Connector,
    severity="warning",
    check=check,
    summary="an object storage sink that writes redelivered records to other objects",
    fix="unsafe",
    stable=False,
)
