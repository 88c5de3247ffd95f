"""What `barometer doctor` examines: one file for each kind of thing, each with its questions and its judgement."""
