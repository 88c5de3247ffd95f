"""How fast, and at what cost: the finished worker beside a bare loop and the usual Faust program, on real Kafka."""
