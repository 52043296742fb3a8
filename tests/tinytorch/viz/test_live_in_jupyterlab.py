"""In a real JupyterLab the loss curve moves during training, keys change widgets, and pictures stay in the notebook."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import Page

from tests.e2e.axe import grave_violations
from tests.e2e.browser import VIEW, chromium
from tests.e2e.lab import wait_for_idle
from tests.harness.mortal import mortal

pytestmark = [pytest.mark.live, pytest.mark.e2e]

BAND_IS_LAID_OUT = """() => {
    const bands = document.querySelectorAll("svg.tt-loss g.tt-band rect");
    return bands.length > 20 && bands[20].getBoundingClientRect().width > 0;
}"""
START_SECONDS = 120
# JupyterLab's pictures and ipywidgets' handles and play buttons can't be given a text for screen readers.
THEIRS = (".jp-RenderedImage img", ".noUi-handle", ".widget-play")
OUTPUTS = {"include": [[".jp-OutputArea-output"]], "exclude": [[part] for part in THEIRS]}
HANDLES = ".jp-OutputArea-output .noUi-handle"
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
nodes = [{"id": name, "label": name, "kind": "parameter", "note": "3"} for name in "ab"]
display(viz.GradientWalk(nodes, [("a", "b")], [("b", 1), ("a", 2)]))
boundary = viz.DecisionBoundary([[0, 0], [1, 1]], [0, 1], "Two points")
boundary.add(0, lambda places: places[:, 0] + 1)
boundary.add(9, lambda places: places[:, 0] - 0.5)
display(boundary)
"""

MAPS = """
import numpy as np
from IPython.display import display
from tinytorch import viz

display(viz.AttentionMap({"before": np.full((3, 3), 1 / 3), "after": np.eye(3)[::-1]}, "abc", title="Looks"))
grids = {2: ([-1, 0, 1], [0, 1]), 3: (np.arange(-3, 4) / 3, [1 / 3, 1])}
display(viz.NumberLine([0.3, 1.0], grids, "Two numbers"))
"""

IMAGES = """
import numpy as np
from IPython.display import display
from tinytorch import viz

image = np.arange(9.0).reshape(3, 3)
display(viz.SlidingKernel(image, np.ones((2, 2)), lambda: np.array([[8, 12], [20, 25]]), "One is wrong"))
display(viz.FeatureMaps({"ramp": image[None]}, lambda x: {"conv": np.stack([x[0], -x[0]])}))
display(viz.WeightHistogram({"layer": [0.5, -0.1, 0.8, 0.05]}))
windows = np.array([[0, 1, 3, 4], [1, 2, 4, 5], [3, 4, 6, 7], [4, 5, 7, 8]])
display(viz.WindowMatrix(image, (2, 2), windows, "Columns"))
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

PATHS = """
from tinytorch import viz

paths = {"SGD": [(2, 0), (1, 0), (0.5, 0)], "Adam": [(0, 1), (0, 0)]}
viz.OptimizerPath(lambda x, y: x**2 + y**2, paths, (-2, 2), (-2, 2))
"""

PREDICTS = """
from IPython.display import display
from tinytorch import viz

display(viz.Prediction("numbers", "How many numbers?", lambda: 650))
display(viz.Prediction("copy", "Does it copy?", lambda: True, choices=["yes", "no"]))
"""

TOKENS = """
from tinytorch import viz

viz.Tokens({"as bytes": [(b"h", 104), (b"i", 105)], "merged": [(b"hi", 256 + color) for color in range(6)]})
"""

# What would be hard to read: text (and curves) whose brightness is too near that of the background by WCAG's measure,
# and transparent pictures, since their text is dark.
FAINT = """() => {
    const canvas = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
    const pixel = (draw) => {
        canvas.clearRect(0, 0, 1, 1);
        draw();
        const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
        return [r, g, b, a / 255];
    };
    const rgba = (color) => pixel(() => { canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1); });
    const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3]));
    const behind = (e) => {
        const own = e ? rgba(getComputedStyle(e).backgroundColor) : [255, 255, 255, 1];
        return own[3] === 1 ? own : over(own, behind(e.parentElement));
    };
    const light = (c) => c.slice(0, 3).map((v) => v / 255)
        .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const contrast = (color, e) => {
        const [low, high] = [light(over(rgba(color), behind(e))), light(behind(e))].sort((a, b) => a - b);
        return (high + 0.05) / (low + 0.05);
    };
    const found = [];
    for (const output of document.querySelectorAll(".jp-OutputArea-output")) {
        const words = document.createTreeWalker(output, NodeFilter.SHOW_TEXT);
        while (words.nextNode()) {
            const e = words.currentNode.parentElement, style = getComputedStyle(e);
            if (!words.currentNode.textContent.trim() || e.closest("style") || !e.getClientRects().length) continue;
            if (style.visibility === "hidden") continue;
            const ratio = contrast(e instanceof SVGElement ? style.fill : style.color, e);
            if (ratio < 4.5) found.push(`${words.currentNode.textContent.trim()}: ${ratio.toFixed(2)}`);
        }
        for (const e of output.querySelectorAll("polyline[opacity='1.0']")) {
            const ratio = contrast(getComputedStyle(e).stroke, e);
            if (ratio < 3) found.push(`a line: ${ratio.toFixed(2)}`);
        }
        for (const e of output.querySelectorAll("img"))
            if (pixel(() => canvas.drawImage(e, 0, 0))[3] < 1) found.push(`${e.alt}: one sees through it`);
    }
    return found;
}"""


@dataclass
class Lab:
    """A running JupyterLab: its address, and the folder that it shows."""

    url: str
    token: str
    work: Path

    @contextmanager
    def run(self, name: str, code: str) -> Iterator[Page]:
        """Run a new notebook of one cell in a browser, yield the page, check it with axe-core, save the notebook."""
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code, id="cell")])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(notebook, self.path(name))
        with chromium() as browser:
            page = browser.new_page(viewport=VIEW)
            page.set_default_timeout(1000 * START_SECONDS)
            page.goto(f"{self.url}lab/tree/{name}.ipynb?reset&token={self.token}")
            page.locator(".jp-CodeCell .cm-content").first.click()
            wait_for_idle(page)
            page.keyboard.press("Shift+Enter")
            yield page
            assert grave_violations(page, OUTPUTS) == []
            page.keyboard.press("Control+s")
            page.wait_for_function("() => !document.querySelector('.jp-mod-dirty')")

    @contextmanager
    def dark(self) -> Iterator[None]:
        """Use the dark theme for pages that are opened during the block."""
        settings = self.work.parent / ".jupyter/lab/user-settings/@jupyterlab/apputils-extension"
        settings.mkdir(parents=True)
        theme = settings / "themes.jupyterlab-settings"
        theme.write_text(json.dumps({"theme": "JupyterLab Dark"}))
        yield
        theme.unlink()

    def path(self, name: str) -> Path:
        return self.work / f"{name}.ipynb"

    def kept_pictures(self, name: str) -> int:
        """Count the saved notebook's pictures on a page without widgets or scripts, such as a grading page."""
        notebook = nbformat.read(self.path(name), as_version=4)
        html, _ = HTMLExporter(sanitize_html=True).from_notebook_node(notebook)
        return len(re.findall(r'<img[^>]*src="data:image/png', html))


@pytest.fixture(scope="module")
def lab(tmp_path_factory) -> Iterator[Lab]:
    """Start one JupyterLab for all widgets; each test has its own notebook and kernel."""
    folder = tmp_path_factory.mktemp("lab")
    work = folder / "work"
    work.mkdir()
    environment = os.environ | {"HOME": str(folder), "JUPYTER_RUNTIME_DIR": str(folder / "runtime")}
    options = ["--no-browser", "--ip=127.0.0.1", "--port=0", "--allow-root", f"--ServerApp.root_dir={work}"]
    with (folder / "lab.log").open("w") as log:
        process = subprocess.Popen(
            mortal([sys.executable, "-m", "jupyterlab", *options]),
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        server = _listening(folder, process)
        yield Lab(server["url"], server["token"], work)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _listening(folder: Path, process: subprocess.Popen) -> dict[str, str]:
    """Wait until the server has written down its address."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        log = (folder / "lab.log").read_text()
        for path in (folder / "runtime").glob("jpserver-*.json"):
            if "is running at" in log:
                return json.loads(path.read_text())
        time.sleep(0.1)
    raise AssertionError(f"JupyterLab did not start:\n{(folder / 'lab.log').read_text()[-2000:]}")


@contextmanager
def changing(page: Page, picture: int = 0) -> Iterator[None]:
    """Wait at the end of the block until a picture has changed."""
    before = page.locator(".jp-OutputArea-output img").nth(picture).get_attribute("src")
    yield
    page.wait_for_function(
        "([place, before]) => document.querySelectorAll('.jp-OutputArea-output img')[place].src != before",
        arg=[picture, before],
    )


def test_two_pictures_during_training_differ_and_one_stays(lab, tmp_path):
    with lab.run("training", TRAINING) as page:
        curve = page.locator("svg.tt-loss")
        curve.wait_for(state="visible")
        frame = page.locator(".jp-OutputArea-output .widget-html")  # this stays, while the picture in it is replaced
        first, points = frame.screenshot(), _points(page)
        page.wait_for_function(
            "before => document.querySelector('svg.tt-loss polyline').getAttribute('points') != before", arg=points
        )
        second = frame.screenshot()
        page.locator(".jp-OutputArea-output pre", has_text="redraws").wait_for()
        page.get_by_role("button", name="Hover for values").click()
        page.wait_for_function(BAND_IS_LAID_OUT)  # the button redraws the picture
        curve.scroll_into_view_if_needed()
        curve.locator("g.tt-band rect").nth(20).hover(force=True)
        tip = curve.locator("g.tt-band").nth(20).locator("g.tt-tip")
        assert tip.evaluate("element => getComputedStyle(element).visibility") == "visible"
        assert "train" in tip.text_content()
        page.get_by_role("button", name="Save CSV").click()
        page.get_by_text("written:").wait_for()
        page.screenshot(path=tmp_path / "lab.png")
    assert first != second
    assert (lab.work / "mlp_on_digits.csv").read_text().startswith("step,train,validation,learning_rate\n0,2.")
    assert lab.kept_pictures("training") == 1


def test_typing_and_arrow_keys_change_what_is_seen_and_said(lab):
    with lab.run("widgets", WIDGETS) as page:
        field, status = page.locator(".jp-OutputArea-output input[type=text]").first, page.get_by_role("status")
        field.fill("abcd")
        status.filter(has_text="4 characters; tokens after 0, 2 merges: 4, 2").wait_for()
        handles = page.locator(HANDLES)
        with changing(page):
            handles.nth(0).focus()
            page.keyboard.press("ArrowLeft")
            status.filter(has_text="epoch 3: moved by").wait_for()
        status.filter(has_text="3 tokens: without a cache 6 products, 3 of them computed before").wait_for()
        handles.nth(1).focus()
        page.keyboard.press("ArrowRight")
        status.filter(has_text="4 tokens: without a cache 6 products, none of them computed before").wait_for()
        status.filter(has_text="turn 2 of 2: a has the gradient 2, is a leaf and keeps it").wait_for()
        with changing(page, picture=2):
            handles.nth(2).focus()
            page.keyboard.press("ArrowLeft")
            status.filter(has_text="turn 1 of 2: b has the gradient 1, passes blame on to a").wait_for()
        status.filter(has_text="step 9: 2 of 2 points lie on their side (100%)").wait_for()
        with changing(page, picture=3):
            handles.nth(3).focus()
            page.keyboard.press("ArrowLeft")
            status.filter(has_text="step 0: 1 of 2 points lie on their side (50%)").wait_for()
    assert lab.kept_pictures("widgets") == 4 and "<small>97</small>" in lab.path("widgets").read_text()


def test_arrow_keys_choose_a_map_a_row_of_it_and_a_grid(lab):
    with lab.run("maps", MAPS) as page:
        status, handles = page.get_by_role("status"), page.locator(HANDLES)
        status.filter(has_text="after, a: looks at c (100%)").wait_for()
        with changing(page):
            handles.nth(1).focus()
            page.keyboard.press("ArrowRight")
            status.filter(has_text="after, b: looks at b (100%)").wait_for()
        handles.nth(0).focus()
        page.keyboard.press("ArrowLeft")
        status.filter(has_text="before, b: looks at a (33%)").wait_for()
        status.filter(has_text="2 bits: 3 places, 1 apart").wait_for()
        with changing(page, picture=1):
            handles.nth(2).focus()
            page.keyboard.press("ArrowRight")
            status.filter(has_text="3 bits: 7 places, 0.333 apart").wait_for()
    assert lab.kept_pictures("maps") == 2


def test_keys_slide_a_kernel_choose_a_channel_set_a_threshold_and_find_a_window(lab):
    with lab.run("images", IMAGES) as page:
        status, handles = page.get_by_role("status"), page.locator(HANDLES)
        status.filter(has_text="place (1, 0): the 4 products add up to 20").wait_for()
        with changing(page, picture=0):
            handles.nth(0).focus()
            page.keyboard.press("ArrowRight")
            status.filter(has_text="place (1, 1): the 4 products add up to 24, but the map has 25 there").wait_for()
        status.filter(has_text="ramp, layer conv, channel 0: 3 x 3, from 0 to 8").wait_for()
        with changing(page, picture=1):
            handles.nth(1).focus()
            page.keyboard.press("ArrowRight")
            status.filter(has_text="ramp, layer conv, channel 1: 3 x 3, from -8 to").wait_for()
        status.filter(has_text="layer: 0 of 4 (0.0%)").wait_for()
        with changing(page, picture=2):
            handles.nth(2).focus()
            page.keyboard.press("End")
            status.filter(has_text="layer: 4 of 4 (100.0%)").wait_for()
        status.filter(has_text="column 2 of 4 is the window at (1, 0): 3 4 6 7").wait_for()
        with changing(page, picture=3):
            handles.nth(3).focus()
            page.keyboard.press("ArrowRight")
            status.filter(has_text="column 3 of 4 is the window at (1, 1): 4 5 7 8").wait_for()
    assert lab.kept_pictures("images") == 4


def test_arrow_keys_change_temperature_and_beginning_and_a_broken_model_is_told(lab):
    with lab.run("next_token", NEXT) as page:
        status, slider = page.get_by_role("status"), page.locator(HANDLES)
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
    assert lab.kept_pictures("next_token") == 1


def test_arrow_keys_choose_a_sparsity(lab):
    with lab.run("masks", MASKS) as page:
        status = page.get_by_role("status")
        status.filter(has_text="sparsity 50%, hidden: 4 of 8 weights stay").wait_for()
        with changing(page):
            page.locator(HANDLES).first.focus()
            page.keyboard.press("ArrowRight")
            status.filter(has_text="sparsity 75%, hidden: 2 of 8 weights stay").wait_for()
    assert lab.kept_pictures("masks") == 1


def test_arrow_keys_walk_through_the_calls_of_a_timeline(lab):
    with lab.run("calls", CALLS) as page:
        status = page.get_by_role("status")
        status.filter(has_text="call 1 of 3: matmul, forward, starts at 0 µs, takes 2 ms, 40.0% of 5 ms").wait_for()
        with changing(page):
            page.locator(HANDLES).focus()
            page.keyboard.press("ArrowRight")
            page.keyboard.press("ArrowRight")
            status.filter(has_text="call 3 of 3: gelu, backward, starts at 4 ms").wait_for()
    assert lab.kept_pictures("calls") == 1


def test_arrow_keys_take_fewer_pairs_of_runs(lab):
    with lab.run("evidence", EVIDENCE) as page:
        status = page.get_by_role("status")
        status.filter(has_text="after 8 pairs: new takes 0.450 to 0.600 times as long as old: faster").wait_for()
        with changing(page):
            page.locator(HANDLES).focus()
            page.keyboard.press("ArrowLeft")
            status.filter(
                has_text="after 6 pairs: new takes 0.400 to 1.200 times as long as old: can't tell"
            ).wait_for()
    assert lab.kept_pictures("evidence") == 1


def test_arrow_keys_go_back_along_a_path(lab):
    with lab.run("paths", PATHS) as page:
        status = page.get_by_role("status")
        status.filter(has_text="step 2 of 2: SGD at (0.5, 0), loss 0.25; Adam at (0, 0), loss 0").wait_for()
        with changing(page):
            page.locator(HANDLES).focus()
            page.keyboard.press("ArrowLeft")
            status.filter(has_text="step 1 of 2: SGD at (1, 0), loss 1").wait_for()
    assert lab.kept_pictures("paths") == 1


def test_a_prediction_opens_by_keys_and_stays_in_the_notebook(lab):
    with lab.run("predicts", PREDICTS) as page:
        status, said = page.get_by_role("status"), page.locator(".jp-OutputArea-output p")
        said.filter(has_text="not predicted yet").first.wait_for()
        field = page.get_by_label("your prediction").first
        field.focus()
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        status.filter(has_text="enter a number first, or skip").wait_for()
        field.focus()
        page.keyboard.type("640")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        said.filter(has_text="You said 640. It is 650: 1.5 % too small.").wait_for()
        status.filter(has_text="You said 640. It is 650").wait_for(state="attached")
        assert page.locator(":focus").inner_text() == "Show the answer"
        page.get_by_role("button", name="yes", exact=True).focus()
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        said.filter(has_text="You said no. It is yes.").wait_for()
    kept, _ = HTMLExporter(sanitize_html=True).from_notebook_node(nbformat.read(lab.path("predicts"), as_version=4))
    assert "You said 640. It is 650: 1.5 % too small." in kept


def test_nothing_is_too_faint_on_a_dark_page(lab, tmp_path):
    shown = (
        TOKENS,
        WIDGETS,
        MAPS,
        IMAGES,
        NEXT,
        MASKS,
        CALLS,
        EVIDENCE,
        PATHS,
        PREDICTS,
        TRAINING.replace("+ 8", "+ 1"),
    )
    code = "\n".join(f"get_ipython().run_cell({each!r})" for each in shown)
    with lab.dark(), lab.run("dark", f"{code}\nNone") as page:
        page.locator(".jp-OutputArea-output pre", has_text="redraws").wait_for()
        assert page.locator("body").get_attribute("data-jp-theme-light") == "false"
        assert page.locator(".jp-OutputArea-output img").count() >= len(shown)
        outputs = page.locator(".jp-OutputArea").first
        page.set_viewport_size(VIEW | {"height": outputs.evaluate("e => e.scrollHeight") + VIEW["height"]})
        outputs.screenshot(path=tmp_path / "dark.png")
        assert page.evaluate(FAINT) == []
        last = page.locator(".jp-OutputArea-output", has_text="redraws").last
        last.evaluate("""e => { e.innerHTML += "<p style='color: #555'>planted</p>"; }""")
        assert [said.partition(":")[0] for said in page.evaluate(FAINT)] == ["planted"]


def _points(page) -> str:
    return page.evaluate("() => document.querySelector('svg.tt-loss polyline').getAttribute('points')")
