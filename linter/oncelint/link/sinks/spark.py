"""Writes of Spark's frames: which of them only add."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from oncelint.flow.values import Abs, Comp, Foreign, Items, Lit, Rec
from oncelint.link.sinks.arguments import made_from, text
from oncelint.link.sinks.partial import Partial

if TYPE_CHECKING:
    from oncelint.link.sinks.stores.case import Case

# Formats of Spark's that add rows at every write, and those that write by a key (DataFrameWriter;
# the connectors' own documentation).
_ADDING = frozenset(
    {"jdbc", "kafka", "parquet", "csv", "json", "orc", "text", "avro", "delta", "iceberg", "xml"}
    | {"bigquery", "snowflake", "net.snowflake.spark.snowflake", "redshift"}
    | {"io.github.spark_redshift_community.spark.redshift", "com.databricks.spark.redshift"}
    | {"com.microsoft.sqlserver.jdbc.spark", "com.google.cloud.spark.bigquery"}
)
# elasticsearch-hadoop and its fork; a document gets an id of its own at every write, unless a column
# is named (`es.mapping.id`)
_DOCUMENTS = frozenset(
    {"org.elasticsearch.spark.sql", "es", "elasticsearch", "org.opensearch.spark.sql", "opensearch"}
)
_IDS = ("es.mapping.id", "opensearch.mapping.id")
# which argument of a method of DataFrameWriter is the mode
_MODE = {"jdbc": 2, "save": 2, "saveAsTable": 2, "parquet": 1, "csv": 1, "json": 1, "orc": 1}
_BY_METHOD = frozenset({"jdbc", "parquet", "csv", "json", "orc", "text"})


def appended(case: Case) -> Partial | None:
    """What a write of a frame adds, and what keeps it from adding it twice; None for one that does
    something else, or may."""
    if case.path == "deltalake.write_deltalake":
        mode = text(case.get("mode"))
        return (
            case.partial("append", target=text(case.get(case.does.target)))
            if (mode == "append")
            else None
        )
    links = made_from(case.execution.receiver)
    said = [text(one) for one in (*links, *case.execution.args)]
    if case.method == "append":
        guard = _batch_guard(case.path, links, said)
        return case.partial("append", guard=guard) if "writeTo()" in case.path else None
    if ".write" not in case.path or ".writeStream" in case.path:
        return None
    form = _spark_format(case, links, said)
    if form is None or not _adds(case, form, said):
        return None
    target = next(filter(None, map(text, case.execution.args)), None)
    guard = _batch_guard(case.path, links, said)
    return case.partial("append", target=target, guard=guard, engine=form or None)


def _spark_format(case: Case, links: Sequence[Abs], said: Sequence[str | None]) -> str | None:
    """What is written to; empty where that is a table of the catalogue, None where adding is not
    all that it may do."""
    if case.method in _BY_METHOD:
        return case.method
    given = text(case.get("format"))
    if given is None and "format()" not in case.path:
        return ""
    words = {one.lower() for one in (given, *said) if one is not None}
    if words & _DOCUMENTS:
        identified = any(one in words for one in _IDS) or "options()" in case.path
        return None if identified else "elasticsearch"
    found = sorted(words & _ADDING)
    return found[0] if len(found) == 1 else "kafka" if "kafka" in found else None


def _adds(case: Case, form: str, said: Sequence[str | None]) -> bool:
    """Whether the write adds to what is there: by its mode, or because it does nothing else."""
    if case.method == "insertInto":
        over = case.get("overwrite:1")
        return over is None or (isinstance(over, Lit) and over.value is False)
    if "overwrite" in said or text(case.get("mode")) == "overwrite":
        return False
    position = _MODE.get(case.method)
    mode = "mode" if position is None else f"mode:{position}"
    named = text(case.get(mode)) == "append"
    return form == "kafka" or named or ("mode()" in case.path and "append" in said)


def _batch_guard(path: str, links: Sequence[Abs], said: Sequence[str | None]) -> str | None:
    """What keeps a batch of Spark's from being added twice: its number, or a look at the target."""
    if any(_numbered(one) for one in links):
        return "the batch's number"
    words = {one.lower().replace("_", "") for one in said if one is not None}
    if words & {"leftanti", "anti", "txnversion", "replacewhere"}:
        return "a look at what is there"
    if "exceptAll()" in path or "subtract()" in path:
        return "a look at what is there"
    return None


def _numbered(value: Abs, depth: int = 0) -> bool:
    """Whether the number of a batch is in a value: what foreachBatch gives beside the rows."""
    if isinstance(value, Rec):
        return value.part == "offset"
    if isinstance(value, Comp):
        return "offset" in value.kinds
    inner: Sequence[Abs] = ()
    if isinstance(value, Foreign):
        inner = value.made_from
    elif isinstance(value, Items):
        inner = value.items
    return depth < 4 and any(_numbered(one, depth + 1) for one in inner)
