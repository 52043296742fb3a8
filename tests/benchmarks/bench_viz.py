"""What a live loss curve costs during training: its CPU time as a share of the training's, in a real Jupyter kernel.

The curve is shown through ipywidgets and redraws ten times a second; messages go to a client that reads them. What
counts is the calls of `add` and all that other threads of the kernel do meanwhile (they send the messages).
"""

import json
import os

from jupyter_client.manager import start_new_kernel

from tests.benchmarks.bench_training import ONE_THREAD
from tests.benchmarks.report import Report

TIMEOUT_SECONDS = 120
PROGRAM = """
import json, time
import numpy as np
from tinytorch import Tensor, manual_seed, nn, optim, viz
from tinytorch.nn import functional

manual_seed(0)
rng = np.random.default_rng(0)
x = Tensor(rng.normal(size=(64, 784)).astype("float32"))
y = Tensor(rng.integers(0, 10, 64))
model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
optimizer = optim.Adam(model.parameters())
curve = viz.LossCurve("bench")
curve.add(-1, train=2.3)  # the first redraw imports ipywidgets and opens the view, once
inside = 0.0
began, cpu, thread_cpu = time.perf_counter(), time.process_time(), time.thread_time()
step = 0
while time.perf_counter() - began < 4.0:
    optimizer.zero_grad()
    loss = functional.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    value = loss.item()
    start = time.thread_time()
    curve.add(step, train=value, learning_rate=0.001)
    inside += time.thread_time() - start
    step += 1
total, cpu, thread_cpu = time.perf_counter() - began, time.process_time() - cpu, time.thread_time() - thread_cpu
others = cpu - thread_cpu  # the thread that sends messages
figures = dict(total=total, inside=inside, others=others, training=thread_cpu - inside, steps=step)
print("FIGURES" + json.dumps(figures | {"redraws": curve.redraws}))
"""


def run(report: Report) -> None:
    """Train for four seconds in a kernel with a live curve."""
    figures = in_a_kernel(PROGRAM)
    if figures["redraws"] < 10:
        raise AssertionError(f"the curve was not live: {figures['redraws']} redraws in {figures['total']:.1f} s")
    share = 100 * (figures["inside"] + figures["others"]) / figures["training"]
    report.measure("live loss curve, share of the training's CPU time", share, "%", wanted="<= 3")
    report.measure("redraws a second", figures["redraws"] / figures["total"], "/s", wanted="<= 10.5")
    report.measure("training steps a second beside it", figures["steps"] / figures["total"], "/s")


def in_a_kernel(program: str) -> dict:
    """Run a program in a new kernel and return the figures that it prints."""
    manager, client = start_new_kernel(kernel_name="python3", env=os.environ | ONE_THREAD)
    said: list[str] = []

    def listen(message: dict) -> None:
        if message["msg_type"] == "stream":
            said.append(message["content"]["text"])

    try:
        reply = client.execute_interactive(program, timeout=TIMEOUT_SECONDS, output_hook=listen)
        if reply["content"]["status"] != "ok":
            raise RuntimeError("\n".join(reply["content"]["traceback"]))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return json.loads("".join(said).split("FIGURES")[1])
