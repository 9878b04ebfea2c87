"""Consume loops as subjects: what each one does, commits and waits for, and in which order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from oncelint.flow.blocks import span_of
from oncelint.flow.machine import Machine
from oncelint.flow.story import (
    Keeps,
    Node,
    Round,
    Story,
    Unseen,
    nodes,
)
from oncelint.flow.trace import Execution, LoopContext, Use
from oncelint.flow.values import Abs, At, Lit, Rec
from oncelint.frameworks.python.clients import POLLS
from oncelint.link.clients import Made, Surroundings, is_test
from oncelint.link.loops import batches, closing, waits
from oncelint.link.loops.buffered import buffered
from oncelint.link.loops.naming import named
from oncelint.link.loops.order import order_of
from oncelint.link.loops.reading import (
    COMMITS,
    NO_OFFSETS,
    SENDS,
    TAKING,
    behind,
    calls_before,
    commits_at_end,
    effects_by_node,
    ends_loop,
    escapes,
    inner_part,
    is_for,
    is_gathered,
    is_set,
    of_record,
    of_several,
    offsets_in,
    one_by_one,
    performed,
    polls_in,
    positions_in,
    topic_of,
)
from oncelint.link.loops.remembered import remembers, tells
from oncelint.link.loops.states import Events
from oncelint.link.outline import Outlines, walk
from oncelint.link.paths import call_path
from oncelint.model import ir
from oncelint.model.pipelines import Commit, Effect, Output, Pipeline
from oncelint.model.project import Consumer, Producer, Step
from oncelint.model.sinks import Sink
from oncelint.model.values import Span

_WRITES = frozenset({"produce", "send", "send_and_wait"})


_SEEKS = frozenset({"seek", "pause", "seek_to_committed", "seek_to_beginning"})


_POSITIONS = frozenset({"seek", "seek_to_beginning", "seek_to_end", "assign", "incremental_assign"})


_FLUSHES = frozenset({"flush", "commit_transaction", "close", "stop", "__exit__", "__aexit__"})


def consume_loops(
    machine: Machine,
    made: Sequence[Made],
    written: Mapping[int, tuple[Sink, ...]],
    around: Surroundings,
    outlines: Outlines,
) -> tuple[Pipeline, ...]:
    """Every consume loop that was followed, once for each consumer it takes records of.

    `written` tells, by id() of an execution, which sinks it became.
    """
    reader = _Reader(machine, made, written, around, outlines)
    found: dict[tuple[Span, Span], Pipeline] = {}
    for story in machine.trace.stories:
        for one in reader.pipelines(story):
            key = (one.span, one.consumer.span)
            known = found.get(key)
            found[key] = _joined(known, one) if known is not None else one
    return tuple(found.values())


def _joined(one: Pipeline, other: Pipeline) -> Pipeline:
    """A loop that is reached in several ways does what it does on any of them."""
    return replace(
        one,
        effects=tuple(dict.fromkeys((*one.effects, *other.effects))),
        commits=tuple({c.span: c for c in (*other.commits, *one.commits)}.values()),
        misorders=tuple(
            {
                (m.kind, m.effect.span, m.commit.span if m.commit else None): m
                for m in (*other.misorders, *one.misorders)
            }.values()
        ),
        handovers=tuple({h.span: h for h in (*other.handovers, *one.handovers)}.values()),
        waits=tuple({w.span: w for w in (*other.waits, *one.waits)}.values()),
        batches=tuple({b.span: b for b in (*other.batches, *one.batches)}.values()),
        stores=tuple(dict.fromkeys((*one.stores, *other.stores))),
        seeks=tuple(dict.fromkeys((*one.seeks, *other.seeks))),
        closes=tuple(dict.fromkeys((*one.closes, *other.closes))),
        exits=one.exits and other.exits,
        ordered=one.ordered and other.ordered,
    )


@dataclass(slots=True)
class _Loop:
    """A round that takes records of a consumer, with the places of its polls."""

    node: Round
    polls: list[Use] = field(default_factory=list)


class _Reader:
    def __init__(
        self,
        machine: Machine,
        made: Sequence[Made],
        written: Mapping[int, tuple[Sink, ...]],
        around: Surroundings,
        outlines: Outlines,
    ) -> None:
        self.machine = machine
        self.written = written
        self.around = around
        self.outlines = outlines
        self.escaped = frozenset(
            site
            for story in machine.trace.stories
            for node in nodes(story)
            if isinstance(node, (Unseen, Execution))
            for site in escapes(node)
        )
        self.uses: dict[int, list[Use]] = {}
        for use in machine.trace.uses:
            self.uses.setdefault(use.site, []).append(use)
        self.sending = [use for use in machine.trace.uses if use.method == SENDS]
        self.consumers: dict[int, Consumer] = {}
        self.producers: dict[int, Producer] = {}
        # told by the stories too: a method that is handed to other code is no use of its own
        self.called: dict[int, set[str]] = {}
        told = (node for one in machine.trace.stories for node in nodes(one))
        for use in (*machine.trace.uses, *(node for node in told if isinstance(node, Use))):
            self.called.setdefault(use.site, set()).add(use.method)
        for one in reversed(made):
            if isinstance(one.client, Consumer):
                self.consumers[one.site] = one.client
            elif isinstance(one.client, Producer):
                self.producers[one.site] = one.client

    def pipelines(self, story: Story) -> Iterator[Pipeline]:
        for site, loops in self._loops(story).items():
            consumer = self.consumers.get(site)
            if consumer is None:
                continue
            for loop in loops:
                yield self._pipeline(story, site, consumer, loop)

    # Loops ------------------------------------------------------------------------------------

    def _loops(self, story: Story) -> dict[int, list[_Loop]]:
        """By consumer, the loops that take its records.

        A poll in a loop of its own that does nothing but wait for a record belongs to the loop
        around it.
        """
        found: dict[int, dict[int, _Loop]] = {}
        acting: dict[int, bool] = {}
        for use, around in polls_in(story, ()):
            inner = tuple(reversed(around))
            chosen = next((one for one in inner if self._works(one, use.site)), None)
            chosen = chosen or next(
                (one for one in inner if self._acts(one, use.site, acting)), None
            )
            chosen = chosen or (around[-1] if around else None)
            if chosen is not None:
                loops = found.setdefault(use.site, {})
                loops.setdefault(id(chosen), _Loop(chosen)).polls.append(use)
        return {site: list(loops.values()) for site, loops in found.items()}

    def _works(self, node: Round, site: int) -> bool:
        """Whether something is done for the records of a consumer in a round."""
        return any(
            (isinstance(one, Execution) and id(one) in self.written)
            or (isinstance(one, Use) and one.method in _WRITES and of_record(one, site))
            for one in nodes(node.body)
        )

    def _acts(self, node: Round, site: int, acting: dict[int, bool]) -> bool:
        if id(node) not in acting:
            acting[id(node)] = any(
                isinstance(one, (Execution, Keeps))
                or (isinstance(one, Unseen) and one.record)
                or (isinstance(one, Use) and one.method not in TAKING)
                for one in nodes(node.body)
            )
        return acting[id(node)]

    # One loop ---------------------------------------------------------------------------------

    def _pipeline(self, story: Story, site: int, consumer: Consumer, loop: _Loop) -> Pipeline:
        context = loop.node.loop
        polled = loop.polls[0]
        start = call_path(polled.path, context, polled.at, polled.at, "")[:-1]
        inside = list(nodes(loop.node.body))
        effects = self._effects(list(performed(loop.node.body)), site, context)
        taken = Step(span_of(polled.at), "consumes here")
        queued = self._queued(inside, consumer)
        events = replace(self._events(story, site, consumer, effects, taken), queued=queued)
        found = order_of(story, events)
        in_loop = {effect.span for effect in (*effects.values(), *queued.values())}
        keys = set(map(id, inside))
        listed = [
            replace(one, done=one.span in found.after_work if found is not None else None)
            for key, one in events.commits.items()
            if key in keys
        ]
        known = {one.span for one in listed}
        later = self._sent(inside, site, found.after_work if found is not None else None)
        listed += [one for one in later if one.span not in known]
        is_async = any(one.awaited for one in inside if isinstance(one, Execution)) or (
            consumer.dialect == "aiokafka"
        )
        uses = [one for one in inside if isinstance(one, Use) and one.site == site]
        called = self.called.get(site, set())
        effect_of = effects_by_node(effects)
        return Pipeline(
            consumer=consumer,
            span=span_of(context.at),
            polled=span_of(polled.at),
            is_async=is_async,
            effects=tuple(dict.fromkeys(effects.values())),
            commits=tuple(dict.fromkeys(listed)),
            misorders=tuple(
                m for m in (found.misorders if found else ()) if m.effect.span in in_loop
            ),
            handovers=waits.handovers(
                loop.node.body, effects_by_node({**effects, **queued}), start
            ),
            waits=waits.waits(loop.node.body, start),
            batches=batches.batches(loop.node.body, effect_of, behind(story, loop.node)),
            stores=tuple(dict.fromkeys(span_of(u.at) for u in uses if u.method == "store_offsets")),
            seeks=tuple(dict.fromkeys(span_of(u.at) for u in uses if u.method in _SEEKS)),
            closes=closing.closes(story, site),
            handles_revocation=closing.handles_revocation(self.uses.get(site, ()), site),
            suspends=waits.suspends(loop.node.body) if is_async else True,
            escapes=site in self.escaped,
            sends_offsets=tuple(
                dict.fromkeys(span_of(u.at) for u in self.sending if is_for(u, site))
            ),
            exits=not loop.node.endless,
            positioned=not _POSITIONS.isdisjoint(called),
            ends=ends_loop(loop.node.body),
            commits_anywhere=not COMMITS.isdisjoint(called),
            stores_anywhere="store_offsets" in called,
            ordered=found is not None,
            in_tests=is_test(context.at.path) and not self.around.include_tests,
        )

    def _sent(
        self, inside: Sequence[Node], site: int, after_work: frozenset[Span] | None
    ) -> Iterator[Commit]:
        """The offsets that are sent to a transaction, or stored as the record's own, for a later
        call to commit them."""
        for use in inside:
            if not isinstance(use, Use):
                continue
            span = span_of(use.at)
            done = span in after_work if after_work is not None else None
            given = use.args[:1] or tuple(value for _, value in use.keywords)
            if use.method == SENDS and is_for(use, site):
                path = (*calls_before(use), Step(span, "sent to the transaction here"))
                yield replace(self._passed(use, given, path), transactional=True, done=done)
            elif use.method == "store_offsets" and use.site == site:
                path = (*calls_before(use), Step(span, "stored here, to be committed"))
                stored = self._passed(use, given, path)
                if stored.offset == "own":
                    yield replace(stored, covers="stored", done=done)

    def _effects(
        self, inside: Sequence[Node], site: int, context: LoopContext
    ) -> dict[int, Effect]:
        """By id() of the node, what is done for the records of a consumer."""
        found: dict[int, Effect] = {}
        for node in inside:
            if isinstance(node, Execution):
                sink = next(
                    (
                        one
                        for one in self.written.get(id(node), ())
                        if one.consumer.span == self.consumers[site].span
                    ),
                    None,
                )
                if sink is not None:
                    path = inner_part(sink.path)
                    many = of_several(node)
                    found[id(node)] = Effect(sink.span, named(sink), path, many, sink)
            elif isinstance(node, Use) and node.method in _WRITES and node.site in self.producers:
                if not of_record(node, site):
                    continue
                producer = self.producers[node.site]
                path = inner_part(call_path(node.path, context, node.at, node.at, "produces here"))
                output = Output(producer, span_of(node.at), path)
                what = f"the {node.method}() to {topic_of(node)}"
                found[id(node)] = Effect(output.span, what, path, False, None, output)
        return found

    def _queued(self, inside: Sequence[Node], consumer: Consumer) -> dict[int, Effect]:
        """By id() of the node, what a worker does with the records that are put into a queue."""
        puts = [n for n in inside if isinstance(n, Keeps) and n.into.startswith("queue")]
        if not puts:
            return {}
        here = set(map(id, inside))
        sink = next(
            (
                one
                for key, sinks in self.written.items()
                if key not in here
                for one in sinks
                if one.consumer.span == consumer.span
            ),
            None,
        )
        if sink is None:
            return {}
        return {
            id(put): Effect(
                sink.span,
                named(sink),
                (Step(span_of(put.at), "put into a queue here"), Step(sink.span, "writes here")),
                sink=sink,
            )
            for put in puts
        }

    def _events(
        self,
        story: Story,
        site: int,
        consumer: Consumer,
        effects: Mapping[int, Effect],
        taken: Step,
    ) -> Events:
        every = [node for node in nodes(story) if isinstance(node, Use)]
        own = [use for use in every if use.site == site]
        stored_by_itself = is_set(consumer, "enable.auto.commit", True)
        commits = {id(use): self._commit(use, consumer) for use in own if use.method in COMMITS}
        stores = {id(use): use for use in own if use.method == "store_offsets"}
        if stored_by_itself:
            commits |= {
                key: replace(self._commit(use, consumer), covers="record")
                for key, use in stores.items()
            }
        sent = [use for use in every if use.method == SENDS and is_for(use, site)]
        senders = {use.site for use in sent}
        gathered = {use.site for use in sent if any(is_gathered(value) for value in use.args)}
        for use in every:
            if use.method == "commit_transaction" and use.site in senders:
                path = (*calls_before(use), Step(span_of(use.at), "commits the transaction here"))
                commits[id(use)] = Commit(
                    span_of(use.at),
                    "offsets",
                    path,
                    transactional=True,
                    collected=use.site in gathered,
                )
        transactional = {u.site for u in every if u.method in ("begin_transaction", "transaction")}
        return Events(
            site=site,
            polls=frozenset(id(use) for use in own if use.method in POLLS),
            effects=effects,
            commits=commits,
            stores=frozenset(stores) - set(commits),
            sent_offsets=frozenset(id(use) for use in sent),
            aborts=frozenset(
                id(use)
                for use in every
                if use.method == "abort_transaction" and use.site in senders
            ),
            seeks=frozenset(id(use) for use in own if use.method in _SEEKS),
            closes=frozenset(id(use) for use in own if commits_at_end(use, consumer)),
            unflushed=buffered(story, transactional),
            flushes={id(use): use.site for use in every if use.method in _FLUSHES},
            taken=taken,
            single=one_by_one(consumer),
            remembers=self._remembers,
            tells=self._tells,
            alone=not is_set(consumer, "enable.auto.commit", False),
        )

    def _tells(self, at: At) -> bool:
        outline = self.outlines.get(at.path)
        return outline is not None and tells(outline, at.place)

    def _remembers(self, at: At) -> bool:
        outline = self.outlines.get(at.path)
        return outline is not None and remembers(outline, at.place)

    def _commit(self, use: Use, consumer: Consumer) -> Commit:
        given = [*use.args, *(v for name, v in use.keywords if name not in NO_OFFSETS)]
        given = [one for one in given if not (isinstance(one, Lit) and one.value is None)]
        named = {name for name, _ in use.keywords}
        path = (*calls_before(use), Step(span_of(use.at), "commits here"))
        if use.method == "store_offsets":
            path = (*calls_before(use), Step(span_of(use.at), "stored here, to be committed"))
        waited = use.method != "commit_async" and not any(
            name in ("asynchronous", "async") and not (isinstance(v, Lit) and v.value is False)
            for name, v in use.keywords
        )
        if not given:
            stored = consumer.dialect == "librdkafka" and not is_set(
                consumer, "enable.auto.offset.store", True
            )
            covers: Literal["delivered", "stored"] = "stored" if stored else "delivered"
            return Commit(span_of(use.at), covers, path, waits=waited)
        if "message" in named or (consumer.dialect == "librdkafka" and isinstance(given[0], Rec)):
            return Commit(
                span_of(use.at), "record", path, waits=waited, collected=self._is_carried(use)
            )
        return replace(self._passed(use, given, path), waits=waited)

    def _is_carried(self, use: Use) -> bool:
        """Whether the record that is committed may be one of an earlier round: an attribute, or a
        name that was given another name's value."""
        outline = self.outlines.get(use.at.path)
        call = outline.call(use.at.place) if outline is not None else None
        if outline is None or call is None:
            return False
        given = next(iter((*call.args, *(one.value for one in call.keywords))), None)
        if isinstance(given, ir.Attribute):
            return True
        if not isinstance(given, ir.Name):
            return False
        around = outline.function(call)
        body = around.body if isinstance(around, ir.Function) else outline.module.body
        return any(
            isinstance(node, ir.Assign)
            and isinstance(node.value, ir.Name)
            and any(isinstance(one, ir.Name) and one.id == given.id for one in node.targets)
            for stmt in body
            for node in walk(stmt)
        )

    def _passed(self, use: Use, given: Sequence[Abs], path: tuple[Step, ...]) -> Commit:
        """A commit of offsets that are passed to it."""
        offset = next(offsets_in(given), None)
        kind: Literal["own", "next"] | None = None
        if offset is not None:
            kind = {0: "own", 1: "next"}.get(offset.plus)  # type: ignore[assignment]
        return Commit(
            span_of(use.at),
            "offsets",
            path,
            kind,
            self._written_offset(use, given) if kind == "own" else None,
            collected=offset is None or any(is_gathered(one) for one in given),
        )

    def _written_offset(self, use: Use, given: Sequence[Abs]) -> Span | None:
        """Where the offset is written that is given to a call, or to the position it is given."""
        made = next(positions_in(given), None)
        found = self._offset_in(made.at) if made is not None and made.at is not None else None
        return found or self._offset_in(use.at)

    def _offset_in(self, at: At) -> Span | None:
        """The one place in a call where an offset is written; None where there are several."""
        outline = self.outlines.get(at.path)
        call = outline.call(at.place) if outline is not None else None
        if outline is None or call is None:
            return None
        found = [
            node
            for node in walk(call)
            if isinstance(node, ir.Attribute)
            and node.name == "offset"
            and not isinstance(outline.parent(node), ir.Binary)
        ]
        if len(found) != 1:
            return None
        holder = outline.parent(found[0])
        called = isinstance(holder, ir.Call) and holder.func is found[0]
        return outline.span(holder if called and holder is not None else found[0])
