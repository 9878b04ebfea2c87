"""What rules, reports and the engine share: frozen data without a syntax tree.

Rule packs import from here and from nowhere else in the engine. Names are loaded on first use, so
that what needs one module of the model does not pay for all of them.
"""

from importlib import import_module

TYPE_CHECKING = False  # typing costs a third of what an interpreter costs to start
if TYPE_CHECKING:
    from oncelint.model.finding import (
        CONFIDENCES,
        Confidence,
        Finding,
        Goal,
        Hit,
        Related,
        Report,
        Severity,
        surest,
        weakest,
    )
    from oncelint.model.pipelines import (
        Batch,
        Commit,
        Effect,
        Handover,
        Lifecycle,
        Misorder,
        Output,
        Pipeline,
        ProtocolProblem,
        Resend,
        Send,
        TransactionTrace,
        Wait,
    )
    from oncelint.model.project import (
        Broker,
        Client,
        Cluster,
        Connector,
        ConnectWorker,
        Consumer,
        Contradiction,
        Defect,
        Feed,
        FlinkJob,
        FlinkSink,
        FlinkSource,
        Producer,
        Project,
        Setting,
        SparkSession,
        SparkSink,
        SparkSource,
        Step,
        StreamsApplication,
        SuppressionUse,
        Topic,
        TransactionalPair,
        Workload,
        World,
    )
    from oncelint.model.rule import Rule, Verdict, across
    from oncelint.model.sinks import (
        CHANGING_KINDS,
        RECORD_KINDS,
        Change,
        Conflict,
        Decided,
        Sink,
        Source,
    )
    from oncelint.model.values import (
        Computed,
        Known,
        Origin,
        Position,
        Span,
        Unknown,
        as_text,
        is_given,
    )

__all__ = [
    "CHANGING_KINDS",
    "CONFIDENCES",
    "RECORD_KINDS",
    "Batch",
    "Broker",
    "Change",
    "Client",
    "Cluster",
    "Commit",
    "Computed",
    "Confidence",
    "Conflict",
    "ConnectWorker",
    "Connector",
    "Consumer",
    "Contradiction",
    "Decided",
    "Defect",
    "Effect",
    "Feed",
    "Finding",
    "FlinkJob",
    "FlinkSink",
    "FlinkSource",
    "Goal",
    "Handover",
    "Hit",
    "Known",
    "Lifecycle",
    "Misorder",
    "Origin",
    "Output",
    "Pipeline",
    "Position",
    "Producer",
    "Project",
    "ProtocolProblem",
    "Related",
    "Report",
    "Resend",
    "Rule",
    "Send",
    "Setting",
    "Severity",
    "Sink",
    "Source",
    "Span",
    "SparkSession",
    "SparkSink",
    "SparkSource",
    "Step",
    "StreamsApplication",
    "SuppressionUse",
    "Topic",
    "TransactionTrace",
    "TransactionalPair",
    "Unknown",
    "Verdict",
    "Wait",
    "Workload",
    "World",
    "across",
    "as_text",
    "is_given",
    "surest",
    "weakest",
]

_MODULES = ("values", "finding", "project", "sinks", "pipelines", "rule")


if not TYPE_CHECKING:  # a type checker would take any name for there

    def __getattr__(name):
        for module in _MODULES if name in __all__ else ():
            found = vars(import_module(f"{__name__}.{module}")).get(name)
            if found is not None:
                globals()[name] = found
                return found
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
