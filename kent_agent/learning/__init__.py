"""Learning from history and from what executed tests say."""
