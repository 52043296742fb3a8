"""A solved notebook runs in a kernel as a student's does, with its widgets, and stays small with all its outputs."""

import nbformat
import pytest
from nbclient import NotebookClient
from tito.source.release import staff_notebook

from tests.modules.judging import CURRICULUM

pytestmark = [pytest.mark.modules, pytest.mark.timeout(900)]

MOST_BYTES = 5_000_000  # it is saved, submitted and opened often
WITH_WIDGETS = ["spatial", "tokenization", "embeddings", "attention", "transformers"]
SLOWEST_CELL_SECONDS = 240  # on a crowded machine


@pytest.mark.parametrize("slug", WITH_WIDGETS)
def test_a_notebook_with_all_its_outputs_is_small(slug, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")  # more of them burn time while they wait
    module = next(module for module in CURRICULUM.written if module.slug == slug)
    notebook = nbformat.reads(staff_notebook(module, CURRICULUM), as_version=4)
    place = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=SLOWEST_CELL_SECONDS, kernel_name="python3", resources=place).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    assert pictures
    assert len(nbformat.writes(notebook).encode()) <= MOST_BYTES
