"""An adapter that nothing executes: unit tests only copy it."""
