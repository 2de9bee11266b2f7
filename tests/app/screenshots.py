"""Screenshots of every page, in both themes and at both widths, to be looked at.

python tests/app/screenshots.py STORE FOLDER [LOOK|PAGE …]     such as: light-laptop dark-phone compare
"""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import urlencode

from browser import LAPTOP, PHONE, chromium, running, screenshot, settled

from leaderboards.boards.query import runs_table

TOPICS = ("question", "protocol", "tracks", "metrics", "reading", "adding")
ADDRESSES = {
    "leaderboard": ("", {}),
    "leaderboard-v": ("", {"target": "v", "guidance": "1", "entry": ["laplace", "edm"]}),
    "leaderboard-family": ("", {"target": "v", "order": "family", "rows": "all"}),
    "compare": ("compare", {"target": "v", "entry": ["laplace", "cosine_scaled:s=2", "cosine", "edm"]}),
    "lab": ("lab", {"spec": ["laplace:scale=0.7", "cosine", "edm", "flow_uniform"]}),
    "tuning": ("tuning", {}),
    "runs": ("runs", {}),
    "transfer": ("transfer", {}),
    **{f"guide-{topic}": ("guide", {"topic": topic}) for topic in TOPICS},
}
LOOKS = {f"{theme}-{name}": (theme == "dark", size) for theme in ("light", "dark") for name, size in
         (("laptop", LAPTOP), ("phone", PHONE))}  # fmt: skip


def main() -> None:
    """Take them, and print what the browser's console says."""
    store, folder, wanted = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
    folder.mkdir(parents=True, exist_ok=True)
    looks = [look for look in LOOKS if look in wanted] or list(LOOKS)
    run_ids = runs_table(store, "digits-v1").runs["run_id"]
    addresses = ADDRESSES | {"run": ("runs", {"run": str(run_ids.iloc[0])})}
    pages = [page for page in addresses if page in wanted] or list(addresses)
    with running(store, folder / "app.log") as address:
        for look in looks:
            dark, size = LOOKS[look]
            with chromium(dark=dark, size=size) as driver:
                for page in pages:
                    path, query = addresses[page]
                    driver.get(f"{address}/{path}?{urlencode(query, doseq=True)}")
                    settled(driver)
                    screenshot(driver, folder / f"{page}-{look}.png")
                    print(page, look, [entry["message"] for entry in driver.get_log("browser")], flush=True)


if __name__ == "__main__":
    main()
