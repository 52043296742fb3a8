"""Pages' files as they are sent: compressed when the environment was made, and kept by the browser for good.

JupyterLab's scripts are eight megabytes, and its server compresses nothing. `FILE.gz` beside a file is sent to a
browser that takes it; nothing is compressed while somebody waits, and nothing that anybody wrote: these are files of
packages.
"""

from pathlib import Path

from jupyter_server.base.handlers import FileFindHandler

FOR_GOOD = "public, max-age=31536000, immutable"


class ReadyMade(FileFindHandler):
    """Serve static files as Jupyter does, and their compressed twins where there are some."""

    def validate_absolute_path(self, root, absolute_path):
        """Choose the twin, if the browser takes it and it is no older than its file."""
        found: str | None = super().validate_absolute_path(root, absolute_path)
        self._as_written = found
        if found and self._takes_gzip() and _is_current(Path(f"{found}.gz"), Path(found)):
            return f"{found}.gz"
        return found

    def set_headers(self):
        """Say how it is packed, and that what is named with its hash never changes."""
        super().set_headers()
        self.set_header("Vary", "Accept-Encoding")
        if self.absolute_path != self._as_written:
            self.set_header("Content-Encoding", "gzip")
        if "v" in self.request.arguments and not self.no_cache_paths:
            self.set_header("Cache-Control", FOR_GOOD)

    def get_content_size(self):
        """Return how much is sent; the base class may have looked at the file as it was written."""
        return Path(str(self.absolute_path)).stat().st_size

    def get_content_type(self):
        """Name what it is when it is unpacked."""
        packed, self.absolute_path = self.absolute_path, self._as_written
        try:
            return super().get_content_type()
        finally:
            self.absolute_path = packed

    def _takes_gzip(self) -> bool:
        # A part of a packed file would be no part of the file.
        return "gzip" in self.request.headers.get("Accept-Encoding", "") and "Range" not in self.request.headers


def _is_current(twin: Path, file: Path) -> bool:
    return twin.is_file() and twin.stat().st_mtime >= file.stat().st_mtime
