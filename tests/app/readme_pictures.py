"""The pictures of the README: the published board of digits-v1 as the app shows it, for a light and a dark page.

python tests/app/readme_pictures.py [FOLDER]     default: .github/pictures
"""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from pathlib import Path

from browser import ROOT, chromium, running, settled
from PIL import Image

SIZE = (1280, 860)
COLOURS = 128
"""Enough for a page of text and lines, and a third of the bytes."""


def main() -> None:
    """Take both, from the top of the page to the tenth row."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / ".github" / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp())
    with running(place / "none", place / "app.log", "--published") as address:
        for look in ("light", "dark"):
            with chromium(dark=look == "dark", size=SIZE) as driver:
                driver.get(f"{address}/?track=digits-v1")
                settled(driver)
                picture = Image.open(io.BytesIO(driver.get_screenshot_as_png())).convert("RGB")
            file = folder / f"board-{look}.png"
            picture.quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)
            print(f"{file}: {file.stat().st_size / 1000:.0f} kB")
    shutil.rmtree(place)


if __name__ == "__main__":
    main()
