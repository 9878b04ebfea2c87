"""Write the dialect tables of kafka-python and kafka-python-ng from their releases.

Run `python tools/dialects/kafka_python.py`; releases are fetched by pip, read with `ast`, never imported.
A new release goes to VERSIONS.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from dialect_sources import kafka_python
from dialect_sources.writer import main

SOURCE = (
    "DEFAULT_CONFIG and DEPRECATED_CONFIGS of KafkaProducer, KafkaConsumer and KafkaAdminClient, "
    "parsed from each release's sources."
)

VERSIONS = (
    "1.4.7",
    *(f"2.0.{n}" for n in range(7)),
    *(f"2.1.{n}" for n in range(7)),
    *(f"2.2.{n}" for n in range(22)),
    *(f"2.3.{n}" for n in range(4)),
    *(f"3.0.{n}" for n in (0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12)),
)
VERSIONS_NG = ("2.0.3", "2.1.0", "2.2.0", "2.2.1", "2.2.2", "2.2.3")

if __name__ == "__main__":
    main("kafka-python", "kafka-python", SOURCE, VERSIONS, kafka_python.read_release)
    main("kafka-python-ng", "kafka-python-ng", SOURCE, VERSIONS_NG, kafka_python.read_release)
