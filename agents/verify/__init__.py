"""The independent judge: recomputes everything from the source topics in plain code and compares what the workers wrote."""
