"""How long producers live, and what becomes of the records they are given.

What was made and used comes from the interpreter's trace; in which loop, function or handler a
construction stands, and what holds its value, is read off the code around it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from oncelint.flow.blocks import span_of
from oncelint.flow.trace import Site, Trace, Use
from oncelint.flow.values import Abs, Built, Comp, Foreign, Items, Lit, Phi, Rec
from oncelint.frameworks.python.clients import POLLS
from oncelint.link.clients import Made, is_test
from oncelint.link.outline import (
    Fate,
    Level,
    Node,
    Outline,
    Outlines,
    derived_names,
    fate,
    given_away,
    header,
    last_name,
    names,
    traced_loops,
)
from oncelint.link.producers.callers import entry
from oncelint.link.producers.constructing import INITS, constructs, initialises, one_instance
from oncelint.link.producers.levels import (
    always_runs,
    at_once,
    cached,
    ends_with,
    is_call_of,
    is_inside,
    is_script,
    job_of,
    loop_span,
    matters,
    nodes_at,
    receiver_of,
    repeats,
    steps_of,
)
from oncelint.link.producers.resends import resends_of
from oncelint.link.producers.results import forgotten, goes_on, has_callback, looked_at
from oncelint.link.producers.rounds import (
    derived_from,
    few_rounds,
    gets_varied,
    makes_consumer,
    pauses,
    sends_to_each,
    succeeds_once,
)
from oncelint.model import ir
from oncelint.model.pipelines import Lifecycle, Send
from oncelint.model.project import Producer, Step
from oncelint.model.values import Span

WRITES = frozenset({"produce", "send", "send_and_wait"})


_ENDS = frozenset(
    {"flush", "close", "stop", "poll", "__exit__", "__aexit__", "commit_transaction", "purge"}
)


@dataclass(frozen=True, slots=True)
class _Owner:
    """The expression whose value is the producer, or what holds it, for as long as it lives.

    `held_as` are the attributes by which the objects on the way hold it.
    """

    index: int
    node: ir.Call
    fate: Fate
    held_as: frozenset[str] = frozenset()


_For: TypeAlias = Literal["record", "request", "round"]


@dataclass(frozen=True, slots=True)
class _Repeated:
    """What makes a producer again and again, and how the way leads there."""

    loop: Span | None
    function: Span | None
    what: _For
    path: tuple[Step, ...]


def lifecycles(made: Sequence[Made], trace: Trace, outlines: Outlines) -> tuple[Lifecycle, ...]:
    """The lifecycle of every producer that is made in Python.

    `made` are the clients with their sites, `outlines` give the code around what was traced.
    """
    uses: dict[int, list[Use]] = {}
    for use in trace.uses:
        uses.setdefault(use.site, []).append(use)
    polled = _polled(trace, outlines)
    found = []
    for one in made:
        if isinstance(one.client, Producer):
            site = trace.sites[one.site]
            life = _Life(one.client, site, uses.get(one.site, []), outlines, polled)
            found.append(life.told(bool(trace.abandoned)))
    return tuple(found)


def _polled(trace: Trace, outlines: Outlines) -> frozenset[tuple[str, ir.Place]]:
    """The loops, and functions called with records, that take a record in each round themselves;
    those around them are left out."""
    found = set()
    for use in trace.uses:
        if use.method in POLLS and use.loops:
            found.add((use.loops[-1].at.path, use.loops[-1].at.place))
    for loop in traced_loops(trace):
        if not loop.consumers:
            continue
        path, place = loop.at.path, loop.at.place
        outline = outlines.get(path)
        written = outline.loop(place) if outline is not None else None
        if written is None:
            found.add((path, place))  # a function that a framework calls with records
        elif written.iter is not None:
            taken = {at.place for at in loop.consumers.values() if at.path == path}
            if written.iter.place in taken:
                found.add((path, place))
    return frozenset(found)


class _Life:
    """One producer, with everything that is done with it."""

    def __init__(
        self,
        producer: Producer,
        site: Site,
        uses: Sequence[Use],
        outlines: Outlines,
        polled: Collection[tuple[str, ir.Place]],
    ) -> None:
        self.producer = producer
        self.site = site
        self.outlines = outlines
        self.polled = polled
        self.uses = [(use, outlines.levels(use.path, use.at)) for use in uses]
        self.writes = [(use, way) for use, way in self.uses if use.method in WRITES]

    def told(self, abandoned: bool) -> Lifecycle:
        makings = [one for one in self.site.makings if one.called] or self.site.makings
        ways = [self.outlines.levels(one.path, self.site.at) for one in makings]
        ways = [way for way in ways if way and not is_test(way[0].outline.path)]
        ways = [way for way in ways if not any(ends_with(other, way) for other in ways)]
        owners = [(way, self.owner(way)) for way in ways]
        repeated = next(filter(None, (self.repeated(*one) for one in owners)), None)
        live = next(filter(None, (self.live(*one) for one in owners)), None)
        if live is None and repeated is not None and repeated.what == "request":
            live = ("requests", repeated.function)
        sends = tuple(self.sends())
        escapes = abandoned or not owners or any(self.escapes(*one) for one in owners)
        return Lifecycle(
            producer=self.producer,
            made_in_loop=repeated.loop if repeated is not None else None,
            made_per_call=repeated.function if repeated is not None else None,
            made_for=repeated.what if repeated is not None else None,
            made_path=repeated.path if repeated is not None else (),
            sends=sends,
            flushes=tuple(self.flushes(owners)),
            resends=tuple(resends_of(self.writes, self.producer.dialect)),
            escapes=escapes,
            ends=None if escapes else self.ends(owners),
            live=live[0] if live is not None else None,
            live_span=live[1] if live is not None else None,
            jobs=tuple(dict.fromkeys(job for way in ways if (job := job_of(way)) is not None)),
            lasting=any(self.lasts(step) for _, way in self.writes for step in way),
            reached=any(
                way[0].function is None or self.entered(way[0]) is not None
                for _, way in self.writes
                if way
            ),
            bare_groups=tuple(self.bare_groups()),
        )

    # Who holds it -----------------------------------------------------------------------------

    def owner(self, way: Sequence[Level]) -> _Owner:
        """Follow a construction out of factories and wrapper classes to what holds it."""
        index = len(way) - 1
        node = way[index].call
        held_as: frozenset[str] = frozenset()
        while True:
            level = way[index]
            what = fate(level.outline, node)
            if what.kind in ("attribute", "module") and what.name is not None:
                held_as |= {what.name}
            if cached(level.function):
                return _Owner(index, node, Fate("kept"), held_as)
            function = level.function
            in_init = isinstance(function, ir.Function) and function.name in INITS
            if in_init and function is not None and one_instance(level.outline.owner(function)):
                return _Owner(index, node, Fate("kept"), held_as)
            own = in_init and initialises(node)
            leaves = what.kind == "returned" or (what.kind == "attribute" and in_init) or own
            if not leaves or index == 0 or function is None:
                kind = Fate("kept", what.name) if leaves else what
                return _Owner(index, node, kind, held_as)
            caller = way[index - 1].call
            if not in_init and not is_call_of(caller, function):
                return _Owner(index, node, Fate("kept"), held_as)
            index, node = index - 1, caller

    def escapes(self, way: Sequence[Level], owner: _Owner) -> bool:
        """Whether code that is not seen may hold the producer, or do something with it."""
        if not constructs(way[-1], self.site.constructor.rpartition(".")[2]):
            return True  # a subclass, which may do with itself what it likes
        if owner.fate.kind == "kept":
            return not owner.fate.pooled
        return bool(owner.held_as) and any(
            given_away(*one) for one in self.outlines.mentions(owner.held_as)
        )

    # How often it is made ---------------------------------------------------------------------

    def repeated(self, way: Sequence[Level], owner: _Owner) -> _Repeated | None:
        level = way[owner.index]
        if owner.fate.kind == "attribute":
            # an object keeps it only until it is made anew, if that is whenever the way comes here
            if not all(always_runs(one.outline, one.call) for one in way):
                return None
        elif owner.fate.kind not in ("local", "module"):
            return None
        inside = [(use, node) for use, node in (self.at(one, level) for one in self.writes) if node]
        if not inside:
            return None
        nodes = [node for _, node in inside]
        for loop in level.outline.loops_around(owner.node):
            told = self.in_loop(level, owner, loop, nodes)
            if told is not None:
                steps = steps_of(way[owner.index :])
                return _Repeated(loop_span(level.outline, loop), None, told, steps)
            if level.outline.function(loop) is level.function:
                return None  # an outer loop restarts what the inner one does
        return self.per_call(way, owner, nodes)

    def at(self, one: tuple[Use, tuple[Level, ...]], level: Level) -> tuple[Use, Node | None]:
        """The expression by which a use is reached in the function of a level."""
        use, way = one
        for step in way:
            if step.outline is level.outline and step.function is level.function:
                return use, step.call
        return use, None

    def in_loop(
        self, level: Level, owner: _Owner, loop: ir.Loop, sends: Sequence[Node]
    ) -> _For | None:
        """For what a loop makes a producer in each round; None when it does not."""
        outline = level.outline
        if any(
            not is_inside(outline, use, loop) for use in owner.fate.uses if matters(outline, use)
        ):
            return None  # it outlives the loop
        if _guarded(outline, owner, loop):
            return None
        here = [node for node in sends if is_inside(outline, node, loop)]
        if not here:
            return None
        if makes_consumer(loop):
            return None  # it starts everything again after an error
        consumes = self.consumes(outline, loop)
        if not consumes:
            if all(self.batched(node) for node in here):
                return None
            if not any(next(outline.loops_around(node), None) is loop for node in here):
                return None  # it is made again only when the loop inside ends
            if few_rounds(level, loop) or pauses(loop):
                return None
            if loop.target is not None and sends_to_each(here, names(loop.target)):
                return None
        if self.depends(owner.node, loop) or succeeds_once(outline, loop, owner.node):
            return None
        return "record" if consumes else "round"

    def batched(self, node: Node) -> bool:
        """Whether a call leads to many sends: a loop inside what is called stands around them."""
        ways = [way for _, way in self.writes if any(step.call is node for step in way)]
        return (
            bool(ways)
            and all(
                next(step.outline.loops_around(step.call), None) is not None
                for way in ways
                for step in way[[step.call is node for step in way].index(True) + 1 :][-1:]
            )
            and any(len(way) > 1 and way[-1].call is not node for way in ways)
        )

    def consumes(self, outline: Outline, loop: ir.Loop) -> bool:
        """Whether a loop takes a record in each round, by itself and not by a loop inside."""
        return (outline.path, loop.place) in self.polled

    def depends(self, node: ir.Call, loop: ir.Loop) -> bool:
        """Whether the configuration is another one in each round of a `for` loop."""
        if loop.target is None:
            return False
        return bool(names(node) & derived_names(names(loop.target), loop.body))

    def per_call(
        self, way: Sequence[Level], owner: _Owner, sends: Sequence[Node]
    ) -> _Repeated | None:
        """What calls the function that makes and drops a producer for each record or request."""
        level = way[owner.index]
        function = level.function
        if not isinstance(function, ir.Function) or _guarded(level.outline, owner, None):
            return None
        place = header(level.outline.path, function)
        steps = steps_of(way[owner.index :])
        for index in range(owner.index, -1, -1):
            outer = way[index]
            if index < owner.index:
                for loop in outer.outline.loops_around(outer.call):
                    told = self.called_in(way, owner, index, loop, sends)
                    if told is None:
                        return None
                    return _Repeated(None, place, told, steps_of(way[index:]))
            what = self.entered(outer)
            if what == "record" and all(map(self.many, nodes_at(self.writes, outer))):
                return None  # it is called with a stream or a batch
            if what is not None:
                start = Step(header(outer.outline.path, outer.function), _HANDLES[what])
                return _Repeated(None, place, what, (start, *steps_of(way[index:])))
        return self.called_elsewhere(level, function, place, steps)

    def entered(self, level: Level) -> Literal["record", "request"] | None:
        """For what a function is called from outside the project."""
        function = level.function
        if function is not None and (level.outline.path, function.place) in self.polled:
            return "record"
        return entry(level.outline, function)

    def many(self, one: tuple[Level, Node]) -> bool:
        """Whether a call stands in a loop of its function, or leads to one."""
        level, node = one
        return next(level.outline.loops_around(node), None) is not None

    def called_elsewhere(
        self, level: Level, function: ir.Function, place: Span, steps: tuple[Step, ...]
    ) -> _Repeated | None:
        """The same from the sends' ways: the construction may have been traced from one caller."""
        for _, way in self.writes:
            for index, step in enumerate(way):
                if step.function is not function:
                    continue
                for outer in range(index - 1, -1, -1):
                    what = self.entered(way[outer])
                    if what is not None:
                        at = header(way[outer].outline.path, way[outer].function)
                        start = Step(at, _HANDLES[what])
                        return _Repeated(
                            None, place, what, (start, *steps_of(way[outer:index]), *steps)
                        )
        return None

    def called_in(
        self,
        way: Sequence[Level],
        owner: _Owner,
        index: int,
        loop: ir.Loop,
        sends: Sequence[Node],
    ) -> _For | None:
        """For what a loop calls, on some way, the function that makes the producer."""
        outer, inner = way[index], way[owner.index]
        if self.consumes(outer.outline, loop):
            return "record" if not succeeds_once(outer.outline, loop, outer.call) else None
        if all(next(inner.outline.loops_around(node), None) is not None for node in sends):
            return None  # one producer for a batch
        if few_rounds(outer, loop) or pauses(loop) or makes_consumer(loop):
            return None
        if succeeds_once(outer.outline, loop, outer.call):
            return None
        if loop.target is not None and isinstance(inner.function, ir.Function):
            # the configuration may be another one in each round
            given = {one.name for one in inner.function.params if one.name not in ("self", "cls")}
            used = given & derived_from(inner, owner.node)
            varied = derived_names(names(loop.target), loop.body)
            if used and (
                index + 1 != owner.index or gets_varied(outer.call, inner.function, used, varied)
            ):
                return None
        return "round"

    # Several at once --------------------------------------------------------------------------

    def live(
        self, way: Sequence[Level], owner: _Owner
    ) -> tuple[Literal["pool", "threads", "requests"], Span | None] | None:
        level = way[owner.index]
        if owner.fate.kind == "kept" and owner.fate.pooled and repeats(level, owner.node):
            return ("pool", level.outline.span(owner.node))
        if owner.fate.kind != "local":
            return None  # what holds it may be one for all of them
        for outer in way[: owner.index]:
            if at_once(outer):
                return ("threads", outer.span)
        return None

    # What becomes of records ------------------------------------------------------------------

    def sends(self) -> Iterator[Send]:
        records = {
            span_of(use.at)
            for use, _ in self.writes
            if any(_of_record(one) for one in (*use.args, *(one for _, one in use.keywords)))
        }
        seen: set[Span] = set()
        for use, way in self.writes:
            at = span_of(use.at)
            if at in seen:
                continue
            seen.add(at)
            if not way:
                yield Send(at, True, True, use.path, record=at in records)
                continue
            level = way[-1]
            yield Send(
                at,
                has_callback(level.call, self.producer.dialect),
                looked_at(level, self.producer.dialect, use.method),
                use.path,
                started=not forgotten(level, self.producer.dialect, use.method),
                record=at in records,
                topic=_topic_name(level.call),
            )

    def flushes(self, owners: Iterable[tuple[Sequence[Level], _Owner]]) -> Iterator[Span]:
        """Where something waits for the producer's records, or may do so under its name."""
        found: dict[Span, None] = {}
        for use, _ in self.uses:
            if use.method in _ENDS:
                found[span_of(use.at)] = None
        held = {last_name(receiver_of(way)) for _, way in self.uses if way}
        for way, owner in owners:
            level = way[owner.index]
            held |= {owner.fate.name, *owner.held_as}
            holder = level.outline.parent(owner.node)
            while isinstance(holder, ir.Await):
                holder = level.outline.parent(holder)
            if isinstance(holder, ir.With):
                found[level.outline.span(owner.node)] = None
            for use_ in owner.fate.uses:
                if isinstance(level.outline.parent(use_), ir.With):
                    found[level.outline.span(use_)] = None
        if found or not self.writes:
            # it is enough to know of one, and where none is seen a name may tell of another
            yield from found
            return
        for outline, one in self.outlines.mentions(_ENDS):
            if last_name(one.base) in held - {None}:
                found[outline.span(one)] = None
        yield from found

    def ends(
        self, owners: Sequence[tuple[Sequence[Level], _Owner]]
    ) -> Literal["function", "script"] | None:
        """Where its life certainly ends, soon after the last record was handed over."""
        told: set[Literal["function", "script"] | None] = set()
        for way, owner in owners:
            level = way[owner.index]
            outer = way[: owner.index + 1]
            functions = [*outer, *(step for _, sent in self.writes for step in sent)]
            if any(goes_on(one, self.polled) for one in functions):
                told.add(None)
            elif owner.fate.kind == "local" and level.function is not None:
                told.add("function")
            elif owner.fate.kind == "module" or level.function is None:
                once = way[0].function is None and owner.fate.kind in ("module", "local")
                told.add("script" if once and is_script(way[0].outline, self.writes) else None)
            else:
                told.add(None)
        return told.pop() if len(told) == 1 else None

    def lasts(self, level: Level) -> bool:
        """Whether a call stands in a loop that does not end by itself."""
        return any(
            self.consumes(level.outline, loop)
            or (isinstance(loop.test, ir.Const) and bool(loop.test.value))
            for loop in level.outline.loops_around(level.call)
        )

    def bare_groups(self) -> Iterator[Span]:
        for use, way in self.uses:
            if use.method != "send_offsets_to_transaction" or not way:
                continue
            given = use.args[1] if len(use.args) > 1 else None
            for name, value in use.keywords:
                if name in _GROUP_KEYWORDS:
                    given = value
            if given is not None and _is_text(given):
                call = way[-1].call
                node = next((k.value for k in call.keywords if k.name in _GROUP_KEYWORDS), None)
                shown = node if node is not None else call.args[1] if len(call.args) > 1 else call
                yield way[-1].outline.span(shown)


_GROUP_KEYWORDS = ("group_metadata", "consumer_group_id", "group_id")


_HANDLES: Mapping[_For, str] = {
    "request": "handles a request",
    "record": "is called with a record",
    "round": "is called again and again",
}


def _guarded(outline: Outline, owner: _Owner, until: ir.Loop | None) -> bool:
    """Whether it is made only where there is none yet: `if producer is None:`, `except
    KafkaError: producer = …`."""
    held = owner.fate.name
    for holder, child in outline.around(owner.node):
        if holder is until or isinstance(holder, (ir.Function, ir.Lambda)):
            return False
        if isinstance(holder, ir.If) and child is not holder.test:
            if held is not None and held in names(holder.test):
                return True
        if isinstance(holder, ir.Handler):
            return True
    return False


def _of_record(value: Abs, depth: int = 4) -> bool:
    """Whether a value derives from a consumed record, as far as it was followed."""
    if isinstance(value, (Rec, Comp)):
        return bool(value.sites)
    inner: Iterable[Abs] = ()
    if isinstance(value, Phi):
        inner = (one for _, one in value.branches)
    elif isinstance(value, Items):
        inner = value.items
    elif isinstance(value, Built):
        inner = (one for _, one in value.fields)
    elif isinstance(value, Foreign):
        inner = value.made_from
    return depth > 0 and any(_of_record(one, depth - 1) for one in inner)


def _topic_name(call: ir.Call) -> str:
    node = next((one.value for one in call.keywords if one.name == "topic"), None)
    if node is None and call.args:
        node = call.args[0]
    if isinstance(node, ir.Subscript):
        node = node.base
    if isinstance(node, ir.Text):
        return node.value
    return last_name(node) or ""


def _is_text(value: Abs) -> bool:
    if isinstance(value, Phi):
        return all(_is_text(one) for _, one in value.branches)
    return isinstance(value, Lit) and isinstance(value.value, str)
