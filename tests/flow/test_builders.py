"""Builders of stream processors: what a chain of calls comes to, however it is broken up."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.flow.projects import reasons, run, told

import documents
from oncelint.dialects import table
from oncelint.model import FlinkJob, FlinkSink, SparkSession, SparkSink, SparkSource
from oncelint.model.project import Client

SPARK = """\
from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("orders").getOrCreate()
"""


def only(folder: Path, kind: type[Client], source: str, **files: str) -> Client:
    """The one subject of a kind, in a program that says `kafka` somewhere."""
    report = run(folder, source + "\n# kafka\n", {f"app/{n}.py": t for n, t in files.items()})
    found = [one for one in report.subjects if isinstance(one, kind)]
    assert len(found) == 1, [documents.subject_line(one) for one in report.subjects]
    return found[0]


READERS: dict[str, str] = {
    "one chain": """
spark.readStream.format("kafka").option("kafka.isolation.level", "read_committed").load()
""",
    "options as keywords": """
spark.readStream.format("kafka").options(**{"kafka.isolation.level": "read_committed"}).load()
""",
    "options of load": """
spark.readStream.load(format="kafka", **{"kafka.isolation.level": "read_committed"})
""",
    "over variables": """
reader = spark.readStream
reader = reader.format("kafka")
reader = reader.option("kafka.isolation.level", "read_committed")
frame = reader.load()
""",
    "told and not kept": """
reader = spark.readStream.format("kafka")
reader.option("kafka.isolation.level", "read_committed")
frame = reader.load()
""",
    "in a loop": """
reader = spark.readStream.format("kafka")
for key, value in {"kafka.isolation.level": "read_committed"}.items():
    reader = reader.option(key, value)
frame = reader.load()
""",
    "the later counts": """
reader = spark.readStream.format("kafka").option("kafka.isolation.level", "read_uncommitted")
frame = reader.option("KAFKA.isolation.level", "read_committed").load()
""",
    "a batch": """
spark.read.format("kafka").option("kafka.isolation.level", "read_committed").load()
""",
    "a function of a session": """
def read(session):
    return session.readStream.format("kafka").options(**OPTIONS).load()

OPTIONS = {"kafka.isolation.level": "read_committed"}
frame = read(spark)
""",
    "a method that nobody calls": """
class Job:
    def __init__(self, session):
        self.session = session

    def read(self):
        return (
            self.session.readStream.format("kafka")
            .option("kafka.isolation.level", "read_committed")
            .load()
        )
""",
}


@pytest.mark.parametrize("name", READERS)
def test_readers_are_followed(name: str, tmp_path: Path) -> None:
    source = only(tmp_path, SparkSource, SPARK + READERS[name])
    assert told(source, "kafka.isolation.level") == {"read_committed"}


def test_an_option_on_one_way_is_two_worlds(tmp_path: Path) -> None:
    source = only(
        tmp_path,
        SparkSource,
        SPARK
        + """
import sys

reader = spark.readStream.format("kafka")
if "--all" in sys.argv:
    reader = reader.option("kafka.isolation.level", "read_committed")
frame = reader.load()
""",
    )
    assert told(source, "kafka.isolation.level") == {"read_committed", "read_uncommitted"}


def test_options_that_are_not_seen_leave_the_rest_open(tmp_path: Path) -> None:
    source = only(
        tmp_path,
        SparkSource,
        SPARK
        + """
import json
import sys

frame = spark.readStream.format("kafka").options(**json.loads(sys.argv[1])).load()
""",
    )
    assert told(source, "kafka.isolation.level") == {"?"}
    assert reasons(source, "kafka.isolation.level")


def test_topics_are_read_from_one_text(tmp_path: Path) -> None:
    source = only(
        tmp_path,
        SparkSource,
        SPARK + 'frame = spark.readStream.format("kafka").option("subscribe", "a, b").load()\n',
    )
    assert [topic.name for topic in source.topics] == ["a", "b"]


SOURCE = 'records = spark.readStream.format("kafka").option("subscribe", "a").load()\n'
DRAWN: dict[str, tuple[str, bool | None]] = {
    "the source itself": ("frame = records", True),
    "selected": ('frame = records.select("value").filter("value > 1")', True),
    "joined with a table": ('frame = records.join(spark.table("users"), "id")', True),
    "a view": ('records.createOrReplaceTempView("r")\nframe = spark.sql("SELECT * FROM r")', None),
}


@pytest.mark.parametrize("name", DRAWN)
def test_a_query_knows_where_it_draws_from(name: str, tmp_path: Path) -> None:
    body, expected = DRAWN[name]
    query = 'frame.writeStream.format("delta").option("checkpointLocation", "/c").start("/t")\n'
    sink = only(tmp_path, SparkSink, f"{SPARK}{SOURCE}{body}\n{query}")
    assert isinstance(sink, SparkSink)
    assert sink.format == "delta"
    assert (None if sink.sources is None else bool(sink.sources)) is expected


def test_batches_from_somewhere_are_kafkas_where_something_is_read_from_it(tmp_path: Path) -> None:
    body = """
        from pyspark.sql import DataFrame

        def add(batch, number):
            batch.write.mode("append").parquet("/t")  # kafka

        def start(frame: DataFrame):
            frame.writeStream.foreachBatch(add).start()
    """
    report = run(tmp_path / "alone", body)
    assert (report.findings, report.sinks) == ((), ())
    both = run(tmp_path / "both", body, {"app/source.py": SPARK + SOURCE})
    assert {one.rule for one in both.findings} == {
        "spark-foreachbatch-not-idempotent",
        "spark-no-checkpoint",
    }


def test_a_stream_of_files_is_no_subject(tmp_path: Path) -> None:
    report = run(
        tmp_path,
        SPARK
        + 'lines = spark.readStream.format("text").load("/kafka")\n'
        + 'lines.writeStream.format("delta").start("/t")\n',
    )
    assert report.subjects == ()


@pytest.mark.parametrize(
    "body",
    [
        'spark.conf.set("spark.sql.streaming.checkpointLocation", "/c")',
        'SparkSession.builder.config("spark.sql.streaming.checkpointLocation", "/c").getOrCreate()',
        "SparkSession.builder.config("
        'map={"spark.sql.streaming.checkpointLocation": "/c"}).getOrCreate()',
        "from pyspark import SparkConf\n"
        'conf = SparkConf().set("spark.sql.streaming.checkpointLocation", "/c")\n'
        "SparkSession.builder.config(conf=conf).getOrCreate()",
        "from pyspark import SparkConf\n"
        'conf = SparkConf().setAll([("spark.sql.streaming.checkpointLocation", "/c")])\n'
        "SparkSession.builder.config(conf=conf).getOrCreate()",
    ],
)
def test_sessions_are_followed(body: str, tmp_path: Path) -> None:
    session = only(tmp_path, SparkSession, f"{SPARK}{body}\n")
    assert told(session, "spark.sql.streaming.checkpointLocation") == {"/c"}


NUMBERS: dict[str, tuple[str, bool]] = {
    "not at all": ("def f(batch, number):\n    batch.write.mode('append').parquet('/t')", True),
    "in a log": (
        "def f(batch, number):\n    print(f'{number}')\n"
        "    batch.write.mode('append').parquet('/t')",
        True,
    ),
    "as a column": (
        "from pyspark.sql.functions import lit\n\n\ndef f(batch, number):\n"
        "    batch.withColumn('n', lit(number)).write.mode('append').parquet('/t')",
        False,
    ),
    "in a condition": (
        "def f(batch, number):\n    if number > 5:\n"
        "        batch.write.mode('append').parquet('/t')",
        False,
    ),
    "by a method of an object": (
        "class Keeper:\n    def keep(self, batch, number):\n"
        "        batch.write.mode('append').parquet('/t')\n\n\nf = Keeper().keep",
        True,
    ),
    "by an object that is called": (
        "class Keeper:\n    def __call__(self, batch, number):\n"
        "        batch.write.mode('append').parquet('/t')\n\n\nf = Keeper()",
        True,
    ),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_what_a_function_does_with_the_number_of_its_batch(name: str, tmp_path: Path) -> None:
    body, adds = NUMBERS[name]
    end = 'records.writeStream.foreachBatch(f).option("checkpointLocation", "/c").start()\n'
    report = run(tmp_path, f"{SPARK}{SOURCE}\n\n{body}\n\n\n{end}")
    rules = [finding.rule for finding in report.findings]
    assert rules == (["spark-foreachbatch-not-idempotent"] if adds else [])
    assert len(report.sinks) == 1


FLINK = """\
from pyflink.datastream import CheckpointingMode, StreamExecutionEnvironment
from pyflink.datastream.connectors.base import DeliveryGuarantee
from pyflink.datastream.connectors.kafka import KafkaSink

env = StreamExecutionEnvironment.get_execution_environment()
"""


def test_a_sink_of_flink(tmp_path: Path) -> None:
    sink = only(
        tmp_path,
        FlinkSink,
        FLINK
        + """
PROPERTIES = {"transaction.timeout.ms": "60000"}
builder = KafkaSink.builder().set_delivery_guarantee(DeliveryGuarantee.EXACTLY_ONCE)
builder.set_transactional_id_prefix("shop")
for key, value in PROPERTIES.items():
    builder.set_property(key, value)
sink = builder.build()
""",
    )
    assert told(sink, "sink.delivery-guarantee") == {"exactly-once"}
    assert told(sink, "sink.transactional-id-prefix") == {"shop"}
    assert told(sink, "properties.transaction.timeout.ms") == {"60000"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("env.enable_checkpointing(5000)", {"5000"}),
        ("env.get_checkpoint_config().set_checkpoint_interval(5000)", {"5000"}),
        ("import sys\nif sys.argv[1:]:\n    env.enable_checkpointing(5000)", {"5000", "null"}),
        (
            "from pyflink.table import StreamTableEnvironment\n"
            "t = StreamTableEnvironment.create(env)\n"
            't.get_config().set("execution.checkpointing.interval", "5 s")',
            {"5 s"},
        ),
    ],
)
def test_checkpoints_of_flink(body: str, expected: set[str], tmp_path: Path) -> None:
    job = only(tmp_path, FlinkJob, f"{FLINK}{body}\n")
    assert told(job, "execution.checkpointing.interval") == expected


def test_statements_in_literals_keep_their_places(tmp_path: Path) -> None:
    source = FLINK + (
        "from pyflink.table import StreamTableEnvironment\n"
        "t = StreamTableEnvironment.create(env)\n"
        'TOPIC = "out"\n'
        't.execute_sql(f"""\n'
        "CREATE TABLE o (id STRING) WITH ('connector' = 'kafka',\n"
        "  'topic' = '{TOPIC}', 'sink.delivery-guarantee' = 'at-least-once')\n"
        '""")\n'
        't.execute_sql("INSERT INTO o SELECT 1")\n'
    )
    report = run(tmp_path, source)
    (sink,) = [one for one in report.subjects if isinstance(one, FlinkSink)]
    (written,) = [one for one in sink.block.settings if one.key == "sink.delivery-guarantee"]
    line = source.splitlines()[written.key_span.start.line - 1]
    assert line[written.key_span.start.column - 1 :].startswith("'sink.delivery-guarantee'")
    assert told(sink, "topic") == {"?"}


def test_a_module_without_these_libraries_is_left_alone(tmp_path: Path) -> None:
    report = run(
        tmp_path,
        """
        from house import spark  # kafka

        frame = spark.read.format("kafka").load()
        """,
    )
    assert report.subjects == ()


@pytest.mark.parametrize("name", ["spark", "applications"])
def test_the_tables_are_what_their_generators_write(name: str) -> None:
    program = documents.ROOT / "tools" / "dialects" / f"{name}.py"
    done = subprocess.run([sys.executable, str(program), "--check"], check=False)
    assert done.returncode == 0


def test_spark_has_the_clients_defaults() -> None:
    java = json.loads(
        (documents.ROOT / "linter/oncelint/dialects/data/java-producer.json").read_text()
    )
    assert java["settings"]["enable.idempotence"]["effective_defaults"][0] == ["2.0.1", False]
    idempotence = table("spark-sink").settings["kafka.enable.idempotence"]
    assert [idempotence.default(version) for version in ("3.3.4", "3.4.4")] == [False, True]
    assert table("spark-source").find("kafka.auto.offset.reset") is None
