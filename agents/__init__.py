"""The shell: everything that touches Kafka, Redis, a clock or a terminal."""
