"""Write the tables of the settings by which Faust and Quix Streams decide on their guarantee.

Run ``python tools/dialects/applications.py`` to write them, with ``--check`` to compare them with the
tree (exit code 1 when they differ). Read off faust/types/settings/settings.py of faust-streaming and
quixstreams/app.py (the keywords of their applications).
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parents[2] / "linter" / "oncelint" / "dialects" / "data"

# canonical name, keyword, type, changes of the default by release, values
FAUST = (
    (
        "processing.guarantee",
        "processing_guarantee",
        "enum",
        [["0.4.0", "at_least_once"]],
        ["at_least_once", "exactly_once"],
    ),
    ("application.id", "id", "string", [["0.4.0", None]], None),
    ("acks", "producer_acks", "int", [["0.4.0", -1]], None),
    ("replication.factor", "topic_replication_factor", "int", [["0.4.0", 1]], None),
)
QUIX = (
    (
        "processing.guarantee",
        "processing_guarantee",
        "enum",
        [["2.7.0", "at-least-once"]],
        ["at-least-once", "exactly-once"],
    ),
    ("application.id", "consumer_group", "string", [["2.7.0", "quixstreams-default"]], None),
    ("commit.interval", "commit_interval", "float", [["2.7.0", 5.0]], None),
)
TABLES = {
    "faust": (
        "faust-streaming",
        ("0.4.0", "0.8.0", "0.10.0", "0.11.0", "0.12.0", "0.15.3"),
        FAUST,
        "Settings of faust.App (faust/types/settings/settings.py)",
    ),
    "quixstreams": (
        "quixstreams",
        ("2.7.0", "2.11.0", "3.0.0", "3.10.0", "3.28.1"),
        QUIX,
        "Keywords of quixstreams.Application (quixstreams/app.py)",
    ),
}


def table(name: str) -> dict[str, Any]:
    distribution, versions, rows, source = TABLES[name]
    return {
        "dialect": name,
        "distribution": distribution,
        "source": source,
        "versions": list(versions),
        "settings": {
            canonical: {
                "spellings": [keyword],
                "type": kind,
                "roles": ["streams"],
                "defaults": defaults,
                "since": defaults[0][0],
                "removed": None,
                "values": values,
            }
            for canonical, keyword, kind, defaults, values in rows
        },
    }


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    differ = False
    for name in TABLES:
        path = DATA / f"{name}.json"
        text = json.dumps(table(name), indent=1, sort_keys=True) + "\n"
        if check:
            differ = differ or not path.exists() or path.read_text() != text
        else:
            path.write_text(text)
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
