"""dlbench measures deep-learning frameworks against each other.

The words of the code, the help and the files:

framework
    a library as its users know it: ``tensorflow``, ``torch``.
image
    one frozen set of versions with an id (``tensorflow-1.0.0``), a device kind, a stack, and the
    axis values that it serves.
stack
    an era (``2017``, ``2026``) with the system that its images stand for.
scenario
    a workload: data, network, loss, optimizer, plan; one YAML file.
axis, variant
    something a user varies (layout, xla, batch size, a scenario's parameter); a variant fixes each.
cell
    scenario x image x variant: what one place in a table measures.
plan
    warm-up, trials, epochs, rounds.
round
    one pass over all chosen cells, in shuffled order.
run
    a cell executed once, in one fresh container.  A noun; the verb is *execute*.
record
    everything that is kept about one run.
adapter
    a plugin's translator, inside the container.
worker
    the harness inside the container; it alone holds the stopwatch.
engine
    what executes runs: Docker, Podman, or a virtual environment.
oracle
    the NumPy float64 reference framework.
"""
