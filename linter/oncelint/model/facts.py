"""What extraction learns from one file: plain facts with places, and no syntax tree.

A fact is a pure function of a file's path and bytes; nothing here knows of another file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from oncelint.model.layers import Layer
    from oncelint.model.values import Origin, Span, Value


@dataclass(frozen=True, slots=True, order=True)
class Condition:
    """One branch of one choice: `choice` names what decides (an environment variable, an `if`),
    `branch` which way it went. Worlds combine alternatives whose conditions agree."""

    choice: str
    branch: str


@dataclass(frozen=True, slots=True)
class Alternative:
    """A value a setting has under `when`; `value` None means the setting is absent there."""

    value: Value | None
    when: tuple[Condition, ...] = ()
    span: Span | None = None
    origins: tuple[Origin, ...] = ()


UNREAD = "unread:"
"""Leads the key of a setting that the framework does not hand on to the client; behind it stands
the client's own key that is meant."""


@dataclass(frozen=True, slots=True)
class WrittenSetting:
    """A setting as somebody wrote it: the key in the user's spelling, and what it can be.

    `key` is what the client is given; `shown` what the file spells where a placement takes a
    prefix off (`producer.acks` in a Connect worker).
    """

    key: str
    key_span: Span
    alternatives: tuple[Alternative, ...]
    shown: str | None = None

    @property
    def value(self) -> Value | None:
        """The one unconditional value, or None when there are several or none."""
        if len(self.alternatives) == 1 and not self.alternatives[0].when:
            return self.alternatives[0].value
        return None


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The same key written twice in one block; the first one is lost."""

    key: str
    first: Span
    second: Span


HomeKind: TypeAlias = Literal["mapping", "display", "arguments", "argument", "beside", "chain"]


@dataclass(frozen=True, slots=True)
class Home:
    """A place where a block takes one setting more.

    A `mapping` of a configuration file, a dict `display` (or a `dict(…)` call) of Python, the
    keyword `arguments` of the construction itself, the `argument` by which the construction is
    given a dict from elsewhere, whatever holds the key that it stands `beside`, or a `chain` of calls
    that takes one link more behind the one at `span`. `prefix` stands
    before every key there, and `style` names how a key and its value are spelled (a function of
    frameworks/spelling.py). `inner` are mappings inside it that take the keys behind their prefix:
    Spring's `producer:` takes `acks`, its `properties:` what Spring has no name for. `path` are
    the names that lead to a nested mapping, for messages. `within` is the key of a mapping that is
    not there yet and is added with what goes into it.
    """

    span: Span
    kind: HomeKind
    prefix: str = ""
    style: str = "plain"
    inner: tuple[Home, ...] = ()
    path: str = ""
    within: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """The settings handed to one client, in the order that decides which of two spellings wins.

    `open_reason` is set when settings may be missing from it (`**kwargs`, an unknown file, a
    placeholder): what is not seen in an open block is unknown, not unset. `homes` are the places
    where a setting can be added, the best one first.
    """

    settings: tuple[WrittenSetting, ...]
    open_reason: str | None = None
    duplicates: tuple[Duplicate, ...] = ()
    homes: tuple[Home, ...] = ()


@dataclass(frozen=True, slots=True)
class ConfigFact:
    """A block in a configuration file that a recogniser of frameworks/ knows the owner of.

    `dialects` are the dialect tables it can belong to: one when the placement tells, several
    when only the project can (a plain client.properties). `role` is the client's role; `closed`
    worlds have no keys but the client's own. `versions` are those of the client library, where the
    placement itself tells (an image's tag, a resource's version). `layers` is what the framework
    adds beneath and above. `instances` counts how many processes run with the block (replicas,
    None: not known). `details` are facts of the placement that its recogniser's `assemble` joins
    by: the cluster's name, the profile, the image.
    """

    placement: str
    dialects: tuple[str, ...]
    role: str
    block: Block
    span: Span
    name: str = ""
    closed: bool = False
    versions: tuple[str, ...] = ()
    layers: tuple[Layer, ...] = ()
    instances: int | None = 1
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Requirement:
    """A client library some project file asks for.

    `specifier` is the file's own constraint (`>=2.0,<3`, `^2.0.2` normalised to a range, `==2.3.0`;
    empty when it names the distribution alone). `locked` when it comes from a lock file.
    """

    distribution: str
    specifier: str
    span: Span
    locked: bool = False


@dataclass(frozen=True, slots=True)
class SuppressionComment:
    """An `oncelint: ignore[...]` comment.

    `target` is the line it speaks for, or None for the whole file. `problem` says what is wrong
    with the comment itself, and then it suppresses nothing.
    """

    rules: tuple[str, ...]
    reason: str
    span: Span
    target: int | None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that was not analysed, and why. `relevant` when it looked as if it held Kafka
    configuration or code, so that leaving it out may matter."""

    path: str
    reason: str
    relevant: bool = True


@dataclass(frozen=True, slots=True)
class ErrorRecord:
    """Something of oncelint's own that went wrong; the run went on without it."""

    message: str
    rule: str | None = None
    path: str | None = None


@dataclass(frozen=True, slots=True)
class FileFacts:
    """All facts of one file. `module` is the Python module's IR (see model.ir) or None."""

    path: str
    configs: tuple[ConfigFact, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    suppressions: tuple[SuppressionComment, ...] = ()
    module: object | None = None
    skipped: tuple[Skipped, ...] = ()
    errors: tuple[ErrorRecord, ...] = field(default=())
