"""Which handlers catch which failures."""

from __future__ import annotations

import builtins
from dataclasses import dataclass
from typing import Literal

from oncelint.model.pipelines import Effect


@dataclass(frozen=True, slots=True)
class Cause:
    """What is raised: by an effect or another call of a library (`name` is its top package), by a
    Kafka client, by a `raise` of the project's own (`name` is the exception's), or by anything.

    `around`: by the body of a loop over a generator, around that and not in it.
    """

    kind: Literal["effect", "kafka", "raise", "any"]
    name: str
    effect: Effect | None = None
    around: bool = False


_ALL = frozenset({"*", "Exception", "BaseException", "any exception"})
# Built-in exceptions that drivers raise when the other side cannot be reached.
_NETWORK = frozenset(
    {"OSError", "IOError", "EnvironmentError", "ConnectionError", "TimeoutError", "RuntimeError"}
    | {"ConnectionResetError", "ConnectionRefusedError", "BrokenPipeError", "socket.timeout"}
    | {"asyncio.TimeoutError", "asyncio.exceptions.TimeoutError", "socket.error"}
)
# What is there already, or is not there, is no failure of a write that tolerates its repetition, and
# no redelivery makes a malformed record well-formed.
_SETTLED = frozenset(
    {"IntegrityError", "UniqueViolation", "UniqueViolationError", "DuplicateKeyError"}
    | {"BulkWriteError", "ConflictError", "NotFoundError", "DoesNotExist", "ObjectDoesNotExist"}
    | {"DataError", "JSONDecodeError", "ValidationError", "InvalidJSONError"}
)
_KAFKA = frozenset({"confluent_kafka", "kafka", "aiokafka"})
# Packages that raise what another one declares.
_DECLARED_BY = {
    "boto3": ("botocore",),
    "aioboto3": ("botocore",),
    "aiobotocore": ("botocore",),
    "sqlmodel": ("sqlalchemy",),
    "flask_sqlalchemy": ("sqlalchemy",),
    "motor": ("pymongo",),
    "mongoengine": ("pymongo", "mongoengine"),
    "elasticsearch_dsl": ("elasticsearch",),
    "psycopg_pool": ("psycopg",),
    "aiopg": ("psycopg2",),
    "aiomysql": ("pymysql",),
    "kafka": ("aiokafka", "confluent_kafka"),
}
_GENERAL = frozenset(
    {"Error", "DatabaseError", "OperationalError", "SQLAlchemyError", "DBAPIError", "PyMongoError"}
    | {"PostgresError", "InterfaceError", "ClientError", "BotoCoreError", "RedisError"}
)


def catches(names: tuple[str, ...], cause: Cause) -> bool | None:
    """Whether a handler for exceptions of these dotted names catches what was raised; None when
    it may."""
    verdicts = [_catches(name, cause) for name in names]
    if True in verdicts:
        return True
    return None if None in verdicts else False


def _catches(name: str, cause: Cause) -> bool | None:
    if name in _ALL:
        return True
    top, dot, _ = name.partition(".")
    last = name.rpartition(".")[2]
    if name == "an exception":
        return None  # it is not known which
    if cause.kind == "raise":
        return _is_kind_of(cause.name, name)
    if cause.kind == "any":
        return None
    if cause.kind == "kafka":
        return (top in _KAFKA and bool(dot)) or last in ("KafkaError", "KafkaException")
    if last in _SETTLED:
        return False
    if name in _NETWORK:
        return None
    if not dot or not cause.name:
        return None if last in _GENERAL else False
    return top in (cause.name, *_DECLARED_BY.get(cause.name, ()))


def _is_kind_of(raised: str, caught: str) -> bool | None:
    """Whether an exception is one of a kind, by their dotted names; None where the classes are
    the project's own, or a library's, and may derive from each other."""
    if raised.rpartition(".")[2] == caught.rpartition(".")[2]:
        return True
    one, other = getattr(builtins, raised, None), getattr(builtins, caught, None)
    if isinstance(one, type) and isinstance(other, type):
        return issubclass(one, other)
    if isinstance(one, type):
        return False
    related = raised.partition(".")[0] == caught.partition(".")[0]
    return None if related or "." not in raised else False
