"""A plugin for tests that fails to import, as one does whose dependency was removed."""

import dlbench_of_another_day  # type: ignore[import-not-found]  # noqa: F401
