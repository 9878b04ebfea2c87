"""Spark's readers and writers, as far as they have to do with Kafka, and the sessions they belong to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from oncelint.flow import calls, objects
from oncelint.flow.entries import Entry
from oncelint.flow.library import building
from oncelint.flow.values import (
    Abs,
    At,
    Bound,
    DictObj,
    Fn,
    Foreign,
    InstanceObj,
    KafkaClient,
    Lit,
    Part,
    Phi,
    Rec,
    Ref,
    Slot,
    Unk,
)
from oncelint.frameworks import spark
from oncelint.model import ir

if TYPE_CHECKING:
    from oncelint.flow.machine import Machine

_BEGINS = {
    "readStream": spark.STREAM_SOURCE,
    "read": spark.BATCH_SOURCE,
    "writeStream": spark.STREAM_SINK,
    "write": spark.BATCH_SINK,
}
# What a chain of a reader or writer can begin with (pyspark/sql/readwriter.py, streaming/readwriter.py).
_FIRST = frozenset(
    {"format", "option", "options", "mode", "outputMode", "trigger", "queryName"}
) | {
    *("foreachBatch", "foreach", "partitionBy", "start", "toTable", "schema", "load"),
}
_CHAIN = re.compile(r"pyspark\.sql\.[\w.()]*?\.(readStream|read|writeStream|write)(?:\.\w+\(\))*")
_SESSION = "pyspark.sql.SparkSession.builder"
_MADE_SESSION = "pyspark.sql.SparkSession"
_FRAME = "pyspark.sql.DataFrame"
_CONF = "pyspark.SparkConf"
_ENDS = frozenset({"load", "start", "toTable", "table"})
# What comes back when a query is over (pyspark/sql/streaming/query.py).
_QUERY_ENDS = frozenset({"awaitTermination", "awaitAnyTermination", "stop"})
_FORMAT = "\0format"
_NAME = "\0name"
# What stands for the records of a source that is not Kafka, before its format.
_OTHER = "\0other "
# Methods of a frame that call a function with its rows (pyspark/sql/dataframe.py, pyspark/rdd.py).
_ROWWISE = frozenset(
    {"foreach", "foreachPartition", "mapPartitions", "mapInPandas", "applyInPandas", "map"}
)
# Ways to tell of a batch's number that do not decide anything.
_TELLING = frozenset(
    {"print", "debug", "info", "warning", "warn", "error", "exception", "critical", "log"}
)
_MOST = 6


def call_function(
    machine: Machine,
    name: str,
    args: list[Abs],
    keywords: list[tuple[str, Slot]],
    at: At,
    open_args: str | None,
) -> Abs | None:
    """A call of something of pyspark by its dotted name; None for what is not modelled."""
    builder = spark.SESSION_BUILDER.fullmatch(name)
    if builder is not None:
        begun = building.begin(machine, _SESSION, (), at)
        return _session(machine, begun, builder[1], args, keywords, at, open_args)
    if spark.CONF.fullmatch(name):
        return building.begin(machine, _CONF, (), at)
    return None


def call_method(
    machine: Machine,
    func: Bound,
    args: list[Abs],
    keywords: list[tuple[str, Slot]],
    at: At,
    open_args: str | None,
) -> Abs | None:
    """A method of a reader, a writer, a frame or a session; None for any other."""
    receiver: Abs | None = func.receiver
    if isinstance(receiver, Bound):
        if receiver.name in _BEGINS and func.name in _FIRST:
            receiver = _begun(machine, receiver, at)
        elif receiver.name == "conf" and func.name == "set" and len(args) == 2:
            return _set_conf(machine, args, at)
        else:
            receiver = objects.rooted(receiver)
    if not isinstance(receiver, Foreign) or not receiver.path.startswith("pyspark."):
        return None
    if receiver.path == _SESSION:
        return _session(machine, receiver, func.name, args, keywords, at, open_args)
    if receiver.path == _CONF:
        return _conf(machine, receiver, func.name, args, at)
    chain = _CHAIN.fullmatch(receiver.path)
    told = building.told_of(machine, receiver)
    if chain is not None and told is not None:
        return _linked(machine, chain[1], receiver, told, func.name, args, keywords, at, open_args)
    if func.name in _QUERY_ENDS:
        machine.query_ends.append(at)
    if func.name in _ROWWISE and args:
        _rowwise(machine, receiver, args[0], at)
    return None


def _begun(machine: Machine, beginning: Bound, at: At) -> Foreign | None:
    """The reader or writer that `session.readStream` or `frame.write` is."""
    base: Abs = beginning.receiver
    if isinstance(base, Bound):
        base = objects.rooted(base)
    path = _FRAME
    made_from: tuple[Abs, ...] = (base,)
    if isinstance(base, Foreign) and base.path.startswith("pyspark."):
        path, made_from = base.path, base.made_from
    elif not isinstance(base, (Foreign, Unk, Bound)):
        return None
    return building.begin(machine, f"{path}.{beginning.name}", made_from, at)


def _linked(
    machine: Machine,
    kind: str,
    receiver: Foreign,
    told: Ref,
    name: str,
    args: list[Abs],
    keywords: list[tuple[str, Slot]],
    at: At,
    open_args: str | None,
) -> Abs | None:
    """One link of a reader's or writer's chain."""
    values = [*args, *(slot.value for _, slot in keywords)]
    if name in ("option", "format", "options", "foreachBatch", "foreach", "mode", "queryName"):
        _told(machine, told, name, args, keywords, at, open_args)
    elif name in _ENDS or (kind == "write" and name in ("save", "saveAsTable")):
        return _ended(machine, kind, receiver, told, name, args, keywords, at, open_args)
    elif kind == "write" and name not in ("partitionBy", "bucketBy", "sortBy"):
        return None  # `.jdbc(…)`, `.parquet(…)`: writes that link/sinks knows
    if name in ("foreachBatch", "foreach") and kind == "writeStream" and values:
        _entered(machine, name, receiver, told, values[0], at)
    building.called_here(machine, told, at)
    return Foreign(f"{receiver.path}.{name}()", (*receiver.made_from, *values), at)


def _told(
    machine: Machine,
    told: Ref,
    name: str,
    args: list[Abs],
    keywords: list[tuple[str, Slot]],
    at: At,
    open_args: str | None,
) -> None:
    named = {key: slot.value for key, slot in keywords}
    if name == "option":
        given = dict(zip(("key", "value"), args, strict=False)) | named
        if len(given) == 2:
            building.tell_named(machine, told, given["key"], given["value"], at)
    elif name == "options":
        building.tell_keywords(machine, told, keywords, open_args)
    elif name == "queryName":
        building.tell(machine, told, _NAME, args[0] if args else Unk("a name"), None)
    elif name == "format":
        source = args[0] if args else named.get("source", Unk("a format"))
        building.tell(machine, told, _FORMAT, source, None)
    elif name in ("foreachBatch", "foreach"):
        building.tell(machine, told, _FORMAT, Lit(name), None)


def _ended(
    machine: Machine,
    kind: str,
    receiver: Foreign,
    told: Ref,
    name: str,
    args: list[Abs],
    keywords: list[tuple[str, Slot]],
    at: At,
    open_args: str | None,
) -> Abs | None:
    """The end of a chain: a source or a sink is made."""
    parameters = ("path", "format") if name != "toTable" else ("tableName", "format")
    known = ("path", "format", "schema", "outputMode", "partitionBy", "queryName", "tableName")
    given = dict(zip(parameters, args, strict=False))
    given.update({key: slot.value for key, slot in keywords if key in known})
    options = [(key, slot) for key, slot in keywords if key not in (*known, "mode")]
    if options or open_args is not None:
        building.tell_keywords(machine, told, options, open_args)
    if "format" in given:
        building.tell(machine, told, _FORMAT, given["format"], None)
    if "queryName" in given:
        building.tell(machine, told, _NAME, given["queryName"], None)
    slots = building.settings(machine, told)
    form = _form(building.known(machine, told, _FORMAT), name)
    if kind in ("readStream", "read"):
        if form != "kafka" or name != "load":
            other = Lit(_OTHER + form)
            return Foreign(_FRAME, (other,), at)
        site = building.make(machine, _BEGINS[kind], slots, at, _read_topics(slots), "spark-option")
        return Foreign(_FRAME, (KafkaClient(site.index),), at)
    sources = _drawn_from(machine, receiver)
    if kind == "write" and form != "kafka":
        return None
    if kind == "write" or form == "kafka" or sources is None or sources:
        details = (
            ("format", form),
            ("sources", "unknown" if sources is None else " ".join(map(str, sorted(sources)))),
            ("streaming", "yes" if kind == "writeStream" else "no"),
            ("named", "no" if building.known(machine, told, _NAME) is None else "yes"),
            ("always", "yes" if _always(machine, at) else "no"),
        )
        building.make(
            machine,
            _BEGINS[kind],
            slots,
            at,
            _slot(slots, "topic"),
            "spark-option",
            details=details,
        )
    if kind == "write":
        return None
    return Foreign("pyspark.sql.streaming.StreamingQuery", (), at)


def _always(machine: Machine, at: At) -> bool:
    """Whether whoever runs the program gets here while the queries before it run: no branch leads to
    this place, no function that nobody calls, and no query was waited for or stopped above it."""
    reached = bool(machine.calls) or len(machine.stack) == 1
    over = any(one.path == at.path and one.place < at.place for one in machine.query_ends)
    return reached and not machine.conditions and not over


def _form(value: Abs | None, ended_by: str) -> str:
    """The format that a reader or writer was told, in lower case."""
    if value is None:
        return "table" if ended_by == "toTable" else "parquet"
    if isinstance(value, Lit) and isinstance(value.value, str):
        text = value.value
        return text if text in ("foreachBatch", "foreach") else text.lower()
    return "unknown"


def _slot(told: DictObj, *names: str) -> tuple[Abs, ...]:
    """Options by their names, whose case does not matter (CaseInsensitiveMap)."""
    return tuple(slot.value for key, slot in told.slots.items() if key.lower() in names)


def _read_topics(told: DictObj) -> tuple[Abs, ...]:
    """`subscribe` takes several topics in one text."""
    found: list[Abs] = []
    for value in _slot(told, "subscribe"):
        if isinstance(value, Lit) and isinstance(value.value, str):
            found += [Lit(one.strip(), value.at) for one in value.value.split(",") if one.strip()]
        else:
            found.append(value)
    for value in _slot(told, "subscribepattern"):
        if isinstance(value, Lit) and isinstance(value.value, str):
            found.append(Lit("^" + value.value.removeprefix("^"), value.at))
        else:
            found.append(value)
    return (*found, *(Unk("assigned partitions") for _ in _slot(told, "assign")))


def _drawn_from(machine: Machine, writer: Foreign) -> frozenset[int] | None:
    """The Kafka sources of the frame that a writer writes; None where that is not known."""
    found = _sources(machine, writer.made_from)
    return None if not found and _by_name(writer) else found


def _sources(machine: Machine, made_from: tuple[Abs, ...], depth: int = 0) -> frozenset[int] | None:
    """The Kafka sources that a frame was made from; None where something of it is not known."""
    found: frozenset[int] = frozenset()
    unknown = other = False
    for value in made_from:
        if isinstance(value, KafkaClient):
            found |= {value.site}
        elif isinstance(value, Lit) and str(value.value).startswith(_OTHER):
            other = True
        elif isinstance(value, (Unk, Bound)) or (isinstance(value, Foreign) and _by_name(value)):
            unknown = True
        elif isinstance(value, Foreign) and depth < _MOST:
            inner = _sources(machine, value.made_from, depth + 1)
            if inner is None:
                unknown = True
            else:
                found |= inner
        elif isinstance(value, Phi) and depth < _MOST:
            inner = _sources(machine, tuple(one for _, one in value.branches), depth + 1)
            unknown = unknown or inner is None
            found |= inner or frozenset()
    return None if unknown and not found and not other else found


# Of a parameter that is annotated with the class nothing is known either.
_NAMED = re.compile(r"\.sql\(\)|\.table\(\)|\.DataFrame\(\)")


def _by_name(frame: Foreign) -> bool:
    """Whether a frame was come by through the name of a table or view, which may be a source's."""
    return _NAMED.search(frame.path) is not None


# Functions that are called with batches and rows ----------------------------------------------


def _entered(
    machine: Machine, name: str, receiver: Foreign, told: Ref, function: Abs, at: At
) -> None:
    """Note the function that is called with each batch, or row, as one that takes records."""
    from oncelint.flow.library.streams import note

    sources = _drawn_from(machine, receiver)
    if sources is not None and not sources:
        return  # records of something other than Kafka
    constructor = spark.FOREACH_BATCH if name == "foreachBatch" else spark.FOREACH
    topics: tuple[Abs, ...] = (Unk("the topics of the source"),)
    if sources is not None:
        found = [one for site in sources for one in machine.trace.sites[site].makings[:1]]
        topics = tuple(topic for one in found for topic in one.topics)
    site = building.make(machine, constructor, DictObj({}), at, topics)
    record = frozenset((site.index,))
    if name == "foreach":
        method = (
            objects.find_method(machine, function, "process") if isinstance(function, Ref) else None
        )
        note(machine, Entry(method or function, site.index, at, (Rec(record),)))
        return
    number = Rec(record, "offset")
    rows: tuple[Abs, ...] = (Rec(record),)
    if decides(machine, function):
        rows = (*rows, number)
    note(machine, Entry(function, site.index, at, (Foreign(_FRAME, rows, at), number)))


def decides(machine: Machine, function: Abs) -> bool:
    """Whether a function of a batch does anything with the batch's number but tell it."""
    before = 0
    while isinstance(function, Part):
        before += len(function.args)
        function = function.func
    if isinstance(function, Ref) and isinstance(machine.obj(function), InstanceObj):
        method = objects.find_method(machine, function, "__call__")
        function = method if method is not None else function
    if not isinstance(function, Fn):
        return True
    params = [one for one in function.node.params if one.kind == "positional"]
    params = params[before + (1 if function.bound is not None else 0) :]
    if len(params) < 2:
        return True
    body = function.node.body
    return _mentions(body, params[1].name)


def _mentions(node: object, name: str) -> bool:
    """Whether code mentions a name outside of calls that log."""
    if isinstance(node, (tuple, list)):
        return any(_mentions(one, name) for one in node)
    if isinstance(node, ir.Name):
        return node.id == name
    if isinstance(node, ir.Call):
        func = node.func
        called = func.name if isinstance(func, ir.Attribute) else getattr(func, "id", "")
        if called in _TELLING:
            return False
    slots = getattr(type(node), "__slots__", ())
    return any(_mentions(getattr(node, slot, None), name) for slot in slots)


def _rowwise(machine: Machine, frame: Foreign, function: Abs, at: At) -> None:
    """A function that is called with rows of a frame, while a batch is handled."""
    from oncelint.flow import expressions

    sites = expressions.record_sites(machine, frame)
    if sites and isinstance(function, (Fn, Part)):
        calls.call(machine, function, [Rec(sites)], [], at)


# Sessions -------------------------------------------------------------------------------------


def _session(
    machine: Machine,
    builder: Foreign,
    name: str,
    args: list[Abs],
    keywords: list[tuple[str, Slot]],
    at: At,
    open_args: str | None,
) -> Abs:
    told = building.told_of(machine, builder)
    if told is None:
        return Foreign(f"{_SESSION}.{name}()", tuple(args), at)
    if name == "config":
        named = {key: slot.value for key, slot in keywords}
        given = dict(zip(("key", "value", "conf"), args, strict=False)) | named
        if "key" in given and "value" in given:
            building.tell_named(machine, told, given["key"], given["value"], at)
        for key in ("conf", "map"):
            other = given.get(key)
            if isinstance(other, Foreign) and other.path == _CONF:
                other = building.told_of(machine, other)
            if other is not None:
                building.tell_all(machine, told, other)
    if name in ("getOrCreate", "create"):
        obj = machine.obj(told)
        if isinstance(obj, DictObj):
            building.make(machine, spark.SESSION, _streaming_settings(obj), at)
        return Foreign(_MADE_SESSION, (), at)
    return Foreign(_SESSION, (told,), at)


def _streaming_settings(told: DictObj) -> DictObj:
    from dataclasses import replace

    slots = {key: slot for key, slot in told.slots.items() if key.startswith(_SETTINGS)}
    return replace(told, slots=slots)


_SETTINGS = "spark.sql.streaming."


def _conf(machine: Machine, conf: Foreign, name: str, args: list[Abs], at: At) -> Abs:
    told = building.told_of(machine, conf)
    if told is None:
        return conf
    if name in ("set", "setIfMissing") and len(args) == 2:
        building.tell_named(machine, told, args[0], args[1], at)
    elif name == "setAll" and args:
        pairs = objects.elements(machine, args[0])
        for pair in pairs or ():
            items = objects.elements(machine, pair)
            if items is not None and len(items) == 2:
                building.tell_named(machine, told, items[0], items[1], at)
        if pairs is None:
            building.tell_all(machine, told, args[0])
    return conf


def _set_conf(machine: Machine, args: list[Abs], at: At) -> Abs | None:
    """`spark.conf.set(key, value)`."""
    key, value = args
    if not isinstance(key, Lit) or not str(key.value).startswith(_SETTINGS):
        return None
    told = DictObj({str(key.value): Slot(building.here(machine, value), key.at or at)})
    building.make(machine, spark.SESSION, told, at)
    return Lit(None)
