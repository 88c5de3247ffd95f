"""What the operations console asks of Kafka; its pages are in `monitoring.console`."""
