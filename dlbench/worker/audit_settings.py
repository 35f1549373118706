"""What the job asked for, against what the adapter found active after the last step."""
from __future__ import absolute_import

_UNPROVEN = "unproven: the adapter's settings do not say"

#: A tensor so small that both layouts are one.
_EITHER = "either"


def compare(asked, precision, found):
    """Return a fact for each setting that the job asks for.

    ``asked`` is the job's settings, ``precision`` the task's, ``found`` the adapter's answer.
    """
    axes = asked["axes"]
    facts = {"precision_as_set": _precision(precision, found)}
    if asked["threads"] is not None:
        facts["threads_as_set"] = _fact(
            asked["threads"], found.get("threads"), lambda threads: threads == asked["threads"]
        )
    if "layout" in axes:
        facts["layout_as_set"] = _layout(axes["layout"], found.get("layout"))
    compiled = [axes[name] for name in ("compile", "xla") if name in axes]
    if compiled:
        wanted = any(value != "off" for value in compiled)
        facts["compiled_as_set"] = _compiled(wanted, found.get("compiled_programs"))
    return facts


def _layout(asked, found):
    """Judge the layouts found; a network without images has none."""
    layouts = _names(found)
    if found is not None and not layouts:
        reason = "nothing in the network has a layout"
        return {"passed": None, "asked": asked, "found": [], "reason": reason}
    return _fact(asked, layouts or None, lambda names: set(names) <= set([asked, _EITHER]))


def _compiled(wanted, programs):
    """Judge the number of programs; a compiler that is paid for has to be shown."""
    fact = _fact("on" if wanted else "off", programs, lambda count: (count > 0) == wanted)
    return dict(fact, passed=False) if wanted and programs is None else fact


def _precision(precision, found):
    """Judge the weights' formats, that of products where it is known, and TF32."""
    asked = {"storage": precision.storage, "compute": precision.compute}
    seen = {"storage": _names(found.get("precision")), "tf32": found.get("tf32")}
    seen["compute"] = _names(found.get("compute_precision"))
    whole = "float32" if precision.compute == "tf32" else precision.compute
    wrong = (
        seen["storage"] not in ([], [precision.storage])
        or seen["compute"] not in ([], [whole])
        or (seen["tf32"] is not None and _tf32_is_wrong(precision.compute, seen["tf32"]))
    )
    if not seen["storage"] and not wrong:
        return {"passed": None, "asked": asked, "found": seen, "reason": _UNPROVEN}
    return {"passed": not wrong, "asked": asked, "found": seen}


def _tf32_is_wrong(compute, active):
    """Whether products are in TF32 where float32 was asked for, or the other way round."""
    return compute in ("float32", "tf32") and bool(active) != (compute == "tf32")


def _fact(asked, found, holds):
    if found is None:
        return {"passed": None, "asked": asked, "found": None, "reason": _UNPROVEN}
    return {"passed": bool(holds(found)), "asked": asked, "found": found}


def _names(found):
    """Return a setting as a sorted list of words; one word alone is a list of one."""
    if found is None:
        return []
    return [found] if isinstance(found, (str, type(u""))) else sorted(found)
