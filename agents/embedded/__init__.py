"""Real Kafka and real Redis for the demo, the tests and the benchmarks, started and ended by this process."""
