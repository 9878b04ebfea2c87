"""What builds sources, sinks and applications of stream processors: Spark, PyFlink, Beam, and the
settings of the frameworks whose functions flow/library/streams.py finds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oncelint.flow.values import Abs, At, Bound, Slot
from oncelint.frameworks.python.builders import PACKAGES

if TYPE_CHECKING:
    from oncelint.flow.machine import Machine


def call_function(
    machine: Machine,
    name: str,
    args: list[Abs],
    keywords: list[tuple[str, Slot]],
    at: At,
    open_args: str | None,
) -> Abs | None:
    """A call of something of these libraries by its dotted name; None for what is not modelled."""
    top = name.partition(".")[0]
    if top not in PACKAGES:
        if machine.building and "." in name:
            from oncelint.flow.library import outputs

            outputs.handed_on(machine, args, keywords)
        return None
    from oncelint.flow.library import applications, flink, spark  # where a project has them

    if top == "pyspark":
        return spark.call_function(machine, name, args, keywords, at, open_args)
    if top == "pyflink":
        return flink.call_function(machine, name, args, keywords, at, open_args)
    if top == "delta" and name.endswith("configure_spark_with_delta_pip") and args:
        return args[0]
    return applications.call_function(machine, name, args, keywords, at, open_args)


def call_method(
    machine: Machine,
    func: Bound,
    args: list[Abs],
    keywords: list[tuple[str, Slot]],
    at: At,
    open_args: str | None,
) -> Abs | None:
    """A method of what one of these libraries gave; None for any other."""
    if not machine.building or func.name in _LEFT_ALONE:
        return None
    from oncelint.flow.library import applications, flink, outputs, spark

    found = spark.call_method(machine, func, args, keywords, at, open_args)
    if found is None:
        found = flink.call_method(machine, func, args, keywords, at)
    if found is None:
        applications.call_method(machine, func, args, keywords, at)
        outputs.call_method(machine, func, args, keywords, at)
    return found


# The names of most calls, none of which is of a builder.
_LEFT_ALONE = frozenset(
    {"get", "items", "keys", "values", "append", "join", "encode", "decode", "strip", "split"}
    | {"debug", "info", "warning", "error", "exception", "poll", "produce", "execute"}
)
