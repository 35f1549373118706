"""Start the worker: ``PYTHON -m dlbench_worker IN OUT DATA``."""
from __future__ import absolute_import

import sys

from dlbench_worker.main import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
