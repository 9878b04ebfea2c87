"""What a consume loop does with its records and in which order; what producers do with theirs.

Everywhere `span` is the place of the thing itself, `path` the steps that lead to it in their order,
from the consume loop where there is one, `confidence` how surely it was followed. Whose it is
stands in `consumer` or `producer`; `in_tests` that its code is a test's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from oncelint.model.finding import Confidence
    from oncelint.model.project import Consumer, Producer, Step
    from oncelint.model.sinks import Sink
    from oncelint.model.values import Span


@dataclass(frozen=True, slots=True, eq=False)
class Output:
    """Records that are produced to Kafka again in a consume loop."""

    producer: Producer
    span: Span
    path: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Commit:
    """A call that commits offsets of the consumer.

    `covers`: "delivered" (all the consumer has been given so far), "stored" (what store_offsets
    was called for), "record" (the record that is passed, librdkafka adds one), "offsets" (those
    that are passed). `offset` tells whether passed offsets are the record's own or the next one;
    None when that is not known or nothing is passed. `offset_span` is that expression.
    `transactional`: send_offsets_to_transaction. `waits` is False for commits nobody waits for.
    `done`: on some way to it something was done with the record, and did not fail; None when that
    was not followed. `collected`: the offsets passed were gathered before, in earlier rounds too.
    """

    span: Span
    covers: Literal["delivered", "stored", "record", "offsets"]
    path: tuple[Step, ...]
    offset: Literal["own", "next"] | None = None
    offset_span: Span | None = None
    transactional: bool = False
    waits: bool = True
    done: bool | None = None
    collected: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Effect:
    """Something a loop does for a record: the write or call `sink`, or `output`, whose place this
    is.

    `what` names it in a sentence ("the INSERT into payments"), `path` leads from the loop to it.
    `many`: it is done at once for records of several polls.
    """

    span: Span
    what: str
    path: tuple[Step, ...] = ()
    many: bool = False
    sink: Sink | None = None
    output: Output | None = None


@dataclass(frozen=True, slots=True)
class Misorder:
    """A way through a loop on which a commit covers a record that is not, or not rightly, done.

    `kind`:
      "before"    the commit comes first, the effect after it: a crash between them loses it;
      "failure"   the commit stands where the effect's failure leads (except, finally) and covers
                  the record that failed;
      "overtaken" the failure is caught, nothing is sought, paused, dead-lettered or raised, and a
                  later commit covers the record;
      "unawaited" the effect runs in a task, thread or executor and nothing waits for it before
                  the commit;
      "unflushed" the effect is an output that still waits in its producer at the commit;
      "close"     the effect's failure leads out of the loop through close(), which commits.
    `effect` is what is lost, one of the loop's. `commit` is None where the client commits by itself. `handler` is the except or finally.
    `path` leads from the poll through all of it, in the order of that way. `rest`: the effect is
    for a later record of the batch that was committed as a whole; `held`: it waits in a transaction
    of its database, which commits after the offset.
    """

    kind: Literal["before", "failure", "overtaken", "unawaited", "unflushed", "close"]
    effect: Effect
    commit: Commit | None
    path: tuple[Step, ...]
    handler: Span | None = None
    confidence: Confidence = "high"
    rest: bool = False
    held: bool = False


@dataclass(frozen=True, slots=True)
class Handover:
    """Records given to a thread, executor, task or queue of the same process.

    `how` names it ("asyncio.create_task"). `waited`: something waits for it before the next
    record is taken. `effects` are what is done there, as far as it was followed.
    """

    span: Span
    how: str
    waited: bool
    effects: tuple[Effect, ...]
    path: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Wait:
    """A pause between two polls: `what` waits `seconds` at most (None: not known), `times` how
    often it is repeated before the next poll at most (None: without a bound). `blocks`: it holds
    the event loop of an async client.

    `kind`: a "sleep" takes all of its time, an "answer" is waited for that long at most. `per`: it
    comes once for every record, of a "batch" that one poll gave or of an "iteration" over the
    consumer, which polls when it has handed out what it has. `longest`: it lies on the way through
    the round that waits longest. `records`: how many records one poll gives at most, where the poll
    itself says so.
    """

    span: Span
    what: str
    seconds: float | None
    times: float | None
    blocks: bool
    path: tuple[Step, ...]
    kind: Literal["sleep", "answer"] = "sleep"
    per: Literal["", "batch", "iteration"] = ""
    longest: bool = True
    records: int | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Records kept in a container, `name`, that outlives the poll that brought them.

    `flushes` are the effects that take them from there.
    """

    span: Span
    name: str
    flushes: tuple[Effect, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """One consume loop, or one function that a framework calls with records, and what it does.

    `span` is the loop or the function, `polled` where a record is taken, `is_async` what kind of
    function it stands in. `effects` are in the order of the code, `commits` all that were seen;
    `misorders` are the ways on which the two come in the wrong order, `handovers`, `waits` and
    `batches` what else happens between two polls. `handles_revocation`: a rebalance callback is
    given. `stores`: places of store_offsets. `seeks`: seek or pause calls. `closes` are close()
    calls of the consumer with whether they are reached by an exception of the loop. `exits`:
    something ends the loop from inside (a break, a return, a limit), so that it is no service that
    runs for ever. `ordered`: the order of its events was followed on every way; otherwise nothing
    is said of it. Not `suspends`: an async loop that gives no other task a turn while it has a
    record in hand. `escapes`: the consumer is handed to code that is not seen. `sends_offsets`:
    places where its offsets are sent to a transaction. `positioned`: the program itself chooses
    where the consumer reads (seek, assign), in the loop or elsewhere. `ends`: a break or a return
    of its own body ends the loop. `commits_anywhere`, `stores_anywhere`: commit() and
    store_offsets() are called on the consumer, in the loop or elsewhere.
    """

    consumer: Consumer
    span: Span
    polled: Span
    is_async: bool = False
    effects: tuple[Effect, ...] = ()
    commits: tuple[Commit, ...] = ()
    misorders: tuple[Misorder, ...] = ()
    handovers: tuple[Handover, ...] = ()
    waits: tuple[Wait, ...] = ()
    batches: tuple[Batch, ...] = ()
    stores: tuple[Span, ...] = ()
    seeks: tuple[Span, ...] = ()
    closes: tuple[tuple[Span, bool], ...] = ()
    handles_revocation: bool = False
    exits: bool = False
    ordered: bool = True
    in_tests: bool = False
    suspends: bool = True
    escapes: bool = False
    sends_offsets: tuple[Span, ...] = ()
    positioned: bool = False
    ends: bool = False
    commits_anywhere: bool = False
    stores_anywhere: bool = False


@dataclass(frozen=True, slots=True)
class ProtocolProblem:
    """A way through the code on which a producer's transactions go wrong.

    `kind`:
      "begin-before-init", "init-in-loop", "begun-twice", "produced-outside", "offsets-outside",
      "committed-outside"
                        the protocol itself;
      "never-aborted"   an exception between begin and commit reaches neither abort nor the end of
                        the process;
      "error-swallowed" a Kafka error around the transaction is caught and work goes on, retriable,
                        abortable and fatal errors alike;
      "position-kept"   after an abort the consumer goes on behind the records of the transaction,
                        and the offsets of the next one cover them;
      "external-write"  something outside Kafka is written between begin and commit;
      "consumer-commit" the consumer commits offsets whose records feed the transaction;
      "shared"          several threads or tasks use the producer's transactions.
    `span` is the call to blame, `path` the calls on the way in their order. `method` is the
    producer's method that fails, or what a task was handed to. `effect` is set for external
    writes. `handler` is what catches the error.
    """

    kind: str
    span: Span
    path: tuple[Step, ...]
    effect: Effect | None = None
    handler: Span | None = None
    confidence: Confidence = "high"
    method: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionTrace:
    """How one transactional producer is used: every problem found on any way through the code.

    `begins`, `commits` and `aborts` are the places of its calls, `problems` what was found.
    `consumers` are those whose records it is fed in the same loop. `spent` are waits between begin
    and commit. `complete` when every call of the protocol was seen in code that was followed.
    """

    producer: Producer
    begins: tuple[Span, ...] = ()
    commits: tuple[Span, ...] = ()
    aborts: tuple[Span, ...] = ()
    consumers: tuple[Consumer, ...] = ()
    problems: tuple[ProtocolProblem, ...] = ()
    spent: tuple[Wait, ...] = ()
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Send:
    """One produce or send call: whether it is given a delivery `callback`, and whether its result
    (a future) is looked at or `awaited`. `started` is False for a coroutine that nobody awaits, so
    that nothing is sent at all. `record`: what is sent derives from a consumed record; `topic` is
    the topic, or the name it is given by, as it is written."""

    span: Span
    callback: bool
    awaited: bool
    path: tuple[Step, ...]
    started: bool = True
    record: bool = False
    topic: str = ""


@dataclass(frozen=True, slots=True)
class Resend:
    """A record that is produced again where its first attempt failed.

    `first` and `again` are the two calls, `handler` the except or callback between them.
    """

    first: Span
    again: Span
    handler: Span
    path: tuple[Step, ...]
    confidence: Confidence = "high"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """How long a producer lives and what becomes of what it is given.

    `sends` are its produce and send calls, `resends` those that repeat a failed one.
    `made_in_loop` is the loop that makes a producer in each round, `made_per_call` the function
    that makes one at each call and drops it at its end; `made_for` says for what one is made each
    time ("record", "request", "round"), and `made_path` leads from the loop or the handler to the
    construction. `flushes` are the places of flush(), close(), stop(), poll() and of `with` blocks
    that end with one. `escapes`: it is handed to code that is not seen, or not all of its life is.

    `ends` is where its life certainly ends: a function that drops it, or a script that comes to its
    end; None for a service and where that is not known. `live` says how several of them are alive
    at once ("pool", "threads", "requests"), `live_span` where. `jobs` are the scripts that make it,
    and `lasting` tells that it sends in a loop that does not end by itself. `reached`: a script or
    a handler of requests or records is seen to send with it, so that it is no library's part alone.
    `bare_groups` are the group ids that are sent with offsets in place of group metadata.
    """

    producer: Producer
    made_in_loop: Span | None = None
    made_per_call: Span | None = None
    made_for: Literal["record", "request", "round"] | None = None
    made_path: tuple[Step, ...] = ()
    sends: tuple[Send, ...] = ()
    flushes: tuple[Span, ...] = ()
    resends: tuple[Resend, ...] = ()
    escapes: bool = False
    ends: Literal["function", "script"] | None = None
    live: Literal["pool", "threads", "requests"] | None = None
    live_span: Span | None = None
    jobs: tuple[str, ...] = ()
    lasting: bool = False
    reached: bool = False
    bare_groups: tuple[Span, ...] = ()
