"""The duty desk, beside the streams: a thread of the worker, one owner in the whole group."""
