"""In a real JupyterLab the loss curve moves during training, widgets follow keys, and pictures stay in the notebook."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from nbconvert import HTMLExporter

from tests.e2e.browser import VIEW, chromium
from tests.e2e.lab import wait_for_idle
from tests.harness.mortal import mortal

pytestmark = [pytest.mark.live, pytest.mark.e2e]

BAND_IS_LAID_OUT = """() => {
    const bands = document.querySelectorAll("svg.tt-loss g.tt-band rect");
    return bands.length > 20 && bands[20].getBoundingClientRect().width > 0;
}"""
START_SECONDS = 120
TRAINING = """
import time
import numpy as np
from tinytorch import Tensor, manual_seed, nn, optim, viz
from tinytorch.datasets import Digits
from tinytorch.nn import functional

manual_seed(0)
images, labels = Digits().arrays()
x, y = Tensor(images[:256].reshape(-1, 64)), Tensor(labels[:256])
model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
optimizer = optim.Adam(model.parameters(), lr=0.003)
step, end = 0, time.monotonic() + 8
with viz.LossCurve("MLP on digits") as curve:
    while time.monotonic() < end:
        optimizer.zero_grad()
        loss = functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        curve.add(step, train=loss.item(), learning_rate=0.003)
        step += 1
print("redraws", curve.redraws)
"""

WIDGETS = """
import numpy as np
from IPython.display import display
from tinytorch import viz

def cut(text, count):
    return [(bytes([byte]), byte) for byte in text.encode()][count:]

frames = np.cumsum(np.random.default_rng(0).normal(size=(5, 3, 2)), axis=0)
display(viz.TokensByMerges(cut, (0, 2), "abc"), viz.PointsOverTime(frames, "xyz", title="Letters"))
display(viz.RepeatedWork("abcd", context=3))
"""

MAPS = """
import numpy as np
from IPython.display import display
from tinytorch import viz

display(viz.AttentionMap({"before": np.full((3, 3), 1 / 3), "after": np.eye(3)[::-1]}, "abc", title="Looks"))
grids = {2: ([-1, 0, 1], [0, 1]), 3: (np.arange(-3, 4) / 3, [1 / 3, 1])}
display(viz.NumberLine([0.3, 1.0], grids, "Two numbers"))
"""

NEXT = """
import numpy as np
from tinytorch import viz

def shares(beginning, temperature):
    if beginning == "y" and temperature > 1:
        raise RuntimeError("too hot")
    p = np.exp(np.array([2.0, 1.0 if beginning == "x" else 3.0]) / temperature)
    return p / p.sum()

viz.NextToken(shares, ["x", "y"], ["a", "b"])
"""

MASKS = """
import numpy as np
from tinytorch import viz

weight = np.array([[0.5, -0.1, 0.8, 0.0], [0.05, -0.9, 0.2, 0.0]])
viz.PruningMask(
    {"hidden": weight},
    lambda sparsity: {"hidden": np.abs(weight) > np.quantile(np.abs(weight), sparsity)},
    (0.25, 0.5, 0.75),
    right={"pruned": [0.9, 0.8, 0.5]},
    templates=np.ones((2, 2, 2)),
)
"""

CALLS = """
from tinytorch import viz

viz.Timeline([("matmul", "forward", 0.0, 0.002), ("gelu", "forward", 0.002, 0.001), ("gelu", "backward", 0.004, 0.001)])
"""

EVIDENCE = """
from tinytorch import viz

runs = {"new": [0.002] * 8, "old": [0.004] * 8}
viz.EvidenceByRuns(runs, {6: (0.4, 1.2, "can't tell"), 8: (0.45, 0.6, "faster")}, "Faster?")
"""


@pytest.fixture
def lab(tmp_path, request):
    """Start JupyterLab on a notebook with the training above, or other code; give its address and folder."""
    code = getattr(request, "param", TRAINING)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code, id="training")])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    work = tmp_path / "work"
    work.mkdir()
    nbformat.write(notebook, work / "curve.ipynb")
    environment = os.environ | {"HOME": str(tmp_path), "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime")}
    options = ["--no-browser", "--ip=127.0.0.1", "--port=0", "--allow-root", f"--ServerApp.root_dir={work}"]
    with (tmp_path / "lab.log").open("w") as log:
        process = subprocess.Popen(
            mortal([sys.executable, "-m", "jupyterlab", *options]),
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield _address(tmp_path, process), work
    finally:
        process.terminate()
        process.wait(timeout=30)


def _address(folder: Path, process: subprocess.Popen) -> str:
    """Wait until the server has written down where it listens."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        log = (folder / "lab.log").read_text()
        for path in (folder / "runtime").glob("jpserver-*.json"):
            if "is running at" in log:
                server = json.loads(path.read_text())
                return f"{server['url']}lab/tree/curve.ipynb?token={server['token']}"
        time.sleep(0.1)
    raise AssertionError(f"JupyterLab did not start:\n{(folder / 'lab.log').read_text()[-2000:]}")


def test_two_pictures_during_training_differ_and_one_stays(lab, tmp_path):
    address, work = lab
    with chromium() as browser:
        page = browser.new_page(viewport=VIEW)
        page.set_default_timeout(1000 * START_SECONDS)
        page.goto(address)
        page.locator(".jp-CodeCell .cm-content").first.click()
        wait_for_idle(page)
        page.keyboard.press("Shift+Enter")
        curve = page.locator("svg.tt-loss")
        curve.wait_for(state="visible")
        frame = page.locator(".jp-OutputArea-output .widget-html")  # stays, while the picture in it is replaced
        first, points = frame.screenshot(), _points(page)
        page.wait_for_function(
            "before => document.querySelector('svg.tt-loss polyline').getAttribute('points') != before", arg=points
        )
        second = frame.screenshot()
        page.locator(".jp-OutputArea-output pre", has_text="redraws").wait_for()
        page.get_by_role("button", name="Hover for values").click()
        page.wait_for_function(BAND_IS_LAID_OUT)  # the button draws the picture anew
        curve.scroll_into_view_if_needed()
        curve.locator("g.tt-band rect").nth(20).hover(force=True)
        tip = curve.locator("g.tt-band").nth(20).locator("g.tt-tip")
        assert tip.evaluate("element => getComputedStyle(element).visibility") == "visible"
        assert "train" in tip.text_content()
        page.get_by_role("button", name="Save CSV").click()
        page.get_by_text("written:").wait_for()
        page.screenshot(path=tmp_path / "lab.png")
        page.keyboard.press("Control+s")
        page.wait_for_function("() => !document.querySelector('.jp-mod-dirty')")
    assert first != second
    assert (work / "mlp_on_digits.csv").read_text().startswith("step,train,validation,learning_rate\n0,2.")
    assert _kept_pictures(work / "curve.ipynb") == 1


@pytest.mark.parametrize("lab", [WIDGETS], indirect=True, ids=["widgets"])
def test_typing_and_arrow_keys_change_what_is_seen_and_said(lab):
    address, work = lab
    with chromium() as browser:
        page = browser.new_page(viewport=VIEW)
        page.set_default_timeout(1000 * START_SECONDS)
        page.goto(address)
        page.locator(".jp-CodeCell .cm-content").first.click()
        wait_for_idle(page)
        page.keyboard.press("Shift+Enter")
        field, status = page.locator(".jp-OutputArea-output input[type=text]").first, page.get_by_role("status")
        field.fill("abcd")
        status.filter(has_text="4 characters; tokens after 0, 2 merges: 4, 2").wait_for()
        picture = page.locator(".jp-OutputArea-output img").first
        before = picture.get_attribute("src")
        handles = page.locator(".jp-OutputArea-output .noUi-handle")
        handles.nth(0).focus()
        page.keyboard.press("ArrowLeft")
        status.filter(has_text="epoch 3: moved by").wait_for()
        page.wait_for_function(
            "before => document.querySelector('.jp-OutputArea-output img').src != before", arg=before
        )
        status.filter(has_text="3 tokens: without a cache 6 products, 3 of them computed before").wait_for()
        handles.nth(1).focus()
        page.keyboard.press("ArrowRight")
        status.filter(has_text="4 tokens: without a cache 6 products, none of them computed before").wait_for()
        page.keyboard.press("Control+s")
        page.wait_for_function("() => !document.querySelector('.jp-mod-dirty')")
    saved = (work / "curve.ipynb").read_text()
    assert _kept_pictures(work / "curve.ipynb") == 2 and "<small>97</small>" in saved


@pytest.mark.parametrize("lab", [MAPS], indirect=True, ids=["maps"])
def test_arrow_keys_choose_a_map_a_row_of_it_and_a_grid(lab):
    address, work = lab
    with chromium() as browser:
        page = browser.new_page(viewport=VIEW)
        page.set_default_timeout(1000 * START_SECONDS)
        page.goto(address)
        page.locator(".jp-CodeCell .cm-content").first.click()
        wait_for_idle(page)
        page.keyboard.press("Shift+Enter")
        status, picture = page.get_by_role("status"), page.locator(".jp-OutputArea-output img").first
        status.filter(has_text="after, a: looks at c (100%)").wait_for()
        handles, before = page.locator(".jp-OutputArea-output .noUi-handle"), picture.get_attribute("src")
        handles.nth(1).focus()
        page.keyboard.press("ArrowRight")
        status.filter(has_text="after, b: looks at b (100%)").wait_for()
        page.wait_for_function(
            "before => document.querySelector('.jp-OutputArea-output img').src != before", arg=before
        )
        handles.nth(0).focus()
        page.keyboard.press("ArrowLeft")
        status.filter(has_text="before, b: looks at a (33%)").wait_for()
        picture = page.locator(".jp-OutputArea-output img").nth(1)
        before = picture.get_attribute("src")
        status.filter(has_text="2 bits: 3 places, 1 apart").wait_for()
        handles.nth(2).focus()
        page.keyboard.press("ArrowRight")
        status.filter(has_text="3 bits: 7 places, 0.333 apart").wait_for()
        page.wait_for_function(
            "before => document.querySelectorAll('.jp-OutputArea-output img')[1].src != before", arg=before
        )
        page.keyboard.press("Control+s")
        page.wait_for_function("() => !document.querySelector('.jp-mod-dirty')")
    assert _kept_pictures(work / "curve.ipynb") == 2


@pytest.mark.parametrize("lab", [NEXT], indirect=True, ids=["next token"])
def test_arrow_keys_change_temperature_and_beginning_and_a_broken_model_is_told(lab):
    address, work = lab
    with chromium() as browser:
        page = browser.new_page(viewport=VIEW)
        page.set_default_timeout(1000 * START_SECONDS)
        page.goto(address)
        page.locator(".jp-CodeCell .cm-content").first.click()
        wait_for_idle(page)
        page.keyboard.press("Shift+Enter")
        status, slider = page.get_by_role("status"), page.locator(".jp-OutputArea-output .noUi-handle")
        status.filter(has_text="after 'x' at temperature 1.0: likeliest 'a' with 73%").wait_for()
        slider.focus()
        page.keyboard.press("ArrowLeft")
        status.filter(has_text="after 'x' at temperature 0.9: likeliest 'a' with 75%").wait_for()
        page.locator(".jp-OutputArea-output select").select_option("y")
        status.filter(has_text="after 'y' at temperature 0.9: likeliest 'b' with 75%").wait_for()
        slider.focus()
        for _ in range(2):
            page.keyboard.press("ArrowRight")
        status.filter(has_text="RuntimeError: too hot").wait_for()
        page.keyboard.press("ArrowLeft")
        status.filter(has_text="after 'y' at temperature 1.0: likeliest 'b' with 73%").wait_for()
        page.keyboard.press("Control+s")
        page.wait_for_function("() => !document.querySelector('.jp-mod-dirty')")
    assert _kept_pictures(work / "curve.ipynb") == 1


@pytest.mark.parametrize("lab", [MASKS], indirect=True, ids=["masks"])
def test_arrow_keys_choose_a_sparsity(lab):
    address, work = lab
    with chromium() as browser:
        page = browser.new_page(viewport=VIEW)
        page.set_default_timeout(1000 * START_SECONDS)
        page.goto(address)
        page.locator(".jp-CodeCell .cm-content").first.click()
        wait_for_idle(page)
        page.keyboard.press("Shift+Enter")
        status, picture = page.get_by_role("status"), page.locator(".jp-OutputArea-output img").first
        status.filter(has_text="sparsity 50%, hidden: 4 of 8 weights stay").wait_for()
        before = picture.get_attribute("src")
        page.locator(".jp-OutputArea-output .noUi-handle").first.focus()
        page.keyboard.press("ArrowRight")
        status.filter(has_text="sparsity 75%, hidden: 2 of 8 weights stay").wait_for()
        page.wait_for_function(
            "before => document.querySelector('.jp-OutputArea-output img').src != before", arg=before
        )
        page.keyboard.press("Control+s")
        page.wait_for_function("() => !document.querySelector('.jp-mod-dirty')")
    assert _kept_pictures(work / "curve.ipynb") == 1


@pytest.mark.parametrize("lab", [CALLS], indirect=True, ids=["calls"])
def test_arrow_keys_walk_through_the_calls_of_a_timeline(lab):
    address, work = lab
    with chromium() as browser:
        page = browser.new_page(viewport=VIEW)
        page.set_default_timeout(1000 * START_SECONDS)
        page.goto(address)
        page.locator(".jp-CodeCell .cm-content").first.click()
        wait_for_idle(page)
        page.keyboard.press("Shift+Enter")
        status, picture = page.get_by_role("status"), page.locator(".jp-OutputArea-output img").first
        status.filter(has_text="call 1 of 3: matmul, forward, starts at 0 µs, takes 2 ms, 40.0% of 5 ms").wait_for()
        before = picture.get_attribute("src")
        page.locator(".jp-OutputArea-output .noUi-handle").focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        status.filter(has_text="call 3 of 3: gelu, backward, starts at 4 ms").wait_for()
        page.wait_for_function(
            "before => document.querySelector('.jp-OutputArea-output img').src != before", arg=before
        )
        page.keyboard.press("Control+s")
        page.wait_for_function("() => !document.querySelector('.jp-mod-dirty')")
    assert _kept_pictures(work / "curve.ipynb") == 1


@pytest.mark.parametrize("lab", [EVIDENCE], indirect=True, ids=["evidence"])
def test_arrow_keys_take_fewer_pairs_of_runs(lab):
    address, work = lab
    with chromium() as browser:
        page = browser.new_page(viewport=VIEW)
        page.set_default_timeout(1000 * START_SECONDS)
        page.goto(address)
        page.locator(".jp-CodeCell .cm-content").first.click()
        wait_for_idle(page)
        page.keyboard.press("Shift+Enter")
        status, picture = page.get_by_role("status"), page.locator(".jp-OutputArea-output img").first
        status.filter(has_text="after 8 pairs: new takes 0.450 to 0.600 times as long as old: faster").wait_for()
        before = picture.get_attribute("src")
        page.locator(".jp-OutputArea-output .noUi-handle").focus()
        page.keyboard.press("ArrowLeft")
        status.filter(has_text="after 6 pairs: new takes 0.400 to 1.200 times as long as old: can't tell").wait_for()
        page.wait_for_function(
            "before => document.querySelector('.jp-OutputArea-output img').src != before", arg=before
        )
        page.keyboard.press("Control+s")
        page.wait_for_function("() => !document.querySelector('.jp-mod-dirty')")
    assert _kept_pictures(work / "curve.ipynb") == 1


def _points(page) -> str:
    return page.evaluate("() => document.querySelector('svg.tt-loss polyline').getAttribute('points')")


def _kept_pictures(path: Path) -> int:
    """Count the pictures that a page without widgets or scripts shows of the saved notebook, as grading pages do."""
    notebook = nbformat.read(path, as_version=4)
    html, _ = HTMLExporter(sanitize_html=True).from_notebook_node(notebook)
    return len(re.findall(r'<img[^>]*src="data:image/png', html))
