"""Offsets are sent to a transaction with nothing but a group id.

## What it does

Reports `send_offsets_to_transaction()` with a group id as text where the client takes the
consumer's group metadata: confluent-kafka, which raises TypeError for anything else, and
kafka-python from 3.0.

## The failure

A settlement consumer stalls in a long garbage collection and its partition is given to another
member. The new member processes from the committed offset and commits. Then the first one wakes up
in the middle of its own transaction, sends its offsets with the bare group id and commits: its
outputs are written a second time, and the group's offset goes back. With group metadata (member id
and generation) the broker knows that this member belongs to an older generation and refuses its
offsets; the bare id tells it nothing.

confluent-kafka does not accept the id at all: the first transaction that sends offsets raises
TypeError, and nothing is ever committed.

## What the fix costs

`consumer.consumer_group_metadata()` (confluent-kafka), `consumer.group_metadata()` (kafka-python)
in place of the id, read at each commit: kept from an earlier one it belongs to an earlier
generation.

## When it is silent

With aiokafka and with kafka-python before 3.0, which take a group id only: there one transactional
id for each input partition fences zombies. When what is sent is not known to be text.

## References

KIP-447 (fencing by the group's generation); confluent-kafka `Producer.send_offsets_to_transaction`;
kafka-python pull request 2984; fs2-kafka pull request 897.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import Hit, Lifecycle, Project, Related, Rule, World, across, speak


def _takes_metadata(world: World) -> bool | None:
    if world.dialect == "librdkafka":
        return True
    if world.dialect != "kafka-python" or not world.versions:
        return False
    return all(int(one.split(".")[0]) >= 3 for one in world.versions)


def check(life: Lifecycle, project: Project) -> Iterator[Hit]:
    producer = life.producer
    verdict = across(producer.worlds, _takes_metadata)
    if not verdict:
        return
    raises = verdict.world.dialect == "librdkafka"
    for span in life.bare_groups:
        consequence = (
            "send_offsets_to_transaction() raises TypeError, and no transaction commits its offsets"
            if raises
            else "a consumer that lost its partition can still commit its offsets and outputs"
        )
        call = "consumer.consumer_group_metadata()" if raises else "consumer.group_metadata()"
        yield Hit(
            span=span,
            message=(
                f"{consequence}: the offsets are sent with a bare group id{verdict.where()}; pass"
                f" {call}, read at each commit"
            ),
            confidence=verdict.confidence,
            severity="error" if raises else None,
            related=(Related(producer.span, "the producer"),),
            causes=(span,),
            subject_key=speak.subject_key(producer, "group metadata"),
        )


RULE = Rule(
    id="missing-group-metadata",
    group="transactions",
    subject=Lifecycle,
    severity="warning",
    check=check,
    summary="offsets in a transaction without the consumer's group metadata",
)
