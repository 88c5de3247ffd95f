"""Print early warnings as they come, in ten lines (pip install "kafka-python[lz4]"). A repeat is printed again."""

import json
import os

from kafka import KafkaConsumer

brokers = os.environ.get("BAROMETER_BROKERS", "localhost:9092").split(",")
for record in KafkaConsumer("cx.early-warnings.v1", bootstrap_servers=brokers, auto_offset_reset="earliest"):
    warning = json.loads(record.value)
    print(warning["severity"], warning["transition"], warning["rule"], warning["summary"], flush=True)
