"""The worker: what runs inside a container and holds the stopwatch.

Started as ``PYTHON -m dlbench_worker IN OUT DATA`` with IN as the working folder.

``IN/job.json``
    What to do: the task (network, loss, optimizer), the plan, the data, the adapter's settings.
``IN/<job.adapter>``
    The adapter: a module with a class ``Adapter``.  Files that it imports lie beside it.
``DATA``
    The ``.npy`` arrays that the job names, read only.
``OUT/events.jsonl``
    One object a line, flushed, never inside a timed section: progress, and how far a killed run
    came.
``OUT/result.json``
    Written last, to a ``.part`` and renamed: status (``ok``, ``unsupported`` or ``failed``) and
    everything measured until then.

Exit code 0 means that ``result.json`` says it all.  stdout and stderr are for humans and are never
parsed.  Non-finite numbers are spelled ``"nan"``, ``"inf"`` and ``"-inf"``.

On one build, in this order: import, build, initial weights, epochs, warm-up, stepwise block,
pipelined block, prediction passes, audit.  A job with ``parity`` does its probes instead, whose
arrays are below ``OUT/parity`` or in ``DATA``.  docs/protocol.md has each definition.

Runs on CPython 2.7 to 3.14 with NumPy alone.  An adapter may use ``Unsupported`` and the modules
``weights``, ``translation``, ``updates``, ``blas`` and ``mkl``; all else is the worker's own.
"""


class Unsupported(Exception):
    """Raised by an adapter: the job asks for what the framework cannot do, and why."""


class Interrupted(BaseException):
    """The worker was asked to end (SIGTERM or Ctrl-C).

    Not an Exception: a framework that swallows those must not swallow this one.
    """
