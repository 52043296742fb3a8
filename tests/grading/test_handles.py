"""A handle in the judge behaves like the object in a notebook, or says that it can't."""

import copy
from collections.abc import Iterator

import numpy as np
import pytest
from tito.checks.handles import Handle, PlainValuesOnly
from tito.checks.link import Budget, Link, WorkerFault
from tito.checks.local import start_plain_worker
from tito.checks.words import There

from tinytorch.testing import check_gradient, clone, is_contiguous, remote, saved_and_loaded, shares_memory, unchanged
from tinytorch.testing.compare import Difference
from tinytorch.testing.words import use_place

pytestmark = pytest.mark.service

STUDENT = """
import numpy as np
import time, os

class Thing:
    __array_ufunc__ = None
    def __init__(self, data, dtype="float64", requires_grad=False):
        self.data = np.array(data, dtype=dtype)
        self.grad, self.children, self.entered = None, [], 0
    def __add__(self, other): return Thing(self.data + getattr(other, "data", other))
    def __radd__(self, other): return Thing(other + self.data)
    def __iadd__(self, other): self.data = self.data + other; return self
    def __matmul__(self, other): return Thing(self.data @ other.data)
    def __neg__(self): return Thing(-self.data)
    def __abs__(self): return Thing(abs(self.data))
    def __lt__(self, other): return self.data < other
    def __len__(self): return len(self.data)
    def __getitem__(self, index): return self.data[index]
    def __setitem__(self, index, value): self.data[index] = value
    def __iter__(self): return (Thing(row) for row in self.data)
    def __contains__(self, x): return x in self.data
    def __float__(self): return float(self.data.sum())
    def __repr__(self): return f"Thing({self.data.tolist()})"
    def __enter__(self): self.entered += 1; return self
    def __exit__(self, *error): self.entered = error[0].__name__ if error[0] else 0
    def me(self): return self
    def view(self): return self.data[1:]

class Loud(ValueError): pass
def fail(kind): raise {"loud": Loud("too loud"), "key": KeyError("k"), "exit": SystemExit(3)}[kind]
def hang(): time.sleep(1000)
def die(): os._exit(1)
def same_list(x=[]): return x
def change(array): array += 1
def state(): return {"w": np.ones(2), "deep": {"n": 3, "t": (1, 2)}}
def cube(x):
    out = Thing(x.data ** 3)
    def backward(g): x.grad = Thing(3 * x.data ** 2 * g.data)
    out.backward = backward
    return out
def wrong_cube(x):
    out = cube(x)
    out.backward = lambda g: setattr(x, "grad", Thing(x.data))
    return out
def endless():
    while True: yield 1
ANSWER = 42
"""


@pytest.fixture
def link() -> Iterator[Link]:
    def prepare(link: Link) -> None:
        assert link.request("cell", "student", STUDENT, "") == []

    with Link(start_plain_worker, prepare, Budget(request_seconds=3.0, check_seconds=5.0)) as link:
        yield link


@pytest.fixture
def names(link: Link):
    class Names:
        def __getattr__(self, name: str):
            value = link.request("names", [name])[name]
            if isinstance(value, Handle):
                link.handles.bind_name(value, name)
            return value

    previous = use_place(There(link))
    yield Names()
    use_place(previous)


def test_values_and_objects(names):
    thing = names.Thing([1.0, 2.0])
    assert names.ANSWER == 42
    assert thing.data.tolist() == [1.0, 2.0] and isinstance(thing.data, np.ndarray)
    assert thing.me() is thing
    assert thing.grad is None
    assert names.Thing is names.Thing
    assert isinstance(thing, names.Thing) and not isinstance(3.0, names.Thing)
    assert names.Thing.__name__ == "Thing"
    assert not hasattr(thing, "nothing")


def test_operators_and_items(names):
    thing = names.Thing([1.0, 2.0, 3.0])
    assert (thing + thing).data.tolist() == [2.0, 4.0, 6.0]
    assert (1 + thing).data.tolist() == [2.0, 3.0, 4.0]
    assert (np.ones(3) + thing).data.tolist() == [2.0, 3.0, 4.0]
    assert (thing @ thing).data == 14.0
    assert (-thing).data.tolist() == [-1.0, -2.0, -3.0] and abs(-thing).data.tolist() == [1.0, 2.0, 3.0]
    assert (thing < 2).tolist() == [True, False, False]
    assert thing[1] == 2.0 and thing[::2].tolist() == [1.0, 3.0] and thing[...].tolist() == [1.0, 2.0, 3.0]
    thing[0] = 9
    assert thing.data[0] == 9.0 and 9.0 in thing and 8.0 not in thing
    assert len(thing) == 3 and float(thing) == 14.0 and f"{thing}" == "Thing([9.0, 2.0, 3.0])"
    before = thing
    thing += 1
    assert thing is before and thing.data.tolist() == [10.0, 3.0, 4.0]


def test_attributes_contexts_and_iteration(names):
    thing = names.Thing([[1.0], [2.0]])
    thing.data = np.zeros(2)
    assert thing.data.tolist() == [0.0, 0.0]
    with thing as inner:
        assert inner is thing and thing.entered == 1
    assert thing.entered == 0
    with pytest.raises(ZeroDivisionError), thing:
        1 / 0  # noqa: B018
    assert thing.entered == "RuntimeError"
    thing.data = np.array([[1.0], [2.0]])
    assert [row.data.tolist() for row in thing] == [[1.0], [2.0]]


@pytest.mark.parametrize(
    "misuse",
    [
        lambda x: x == x,
        lambda x: x != 1,
        lambda x: 1 == x,  # noqa: SIM300
        lambda x: bool(x),
        lambda x: hash(x),
        lambda x: copy.deepcopy(x),
        lambda x: copy.copy(x),
        lambda x: np.asarray(x),
        lambda x: np.exp(x),
        lambda x: np.sum(x),
        lambda x: np.array([1.0]) == x,
        lambda x: x.data.__setitem__(0, 1) if False else x.children.append(1),
        lambda x: x.me(lambda: None),
        lambda x: x.me(object()),
    ],
)
def test_what_means_nothing_here_says_so(names, misuse):
    with pytest.raises(
        (PlainValuesOnly, TypeError), match=r"plain values|read-only|can't be passed to student code|be sent|unhashable"
    ):
        misuse(names.Thing([1.0, 2.0]))


def test_snapshots_are_read_only(names):
    data = names.Thing([1.0, 2.0]).data
    with pytest.raises(ValueError, match="read-only"):
        data[0] = 5
    state = names.state()
    with pytest.raises(PlainValuesOnly, match="read-only"):
        state["w"] = 1
    assert state["deep"] == {"n": 3, "t": (1, 2)}


def test_errors_arrive_as_built_in_ones(names):
    with pytest.raises(ValueError, match="too loud") as caught:
        names.fail("loud")
    assert type(caught.value) is ValueError and "line" in caught.value.raised_at
    with pytest.raises(KeyError) as missing:
        names.fail("key")
    assert missing.value.args == ("k",)
    with pytest.raises(RuntimeError, match="SystemExit"):
        names.fail("exit")
    with pytest.raises(AttributeError, match="nothing"):
        names.Thing([1]).nothing  # noqa: B018


def test_words_are_answered_where_the_arrays_live(names):
    thing = names.Thing([1.0, 2.0])
    array = remote([1.0, 2.0])
    names.change(array)
    assert array.read().tolist() == [2.0, 3.0]
    with pytest.raises(Difference, match="modified"), unchanged(array):
        names.change(array)
    with unchanged(array):
        names.Thing(array)
    assert shares_memory(thing.data, thing.view()) and shares_memory(thing, thing.data)
    assert not shares_memory(thing.data, names.Thing([1.0]).data)
    assert is_contiguous(thing.data)
    with pytest.raises(PlainValuesOnly, match="did not come unchanged from"):
        shares_memory(thing.data, np.ones(2))
    twin = clone(thing)
    twin.data = np.zeros(1)
    assert twin is not thing and thing.data.tolist() == [1.0, 2.0]
    loaded = saved_and_loaded(names.state())
    assert loaded["w"].tolist() == [1.0, 1.0] and loaded["deep"]["t"] == (1, 2)


def test_gradients_are_checked_through_handles(names):
    Thing, cube, wrong_cube = names.Thing, names.cube, names.wrong_cube
    check_gradient(cube, lambda x: x**3, [(2, 3)], tensor=Thing)
    with pytest.raises(Difference, match="gradient of input 0"):
        check_gradient(wrong_cube, lambda x: x**3, [(2, 3)], tensor=Thing)
    with pytest.raises(Difference, match="before any gradient"):
        check_gradient(cube, lambda x: x**2, [(2, 3)], tensor=Thing)


def test_handles_that_are_gone_are_let_go_in_the_worker(names, link):
    Thing = names.Thing
    first = Thing([1.0])
    number = object.__getattribute__(first, "_number")
    for _ in range(50):
        Thing([1.0])
    assert object.__getattribute__(Thing([1.0]), "_number") < number + 60
    kept = [Thing([float(n)]) for n in range(50)]
    assert [k.data.tolist() for k in kept] == [[float(n)] for n in range(50)]


@pytest.mark.parametrize(("word", "kind"), [("hang", "timeout"), ("die", "died")])
def test_after_a_hang_or_a_death_names_still_mean_what_they_meant(names, link, word, kind):
    Thing, culprit = names.Thing, getattr(names, word)
    thing = Thing([1.0])
    with pytest.raises(WorkerFault) as fault:
        culprit()
    assert fault.value.kind == kind
    assert Thing([2.0]).data.tolist() == [2.0]
    assert link.starts == 2
    with pytest.raises(WorkerFault) as lost:
        thing.me()
    assert lost.value.kind == "lost"


def test_what_never_ends_ends(names, link):
    link.begin_check()
    with pytest.raises(WorkerFault) as fault:
        list(names.endless())
    assert fault.value.kind == "too much" and "20000 items" in fault.value.why
    assert (names.ANSWER, link.starts) == (42, 1)  # the worker was not restarted and still answers


def test_restarts_are_bounded():
    def prepare(link: Link) -> None:
        link.request("cell", "c", "import os\ndef die(): os._exit(1)\n", "")

    with Link(start_plain_worker, prepare, Budget(restarts=2)) as link:
        kinds = []
        for _ in range(5):
            with pytest.raises(WorkerFault) as fault:
                link.request("names", ["die"])["die"]()
            kinds.append(fault.value.kind)
        assert kinds == ["died", "died", "died", "gave up", "gave up"]
