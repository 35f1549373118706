"""Start the command line: ``dlbench`` and ``python -m dlbench``."""

from dlbench.cli.app import main

if __name__ == "__main__":
    main()
