"""How the audit recognises a call: an object with slots by the values of its fields."""

from dataclasses import dataclass

import numpy as np
from tito.staff.auditing.tracing import WATCHING


@dataclass(slots=True)
class Slotted:
    name: str
    arrays: list


def fingerprint(x):
    names: dict = {}
    exec(WATCHING, names)
    return names["_fingerprint"](x)


def test_an_object_with_slots_is_known_by_its_fields():
    assert fingerprint(Slotted("add", [np.ones(3)])) == fingerprint(Slotted("add", [np.ones(3)]))
    assert fingerprint(Slotted("add", [np.ones(3)])) != fingerprint(Slotted("add", [np.ones(4)]))
    assert fingerprint(Slotted("add", [np.ones(3)])) != fingerprint(Slotted("sub", [np.ones(3)]))
