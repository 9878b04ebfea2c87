"""Placement: what the clients of stores that are no relational tables do with what they are given.

A client is known by the library it came from, followed through constructors, databases,
collections and context managers. The tables say which methods write and in which argument stands
what tells one entry from another; the page they were read from is named beside each.

An argument is written `name:index`; without an index it is given by keyword alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from oncelint.model.sinks import SinkKind

# insert: a new entry at every call; put: the entry of a key the caller chooses; guard: tells
# whether the key is new; lookup: reads by a key; unique: declares a unique key.
Operation: TypeAlias = Literal[
    "insert", "put", "increment", "append", "copy", "delete", "guard", "lookup", "unique"
]


@dataclass(frozen=True, slots=True)
class Does:
    """What one method does.

    `identity`, `target` and `value` name the arguments that hold the entry's key, what is written
    to, and what is written or added. `many`: one call writes several entries. `unless` is the
    keyword that makes the same call an increment (`incr` of ZADD) or gives it a condition.
    """

    operation: Operation
    identity: str = ""
    target: str = ""
    value: str = ""
    many: bool = False
    unless: str = ""


@dataclass(frozen=True, slots=True)
class Store:
    """One library: `packages` are the dotted names its clients come from, `functions` its
    functions by dotted name. `reader` names what is asked where the table does not say all."""

    name: str
    kind: SinkKind
    packages: tuple[str, ...]
    methods: Mapping[str, Does]
    functions: Mapping[str, Does] = field(default_factory=dict)
    reader: str = ""


_FILTERED = Does("put", identity="filter:0", value="update:1")

# PyMongo "Collection level operations", Motor "AsyncIOMotorCollection": an insert_one() without an
# _id gets an ObjectId from the driver, another one at every call.
_MONGO = {
    "insert_one": Does("insert", value="document:0"),
    "insert_many": Does("insert", value="documents:0", many=True),
    "insert": Does("insert", value="doc_or_docs:0"),
    "save": Does("insert", value="to_save:0"),
    "replace_one": Does("put", identity="filter:0"),
    "find_one_and_replace": Does("put", identity="filter:0"),
    "update_one": _FILTERED,
    "update_many": _FILTERED,
    "update": _FILTERED,
    "find_one_and_update": _FILTERED,
    "bulk_write": Does("insert", value="requests:0", many=True),
    "delete_one": Does("delete", identity="filter:0"),
    "delete_many": Does("delete", identity="filter:0"),
    "find_one_and_delete": Does("delete", identity="filter:0"),
    "find_one": Does("lookup", identity="filter:0"),
    "find": Does("lookup", identity="filter:0"),
    "count_documents": Does("lookup", identity="filter:0"),
    "create_index": Does("unique", identity="keys:0"),
    "ensure_index": Does("unique", identity="key_or_list:0"),
}

# MongoEngine "Documents instances", "Querying the database"; Beanie "Insert the documents".
_DOCUMENTS = {
    "save": Does("insert"),
    "insert": Does("insert", value="doc_or_docs:0", many=True),
    "insert_one": Does("insert", value="document:0"),
    "insert_many": Does("insert", value="documents:0", many=True),
    "create": Does("insert"),
    "update_one": Does("put"),
    "update": Does("put"),
    "upsert_one": Does("put"),
    "modify": Does("put"),
    "delete": Does("delete"),
    "first": Does("lookup"),
    "count": Does("lookup"),
    "get": Does("lookup"),
    "find_one": Does("lookup"),
}

_KEYED = Does("put", identity="name:0")
_PUSHED = Does("append", identity="name:0")

# Redis command reference; redis-py "Commands". SET, HSET and kin write the same value again;
# PFADD, SADD and ZADD keep one entry for each member.
_REDIS = {
    **dict.fromkeys(("set", "setex", "psetex", "hset", "hmset", "getset", "lset"), _KEYED),
    **dict.fromkeys(("setbit", "setrange", "geoadd", "expire", "pfadd"), _KEYED),
    **dict.fromkeys(("mset", "msetnx"), Does("put", many=True)),
    "zadd": Does("put", identity="name:0", unless="incr"),
    **dict.fromkeys(
        ("incr", "incrby", "incrbyfloat", "decr", "decrby"),
        Does("increment", identity="name:0", value="amount:1"),
    ),
    **dict.fromkeys(
        ("hincrby", "hincrbyfloat"), Does("increment", identity="name:0", value="amount:2")
    ),
    "zincrby": Does("increment", identity="name:0", value="amount:1"),
    **dict.fromkeys(("lpush", "rpush", "lpushx", "rpushx", "append"), _PUSHED),
    "xadd": Does("append", identity="name:0", value="fields:1", unless="id"),
    **dict.fromkeys(("delete", "unlink", "hdel", "srem", "zrem"), Does("delete")),
    **dict.fromkeys(("setnx", "hsetnx"), Does("guard", identity="name:0")),
    "sadd": Does("guard", identity="name:0"),
    **dict.fromkeys(
        ("exists", "sismember", "hexists", "zscore", "getbit"), Does("guard", identity="name:0")
    ),
    **dict.fromkeys(("get", "hget", "hgetall"), Does("lookup", identity="name:0")),
}

# Elasticsearch "Index API": without an id one is generated. Python client helpers "Bulk helpers".
_SEARCH = {
    "index": Does("insert", identity="id:3", target="index:0", value="document:1"),
    "create": Does("put", identity="id", target="index:0"),
    "update": Does("put", identity="id", target="index:0", value="body:1"),
    "delete": Does("delete", identity="id", target="index:0"),
    "exists": Does("guard", identity="id", target="index:0"),
    "get": Does("lookup", identity="id", target="index:0"),
}
_BULK = Does("insert", value="actions:1", many=True)
_BULKS = ("bulk", "streaming_bulk", "parallel_bulk", "async_bulk", "async_streaming_bulk")

# "PutItem", "UpdateItem" of the DynamoDB API reference.
_DYNAMODB = {
    "put_item": Does("put", target="TableName", value="Item"),
    "update_item": Does("put", identity="Key", target="TableName", value="UpdateExpression"),
    "delete_item": Does("delete", identity="Key", target="TableName"),
    "get_item": Does("lookup", identity="Key", target="TableName"),
}

# boto3 "S3": the object of a key is replaced.
_S3 = {
    "put_object": Does("put", identity="Key", target="Bucket"),
    "upload_file": Does("put", identity="Key:2", target="Bucket:1"),
    "upload_fileobj": Does("put", identity="Key:2", target="Bucket:1"),
    "copy_object": Does("put", identity="Key", target="Bucket"),
    "delete_object": Does("delete", identity="Key", target="Bucket"),
    "head_object": Does("lookup", identity="Key", target="Bucket"),
}

# By the name a boto3, aioboto3 or aiobotocore client is asked for.
AWS_STORES: Mapping[str, tuple[SinkKind, Mapping[str, Does]]] = {
    "dynamodb": ("document", _DYNAMODB),
    "s3": ("object", _S3),
}
AWS_PACKAGES = ("boto3", "aioboto3", "aiobotocore", "botocore")

# MinIO "Python Client API Reference".
_MINIO = {
    "put_object": Does("put", identity="object_name:1", target="bucket_name:0"),
    "fput_object": Does("put", identity="object_name:1", target="bucket_name:0"),
    "remove_object": Does("delete", identity="object_name:1", target="bucket_name:0"),
}

_BLOB = Does("put")

# google-cloud-storage "Blobs / Objects".
_BLOBS = dict.fromkeys(("upload_from_string", "upload_from_file", "upload_from_filename"), _BLOB)

# google-cloud-firestore "CollectionReference": add() without a document_id makes one up.
_FIRESTORE = {
    "add": Does("insert", identity="document_id:1", value="document_data:0"),
    "set": Does("put", value="document_data:0"),
    "create": Does("put", value="document_data:0"),
    "update": Does("put", value="field_updates:0"),
    "delete": Does("delete"),
    "get": Does("lookup"),
}

# google-cloud-bigquery "Client": insert_rows_json() deduplicates for a short while by row_ids;
# load jobs append unless the job's configuration says otherwise, and a job id runs once.
_ROWS = Does("append", identity="row_ids", target="table:0", value="json_rows:1", many=True)
_LOAD = Does("append", identity="job_id", target="destination:1", value="json_rows:0", many=True)
_BIGQUERY = {
    "insert_rows_json": _ROWS,
    "insert_rows": _ROWS,
    "insert_rows_from_dataframe": Does("append", target="table:0", value="dataframe:1", many=True),
    **dict.fromkeys(
        ("load_table_from_json", "load_table_from_dataframe", "load_table_from_file"), _LOAD
    ),
}

# ClickHouse "INSERT INTO"; clickhouse-driver "Client"; ClickHouse Connect "Client insert method".
_CLICKHOUSE = {
    "execute": Does("append", value="query:0", many=True),
    "execute_iter": Does("append", value="query:0", many=True),
    "executemany": Does("append", value="query:0", many=True),
    "insert_dataframe": Does("append", value="query:0", many=True),
    "command": Does("append", value="cmd:0"),
    "query": Does("append", value="query:0"),
    "insert": Does("append", target="table:0", value="data:1", many=True),
    "insert_df": Does("append", target="table:0", value="df:1", many=True),
    "insert_arrow": Does("append", target="table:0", value="arrow_table:1", many=True),
    "raw_insert": Does("append", target="table:0", value="insert_block:2", many=True),
}

# Cassandra Query Language "INSERT": writes the row of a primary key, whether it is there or not.
_CASSANDRA = {
    "execute": Does("put", value="query:0"),
    "execute_async": Does("put", value="query:0"),
    "add": Does("put", value="statement:0"),
}

# InfluxDB "Handle duplicate data points": one measurement, tag set and timestamp is one point.
_INFLUX = {
    "write": Does("put", target="bucket:0", value="record:2"),
    "write_points": Does("put", value="points:0", many=True),
}

# pandas "DataFrame.to_sql", "DataFrame.to_csv"; Polars "DataFrame.write_database"; Delta Lake
# "write_deltalake"; Spark "DataFrameWriter.mode", "DataFrameWriterV2.append".
_PANDAS = {
    "to_sql": Does("append", target="name:0", value="if_exists:3", many=True),
    "to_gbq": Does("append", target="destination_table:0", value="if_exists:4", many=True),
    "to_csv": Does("append", target="path_or_buf:0", value="mode", many=True),
    "to_json": Does("append", target="path_or_buf:0", value="mode", many=True),
}
_POLARS = {
    "write_database": Does("append", target="table_name:0", value="if_table_exists", many=True),
    "write_delta": Does("append", target="target:0", value="mode", many=True),
}
_SPARK = {
    **dict.fromkeys(
        ("save", "saveAsTable", "insertInto", "parquet", "csv", "json", "orc", "jdbc", "text"),
        Does("append", many=True),
    ),
    "append": Does("append", many=True),
}

# psycopg2 "COPY-related methods", asyncpg "Connection.copy_records_to_table".
_COPIES = {
    "copy_from": Does("copy", target="table:1", many=True),
    "copy_expert": Does("copy", value="sql:0", many=True),
    "copy": Does("copy", value="statement:0", many=True),
    "copy_records_to_table": Does("copy", target="table_name:0", many=True),
    "copy_to_table": Does("copy", target="table_name:0", many=True),
}

STORES: tuple[Store, ...] = (
    Store("pymongo", "document", ("pymongo", "flask_pymongo"), _MONGO, reader="mongo"),
    Store("motor", "document", ("motor",), _MONGO, reader="mongo"),
    Store("mongoengine", "document", ("mongoengine",), _DOCUMENTS, reader="mapped"),
    Store("beanie", "document", ("beanie",), _DOCUMENTS, reader="mapped"),
    Store("redis", "cache", ("redis", "aioredis", "rediscluster"), _REDIS, reader="redis"),
    Store(
        "elasticsearch",
        "search",
        ("elasticsearch", "elasticsearch_async"),
        _SEARCH,
        {f"elasticsearch.helpers.{name}": _BULK for name in _BULKS},
        reader="search",
    ),
    Store(
        "opensearch",
        "search",
        ("opensearchpy",),
        _SEARCH,
        {
            f"opensearchpy.{inner}{name}": _BULK
            for name in _BULKS
            for inner in ("", "helpers.", "helpers.asyncsearch.")
        },
        reader="search",
    ),
    Store("minio", "object", ("minio",), _MINIO),
    Store("google-cloud-storage", "object", ("google.cloud.storage",), _BLOBS, reader="blob"),
    Store(
        "google-cloud-firestore",
        "document",
        ("google.cloud.firestore", "firebase_admin.firestore"),
        _FIRESTORE,
        reader="firestore",
    ),
    Store("google-cloud-bigquery", "table", ("google.cloud.bigquery",), _BIGQUERY, reader="load"),
    Store("clickhouse-driver", "table", ("clickhouse_driver",), _CLICKHOUSE, reader="clickhouse"),
    Store("clickhouse-connect", "table", ("clickhouse_connect",), _CLICKHOUSE, reader="clickhouse"),
    Store("aiochclient", "table", ("aiochclient", "asynch"), _CLICKHOUSE, reader="clickhouse"),
    Store("cassandra", "document", ("cassandra", "scyllapy"), _CASSANDRA, reader="cassandra"),
    Store(
        "influxdb",
        "document",
        ("influxdb_client", "influxdb", "aioinflux"),
        _INFLUX,
        reader="point",
    ),
    Store("pandas", "frame", ("pandas",), _PANDAS, reader="frame"),
    Store("polars", "frame", ("polars",), _POLARS, reader="frame"),
    Store(
        "pyspark",
        "frame",
        ("pyspark",),
        _SPARK,
        {"deltalake.write_deltalake": Does("append", target="table_or_uri:0", value="mode")},
        reader="spark",
    ),
    Store("psycopg2", "table", ("psycopg2", "psycopg", "psycopg_pool"), _COPIES, reader="copy"),
    Store("asyncpg", "table", ("asyncpg",), _COPIES, reader="copy"),
)

# What tells of keys and engines wherever in the program it is done.
DECLARING = frozenset({"create_index", "ensure_index", "command"})

# Methods of data frames are named alone: a frame is made in too many ways to follow them all.
FRAME_METHODS = frozenset(("to_sql", "to_gbq", "write_database"))

# A table that is filled to be merged into another, and emptied before.
STAGING = r"(?:^|_|\.|#)(?:tmp|temp|temporary|stage|staging|stg|scratch|load|landing|raw)(?:_|$)"
