"""A failure as data: it must survive whatever a framework puts into its messages."""
from __future__ import absolute_import

import traceback

from . import jsonio


def describe(error):
    """Return type, message and traceback of the exception being handled, as text."""
    return {
        "type": type(error).__name__,
        "message": _message(error),
        "traceback": jsonio.text(_traceback()),
    }


def _message(error):
    for read in (type(u""), str, repr):
        try:
            return jsonio.text(read(error))
        except Exception:  # an exception's own __str__ may raise anything
            continue
    return u"(its message cannot be read)"


def _traceback():
    try:
        return traceback.format_exc()
    except Exception:
        return u"(its traceback cannot be read)"
