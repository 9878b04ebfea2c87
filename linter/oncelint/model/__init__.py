"""What rules, reports and the engine share: frozen data without a syntax tree.

Rule packs import from here and from nowhere else in the engine. Names are loaded on first use, so
that what needs one module of the model does not pay for all of them.
"""

from importlib import import_module

TYPE_CHECKING = False  # typing costs a third of what an interpreter costs to start
if TYPE_CHECKING:
    from oncelint.model.finding import Confidence, Finding, Goal, Hit, Related, Report, Severity
    from oncelint.model.project import (
        Broker,
        Client,
        Connector,
        Consumer,
        Contradiction,
        Defect,
        Feed,
        Producer,
        Project,
        Setting,
        Sink,
        Step,
        SuppressionUse,
        TransactionalPair,
        World,
    )
    from oncelint.model.rule import Rule, Verdict, across
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
    "Broker",
    "Client",
    "Computed",
    "Confidence",
    "Connector",
    "Consumer",
    "Contradiction",
    "Defect",
    "Feed",
    "Finding",
    "Goal",
    "Hit",
    "Known",
    "Origin",
    "Position",
    "Producer",
    "Project",
    "Related",
    "Report",
    "Rule",
    "Setting",
    "Severity",
    "Sink",
    "Span",
    "Step",
    "SuppressionUse",
    "TransactionalPair",
    "Unknown",
    "Verdict",
    "World",
    "across",
    "as_text",
    "is_given",
]

_MODULES = ("values", "finding", "project", "rule")


if not TYPE_CHECKING:  # a type checker would take any name for there

    def __getattr__(name):
        for module in _MODULES if name in __all__ else ():
            found = vars(import_module(f"{__name__}.{module}")).get(name)
            if found is not None:
                globals()[name] = found
                return found
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
