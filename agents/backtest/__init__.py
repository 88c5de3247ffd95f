"""`barometer backtest`: the judging of recorded events on event time, and what of it was right."""
