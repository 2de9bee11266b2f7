"""Of the pairs that a release tells apart, how many do other seeds order alike?

    snrbench run digits-v1 -s cosine -s laplace … -t v -t x0 -t eps --first-seed 5 --seeds 5 --store STORE
    python tests/benchmarks/fresh_seeds.py digits-v1 --store STORE [--out FILE.json]

STORE holds runs of some released entries with seeds that the release does not have. For each target, and over all of
them, each pair of these entries that the released board tells apart is looked up: whether the mean over the new seeds
orders it the same way. A pair that the old seeds got wrong is a coin's throw there: a share near one is evidence that
the family-wise error is what it should be.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from harness import tracks
from leaderboards.boards.query import runs_table
from leaderboards.comparisons.compare import Choice, panel_of
from leaderboards.comparisons.score_array import Panel
from leaderboards.data.released import published_table


def confirmed(old: Panel, new: Panel) -> tuple[int, int]:
    """Pairs told apart by the old seeds among the entries of both, and those that the new seeds order alike."""
    names = [label for label in old.labels if label in new.labels]
    before, after = ([panel.labels.index(label) for label in names] for panel in (old, new))
    told, mean = (matrix[np.ix_(before, before)] for matrix in (old.verdicts.told, old.verdicts.mean))
    scores = np.nanmean(new.pooled[after], axis=1)
    alike = np.sign(scores[:, None] - scores[None]) == np.sign(mean)
    upper = np.triu(told, k=1)
    return int(upper.sum()), int((upper & alike).sum())


def main() -> None:
    """Print a line for each target, and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("track")
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    choice = Choice(tracks.get(options.track).primary_metric)
    old = panel_of(published_table(options.track), options.track, choice)
    new = panel_of(runs_table(options.store, options.track), options.track, choice)
    if shared := set(old.seeds) & set(new.seeds):
        parser.error(f"seeds {sorted(shared)} are in the release too; expected other ones")
    rows = []
    for cells in (*([cell] for cell in new.cells), list(new.cells)):
        pairs, alike = confirmed(old.only(cells), new.only(cells))
        entries = len(set(old.only(cells).labels) & set(new.only(cells).labels))
        target = cells[0] if len(cells) == 1 else "all"
        rows.append({"target": target, "entries": entries, "told_apart": pairs, "ordered_alike": alike})
        print(f"{options.track}, {target}: {entries} entries, {alike} of {pairs} pairs told apart are ordered alike")
    if options.out:
        found = {"track": options.track, "metric": choice.metric, "seeds": list(new.seeds), "targets": rows}
        options.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
