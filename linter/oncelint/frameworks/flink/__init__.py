"""Placement: Flink's Kafka tables in SQL, and what of a job its scripts set.

`CREATE TABLE … WITH ('connector' = 'kafka', …)` is a source or a sink by what the project's scripts do
with the table. Confluent Cloud's Flink has no `connector` option and nothing that could be set: it
yields nothing. `assemble` joins tables with the inserts of other scripts and sinks with the
configuration of their job (flink_conf), and adds the Kafka clients that Flink makes (flink_clients).

Flink: documentation, "Apache Kafka SQL Connector", "Upsert Kafka SQL Connector", "SET Statements".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from oncelint.formats.tree import Document, Scalar
from oncelint.frameworks.blocks import block_of, is_placeholder
from oncelint.model.facts import Block, ConfigFact
from oncelint.model.values import Known, Span
from oncelint.text import Text

if TYPE_CHECKING:
    from oncelint.formats.sql import Statement, Token

DIALECT = ("flink",)
SOURCE, SINK, JOB = "flink-source", "flink-sink", "flink-job"
# what a script says, before it is known what others say; `assemble` leaves none of these
TABLE, INSERT = "flink-table", "flink-insert"
CONNECTORS = frozenset({"kafka", "upsert-kafka"})
INTERVAL = "execution.checkpointing.interval"
JOB_KEYS = "execution.checkpointing."
_DURATION = re.compile(r"\s*(\d+)\s*[a-zA-Zµ]*\s*")
_WINDOWS = re.compile(r"TUMBLE|HOP|SESSION|CUMULATE|WINDOW|MATCH_RECOGNIZE|UNION|INTERSECT|EXCEPT")
_STATEMENT_SET = "STATEMENT SET"
_AGGREGATES = frozenset({"COUNT", "SUM", "MIN", "MAX", "AVG", "LISTAGG", "COLLECT", "STDDEV_POP"})


def recognise(document: Document, text: Text, path: str) -> Iterator[ConfigFact]:
    """The Kafka tables of a script, its inserts, and the settings of its job."""
    from oncelint.formats.sql import statements

    script = statements(text.text)
    tables = {one.name for one in script if one.kind == "create table"}
    kafka = {one.name for one in script if _kafka(one)}
    settings = [one for one in script if one.kind == "set" and one.name.startswith(JOB_KEYS)]
    if settings:
        yield _job(settings, text, path)
    # inserts of a script that is no Flink's are nobody's
    flinks = bool(kafka or settings) or _STATEMENT_SET in text.text
    # an insert before the setting, or behind a RESET, has what the cluster has
    others = "unknown" if any(one.name == INTERVAL for one in settings) else ""
    state = interval = ""
    for one in script:
        if one.kind == "set" and one.name == INTERVAL:
            interval = _value(one, INTERVAL)
            state = switched(interval)
        elif one.kind == "reset" and one.name in ("", INTERVAL):
            state = interval = ""
        elif _kafka(one):
            yield _table(one, text, path)
        if _inserts(one, kafka, tables if flinks else None):
            yield _insert(one, (state or others, interval), tables, text, path)


def _inserts(statement: Statement, kafka: set[str], others: set[str] | None) -> bool:
    """Whether a statement inserts into a Kafka table, or one that another script may create."""
    if statement.kind == "create table":
        return bool(statement.query) and _kafka(statement)
    if statement.kind != "insert":
        return False
    return statement.name in kafka or (others is not None and statement.name not in others)


def _kafka(statement: Statement) -> bool:
    """Whether a statement makes a Kafka table of Flink, whose keys are texts in single quotes; other
    engines have a `connector` under a bare name."""
    if statement.kind != "create table" or statement.options is None:
        return False
    quoted = any(
        entry.key.text == "connector" and entry.key.style == "single"
        for entry in statement.options.entries
    )
    return quoted and _value(statement, "connector") in CONNECTORS


def _value(statement: Statement, key: str) -> str:
    found = statement.options.get(key) if statement.options is not None else None
    return found.text.strip() if isinstance(found, Scalar) else ""


def switched(interval: object) -> str:
    """Whether checkpoints are `on` or `off` with an interval; empty when that is not known.

    CheckpointConfig.configure: an interval that is set switches them on, and one below 1 ms is none
    (CheckpointingOptions, execution.checkpointing.interval).
    """
    if isinstance(interval, bool) or not isinstance(interval, (int, float, str)):
        return ""
    if isinstance(interval, str) and (is_placeholder(interval) or not interval):
        return ""
    found = _DURATION.fullmatch(str(interval))
    if found is None:
        return ""
    return "on" if int(found[1]) > 0 else "off"


def _job(settings: Sequence[Statement], text: Text, path: str) -> ConfigFact:
    blocks = [block_of(one.options, text) for one in settings if one.options is not None]
    last = {setting.key: setting for block in blocks for setting in block.settings}
    block = Block(
        tuple(last.values()),
        "the cluster's own configuration is not known",
        homes=tuple(home for block in reversed(blocks) for home in block.homes),
    )
    first = settings[0]
    span = text.span(first.start, first.end)
    return ConfigFact("flink sql", DIALECT, JOB, block, span, details={"job": path})


def _table(statement: Statement, text: Text, path: str) -> ConfigFact:
    assert statement.options is not None  # as _kafka says
    block = block_of(statement.options, text)
    if statement.like:
        block = replace(block, open_reason="it has the options of another table as well")
    details = {
        "job": path,
        "table": statement.name,
        "key": "" if statement.like else "yes" if statement.primary_key else "no",
    }
    topic = _value(statement, "topic")
    if topic and not is_placeholder(topic):
        details["topics"] = " ".join(topic.split(";"))
    span = text.span(statement.start, statement.end)
    return ConfigFact("flink sql", DIALECT, TABLE, block, span, details=details)


def created(text: Text) -> set[str]:
    """The names of the tables that a script creates and Kafka does not have."""
    from oncelint.formats.sql import statements

    script = [one for one in statements(text.text) if one.kind == "create table"]
    return {one.name for one in script if not _kafka(one)}


def inserts_into(text: Text, path: str, names: Collection[str]) -> Iterator[ConfigFact]:
    """The inserts of a program's SQL into tables that the program describes otherwise."""
    from oncelint.formats.sql import statements

    for one in statements(text.text):
        if one.kind == "insert" and one.name in names:
            yield _insert(one, ("", ""), set(), text, path)


def _insert(
    statement: Statement, checkpoints: tuple[str, str], tables: set[str], text: Text, path: str
) -> ConfigFact:
    details = {"job": path, "table": statement.name}
    state, interval = checkpoints
    if state:
        details["checkpointing"] = state
    if state == "on":
        details["interval"] = interval
    if statement.kind == "insert" and _updates(statement.query, tables):
        details["updates"] = "yes"
    span = text.span(statement.start, statement.end)
    return ConfigFact("flink sql", DIALECT, INSERT, Block(()), span, details=details)


def _updates(query: Sequence[Token], tables: set[str]) -> bool:
    """Whether a query's result surely changes what it has yielded: an aggregate over groups that are
    no windows, straight from a table.

    Flink, "Group Aggregation": for streaming queries the result is updated.
    """
    words = [token.word() for token in query]
    if any(_WINDOWS.match(word) for word in words) or words.count("FROM") != 1:
        return False
    if not _AGGREGATES & set(words) or "JOIN" in words or "DISTINCT" in words:
        return False
    source = words.index("FROM") + 1
    if source >= len(query) or query[source].text not in tables:
        return False
    return any(a == "GROUP" and b == "BY" for a, b in pairwise(words))


def assemble(facts: Sequence[ConfigFact], read: Callable[[str], bytes | None]) -> list[ConfigFact]:
    """Tables as sinks and sources, with what the configuration of their job says of checkpoints."""
    from oncelint.frameworks.flink.clients import clients

    if not any(fact.role.startswith("flink-") for fact in facts):
        return list(facts)
    inserts = [fact for fact in facts if fact.role == INSERT]
    tables = [fact for fact in facts if fact.role == TABLE]
    jobs = [fact for fact in facts if fact.role == JOB]
    filled = _filled(inserts, tables)
    joined: list[ConfigFact] = []
    for fact in facts:
        if fact.role == INSERT:
            continue
        if fact.role == TABLE:
            fact = _used(fact, filled.get(id(fact), ()))
        if fact.role == SINK:
            fact = _with_job(fact, jobs)
        joined.append(fact)
        joined.extend(clients(fact))
    return joined


def _filled(
    inserts: Sequence[ConfigFact], tables: Sequence[ConfigFact]
) -> dict[int, list[ConfigFact]]:
    """The inserts by the identity of the table they are for: that of their own script, else the
    project's only one of that name."""
    named: dict[tuple[str, ...], list[ConfigFact]] = {}
    for one in tables:
        name = one.details["table"]
        named.setdefault((name,), []).append(one)
        named.setdefault((name, one.span.path), []).append(one)
    filled: dict[int, list[ConfigFact]] = {}
    for insert in inserts:
        name = insert.details["table"]
        found = named.get((name, insert.span.path)) or named.get((name,), [])
        if len(found) == 1:
            filled.setdefault(id(found[0]), []).append(insert)
    return filled


def _used(table: ConfigFact, inserts: Sequence[ConfigFact]) -> ConfigFact:
    """A table that is inserted into is a sink, another one is read."""
    if not inserts:
        return replace(table, role=SOURCE)
    details = {**table.details, "inserts": " ".join(_place(one.span) for one in inserts)}
    states = {one.details.get("checkpointing", "") for one in inserts}
    if len(states) == 1 and states != {""}:
        details["checkpointing"] = states.pop()
    intervals = {one.details.get("interval", "") for one in inserts}
    if len(intervals) == 1 and intervals != {""}:
        details["interval"] = intervals.pop()
    updating = [_place(one.span) for one in inserts if "updates" in one.details]
    if updating:
        details["updates"] = updating[0]
    details["job"] = " ".join(dict.fromkeys(one.details["job"] for one in inserts))
    return replace(table, role=SINK, details=details)


def _place(span: Span) -> str:
    return f"{span.path}:{span.start.line}"


def _with_job(sink: ConfigFact, jobs: Sequence[ConfigFact]) -> ConfigFact:
    """A sink with whether its job takes checkpoints: what its own program or script says counts,
    else what all configurations of the project say alike."""
    if sink.details.get("checkpointing") == "unknown":
        return sink
    own = {sink.details.get("job"), sink.details.get("unit"), sink.span.path} - {None}
    names = {name for one in own if one for name in one.split(" ")}
    mine = [job for job in jobs if {job.details.get("job"), job.details.get("unit")} & names]
    if "checkpointing" not in sink.details or not mine:
        found = mine or jobs
    else:
        found = mine
    told = [(_checkpoints(job), job) for job in found]
    states = {state for state, _ in told}
    if "checkpointing" in sink.details:
        states = {sink.details["checkpointing"]}
    if len(states) != 1 or states == {""}:
        return sink
    state = states.pop()
    job = next((job for one, job in told if one == state), None)
    details = {**sink.details, "checkpointing": state}
    if job is not None:
        details["checkpointing-at"] = _place(_interval_span(job) or job.span)
    for name, key in _TIMES:
        given = {_written(one, key) for one in found}
        only = given.pop() if len(given) == 1 else None
        if only is not None:
            details.setdefault(name, only)
    return replace(sink, details=details)


# what a transaction lasts for, by the name of the detail
_TIMES = (
    ("interval", INTERVAL),
    ("pause", "execution.checkpointing.min-pause"),
    ("checkpoint-timeout", "execution.checkpointing.timeout"),
)


def _checkpoints(job: ConfigFact) -> str:
    for setting in job.block.settings:
        if setting.key == INTERVAL:
            value = setting.value
            return switched(value.value) if isinstance(value, Known) else ""
    return "off" if job.details.get("complete") else ""


def _written(job: ConfigFact, key: str) -> str | None:
    for setting in job.block.settings:
        if setting.key == key and isinstance(setting.value, Known):
            return str(setting.value.value)
    return None


def duration_ms(text: str) -> int | None:
    """A duration as Flink reads it, in milliseconds (TimeUtils.parseDuration); None for what is
    none."""
    found = _AMOUNT.fullmatch(text.strip())
    unit = _UNITS.get(found[2].lower()) if found is not None else None
    if found is None or unit is None:
        return None
    return int(int(found[1]) * unit)


_AMOUNT = re.compile(r"(\d+)\s*([a-zA-Zµ]*)")
# TimeUtils.TimeUnit; a number alone is of milliseconds
_UNITS: Mapping[str, float] = {
    **dict.fromkeys(("d", "day", "days"), 86_400_000.0),
    **dict.fromkeys(("h", "hour", "hours"), 3_600_000.0),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60_000.0),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1000.0),
    **dict.fromkeys(("", "ms", "milli", "millis", "millisecond", "milliseconds"), 1.0),
    **dict.fromkeys(("µs", "micro", "micros", "microsecond", "microseconds"), 0.001),
    **dict.fromkeys(("ns", "nano", "nanos", "nanosecond", "nanoseconds"), 0.000_001),
}


def _interval_span(job: ConfigFact) -> Span | None:
    return next((one.key_span for one in job.block.settings if one.key == INTERVAL), None)
