"""What goes wrong between this Hub and a platform."""

from tito.errors import TitoError


class PlatformSilent(TitoError, ConnectionError):
    """The platform did not answer, or can't now: trying again helps, after `after_seconds` if it gave a time."""

    def __init__(self, text: str, after_seconds: float = 0.0) -> None:
        super().__init__(text)
        self.after_seconds = after_seconds


class PlatformRefused(TitoError):
    """The platform refused: trying the same again does not help."""

    def __init__(self, text: str, status: int = 0) -> None:
        super().__init__(text)
        self.status = status


class PlatformUntrue(PlatformRefused):
    """The platform's answer is not one that this Hub may trust or follow."""
