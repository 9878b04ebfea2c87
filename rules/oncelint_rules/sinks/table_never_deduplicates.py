"""A consumer inserts into a ClickHouse table whose engine keeps every row it is given.

## What it does

Reports an INSERT that a consume loop reaches into a ClickHouse table whose engine is known from the
project's CREATE TABLE and removes nothing: MergeTree, SummingMergeTree, AggregatingMergeTree,
GraphiteMergeTree, the Log family and Memory, without an `insert_deduplication_token`.

## The failure

A consumer buffers 10,000 events and inserts them in one block, then commits the offsets. It is killed
between the two. Its successor polls the 10,000 events again and inserts them again. ClickHouse has no
unique keys: `ORDER BY (user_id, ts)` sorts rows, it does not tell them apart. Each event is there twice,
the sums of a SummingMergeTree are too high, and no error is raised.

## What the fix costs

ReplacingMergeTree keeps the last of the rows with the same sorting key, when it merges parts, which is
some time later: a query that must not see both asks with FINAL, or takes the newest by `argMax`. Both read
more; ClickHouse's documentation advises against FINAL where its cost was not measured.

An `insert_deduplication_token` made of the batch's topic, partition and first offset makes a repetition
of the same batch a no-op, if batches are cut at the same offsets again, and costs nothing to queries. A
MergeTree needs `non_replicated_deduplication_window` for that; the replicated and shared engines remember
their last blocks anyway.

## When it is silent

When the engine is not known: no CREATE TABLE of the project names it, or two differ. For
ReplacingMergeTree, CollapsingMergeTree and VersionedCollapsingMergeTree; for replicated and shared
engines, which skip a block that repeats one of the last, and for tables with a deduplication window; for
engines that store nothing of their own (Distributed, Buffer, Null, Kafka); when the INSERT carries a
token that comes from the record or is not known; when the loop asks first whether it has seen the record;
when nothing is delivered twice, since the consumer has no group, begins at the latest offset and does
not seek.

## References

ClickHouse documentation: "MergeTree", "ReplacingMergeTree", "Deduplicating inserts on retries",
`insert_deduplication_token`, `non_replicated_deduplication_window`; Kafka documentation, message delivery
semantics.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import Hit, Project, Rule, Sink, speak
from oncelint_rules.common.redelivery import again, never, way

# "Table engines": these remove no row, and remember no block.
_KEEPS_ALL = frozenset(
    {"MergeTree", "SummingMergeTree", "AggregatingMergeTree", "GraphiteMergeTree"}
    | {"Log", "TinyLog", "StripeLog", "Memory"}
)
_SUMS = frozenset({"SummingMergeTree", "AggregatingMergeTree"})
_TOKEN = "give every batch an insert_deduplication_token of its offsets"


def _advice(engine: str) -> str:
    replacing = "make it a ReplacingMergeTree ordered by the record's key"
    if engine in _SUMS:
        return f"sum from a ReplacingMergeTree of the records instead, or {_TOKEN}"
    # tokens are for the MergeTree family
    return f"{replacing}, or {_TOKEN}" if engine.endswith("MergeTree") else replacing


def check(sink: Sink, project: Project) -> Iterator[Hit]:
    if sink.engine is None or sink.engine not in _KEEPS_ALL or sink.operation != "append":
        return
    if sink.guard is not None or never(sink):
        return
    token = sink.identity
    if token is not None and token.repeats() is not False:
        return
    lacks = f"{sink.target} is a {sink.engine} table, which removes no row"
    if token is not None:
        lacks += f", and {sink.identity_name} is made up anew each time"
    becomes = "is added to the sums again" if sink.engine in _SUMS else "becomes a second row"
    yield Hit(
        span=sink.span,
        message=f"{again(sink)} {becomes}: {lacks}; {_advice(sink.engine)}",
        confidence=sink.confidence,
        related=way(sink),
        causes=(sink.span,),
        subject_key=speak.subject_key(sink.consumer, sink.operation, sink.target or ""),
    )


RULE = Rule(
    id="table-never-deduplicates",
    group="sinks",
    subject=Sink,
    severity="warning",
    check=check,
    summary="rows inserted into a ClickHouse table whose engine keeps every one of them",
    stable=False,
)
