"""Everything that is known to hold, as tests."""
