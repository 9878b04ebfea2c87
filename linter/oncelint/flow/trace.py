"""What the interpreter writes down: constructions, uses of clients and writes to databases."""

from __future__ import annotations

from dataclasses import dataclass, field

from oncelint.flow.story import Story
from oncelint.flow.values import Abs, At
from oncelint.model.facts import Block
from oncelint.model.project import Step


@dataclass(eq=False, slots=True)
class LoopContext:
    """A loop being run, or a function that a framework calls with records.

    `consumers` are the sites whose records it takes; heap objects with a smaller id than `since`
    outlive its round.
    """

    at: At
    consumers: dict[int, At] = field(default_factory=dict)
    since: int = 0


@dataclass(frozen=True, slots=True)
class Making:
    """One way a construction was reached, with the configuration it had on that way.

    `details` are facts of what is made that are no settings: a sink's format, where it draws from.
    """

    block: Block
    topics: tuple[Abs, ...]
    path: tuple[Step, ...]
    called: bool
    details: tuple[tuple[str, str], ...] = ()


@dataclass(eq=False, slots=True)
class Site:
    """A place where a client is constructed.

    `rebound` when its only name was given to another client before anything was done with it.
    """

    index: int
    constructor: str
    at: At
    makings: list[Making] = field(default_factory=list)
    rebound: bool = False


@dataclass(frozen=True, slots=True)
class Use:
    """A method called on a client."""

    site: int
    method: str
    args: tuple[Abs, ...]
    keywords: tuple[tuple[str, Abs], ...]
    at: At
    loops: tuple[LoopContext, ...]
    path: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Execution:
    """Something that a library was asked to do: `receiver` is what the method was called on, or
    the function itself, and `method` then is its dotted name.

    Calls of databases are written down wherever they stand, all others where a loop takes records
    or a transaction was begun.

    `handlers` names the exception types caught around it (`*` for a bare except), `record`
    whether its arguments derive from a consumed record (None: cannot be told). `awaited`: it is
    awaited where it is called.
    """

    receiver: Abs
    method: str
    args: tuple[Abs, ...]
    keywords: tuple[tuple[str, Abs], ...]
    at: At
    loops: tuple[LoopContext, ...]
    path: tuple[Step, ...]
    handlers: tuple[str, ...]
    record: bool | None
    module: str
    awaited: bool = False


@dataclass(slots=True)
class Trace:
    """What a run leaves behind: clients, calls, stories, and what could not be followed."""

    sites: list[Site] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    executions: list[Execution] = field(default_factory=list)
    config_files: dict[str, set[int]] = field(default_factory=dict)
    abandoned: list[tuple[At, str]] = field(default_factory=list)
    errors: list[tuple[At, str]] = field(default_factory=list)
    # the applications of stream frameworks that are put to use, by their sites, and what they write
    outputs: dict[int, list[Abs]] = field(default_factory=dict)
    # those that are seen to write to Kafka or to keep state, by their sites; False: they may
    repeats: dict[int, bool] = field(default_factory=dict)
    # whose application a topic or a pipeline is: by its application's settings, or by its place
    applications: dict[object, int] = field(default_factory=dict)
    # the literals of SQL that a program has run
    scripts: dict[At, None] = field(default_factory=dict)
    # the tables that calls of a program insert into, by the calls
    inserts: dict[At, str] = field(default_factory=dict)
    stories: list[Story] = field(default_factory=list)
