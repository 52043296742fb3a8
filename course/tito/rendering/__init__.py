"""What somebody wrote, made into HTML within bounds: nothing that a student hands in can keep a page waiting.

`Renderer.render(kind, text)` gives clean HTML or, where the text is beyond the bounds or costs more than its time, the
text itself, escaped, under a line that says why. The work is done in a process that is ended at its deadline.
"""

from .renderer import Rendered, Renderer, renderer_of_this_thread

__all__ = ["Rendered", "Renderer", "renderer_of_this_thread"]
