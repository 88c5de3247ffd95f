"""A simulated operator: seeded events of a whole nation, with incidents whose truth is known."""
