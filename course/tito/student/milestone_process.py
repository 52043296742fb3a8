"""`python -m tito.student.milestone_process SCRIPT SEED FULL ANSWER PICTURE`: run one milestone and write its result.

Runs in a process of its own, with the student's package; what the script prints is shown as it comes.
"""

import io
import json
import runpy
import sys
import traceback
from pathlib import Path

from PIL import Image

FRAME_MS = 700  # of a film: slow enough to see what has changed


def main(script: str, seed: str, full: str, answer: str, picture: str) -> None:
    """Run the script's `run`, save its picture, and its film if it has one; write its value or its error as JSON."""
    try:
        run = runpy.run_path(script, run_name="milestone")["run"]
        options = {"full": True} if full == "full" else {}
        gave = run(seed=int(seed), **options)
        gave["picture"].save(picture)
        if "film" in gave:
            save_film([each.png() for each in gave["film"]().pictures()], Path(picture).with_suffix(".gif"))
        said: dict[str, object] = {"value": float(gave["value"])}
    except Exception as error:  # any error in a student's code is a result
        frames = traceback.extract_tb(error.__traceback__)
        where = f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
        said = {"why": f"{type(error).__name__}: {error}{where}"}
    with open(answer, "w", encoding="utf-8") as file:  # noqa: PTH123
        json.dump(said, file)


def save_film(pictures: list[bytes], path: Path) -> None:
    """Write pictures (PNG) as a GIF that is played once and rests on the last one."""
    frames = [Image.open(io.BytesIO(picture)).convert("RGB") for picture in pictures]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=FRAME_MS)


if __name__ == "__main__":
    main(*sys.argv[1:])
