"""A simulated operator: seeded events of a whole nation, with incidents whose truth is known.

`simulate` puts the streams together; docs/world.md explains the model. Every number in this package and its data files is
an assumption that makes a plausible operator, unless its source stands beside it.
"""
