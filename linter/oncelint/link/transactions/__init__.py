"""The transactional protocol as a typestate: how every transactional producer is used."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from oncelint.flow.blocks import span_of
from oncelint.flow.story import (
    Joins,
    Made,
    Round,
    Spawned,
    Story,
    Unseen,
    Within,
    bodies,
    nodes,
)
from oncelint.flow.trace import Execution, Use
from oncelint.flow.values import At, File, Foreign
from oncelint.link.clients import Made as MadeClient
from oncelint.link.outline import Outline, all_nodes, last_name
from oncelint.link.transactions.graph import TooLarge, ways_through
from oncelint.link.transactions.typestate import (
    LABELS,
    METHODS,
    PROTOCOL,
    Mark,
    Subject,
    clients_in,
    mentions,
    trail,
)
from oncelint.link.transactions.ways import Walk
from oncelint.model import ir
from oncelint.model.pipelines import ProtocolProblem, TransactionTrace
from oncelint.model.project import Consumer, Producer, Step
from oncelint.model.sinks import Sink

_COMMITS = frozenset({"commit", "commit_async"})


def transaction_traces(
    stories: Sequence[Story],
    made: Sequence[MadeClient],
    sinks: Mapping[int, tuple[Sink, ...]] | None = None,
    outline: Callable[[str], Outline | None] = lambda path: None,
) -> tuple[TransactionTrace, ...]:
    """What is seen of every transactional producer's use, in the order in which they are made.

    `stories` are those of all roots; `made` the clients of the project; `sinks` the writes by the
    identity of their Execution, as link/sinks finds them; `outline` gives the code of a file, in
    which calls are looked for that no story tells of.
    """
    traced = []
    producers: dict[int, Producer] = {}
    for one in made:
        if isinstance(one.client, Producer):
            producers.setdefault(one.site, one.client)
    consumers: dict[int, list[Consumer]] = {}
    for one in made:
        if isinstance(one.client, Consumer):
            consumers.setdefault(one.site, []).append(one.client)
    concerning: dict[int, list[Story]] = {}
    if any(producer.uses_transactions for producer in producers.values()):
        for story in stories:
            for site in _concerned(story):
                concerning.setdefault(site, []).append(story)
    for site, producer in producers.items():
        if not producer.uses_transactions:
            continue
        told = concerning.get(site, [])
        traced.append(_Producer(site, producer, told, consumers, sinks or {}, outline).trace())
    return tuple(traced)


def _concerned(story: Story) -> set[int]:
    """The sites of the clients that a story is about."""
    found: set[int] = set()
    for node in nodes(story):
        if isinstance(node, (Use, Made)):
            found.add(node.site)
        elif isinstance(node, Within):
            found.update(clients_in(node.manager))
    return found


class _Producer(Subject):
    """Follows one producer through all stories that concern it."""

    def trace(self) -> TransactionTrace:
        complete = self.complete() and not self.several()
        if complete:
            queue = list(self.stories)
            for story in queue:
                try:
                    graph = ways_through(story)
                except TooLarge:
                    complete = False
                    break
                queue.extend(one.body for one in graph.spawned)
                Walk(self, list(graph.points()), graph.entry).judge()
            self.shared()
            self.consumer_commits()
        problems = tuple(self.found.problems.values()) if complete else ()
        return TransactionTrace(
            producer=self.producer,
            begins=self.places("begin_transaction", "transaction"),
            commits=self.places("commit_transaction"),
            aborts=self.places("abort_transaction"),
            consumers=tuple({one.span: one for _, one in self.feeding()}.values()),
            problems=problems,
            spent=tuple(self.spent),
            complete=complete,
        )

    # What is seen ---------------------------------------------------------------------------------

    def complete(self) -> bool:
        """Whether every call of the protocol in the files that concern the producer was followed.

        A method that is handed on as a value, or called on something unknown, may be this one's.
        """
        paths = {use.at.path for use in self.uses}
        seen = {
            (node.at.path, node.at.place)
            for story in self.stories
            for node in nodes(story)
            if isinstance(node, Use)
        }
        for path in paths:
            loaded = self.outline(path)
            if loaded is None:
                continue
            for name in PROTOCOL:
                for one in loaded.attributes(name):
                    call = loaded.parent(one)
                    if not isinstance(call, ir.Call) or call.func is not one:
                        return False
                    if (path, call.place) not in seen:
                        return False
        return True

    def several(self) -> bool:
        """Whether the construction may have made several producers that live side by side."""
        for story in self.stories:
            made = [node for node in nodes(story) if isinstance(node, Made)]
            ours = [node for node in made if node.site == self.site]
            if len(ours) > 1:
                return True
            if ours and self.kept_from_loop(story):
                return True
            if ours and self.in_comprehension(ours[0].at):
                return True
        return False

    def kept_from_loop(self, story: Story) -> bool:
        """Whether a loop makes the producer in its rounds and something outside of it uses it."""
        for node in nodes(story):
            if not isinstance(node, Round):
                continue
            inside = list(nodes((node,)))
            if any(isinstance(one, Made) and one.site == self.site for one in inside):
                uses = sum(isinstance(one, Use) and one.site == self.site for one in inside)
                total = sum(isinstance(one, Use) and one.site == self.site for one in nodes(story))
                if uses != total:
                    return True
        return False

    def in_comprehension(self, at: At) -> bool:
        loaded = self.outline(at.path)
        return loaded is not None and loaded.in_comprehension(at.place)

    # Offsets --------------------------------------------------------------------------------------

    def consumer_commits(self) -> None:
        """Offsets that the consumer commits, where the transaction has the results."""
        if any(use.method == "send_offsets_to_transaction" for use in self.uses):
            return
        begun = [use for use in self.uses if use.method in ("begin_transaction", "transaction")]
        loops = [loop for loop, _ in self.feeding()]
        sites = {site for loop in loops for site in loop.consumers}
        for story in self.stories:
            for node in nodes(story):
                if not isinstance(node, Use) or node.method not in _COMMITS:
                    continue
                if node.site not in sites:
                    continue
                around = [one for one in loops if one in node.loops and node.site in one.consumers]
                first = next(
                    (one for one in begun if set(map(id, one.loops)) & set(map(id, around))), None
                )
                if not around or first is None:
                    continue
                written = next(
                    use
                    for use in self.uses
                    if METHODS.get(use.method) == "produce" and around[0] in use.loops
                )
                marks = [
                    Mark(span_of(around[0].consumers[node.site]), "consumes here"),
                    Mark(span_of(first.at), LABELS["begin"], first.path),
                    Mark(span_of(written.at), LABELS["produce"], written.path),
                    Mark(span_of(node.at), "commits the offsets here", node.path),
                ]
                self.found.add(
                    ProtocolProblem(
                        "consumer-commit", span_of(node.at), trail(marks), method=node.method
                    )
                )

    # Tasks ----------------------------------------------------------------------------------------

    def shared(self) -> None:
        """Transactions that are begun in several tasks or threads at a time."""
        for story in self.stories:
            for spawned, together in _tasks(story, False):
                begin = self.begun_in(spawned.body)
                if begin is None or not together or self.is_alone(spawned):
                    continue
                made = self.producer.span
                steps = (
                    Step(made, LABELS["made"]),
                    Step(span_of(spawned.at), f"handed to {spawned.how} here"),
                    Step(span_of(begin), LABELS["begin"]),
                )
                self.found.add(
                    ProtocolProblem("shared", span_of(spawned.at), steps, method=spawned.how)
                )

    def is_alone(self, spawned: Spawned) -> bool:
        """Whether a task makes a producer of its own, or may be done by an executor's one
        thread."""
        if any(isinstance(one, Made) and one.site == self.site for one in nodes(spawned.body)):
            return True
        loaded = self.module(spawned.at.path) if "executor" in spawned.how else None
        if loaded is None:
            return False
        return any(
            isinstance(node, ir.Call) and _runs_alone(node) for node in all_nodes(loaded.body)
        )

    def may_lock(self, node: Within) -> bool:
        """Whether a `with` may keep others out; one that is not known may, if it opens no file."""
        manager = node.manager
        if isinstance(manager, File):
            return False
        if isinstance(manager, Foreign):
            return any(word in manager.path for word in _LOCKS)
        loaded = self.module(node.at.path)
        return not any(
            isinstance(one, ir.Call)
            and one.place == node.at.place
            and last_name(one.func) == "open"
            for one in all_nodes(loaded.body if loaded is not None else ())
        )

    def begun_in(self, story: Story) -> At | None:
        """Where a task begins a transaction that no lock keeps from being another one's, too."""
        for node in story:
            if isinstance(node, Use) and node.site == self.site:
                if node.method in ("begin_transaction", "transaction"):
                    return node.at
            elif isinstance(node, Within) and not mentions(node.manager, self.site):
                if not self.may_lock(node):
                    found = self.begun_in(node.body)
                    if found is not None:
                        return found
                continue
            elif isinstance(node, (Execution, Unseen)) and _acquires(node):
                return None
            for body in bodies(node):
                found = self.begun_in(body)
                if found is not None:
                    return found
        return None


_LOCKS = ("Lock", "lock", "Semaphore", "Condition", "Limiter")
_NO_TASKS = (
    "callback",
    "call_later",
    "call_soon",
    "call_soon_threadsafe",
    "multiprocessing.Process",
)


def _tasks(story: Story, looping: bool) -> Iterator[tuple[Spawned, bool]]:
    """Everything that is handed over, and whether more of it may run at the same time: it is
    handed over in a loop, or more than once, and nothing waits for it before the next."""
    found = [
        (index, node)
        for index, node in enumerate(story)
        if isinstance(node, Spawned) and node.how not in _NO_TASKS
    ]
    for index, node in found:
        waited = any(isinstance(one, Joins) for one in story[index + 1 :])
        before = any(
            other.at != node.at and _same_work(other, node)
            for earlier, other in found
            if earlier < index and not any(isinstance(one, Joins) for one in story[earlier:index])
        )
        yield node, (looping and not waited) or before
    for inner in story:
        if isinstance(inner, Spawned):
            continue
        if isinstance(inner, Round):
            yield from _tasks(inner.body, inner.bounded != 1)
            continue
        for body in bodies(inner):
            # what a function hands over once, the loop around its call does again and again
            yield from _tasks(body, looping)


def _same_work(one: Spawned, other: Spawned) -> bool:
    """Whether two tasks come to the same call of a client."""
    return bool(_calls_in(one) & _calls_in(other))


def _calls_in(spawned: Spawned) -> set[tuple[str, ir.Place]]:
    return {(n.at.path, n.at.place) for n in nodes(spawned.body) if isinstance(n, Use)}


def _acquires(node: Execution | Unseen) -> bool:
    name = node.method if isinstance(node, Execution) else node.name
    return name.endswith("acquire")


def _runs_alone(call: ir.Call) -> bool:
    """Whether an executor has one thread, or processes that share no client."""
    name = last_name(call.func)
    if name == "ProcessPoolExecutor":
        return True
    given = (*call.args[:1], *(keyword.value for keyword in call.keywords))
    return name == "ThreadPoolExecutor" and any(
        isinstance(one, ir.Const) and one.value == 1 for one in given
    )
