"""A failure is swallowed, and a later commit covers the record that failed.

## What it does

Reports an `except` (a `contextlib.suppress`, a decorator) that ends the failure of a record's effect
without doing anything for the record, where a commit is reached from there that covers it: the
commit below the try, the commit of the batch, or that of the next record of the partition.

## The failure

A device service writes readings to a database and commits each when it is written. The database
fails over. Readings 400 to 412 raise, are logged, and are not committed: so far nothing is lost.
The database is back, reading 413 is written, and offset 414 is committed. A group has one position
for each partition, so 414 covers the thirteen before it as well. They are in the log file and
nowhere else.

Not committing a failed record does not deliver it again, either: the consumer's position is past it
already, and only a restart, a rebalance or a `seek()` goes back.

## What the fix costs

Raise, and let the process be restarted: the record is delivered again, and everything after it waits.
Or seek back to the record's own offset and poll again after a pause. Or produce the record to a dead
letter topic, wait for that, and go on: somebody has to look at that topic. Retrying in place is fine
as long as the last attempt does one of these three, and as the pauses stay below
max.poll.interval.ms.

## When it is silent

When the handler, or what it calls, raises, ends the process or the loop without a commit, seeks or
pauses; when it produces, writes or sends something, or makes a call that was not followed with the
record or the error; when the try holds no effect of the record but its parsing, or what is caught
tells of a malformed record (JSONDecodeError, ValueError, KeyError, ValidationError) or of one that
was written before (IntegrityError, UniqueViolation); when the attempt is repeated until it succeeds;
when the handler notes the failure, or puts the record aside, for a decision that is taken later;
when only a cache beside another effect of the record fails; when nothing is ever committed. With
auto commit, `auto-commit-loses-records` speaks, about a commit in the handler itself
`commit-on-failure`, and about offsets in a transaction the rules of transactions/. Where the same
loop seeks or pauses elsewhere, the confidence is low.

## References

Kafka documentation, message delivery semantics; confluent-kafka `Consumer.commit` and `seek`;
kafka-python `KafkaConsumer.seek`; aiokafka "Manual commit"; Spring for Apache Kafka, handling
exceptions (seek to current, dead letter publishing) for the same choices in another client.

Shown on Apache Kafka 4.1 with confluent-kafka 2.16 and kafka-python 3.0: the record that failed is
lost.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import Hit, Pipeline, Project, Rule, speak
from oncelint_rules.common.order import beside, by_place, line_of, listed, surest, way


def check(pipeline: Pipeline, project: Project) -> Iterator[Hit]:
    found = [
        one
        for one in pipeline.misorders
        if one.kind == "overtaken"
        and one.commit is not None
        and not one.commit.transactional
        and not beside(one, pipeline)
    ]
    for span, some in by_place(found, lambda one: one.handler):
        commit = some[0].commit
        assert commit is not None
        yield Hit(
            span=span,
            message=(
                f"when {listed(some)} fails, the record is lost: the failure ends here, and the"
                f" commit in {line_of(commit.span, span)} covers the record all the same; raise,"
                " seek back to it, or send it to a dead letter topic"
            ),
            # the way that seeks may be the one on which this handler goes on
            confidence="low" if pipeline.seeks else surest(some),
            related=way(pipeline, some),
            causes=(span,),
            subject_key=speak.subject_key(pipeline.consumer, some[0].effect.what),
        )


RULE = Rule(
    id="failed-record-overtaken",
    group="offsets",
    subject=Pipeline,
    severity="error",
    check=check,
    summary="a failure is logged and skipped, and a later commit covers the record",
    supersedes=("auto-commit-loses-records",),
)
