"""A function of foreachBatch adds its batch again when the batch is handed over again.

## What it does

Reports a write of Spark's in a function that `foreachBatch` calls with batches of Kafka records, where
the write only adds: `mode("append")` into JDBC, files, Delta or a warehouse, `insertInto`,
`writeTo(…).append()`, documents without an id of their own, and every write to Kafka. Where the
function catches whatever the write raises it says as well that such a batch is lost. Into Kafka it is a note, for Spark has no other
way of writing there.

## The failure

A query books payments: its function appends each batch to PostgreSQL over JDBC. Spark notes in its
checkpoint which offsets make up batch 812, calls the function, and notes the batch as done when that
returns. The append is through, and the driver is evicted before the note. On the next start Spark
finds batch 812 begun and not done, and calls the function with the same rows again, as it must: 5 000
payments stand in the table twice. The same goes for a function that writes to two places and fails
at the second: Spark's retry of the query repeats the first.

Somebody puts a `try` around the write, so that a bad batch does not stop the query. The database is
down for a minute; the function logs an error and returns, Spark notes batches 813 to 816 as done, and
nobody writes them again.

## What the fix costs

Spark calls with the same rows and the same `batch_id`, so that a repetition can be told. Delta Lake
does it by itself: `.option("txnVersion", batch_id).option("txnAppId", "payments")` makes it leave out
a batch that it has. Elsewhere merge on a key of the record (`MERGE`, Delta's
`DeltaTable.merge`), append into a staging table that is merged, or store the batch's number as a
column and delete, or overwrite the partition of, that batch first. A merge reads the keys of the
target; a conditional insert costs a lookup in its index.

## When it is silent

When the function makes any use of the batch's number other than telling it in a log; when the write
overwrites, or merges; when rows that are there already are taken out before (`left_anti` join,
`exceptAll`); for formats that write by key (Hudi, Cassandra, MongoDB, Redis, Elasticsearch with
`es.mapping.id`) and for those that are not known. What the function does with other Python libraries
(psycopg, requests), also for each partition, is what the rules of the group sinks judge. The confidence
is medium where a violation that JDBC raises is caught.

## References

Spark, Structured Streaming Programming Guide, "ForeachBatch"; Delta Lake, "Idempotent table writes in
foreachBatch"; DataFrameWriter (`mode`, `insertInto`) and MicroBatchExecution of Spark's sources.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import Hit, Project, Rule, Sink, speak
from oncelint.model.finding import weakest
from oncelint_rules.common.redelivery import causes, way

_ADVICE = {
    "kafka": "have the readers leave out repetitions by a key of the record",
    "elasticsearch": "set es.mapping.id to a column with a key of the record",
    "delta": "give it txnAppId and txnVersion=batch_id, or merge on a key of the record",
}
_FILES = frozenset({"parquet", "csv", "json", "orc", "text", "avro", "xml"})
_INTO = {
    "": "",
    "kafka": " to Kafka",
    "jdbc": " over JDBC",
    "delta": " to Delta",
    "elasticsearch": " to Elasticsearch",
}
_ELSE = "merge on a key of the record, or replace what the batch's number stands for"


def check(sink: Sink, project: Project) -> Iterator[Hit]:
    if sink.consumer.construct != "foreachBatch" or sink.library != "pyspark":
        return
    if sink.operation != "append" or sink.guard is not None:
        return
    form = sink.engine or ""
    into = f" {form} files" if form in _FILES else _INTO.get(form, f" to {form}")
    # what catches a violation may mean to leave out what a key of the table keeps from being added
    doubtful = sink.caught and not sink.swallowed and form == "jdbc"
    violates = ", or violates a key of the table and stops the query" if form == "jdbc" else ""
    lost = ""
    if sink.swallowed:
        violates = ""
        lost = (
            "a batch whose write fails is lost, as the function catches what is raised and Spark notes"
            " the batch as done; and "
        )
    advice = _ADVICE.get(form, _ELSE)
    if lost:
        advice = f"let it raise, and {advice}"
    yield Hit(
        span=sink.span,
        message=(
            f"{lost}a batch that is handed over again is added again{violates}: the function of foreachBatch"
            f" appends{into} and makes no use of the batch's number; {advice}"
        ),
        confidence=weakest(sink.confidence, "medium" if doubtful else "high"),
        # Spark has no other way into Kafka: what spark-kafka-sink-at-least-once says of a query
        severity="note" if form == "kafka" and not lost else "error",
        related=way(sink),
        causes=causes(sink),
        subject_key=speak.subject_key(sink.consumer, sink.operation, sink.target or ""),
    )


RULE = Rule(
    id="spark-foreachbatch-not-idempotent",
    group="streaming",
    subject=Sink,
    severity="error",
    check=check,
    summary="a function of foreachBatch that appends the same batch again",
    stable=False,
    supersedes=("append-only-write", "spark-kafka-sink-at-least-once"),
)
