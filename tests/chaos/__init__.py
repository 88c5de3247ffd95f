"""The chaos campaign: a pipeline under load, killed, frozen and cut off by a seeded plan, and compared with a recomputation."""
