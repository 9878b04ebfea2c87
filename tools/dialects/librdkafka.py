"""Write the dialect table of librdkafka, as confluent-kafka carries it, from its wheels.

Run `python tools/dialects/librdkafka.py` on Linux; wheels are fetched by pip, the librdkafka in each is
loaded in a process of its own and asked for its configuration, and nothing is installed.
A new release goes to VERSIONS.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from dialect_sources import librdkafka
from dialect_sources.writer import main

SOURCE = (
    "rd_kafka_conf_properties_show, rd_kafka_conf_dump and rd_kafka_topic_conf_dump of the librdkafka in "
    "each confluent-kafka wheel, and the keys that the package's C and Python modules take themselves."
)

VERSIONS = (
    "1.0.0",
    "1.0.1",
    "1.1.0",
    "1.2.0",
    "1.3.0",
    "1.4.0",
    "1.4.1",
    "1.4.2",
    "1.5.0",
    "1.6.0",
    "1.6.1",
    "1.7.0",
    "1.8.2",
    "1.9.0",
    "1.9.2",
    "2.0.2",
    "2.1.0",
    "2.1.1",
    "2.2.0",
    "2.3.0",
    "2.4.0",
    "2.5.0",
    "2.5.3",
    "2.6.0",
    "2.6.1",
    "2.7.0",
    "2.8.0",
    "2.8.2",
    "2.9.0",
    "2.10.0",
    "2.10.1",
    "2.11.0",
    "2.11.1",
    "2.12.0",
    "2.12.1",
    "2.12.2",
    "2.13.0",
    "2.13.2",
    "2.14.0",
    "2.14.2",
    "2.15.0",
    "2.15.1",
    "2.16.0",
    "2.16.1",
)

if __name__ == "__main__":
    main("librdkafka", "confluent-kafka", SOURCE, VERSIONS, librdkafka.read_release)
