"""Placement of Spark Structured Streaming: its readers, writers and sessions.

In Python they are chains of calls, which flow/library/builders.py follows; what a session is given
from outside stands in spark-defaults.conf.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from oncelint.formats.tree import Document, Mapping
from oncelint.frameworks.blocks import block_of, keys_of, mappings
from oncelint.model.facts import Alternative, Block, ConfigFact, WrittenSetting
from oncelint.model.values import Known, Origin, Unknown
from oncelint.text import Text

PACKAGE = "pyspark"
STREAM_SOURCE, BATCH_SOURCE = "pyspark.DataStreamReader", "pyspark.DataFrameReader"
STREAM_SINK, BATCH_SINK = "pyspark.DataStreamWriter", "pyspark.DataFrameWriter"
SESSION = "pyspark.SparkSession"
FOREACH_BATCH, FOREACH = "pyspark.DataStreamWriter.foreachBatch", "pyspark.DataStreamWriter.foreach"

# pyspark/sql/session.py, pyspark/conf.py
SESSION_BUILDER = re.compile(r"pyspark\.sql\.(?:session\.)?SparkSession\.builder\.(\w+)")
CONF = re.compile(r"pyspark\.(?:conf\.)?SparkConf")

# What a session is asked for where a query names no checkpoint of its own
# (StreamingQueryManager.resolveCheckpointLocation).
CHECKPOINTS = "spark.sql.streaming.checkpointLocation"
_STREAMING = "spark.sql.streaming."


def recognise(document: Document, text: Text, path: str) -> Iterator[ConfigFact]:
    """The settings of a session in a spark-defaults.conf, or in a mapping of such settings."""
    for root in document.roots:
        for _, mapping in mappings(root):
            if CHECKPOINTS in keys_of(mapping):
                yield _session(mapping, text)
    if not document.roots:
        yield from _submitted(text)


def _submitted(text: Text) -> Iterator[ConfigFact]:
    """What `spark-submit --conf key=value` gives a session."""
    from oncelint.formats.shell import commands

    for command in commands(text):
        if not any(word.rpartition("/")[2] in _SUBMITS for word in command.argv):
            continue
        settings = []
        for before, word in zip(command.words, command.words[1:], strict=False):
            key, given, value = word.text.partition("=")
            if before.text not in ("--conf", "-c") or not given or not key.startswith(_STREAMING):
                continue
            span = text.span(word.start, word.end)
            said = Known(value) if word.known else Unknown("a part that the shell puts in", True)
            origin = Origin("file", value, span)
            settings.append(WrittenSetting(key, span, (Alternative(said, (), span, (origin,)),)))
        if settings:
            block = Block(tuple(settings))
            span = settings[0].key_span
            yield ConfigFact("spark-submit", ("spark",), "spark-session", block, span)


_SUBMITS = frozenset({"spark-submit", "pyspark", "spark-sql", "spark-shell"})


def _session(mapping: Mapping, text: Text) -> ConfigFact:
    block = block_of(mapping, text, keep=lambda entry: entry.key.text.startswith(_STREAMING))
    span = block.settings[0].key_span
    return ConfigFact("spark defaults", ("spark",), "spark-session", block, span)
