"""Start the command line: ``dlbench`` and ``python -m dlbench``."""

import gc
from typing import NoReturn

#: What imports make lives as long as the process.  At Python's own 700 it is looked through again
#: and again while it comes in, and once more at the end: a fifth of a short command.
COLLECTED_AFTER_OBJECTS = 100_000


def main() -> NoReturn:
    """Run the command line and exit with the code of what happened."""
    gc.set_threshold(COLLECTED_AFTER_OBJECTS)
    from dlbench.cli.app import main as execute

    try:
        execute()
    finally:
        gc.freeze()


if __name__ == "__main__":
    main()
