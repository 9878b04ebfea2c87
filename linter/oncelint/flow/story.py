"""The story of a run: what the interpreter did, as a tree in the order of the program.

Called functions are inlined, so that order is answered on one tree. A `Story` is a sequence of
nodes; a way through it takes one branch of every `Fork`, and may leave an `Attempt`'s body behind
any event that can raise. Parts in which nothing happens are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from oncelint.flow.trace import Execution, LoopContext, Use
    from oncelint.flow.values import Abs, At


LeavesKind: TypeAlias = Literal[
    "return",
    "raise",
    "break",
    "continue",
    "exit",
    "out-break",
    "out-return",
    "with-return",
    "with-break",
    "with-continue",
]


@dataclass(frozen=True, slots=True)
class Made:
    """A client is constructed; `site` is its index in the trace's sites."""

    site: int
    at: At


@dataclass(frozen=True, slots=True)
class Waits:
    """The program waits for `seconds` (None: not known), by `what` (`time.sleep`)."""

    at: At
    what: str
    seconds: float | None
    blocks: bool


@dataclass(frozen=True, slots=True)
class Keeps:
    """A record is put into a container or queue that exists outside the loop's round."""

    at: At
    into: str


@dataclass(frozen=True, slots=True)
class Joins:
    """The program waits here for what was handed over before: gather(), result(), join()."""

    at: At
    what: str


@dataclass(frozen=True, slots=True)
class Unseen:
    """A call that could not be followed, in a loop that takes records.

    `record`: something of the record, or of a caught exception, is given to it; `clients` are the
    sites of clients that are.
    """

    at: At
    name: str
    record: bool
    clients: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Leaves:
    """The way ends here. `error` is the dotted name of what is raised, as far as known; None for
    what was caught and is raised again.

    Where the body of a loop stands in the generator it iterates over, "out-break" leaves that
    generator, and "out-return" the function around the loop. Where the body of a `with` stands in
    its manager's generator, what is behind the yield is done first: "with-return", "with-break"
    and "with-continue" leave when that generator has ended.
    """

    kind: LeavesKind
    at: At
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Yields:
    """A generator hands a value out, and `body` is what is done with it, if that is known.

    `thrown`: what is raised there is raised in the generator, as a `with` does. A loop's body
    raises around the generator, which then only runs its finally blocks.
    """

    at: At
    body: Story = ()
    thrown: bool = True


@dataclass(frozen=True, slots=True)
class Fork:
    """One of several branches is taken; `choice` is what decides, and is the same wherever the
    same decision is taken again. A branch "otherwise" stands for all that are not named. It `asks`
    where a value decides that was chosen before, perhaps in an earlier round."""

    choice: str
    branches: tuple[tuple[str, Story], ...]
    asks: bool = False


@dataclass(frozen=True, slots=True)
class Round:
    """A loop's body, run any number of times (at least once if `endless`).

    `bounded` is how often at most, where that is known.
    """

    loop: LoopContext
    body: Story
    endless: bool
    bounded: int | None = None
    orelse: Story = ()


@dataclass(frozen=True, slots=True)
class Catches:
    """A handler: the dotted names it catches (`*` for everything), and what it does; `label` is
    its branch of the attempt's choice."""

    label: str
    names: tuple[str, ...]
    body: Story
    at: At


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try statement, or a `with` whose manager has an exit of its own.

    The way through the body is the branch "succeeds" of `choice`. `leaving` is run where the body
    is left by a return, break or continue. `final_at` is the first statement of `final`.
    """

    choice: str
    body: Story
    handlers: tuple[Catches, ...]
    orelse: Story
    final: Story
    at: At
    leaving: Story = ()
    final_at: At | None = None


@dataclass(frozen=True, slots=True)
class Within:
    """The body of a `with`; `manager` is the value that was entered."""

    manager: Abs
    body: Story
    at: At


@dataclass(frozen=True, slots=True)
class Called:
    """A project function that was called and followed; of a `generator`, the body of the loop
    that takes its values stands in its Yields. An empty body is a call that was not followed:
    too deep, recursive, or one of too many. `used`: something is done with what it gave back."""

    at: At
    name: str
    body: Story
    generator: bool = False
    used: bool = True


@dataclass(frozen=True, slots=True)
class Spawned:
    """Work that is handed to a task, thread, process or executor and runs some time later."""

    at: At
    how: str
    body: Story
    record: bool


Node: TypeAlias = (
    "Execution | Use | Made | Waits | Keeps | Joins | Unseen | Leaves | Yields | Fork | Round"
    " | Attempt | Within | Called | Spawned"
)
Story: TypeAlias = "tuple[Node, ...]"


def out_of_loop(story: Story, looping: bool = False) -> Story:
    """The body of a loop as it stands in the generator that the loop iterates over.

    What leaves the loop leaves the generator as well; a `continue` only ends the body.
    """
    return tuple(_out_of_loop(node, looping) for node in story)


def _out_of_loop(node: Node, looping: bool) -> Node:
    if isinstance(node, Leaves):
        if node.kind == "return":
            return replace(node, kind="out-return")
        return replace(node, kind="out-break") if node.kind == "break" and not looping else node
    return rebuilt(
        node, lambda body: out_of_loop(body, looping or isinstance(node, Round)), called=False
    )


_WITH: dict[str, LeavesKind] = {
    "return": "with-return",
    "break": "with-break",
    "continue": "with-continue",
}


def out_of_with(story: Story, looping: bool = False) -> Story:
    """The body of a `with` as it stands in its manager's generator."""
    return tuple(_out_of_with(node, looping) for node in story)


def _out_of_with(node: Node, looping: bool) -> Node:
    if isinstance(node, Leaves):
        own = looping and node.kind in ("break", "continue")
        return node if own or node.kind not in _WITH else replace(node, kind=_WITH[node.kind])
    return rebuilt(
        node, lambda body: out_of_with(body, looping or isinstance(node, Round)), called=False
    )


def rebuilt(node: Node, change: Callable[[Story], Story], *, called: bool) -> Node:
    """A node with its inner stories changed; those of functions only if `called`."""
    if isinstance(node, Fork):
        branches = tuple((label, change(body)) for label, body in node.branches)
        return replace(node, branches=branches)
    if isinstance(node, Round):
        return replace(node, body=change(node.body), orelse=change(node.orelse))
    if isinstance(node, Attempt):
        return replace(
            node,
            body=change(node.body),
            handlers=tuple(replace(one, body=change(one.body)) for one in node.handlers),
            orelse=change(node.orelse),
            final=change(node.final),
            leaving=change(node.leaving),
        )
    if isinstance(node, (Within, Yields)) or (isinstance(node, (Called, Spawned)) and called):
        return replace(node, body=change(node.body))
    return node


def with_body(story: Story, body: Story, *, thrown: bool) -> Story:
    """A generator's story with `body` at every place where it hands a value out."""
    return tuple(_with_body(node, body, thrown) for node in story)


def _with_body(node: Node, body: Story, thrown: bool) -> Node:
    if isinstance(node, Yields) and not node.body:
        return replace(node, body=body, thrown=thrown)
    if isinstance(node, Called) and not node.generator:
        return node
    called = isinstance(node, Called)
    return rebuilt(node, lambda one: with_body(one, body, thrown=thrown), called=called)


def nodes(story: Story) -> Iterator[Node]:
    """Every node of a story, outer ones first, in the order of the code."""
    # a stack of one's own: stories are deep, and each level of a generator passes every node on
    stack = list(reversed(story))
    while stack:
        node = stack.pop()
        yield node
        if type(node) in _HOLDERS:
            for inner in reversed(bodies(node)):
                stack.extend(reversed(inner))


def bodies(node: Node) -> tuple[Story, ...]:
    """The stories inside a node, in the order of the code."""
    if isinstance(node, Fork):
        return tuple(body for _, body in node.branches)
    if isinstance(node, Round):
        return node.body, node.orelse
    if isinstance(node, Attempt):
        handlers = (one.body for one in node.handlers)
        return node.body, *handlers, node.orelse, node.leaving, node.final
    if isinstance(node, (Within, Called, Spawned, Yields)):
        return (node.body,)
    return ()


_HOLDERS = frozenset({Fork, Round, Attempt, Within, Called, Spawned, Yields})
