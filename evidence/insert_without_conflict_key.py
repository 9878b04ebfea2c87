"""insert-without-conflict-key: a crash between the INSERT and the offset commit stores it twice.

A consumer writes each record to SQLite and commits its offset afterwards. The first run dies
after the database commit of its first record. The second run gets that record again: a plain
INSERT makes a second row (or, with a unique key, raises and stops the consumer for good); ON
CONFLICT on the record's own coordinates leaves one.
"""

import sqlite3
import tempfile
from dataclasses import dataclass
from pathlib import Path

import harness
from harness import CONFLUENT

from broker import Broker

COUNT = 5
INSERT = "INSERT INTO events (topic, partition, kafka_offset, body) VALUES (?, ?, ?, ?)"
KEY = "(topic, partition, kafka_offset)"
TABLE = "CREATE TABLE events (topic TEXT, partition INT, kafka_offset INT, body TEXT{key})"


@dataclass(frozen=True, slots=True)
class Case:
    """An INSERT, whether its table has the key, and the rows after both runs."""

    name: str
    insert: str
    unique: bool
    rows: int
    second_run: str | None = None  # the error that ends the second run


CASES = (
    Case("plain INSERT", INSERT, False, COUNT + 1),
    Case("plain INSERT, unique key", INSERT, True, 1, "IntegrityError"),
    Case("ON CONFLICT DO NOTHING", f"{INSERT} ON CONFLICT {KEY} DO NOTHING", True, COUNT),
    Case(
        "ON CONFLICT DO UPDATE",
        f"{INSERT} ON CONFLICT {KEY} DO UPDATE SET body = excluded.body",
        True,
        COUNT,
    ),
    Case("INSERT OR IGNORE", INSERT.replace("INSERT", "INSERT OR IGNORE"), True, COUNT),
    Case("INSERT OR REPLACE", INSERT.replace("INSERT", "INSERT OR REPLACE"), True, COUNT),
)


def story(report: harness.Report) -> None:
    """Store the same topic with every INSERT, dying once."""
    with Broker() as broker, tempfile.TemporaryDirectory(prefix="oncelint-sqlite-") as folder:
        harness.create_topics(broker.bootstrap, "events")
        harness.run_peer(
            CONFLUENT,
            "produce",
            config={"bootstrap.servers": broker.bootstrap, "enable.idempotence": True},
            topic="events",
            count=COUNT,
        )
        for number, case in enumerate(CASES):
            path = Path(folder) / f"{number}.sqlite"
            key = f", UNIQUE {KEY}" if case.unique else ""
            with sqlite3.connect(path) as database:
                database.execute(TABLE.format(key=key))
            runs = [
                harness.run_peer(
                    CONFLUENT,
                    "store",
                    config={
                        "bootstrap.servers": broker.bootstrap,
                        "group.id": f"store-{number}",
                        "enable.auto.commit": False,
                        "session.timeout.ms": 6000,
                    },
                    topic="events",
                    database=str(path),
                    insert=case.insert,
                    wanted=COUNT,
                    seconds=20,
                    die=die,
                )
                for die in (True, False)
            ]
            with sqlite3.connect(path) as database:
                bodies = [row[0] for row in database.execute("SELECT body FROM events")]
            report.add(
                CONFLUENT,
                case.name,
                {"rows": case.rows, "second_run": case.second_run},
                records=COUNT,
                rows=len(bodies),
                distinct=len(set(bodies)),
                second_run=runs[1]["error"],
            )


if __name__ == "__main__":
    harness.main("insert-without-conflict-key", story)
