"""A commit stands where a failure leads, and covers the record that failed.

## What it does

Reports a commit in an `except` or `finally` that is reached when what is done for a record raises,
and that covers this record.

## The failure

An alarm relay sends alarms to a desk. The desk is restarted and refuses connections for a minute.
Each alarm of that minute raises, the `finally` commits its offset, and the loop goes on with the
next. The desk comes back and shows none of them; the lag was zero all the time.

The last commit before `close()` is of the same kind where it stands in a `finally` around the loop:
an exception of the work leads through it, and `commit()` without offsets takes the position, which
is past the record that failed. The process dies as it should, and its successor skips the record.

## What the fix costs

The commit moves into the `else` of the try, or below it where the handler raises. A record that can
never succeed then stops its partition; if that must not be, put it where it can be taken up again
(a dead letter topic, a table of failures), wait until it is there, and commit then.

## When it is silent

When the handler raises before it commits, ends the process, seeks back or pauses the partition; when
the record, or something that was not followed, is written or sent somewhere in the handler first;
when what is caught is about a record that is malformed (JSONDecodeError, UnicodeDecodeError,
ValueError, KeyError, ValidationError) or one that was written before (IntegrityError,
UniqueViolation): no redelivery changes that; when the commit writes only what was stored or noted
after the work; when the transaction that took the offsets is aborted; when only parsing stands in
the try; where a call on the way was not followed.

## References

Kafka documentation, message delivery semantics; confluent-kafka `Consumer.commit`; kafka-python
`KafkaConsumer.commit`, issue 932; aiokafka "Manual commit"; Python reference, the try statement.

Shown on Apache Kafka 4.1 with confluent-kafka 2.16: in the finally, the handler, and before
`close()`, the record is lost.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import Hit, Pipeline, Project, Rule, speak
from oncelint_rules.common.order import at_commit, by_place, listed, surest, way


def check(pipeline: Pipeline, project: Project) -> Iterator[Hit]:
    found = [one for one in pipeline.misorders if one.kind == "failure"]
    for span, some in by_place(found, at_commit):
        yield Hit(
            span=span,
            message=(
                f"when {listed(some)} fails, the record is never delivered again: the failure leads"
                " to this commit, which covers it; commit only after success, or keep the record"
                " elsewhere first (a dead letter topic, a table of failures)"
            ),
            confidence=surest(some),
            related=way(pipeline, some),
            causes=(span, *(one.handler for one in some if one.handler is not None)),
            subject_key=speak.subject_key(pipeline.consumer, some[0].effect.what),
        )


RULE = Rule(
    id="commit-on-failure",
    group="offsets",
    subject=Pipeline,
    severity="warning",
    check=check,
    summary="a commit in finally or except covers the record that failed",
    supersedes=("failed-record-overtaken", "auto-commit-loses-records"),
)
