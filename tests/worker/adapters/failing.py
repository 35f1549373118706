# -*- coding: utf-8 -*-
"""Fails with a message outside ASCII, in the form that the axis ``message`` asks for."""
from quiet import Quiet


class Unspeakable(Exception):
    def __str__(self):
        raise RuntimeError("no words")

    __unicode__ = __str__
    __repr__ = __str__


class Adapter(Quiet):
    def train_step(self, prepared):
        form = self.axes["message"]
        if form == "text":
            raise ValueError(u"Gr\u00f6\u00dfe \u2014 falsch")
        if form == "bytes":
            raise ValueError(u"Gr\u00f6\u00dfe".encode("utf-8") + b"\xff")
        if form == "unspeakable":
            raise Unspeakable()
        if form == "surrogate":
            raise ValueError(u"lone \udc80")
        raise SystemExit(3)
