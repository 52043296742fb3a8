"""Static files ready to send: compressed when the environment was made, and cached permanently by the browser.

JupyterLab's scripts are eight megabytes, and its server compresses nothing. `FILE.gz` next to a file is sent to a
browser that accepts it; nothing is compressed while somebody waits, and no user's files are: these are files of
packages.
"""

from pathlib import Path

from jupyter_server.base.handlers import FileFindHandler

FOR_GOOD = "public, max-age=31536000, immutable"


class ReadyMade(FileFindHandler):
    """Serve static files as Jupyter does, or their compressed twins if they exist."""

    def validate_absolute_path(self, root, absolute_path):
        """Choose the twin if the browser accepts it and it is not older than its file."""
        found: str | None = super().validate_absolute_path(root, absolute_path)
        self._as_written = found
        if found and self._takes_gzip() and _is_current(Path(f"{found}.gz"), Path(found)):
            return f"{found}.gz"
        return found

    def set_headers(self):
        """Set the encoding, and let browsers keep a file whose address has its hash."""
        super().set_headers()
        self.set_header("Vary", "Accept-Encoding")
        if self.absolute_path != self._as_written:
            self.set_header("Content-Encoding", "gzip")
        if "v" in self.request.arguments and not self.no_cache_paths:
            self.set_header("Cache-Control", FOR_GOOD)

    def get_content_size(self):
        """Return how much is sent; the base class may have measured the uncompressed file."""
        return Path(str(self.absolute_path)).stat().st_size

    def get_content_type(self):
        """Return the type of the unpacked file."""
        packed, self.absolute_path = self.absolute_path, self._as_written
        try:
            return super().get_content_type()
        finally:
            self.absolute_path = packed

    def _takes_gzip(self) -> bool:
        # Part of a packed file is not part of the file.
        return "gzip" in self.request.headers.get("Accept-Encoding", "") and "Range" not in self.request.headers


def _is_current(twin: Path, file: Path) -> bool:
    return twin.is_file() and twin.stat().st_mtime >= file.stat().st_mtime
