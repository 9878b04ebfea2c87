"""What is written for a record is only ever added: a second delivery adds it again.

## What it does

Reports a write that a consume loop reaches and that has no key by which a repetition would meet the
first: COPY and its helpers, `to_sql(if_exists="append")`, appends of pandas, Polars and Spark, rows
streamed into BigQuery without row ids, a document inserted without an `_id` from the record
(MongoDB, Firestore, MongoEngine, an Elasticsearch index request without an id), a point without a
time of the record (InfluxDB), and an object, document or row whose key is made up for each call
(`uuid4()`, `now()`), in S3, DynamoDB and Redis for instance; lines in a file opened to be appended to.

## The failure

A consumer collects clicks into documents: poll, `insert_one`, commit the offset. Click 40 is inserted
and the process is killed before the commit. Its successor polls click 40 again, as it must, and
`insert_one` makes a second document: the driver gives every document without an `_id` a new ObjectId,
so nothing tells the two apart, and no error is raised. The daily report counts one click too many,
and after each rebalance some more. With COPY or `to_sql` it is the whole batch, since the batch is
what was polled.

Where the collection has a unique index on what the record brings, the second insert raises instead;
if nobody catches it the consumer dies, is restarted, polls the same record and dies again. That is a
warning.

## What the fix costs

One lookup in the index of the key for every record, which stores with a primary key do anyway:
`replace_one({"_id": key}, document, upsert=True)`, an `id=` for Elasticsearch, an object key made of
the record. The key is the record's own, or its topic, partition and offset; those do not remove
duplicates that the upstream producer wrote, and do not survive mirroring or recreating the topic.

A bulk load keeps its speed when it goes into an empty staging table first and is merged from there:
COPY into a temporary table, then one `INSERT … SELECT … ON CONFLICT DO NOTHING` in the same database
transaction.

## When it is silent

When the key comes from the record or is not known; when the same loop looks the record up first
(`find_one` of the same collection, SET NX, SISMEMBER, EXISTS in Redis, a collection or key named
processed, seen or dedup); when a violation is caught (DuplicateKeyError, BulkWriteError,
IntegrityError); when a table is a staging table, by its name (tmp, stage, landing, raw …), or because
the program moves or truncates it; when `to_sql` gets a `method=` of the program's own; when
`job_config` may overwrite; when nothing is delivered twice, since the consumer has no group, begins at
the latest offset and does not seek. ClickHouse is table-never-deduplicates; lists in Redis and `$push`
are non-idempotent-update.

The confidence is medium where not all of a document is seen, which may then bring its `_id` along;
where the module has `_id` in a text of its own, the rule is silent. It is medium where the key is the record's with a time
beside it, and low where the program chooses the consumer's position itself (seek, assign) and for a file
whose name is not known, which may be a log.

## References

PyMongo, `Collection.insert_one`; MongoDB manual, "The _id Field"; Elasticsearch, "Index API";
BigQuery, "Best effort de-duplication"; PostgreSQL, COPY; pandas, `DataFrame.to_sql`; InfluxDB, "Handle
duplicate data points"; Kafka documentation, message delivery semantics.

Shown with a file behind Apache Kafka 4.1 and with COPY on PostgreSQL 15: the row is there twice.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import CHANGING_KINDS, Confidence, Hit, Project, Rule, Severity, Sink, speak
from oncelint_rules.common.redelivery import again, causes, never, way

# What an insert into each kind of store makes, and how it gets a key of the record.
_MAKES = {
    "document": "a second document",
    "search": "a second document",
    "object": "a second object",
    "cache": "a second entry",
    "frame": "a second row",
    "table": "a second row",
}
_CLICKHOUSE = frozenset({"clickhouse-driver", "clickhouse-connect", "aiochclient"})


def _judged(sink: Sink) -> bool:
    """Whether a write adds something at every call."""
    if sink.kind in ("table", "frame"):
        return sink.operation in ("copy", "append") and sink.library not in _CLICKHOUSE
    if sink.kind == "object" and sink.operation == "append":
        return True
    if sink.kind not in ("document", "search", "object", "cache") or sink.operation != "insert":
        return False
    if sink.identity is None:
        return sink.kind != "cache"
    return sink.identity.repeats() is False


def _tolerated(sink: Sink) -> bool:
    return sink.guard is not None or (sink.caught and sink.keys != ())


def _advice(sink: Sink) -> str:
    if sink.kind in ("table", "frame"):
        if "bigquery" in sink.library:
            return "give every row an id of the record, or load into a staging table and merge it"
        return "write into a staging table and merge it on a key of the record"
    if sink.kind == "search":
        return "give the record's key as id"
    if sink.kind == "object" and sink.operation == "append":
        return "write a file for each batch, named after its topic, partition and first offset"
    if sink.kind == "object":
        return "make the object's key of the record's"
    if sink.library in ("pymongo", "motor"):
        return "use replace_one() with upsert=True on a key of the record"
    return "write it under a key of the record"


_TAKES = {
    "copy": "COPY",
    "append": "the append",
    "insert": "the insert",
}


def check(sink: Sink, project: Project) -> Iterator[Hit]:
    if not _judged(sink) or _tolerated(sink) or never(sink):
        return
    severity: Severity | None = None
    write = _TAKES[sink.operation]
    into = f" into {sink.target}" if sink.target else ""
    if sink.keys:
        severity = "warning"
        first = min(sink.keys, key=lambda one: (len(one), sorted(one)))
        key = ", ".join(sorted(first))
        message = (
            f"{again(sink)} violates the unique key ({key}) and stops the consumer: {write}{into}"
            f" meets what is there and the violation is not caught; {_advice(sink)}, or catch it"
        )
    else:
        why = "has no key of the record"
        if sink.identity is not None:
            name = "its key" if sink.identity_name == "key" else sink.identity_name
            why = f"makes up {name} anew"
        message = f"{again(sink)} becomes {_makes(sink)}: {write}{into} {why}; {_advice(sink)}"
    yield Hit(
        span=sink.span,
        message=message,
        confidence=_confidence(sink),
        severity=severity,
        related=way(sink),
        causes=causes(sink),
        subject_key=speak.subject_key(sink.consumer, sink.operation, sink.target or ""),
    )


def _confidence(sink: Sink) -> Confidence:
    """Low where the program keeps the consumer's position itself, maybe beside what it writes, and
    for a file whose name is not known, which may be a log; medium where a key of the record has a time of day beside it, which may be the same again."""
    if sink.positioned or (sink.library == "open()" and sink.target is None):
        return "low"
    made_up = sink.identity.kinds & CHANGING_KINDS if sink.identity is not None else frozenset()
    if made_up == {"time"} and sink.identity is not None and sink.identity.from_record:
        return "low" if sink.confidence == "low" else "medium"
    return sink.confidence


def _makes(sink: Sink) -> str:
    if sink.kind == "object" and sink.operation == "append":
        return "a second line"
    return _MAKES[sink.kind]


RULE = Rule(
    id="append-only-write",
    group="sinks",
    subject=Sink,
    severity="error",
    check=check,
    summary="a consumed record is appended without a key by which a repetition would be met",
    supersedes=("insert-without-conflict-key",),
)
