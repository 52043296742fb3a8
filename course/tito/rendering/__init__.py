"""Render people's texts as HTML within limits: nothing that a student hands in can keep a page waiting.

`Renderer.render(kind, text)` returns clean HTML or, if the text exceeds a limit or takes too much time, the text
itself, escaped, below a line that says why. The work is done in a process that is killed at its deadline.
"""

from .renderer import Rendered, Renderer, renderer_of_this_thread

__all__ = ["Rendered", "Renderer", "renderer_of_this_thread"]
