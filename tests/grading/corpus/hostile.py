# ruff: noqa: E501 - one submission a line reads best
"""Submissions that try to get what they did not earn: points, the tests, others' files, the host, or the next run.

None of them solves an exercise, so every point would be one too many; a case that may get points says so.
"""

import os

from tests.grading.corpus.submission import EXERCISES, Case, Draft, code

ADD = "def add(a, b):\n    "


def _add(name: str, body: str, **options) -> Case:
    """An attack from inside the function `add`."""
    lines = body.strip("\n").split("\n")
    return Case(name, code("add", ADD + "\n    ".join(lines) + "\n"), **options)


def _top(name: str, source: str, **options) -> Case:
    """An attack that runs when the cell runs."""
    return Case(name, code("add", source), **options)


ALWAYS_EQUAL = """
class Equal:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __bool__(self): return True
    def __hash__(self): return 0
    def __len__(self): return 2
    def __getitem__(self, i): return self
    def __iter__(self): return iter([self, self])
    def __getattr__(self, name): return self
    def __call__(self, *a, **k): return self
    def __sub__(self, other): return 0
    __rsub__ = __sub__
    def __abs__(self): return 0
    def __le__(self, other): return True
    __lt__ = __ge__ = __gt__ = __le__
    def __array__(self, *a, **k): return np.array([4.0, 6.0])
"""

VALUES = [
    _top("always equal object", ALWAYS_EQUAL + "def add(a, b): return Equal()\n"),
    _top(
        "always equal data",
        ALWAYS_EQUAL + "def add(a, b):\n    box = Box([0, 0])\n    box.data = Equal()\n    return box\n",
    ),
    _top(
        "always equal float",
        "class F(float):\n    def __eq__(s, o): return True\n    __ne__ = lambda s, o: False\n"
        "def add(a, b):\n    box = Box([0])\n    box.data = [F(1), F(2)]\n    return box\n",
    ),
    _top(
        "always equal array",
        "class A(np.ndarray):\n    def __eq__(s, o): return np.ones(s.shape, bool)\n    def __sub__(s, o): return 0\n"
        "def add(a, b):\n    box = Box([0])\n    box.data = np.zeros(a.shape).view(A)\n    return box\n",
    ),
    _top(
        "array of always equal objects",
        ALWAYS_EQUAL
        + "def add(a, b):\n    box = Box([0])\n    box.data = np.array([Equal(), Equal()], dtype=object)\n    return box\n",
    ),
    _top(
        "class that says it is a float",
        "class L:\n    __class__ = property(lambda self: float)\n    def __float__(self): return 4.0\n"
        "def add(a, b):\n    box = Box([0])\n    box.data = L()\n    return box\n",
    ),
    _top(
        "class that says it is an array",
        "class L:\n    __class__ = property(lambda s: np.ndarray)\n    dtype = np.dtype(float)\n    def __array__(s, *a, **k): return np.zeros(2)\n"
        "def add(a, b):\n    box = Box([0])\n    box.data = L()\n    return box\n",
    ),
    _add("structured dtype", "box = Box([0])\nbox.data = np.zeros(2, dtype=[('a', 'f8')])\nreturn box"),
    _add("dates for numbers", "box = Box([0])\nbox.data = np.array(['2020-01-01'] * 2, dtype='M8[D]')\nreturn box"),
    _add("not a number everywhere", "return Box(np.full(a.shape, np.nan))"),
    _add("infinite everywhere", "return Box(np.full(a.shape, np.inf))"),
    _add("empty array", "return Box([])"),
    _add("broadcastable answer", "return Box(np.zeros((1, 1)))"),
    _add("echo of the argument", "return a"),
    _add("the known visible answer", "return Box([4.0, 6.0])", points=10),
    _top(
        "a different value at each look",
        "class B(Box):\n    n = 0\n    data = property(lambda s: np.zeros(2) + B.n, lambda s, v: None)\ndef add(a, b): return B([0, 0])\n",
    ),
    _add("True for everything", "return True"),
    _add("None for everything", "return None"),
    _add("a generator of guesses", "return (Box(x) for x in np.random.rand(10, 2))"),
    _add("a module instead of a box", "import numpy\nreturn numpy"),
]

TESTS = [
    _top("numpy's comparisons patched", "np.allclose = np.isclose = np.array_equal = np.all = lambda *a, **k: True\n"),
    _top(
        "built-ins patched",
        "import builtins\nbuiltins.isinstance = lambda *a: True\nbuiltins.AssertionError = SystemExit\nbuiltins.all = builtins.any = lambda *a: True\n",
    ),
    _top(
        "testing words patched",
        "import sys\nimport tinytorch.testing as t\nfor m in [m for n, m in sys.modules.items() if n.startswith('tinytorch.testing')]:\n"
        "    for w in ('same', 'close', 'true', 'raises', 'unchanged'):\n        setattr(m, w, lambda *a, **k: None)\n",
    ),
    _top(
        "outcomes patched",
        "from tinytorch.testing import exercise\nexercise.Outcome.passed = property(lambda s: True, lambda s, v: None)\nexercise._outcome = lambda o, *a: o\n",
    ),
    _top(
        "words redefined in the notebook",
        "def same(*a, **k): pass\nclose = true = raises = same\nclass unit_test:\n    def __init__(s, n): pass\n    def check(s, *a, **k): return lambda f: None\n    def report(s): pass\n",
    ),
    _top(
        "AST transformer",
        "import ast\nclass Strip(ast.NodeTransformer):\n    def visit_Assert(self, node): return ast.Pass()\nget_ipython().ast_transformers.append(Strip())\n",
    ),
    _add("test read from the history", "return Box(eval(In[-1].split('same')[1]))"),
    _add(
        "test read from the frames",
        "import sys\nf = sys._getframe()\nwhile f:\n    for v in f.f_locals.values():\n        if 'expected' in repr(v): return Box(v)\n    f = f.f_back",
    ),
    _add(
        "expected value read from memory",
        "import gc\nfor o in gc.get_objects():\n    if isinstance(o, dict) and 'expected' in o: return Box(o['expected'])",
    ),
    _add(
        "hidden tests read from the course",
        "import glob\nreturn open(glob.glob('/**/boxes_dev.py', recursive=True)[0]).read()",
    ),
    _top("reference imported", "from tinytorch.core.boxes import add, mean, halves, descend\n"),
    _top(
        "reference imported from the course",
        "import sys\nsys.path += ['/course', '/srv/course', '..', '../../course']\nfrom modules.boxes_dev import add\n",
    ),
    _top(
        "another framework imported",
        "import torch\ndef add(a, b): return Box(torch.tensor(a.data) + torch.tensor(b.data))\n",
    ),
    _top(
        "the grader's own code imported",
        "from tito.judge.submission import judge_submission\nfrom tito.checks.link import Link\n",
    ),
    _top(
        "the grader's code rewritten on disk",
        "import tito.worker.obey as o\nopen(o.__file__, 'a').write('raise SystemExit')\n",
    ),
    Case("test cells replaced by nothing", lambda d: [d.put(f"test_{n}", "") for n in EXERCISES]),
    Case("test cells replaced by a pass", lambda d: [d.put(f"test_{n}", "pass") for n in EXERCISES]),
    Case("test cells that only give a number", lambda d: [d.put(f"test_{n}", "30.0") for n in EXERCISES]),
    Case("test cells deleted", lambda d: [d.cells.pop(d.index(f"test_{n}")) for n in EXERCISES]),
    Case(
        "test cells with other points",
        lambda d: [d.cell(f"test_{n}")["metadata"]["nbgrader"].update(points=1000) for n in EXERCISES],
    ),
    Case(
        "test cells unlocked and re-tagged",
        lambda d: [d.cell(f"test_{n}")["metadata"]["nbgrader"].update(locked=False, solution=True) for n in EXERCISES],
    ),
    Case(
        "solution cells re-tagged as tests",
        lambda d: [d.cell(n)["metadata"]["nbgrader"].update(grade=True, points=90) for n in EXERCISES],
    ),
    Case(
        "test cells named like the solution",
        lambda d: [d.cell(f"test_{n}")["metadata"]["nbgrader"].update(grade_id=n) for n in EXERCISES],
    ),
    Case(
        "duplicate test cells that pass",
        lambda d: [d.cells.append(d.copy_of(f"test_{n}") | {"source": "pass"}) for n in EXERCISES],
    ),
    Case(
        "forged outputs of full marks",
        lambda d: [
            d.cell(f"test_{n}").update(
                outputs=[
                    {
                        "output_type": "execute_result",
                        "execution_count": 1,
                        "metadata": {},
                        "data": {"text/plain": "30.0"},
                    }
                ]
            )
            for n in EXERCISES
        ],
    ),
    Case(
        "tests skipped by a tag",
        lambda d: [
            d.cell(f"test_{n}")["metadata"].update(tags=["skip-execution", "raises-exception"]) for n in EXERCISES
        ],
    ),
    Case(
        "hidden test marks in a solution",
        code("add", "### BEGIN HIDDEN TESTS\ntest.report = lambda: None\n### END HIDDEN TESTS\n"),
    ),
    Case("metadata that are no metadata", lambda d: [c.update(metadata={"nbgrader": "all points"}) for c in d.cells]),
    Case(
        "a test cell as the only solution",
        lambda d: d.put(
            "add", "test = unit_test('add')\n@test.check('free', points=30)\ndef _(): pass\ntest.report()\n"
        ),
    ),
]

OUTCOME = [
    _top("SystemExit in the cell", "raise SystemExit(0)"),
    _add("SystemExit in the call", "raise SystemExit(0)"),
    _add("KeyboardInterrupt", "raise KeyboardInterrupt"),
    _add("GeneratorExit", "raise GeneratorExit"),
    _add("StopIteration", "raise StopIteration"),
    _add("every error that a test could want", "raise ValueError('shape shapes differ one number')"),
    _add(
        "ChecksFailed forged",
        "from tinytorch.testing import ChecksFailed\nraise ChecksFailed('add: 0 of 3 checks failed')",
    ),
    _add("an error of a fault's kind", "class WorkerFault(BaseException):\n    kind, why = '', ''\nraise WorkerFault"),
    _top(
        "an error whose text never ends",
        "class E(Exception):\n    def __str__(self):\n        while True: pass\ndef add(a, b): raise E\n",
    ),
    _top("an error whose text is huge", "def add(a, b): raise ValueError('x' * 10**8)\n"),
    _top(
        "an error whose text fails",
        "class E(Exception):\n    def __str__(self): raise SystemExit\ndef add(a, b): raise E\n",
    ),
    _top("an error with terminal commands", "def add(a, b): raise ValueError('\\x1b[2J\\x1b]0;pwned\\x07\\u202e')\n"),
    _top("exit without a word", "import os\nos._exit(0)\n"),
    _add("exit in the call", "import os\nos._exit(0)"),
    _add("abort", "import os\nos.abort()"),
    _add("segmentation fault", "import ctypes\nctypes.string_at(0)"),
    _top("stack overflow", "import sys\nsys.setrecursionlimit(10**9)\ndef add(a, b): return add(a, b)\n"),
    _top("a finaliser that fails", "class D:\n    def __del__(self): raise SystemExit\ndef add(a, b): return D()\n"),
]

TIME = [
    _top("endless loop in the cell", "while True: pass\n"),
    _add("endless loop in the call", "while True: pass"),
    _add("sleep", "import time\ntime.sleep(10**6)"),
    _top(
        "endless property",
        "class B(Box):\n    @property\n    def data(self):\n        while True: pass\n    @data.setter\n    def data(self, v): pass\ndef add(a, b): return B([1])\n",
    ),
    Case("endless generator", code("halves", "def halves(box, smallest=1):\n    while True: yield box\n")),
    Case("endless list", code("halves", "def halves(box, smallest=1):\n    return [box] * 10**7\n")),
    _top("endless length", "class B(Box):\n    def __len__(self): return 10**18\ndef add(a, b): return B([1])\n"),
    _top(
        "a signal that swallows the interruption",
        "import signal\nfor s in range(1, 30):\n    try: signal.signal(s, signal.SIG_IGN)\n    except (OSError, ValueError): pass\nwhile True: pass\n",
    ),
    _top("a thread that stays", "import threading, time\nthreading.Thread(target=time.sleep, args=(10**6,)).start()\n"),
    _top("an exit function that hangs", "import atexit, time\natexit.register(time.sleep, 10**6)\n"),
    _top("a regular expression that never ends", "import re\nre.match('(a+)+$', 'a' * 60 + 'b')\n"),
    _top("a power that never ends", "x = 9 ** 9 ** 9\n"),
    _top("a default argument that never ends", "def add(a, b, c=sum(iter(int, 1))): return a\n"),
    Case(
        "an own cell that never ends", lambda d: d.insert("add", "def helper(x=[i for i in iter(int, 1)]): return x\n")
    ),
]

MEMORY = [
    _add("100 GB at once", "return Box(np.ones(10**10))"),
    _add("memory bit by bit", "kept = []\nwhile True: kept.append(bytearray(10**7))"),
    _add("a huge answer", "return Box(np.zeros(10**8))"),
    _add("a long text", "return 'x' * 10**8"),
    _add("a list of itself", "x = []\nx.append(x)\nreturn x"),
    _add("a deep list", "x = []\nfor _ in range(10**5): x = [x]\nreturn x"),
    _add("a dict of itself", "x = {}\nx['x'] = x\nreturn x"),
    _add("keys that collide", "return {i * (2**61 - 1): 0 for i in range(1, 60000)}"),
    _add("a set that collides", "return {i * (2**61 - 1) for i in range(1, 60000)}"),
    _add("a number of a million digits", "return 10 ** 10**6"),
    _add("a text that is no text", "return '\\ud800'"),
    _add("a million objects", "return [object() for _ in range(10**6)]"),
    _top("a flood of output", "for _ in range(10**5): print('x' * 10**4)\n"),
    _top("a full /tmp", "with open('/tmp/x', 'wb') as f:\n    while True: f.write(bytes(10**7))\n"),
    _top("a full /dev/shm", "with open('/dev/shm/x', 'wb') as f:\n    while True: f.write(bytes(10**7))\n"),
    _top(
        "files in memory",
        "import os\nkept = []\nwhile len(kept) < 60:\n    kept.append(os.memfd_create('x'))\n    os.write(kept[-1], bytes(31 * 2**20))\n",
    ),
    _top("all file descriptors", "import os\nkept = []\nwhile True: kept.append(os.open('/dev/null', 0))\n"),
]

PROCESSES = [
    _top("fork bomb", "import os\nwhile True: os.fork()\n"),
    _top(
        "a child that stays",
        "import os\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        while True: open('{write}', 'w')\n",
    ),
    _top(
        "thread bomb",
        "import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(10**6,), daemon=True).start()\n",
    ),
    _top("a shell", "import os\nos.system('touch {write}; curl http://127.0.0.1:{port}/')\n"),
    _top("a subprocess", "import subprocess\nsubprocess.run(['/usr/bin/python3', '-c', \"open('{write}', 'w')\"])\n"),
    _top("multiprocessing", "import multiprocessing\nmultiprocessing.Pool(50).map(abs, range(10**6))\n"),
    _top("killing everybody", "import os, signal\nos.kill(-1, signal.SIGKILL)\n"),
    _top(
        "killing the parent", "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\nos.kill(1, signal.SIGKILL)\n"
    ),
    _top("tracing", "import ctypes\nlibc = ctypes.CDLL(None)\nassert libc.ptrace(16, 1, 0, 0) == 0\n"),
    _top(
        "a namespace of its own",
        "import ctypes\nlibc = ctypes.CDLL(None)\nassert libc.unshare(0x10000000) == 0\nassert libc.mount(b'x', b'/tmp', b'tmpfs', 0, 0) == 0\n",
    ),
    _top(
        "higher limits",
        "import resource\nresource.setrlimit(resource.RLIMIT_AS, (-1, -1))\nresource.setrlimit(resource.RLIMIT_CPU, (-1, -1))\n",
    ),
    _top("becoming root", "import os\nos.setuid(0)\nopen('{write}', 'w')\n"),
]

HOST = [
    _add("a file of the host", "return open('{secret}').read()"),
    _add("a file of the host as data", "return Box(np.fromfile('{secret}', dtype='u1'))"),
    _add("passwords", "return open('/etc/passwd').read() + open('/etc/shadow').read()"),
    _add("the environment", "import os\nreturn dict(os.environ)"),
    _add("the environment of process 1", "return open('/proc/1/environ').read() + open('/proc/self/environ').read()"),
    _add(
        "environments of all processes",
        "import glob\nreturn [open(p).read() for p in glob.glob('/proc/[0-9]*/environ')]",
    ),
    _add(
        "the root of another process",
        "import os\nreturn [os.listdir(f'/proc/{p}/root/etc') for p in os.listdir('/proc') if p.isdigit()]",
    ),
    _add(
        "the host's disk",
        "import os\nfor f in ('/dev/vda', '/dev/sda', '/dev/mem', '/dev/kmsg'):\n    if os.path.exists(f): return open(f, 'rb').read(100)",
    ),
    _top(
        "a device of its own",
        "import os, stat\nos.mknod('/tmp/disk', 0o666 | stat.S_IFBLK, os.makedev(254, 0))\nopen('{write}', 'w')\n",
    ),
    _top("writing on the host", "open('{write}', 'w').write('I was here')\n"),
    _top(
        "the gradebook",
        "import sqlite3\nsqlite3.connect('{gradebook}').execute('create table pwned (x)').connection.commit()\n",
    ),
    _top(
        "a link to the host",
        "import os\nos.symlink('{secret}', '/tmp/link')\ndef add(a, b): return open('/tmp/link').read()\n",
    ),
    _top("the network", "import socket\nsocket.create_connection(('127.0.0.1', {port}), timeout=1).send(b'hello')\n"),
    _top(
        "the network by datagrams",
        "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\ns.sendto(b'hello', ('127.0.0.1', {port}))\n",
    ),
    _top(
        "the network by a library", "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:{port}/').read()\n"
    ),
    _top("a local socket", "import socket\ns = socket.socket(socket.AF_UNIX)\ns.connect('/var/run/docker.sock')\n"),
    _top(
        "network by system call", "import ctypes\nlibc = ctypes.CDLL(None)\nfd = libc.socket(2, 1, 0)\nassert fd >= 0\n"
    ),
    _top("the next submission's numpy", "import numpy\nopen(numpy.__file__, 'a').write('import os')\n"),
    _top(
        "the next submission's start",
        "import os\nfor p in ('/env/lib/python3.11/site-packages/sitecustomize.py', '/tmp/sitecustomize.py', '/predecessors/core/pairs.py', '/usr/lib/python3/x.pth'):\n    try: open(p, 'w').write('raise SystemExit')\n    except OSError: pass\n",
    ),
    _top("the earlier modules rewritten", "import tinytorch.core.pairs as p\nopen(p.__file__, 'w').write('x')\n"),
]

WIRE = """
import gc, os, struct
def forge(data):
    for fd in range(3, 64):
        try: os.write(fd, data)
        except OSError: pass
"""
PROTOCOL = [
    _top(
        "the worker gives names that nobody asked for",
        "import tito.worker.obey as o\nold = o.Worker.do_names\ndef yes(*a, **k): return True\n"
        "o.Worker.do_names = lambda self, names: old(self, names) | dict.fromkeys(['same', 'close', 'true', 'raises', "
        "'unit_test', 'unchanged', 'remote', 'shares_memory', 'len', 'isinstance', 'test', '__builtins__'], yes)\n",
    ),
    _top(
        "the worker gives nonsense for names",
        "import tito.worker.obey as o\no.Worker.do_names = lambda self, names: [1, 2]\n",
    ),
    _top(
        "a class with a name for terminals",
        "E = type('\\x1b[2J' + 'x' * 10**6, (), {})\ndef add(a, b): return E()\n",
    ),
    _top(
        "a forged answer",
        WIRE
        + "import msgpack\nbody = msgpack.packb(['ok', [4.0, 6.0]])\ndef add(a, b):\n    forge(struct.pack('<II', len(body), 0) + body)\n    return a\n",
    ),
    _top(
        "forged answers in the cell",
        WIRE
        + "import msgpack\nbody = msgpack.packb(['ok', True])\nforge((struct.pack('<II', len(body), 0) + body) * 1000)\n",
    ),
    _top("rubbish on every descriptor", WIRE + "forge(os.urandom(10**5))\n"),
    _top(
        "a message that never ends",
        WIRE
        + "import time\ndef add(a, b):\n    forge(struct.pack('<II', 1000, 0))\n    while True:\n        forge(b'x')\n        time.sleep(0.1)\n",
    ),
    _top(
        "a message of 4 GB announced",
        WIRE + "def add(a, b):\n    forge(struct.pack('<II', 2**32 - 1, 2**32 - 1))\n    return a\n",
    ),
    _top(
        "arrays of 16 EB announced",
        WIRE + "def add(a, b):\n    forge(struct.pack('<IIQ', 1, 1, 2**64 - 1))\n    return a\n",
    ),
    _top("all descriptors closed", "import os\ndef add(a, b): os.closerange(0, 1000)\n"),
    _top("descriptors read", "import os\ndef add(a, b): return [os.read(fd, 10**6) for fd in range(3, 10)]\n"),
    _top(
        "the worker answers yes", "import tito.worker.obey as o\no.Worker.answer = lambda self, request: ['ok', True]\n"
    ),
    _top(
        "the worker answers with what it was asked",
        "import tito.worker.obey as o\no.Worker.answer = lambda self, request: ['ok', request[-1]]\n",
    ),
    _top(
        "the worker's questions about memory answered yes",
        "import tito.worker.obey as o\no.Worker.do_isinstance = o.Worker.do_shares_memory = lambda *a: True\n",
    ),
    _top(
        "answers of the wrong form",
        "import tito.worker.obey as o\no.Worker.answer = lambda self, request: ['error', 'SystemExit', 'x', 'y', 'z']\n",
    ),
    _top(
        "handles that do not exist",
        "import tito.worker.obey as o\nfrom tito.worker.wire import Ref\no.Worker.answer = lambda self, request: ['ok', Ref(2**63, 'Box')]\n",
    ),
    _top(
        "dtypes that run code",
        "import tito.worker.wire as w, msgpack\nw.Writer._array = lambda self, a: msgpack.ExtType(1, msgpack.packb(['|O', [2], 0, 0]))\ndef add(a, b): return a\n",
    ),
    _top(
        "an object that runs code when it is copied",
        "class R:\n    def __reduce__(self): return (open, ('{write}', 'w'))\ndef add(a, b): return R()\n",
    ),
    _top(
        "a class of every instance",
        "class M(type):\n    def __instancecheck__(c, x): return True\nclass Box(metaclass=M):\n    def __init__(self, x): self.data = [0, 0]\n    shape = (2,)\ndef add(a, b): return Box(0)\n",
    ),
]


def _link(target_of):
    def edit(draft: Draft) -> None:
        draft.name = ""
        draft.arrange = lambda folder: (folder / "boxes.ipynb").symlink_to(target_of(draft))

    return edit


def _arranged(arrange):
    def edit(draft: Draft) -> None:
        draft.name = ""
        draft.arrange = arrange

    return edit


def _encoded(encode):
    def edit(draft: Draft) -> None:
        draft.encode = encode

    return edit


def _files(**files: str):
    def edit(draft: Draft) -> None:
        draft.files = {name.replace("__", "/").replace("_dot_", "."): text.encode() for name, text in files.items()}

    return edit


def _deep(document: dict) -> bytes:
    return b'{"cells": ' + b"[" * 10**6 + b"]" * 10**6 + b"}"


def _many_cells(draft: Draft) -> None:
    draft.cells.extend({"cell_type": "code", "metadata": {}, "source": "x = 1", "outputs": []} for _ in range(10**5))


def _long_cell(draft: Draft) -> None:
    draft.insert("add", "x = [" + "1," * 10**6 + "]")


FILES = [
    Case("a link to another's notebook", _link(lambda d: d.places["solved"]), refused=True, says="link"),
    Case("a link to a secret", _link(lambda d: d.places["secret"]), refused=True, says="link"),
    Case("a pipe instead of a notebook", _arranged(lambda f: os.mkfifo(f / "boxes.ipynb")), refused=True),
    Case("a folder instead of a notebook", _arranged(lambda f: (f / "boxes.ipynb").mkdir()), refused=True),
    Case("a link to a device", _arranged(lambda f: (f / "boxes.ipynb").symlink_to("/dev/zero")), refused=True),
    Case("modules beside the notebook", _files(numpy_dot_py="raise SystemExit", tinytorch____init___dot_py="", sitecustomize_dot_py="open('{write}', 'w')")),
    Case("configuration beside the notebook", _files(nbgrader_config_dot_py="open('{write}', 'w')", gradebook_dot_db="x", usercustomize_dot_py="")),
    Case("JSON nested a million deep", _encoded(_deep), refused=True),
    Case("30 MB of JSON", _encoded(lambda d: b'{"cells": [' + b"0," * 15_000_000 + b"0]}"), refused=True, says="cells"),
    Case("a number of a million digits in JSON", _encoded(lambda d: b'{"nbformat": ' + b"9" * 10**6 + b', "cells": []}'), refused=True),
    Case("a hundred thousand cells", _many_cells, refused=True, says="cells"),
    Case("a cell of two million characters", _long_cell),
    Case("cells that are no cells", lambda d: d.document.update(cells=[None, 1, [], {}, {"source": 7}, {"cell_type": []}]), refused=True),
    Case("code nested too deeply", code("add", "x = " + "(" * 5000 + ")" * 5000)),
    Case("code of a hundred thousand signs", code("add", "x = " + "-" * 90_000 + "1")),
    Case("code of a long chain", code("add", "x = a" + ".b" * 60_000)),
    Case("code of a long sum", code("add", "x = " + "+".join(["1"] * 60_000))),
    Case("zero bytes in code", code("add", "x = 1\0")),
    Case("half a character in code", code("add", "x = '\ud800'")),
    Case("names that lead out", lambda d: d.cell("add")["metadata"]["nbgrader"].update(grade_id="../../../etc/passwd")),
]  # fmt: skip

HOSTILE = [*VALUES, *TESTS, *OUTCOME, *TIME, *MEMORY, *PROCESSES, *HOST, *PROTOCOL, *FILES]
assert len({case.name for case in HOSTILE}) == len(HOSTILE) >= 80
