"""What the scripts that train whole epochs share: their options, and what they say of each epoch.

This is the benchmark's part of them, none that a user would write: it is not among their source
lines.  Python 2.7 to 3.
"""
import argparse
import importlib
import json
import sys


def read_options(summary, epochs, **own):
    """Return the options of a script: those of all scripts, and its own (name -> default)."""
    parser = argparse.ArgumentParser(
        description=summary, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="the folder of the .npy arrays")
    parser.add_argument("--epochs", type=int, default=epochs)
    parser.add_argument(
        "--steps", type=int, default=sys.maxsize, help="at most so many steps an epoch")
    parser.add_argument("--turns", action="store_true", help="epoch by epoch with a rival")
    parser.add_argument("--output", default="", help="a file for all epochs as JSON")
    for name, default in own.items():
        parser.add_argument(
            "--" + name.replace("_", "-"), type=type(default), default=default)
    options = parser.parse_args()
    options.said = []
    return options


def report(options, seconds, loss, accuracy):
    """Print an epoch's training seconds, last loss and test accuracy; let a rival do its own."""
    options.said.append({"seconds": seconds, "loss": float(loss), "accuracy": float(accuracy)})
    print("epoch {}: {seconds:.3f} s, loss {loss:.4f}, test accuracy {accuracy:.4f}".format(
        len(options.said), **options.said[-1]))
    sys.stdout.flush()
    if options.output:
        with open(options.output, "w") as stream:
            json.dump({"epochs": options.said}, stream)
    if options.turns:
        importlib.import_module("turns").pass_on()
