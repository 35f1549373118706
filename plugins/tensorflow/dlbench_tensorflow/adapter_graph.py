"""What a graph of TensorFlow 1 turned out to be: its operations, and what XLA made of them."""
from __future__ import absolute_import, division, print_function

import tensorflow as tf


def describe(graph):
    """Return the layout, the number formats and the number of a graph's operations."""
    operations = graph.get_operations()
    layouts = set(one.get_attr("data_format").decode("ascii")
                  for one in operations if one.type in ("Conv2D", "MaxPool"))
    products = [one for one in operations if one.type in ("Conv2D", "MatMul")]
    return {
        "layout": sorted(layouts),
        "operations": len(operations),
        "compute_precision": sorted(set(
            one.outputs[0].dtype.base_dtype.name for one in products)),
    }


def count_programs(session, fetched, fed):
    """Return how many of the operations that making ``fetched`` executes are XLA's programs."""
    options = tf.RunOptions(trace_level=tf.RunOptions.SOFTWARE_TRACE)
    trace = tf.RunMetadata()
    session.run(fetched, fed, options=options, run_metadata=trace)
    return sum("XlaLaunch" in one.timeline_label or "_XlaRun" in one.timeline_label
               for device in trace.step_stats.dev_stats for one in device.node_stats)
