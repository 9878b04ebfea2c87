"""The report of one run. Loaded by every run, so it loads nothing of what it holds."""

from __future__ import annotations

from dataclasses import dataclass

TYPE_CHECKING = False  # typing costs a third of what an interpreter costs to start
if TYPE_CHECKING:
    from oncelint.model.facts import ErrorRecord, Skipped
    from oncelint.model.finding import Finding
    from oncelint.model.pipelines import Pipeline, TransactionTrace
    from oncelint.model.project import Client, Unresolved
    from oncelint.model.sinks import Sink


@dataclass(frozen=True, slots=True)
class Unanalysed:
    """How many files of a language use a Kafka client and were not analysed."""

    language: str
    files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything one run has to say, in report order (path, place, rule).

    `findings` holds what is shown; `suppressed` what comments, settings or a baseline silenced;
    `subjects` are the clients that were seen, `sinks` what a consume loop writes or calls outside
    Kafka, `pipelines` the loops and `transactions` the producers whose protocol was followed;
    `files` is the number of files looked at, `analysed` of those parsed.
    """

    findings: tuple[Finding, ...]
    suppressed: tuple[Finding, ...] = ()
    subjects: tuple[Client, ...] = ()
    sinks: tuple[Sink, ...] = ()
    pipelines: tuple[Pipeline, ...] = ()
    transactions: tuple[TransactionTrace, ...] = ()
    unresolved: tuple[Unresolved, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    errors: tuple[ErrorRecord, ...] = ()
    unanalysed: tuple[Unanalysed, ...] = ()
    files: int = 0
    analysed: int = 0
    partial: bool = False
