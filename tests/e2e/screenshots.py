"""Take the documentation's screenshots: `python -m tests.e2e.screenshots [FOLDER]` plays a module's life in a new Hub.

Screenshots are PNGs of 64 colours, to keep them small.
"""

import sys
import tempfile
from pathlib import Path

from PIL import Image

from tests.e2e import life
from tests.e2e.browser import chromium, person
from tests.e2e.hub import CHECKOUT, RunningHub

WIDTH = 960


def main(folder: Path) -> None:
    """Play the module's life, take screenshots and make them small."""
    with tempfile.TemporaryDirectory() as scratch:
        raw = Path(scratch) / "pictures"
        raw.mkdir()
        hub = RunningHub("local", Path(scratch) / "var").start()
        try:
            take(hub, raw)
        finally:
            hub.stop()
        folder.mkdir(parents=True, exist_ok=True)
        for picture in sorted(raw.glob("*.png")):
            print(f"{picture.stem}: {shrink(picture, folder / picture.name) // 1024} kB")


def take(hub: RunningHub, folder: Path) -> None:
    """Play the life of a module and take screenshots."""
    passwords = hub.passwords()
    with chromium() as browser:
        visitor = person(browser, "nobody", hub.url, folder)
        visitor.go("/hub/login")
        visitor.picture("login")
        people = [person(browser, name, hub.url, folder) for name in ("ada", "tom", "ida")]
        for somebody in people:
            somebody.log_in(passwords[somebody.name])
        life.walk(*people)


def shrink(picture: Path, target: Path) -> int:
    """Scale and quantize a picture; return its size in bytes."""
    with Image.open(picture) as image:
        height = round(image.height * WIDTH / image.width)
        small = image.convert("RGB").resize((WIDTH, height), Image.Resampling.LANCZOS)
        small.quantize(64, dither=Image.Dither.NONE).save(target, optimize=True)
    return target.stat().st_size


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else CHECKOUT / "docs")
