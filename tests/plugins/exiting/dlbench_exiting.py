"""A plugin for tests that ends the program while it is imported."""

raise SystemExit("run me with another Python")
