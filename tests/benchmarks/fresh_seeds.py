"""Do fresh seeds put entries in the order that a release says? For any two sets of seeds.

    python tests/benchmarks/fresh_seeds.py TRACK --store DIR [--write]       a store's runs against the release
    python tests/benchmarks/fresh_seeds.py TRACK --store DIR --seeds 0-4     some of a store's seeds against the rest
    python tests/benchmarks/fresh_seeds.py TRACK --seeds 0-2                 some published seeds against the rest

Of all pairs that the old seeds tell apart it says how many the fresh ones' means have in the same order, and which
they have the other way round. `--write` puts the fresh runs and the answer beside the release.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from leaderboards import replication
from leaderboards.boards import query
from leaderboards.data import released
from leaderboards.releases.publishing.replicate import write


def seeds_of(text: str) -> set[int]:
    """ "0-4,7" → 0, 1, 2, 3, 4, 7."""
    parts = [part.partition("-") for part in text.split(",")]
    return {seed for first, _, last in parts for seed in range(int(first), int(last or first) + 1)}


def show(report: replication.Replication) -> None:
    """Print what was confirmed."""
    print(f"{report.track}, {report.metric}: {report.runs} runs of {len(report.entries)} entries, seeds {report.fresh}")
    for section in report.sections:
        share = f" ({100 * section.alike / section.told:.1f} %)" if section.told else ""
        print(
            f"  {section.target:<5}{section.told:>5} of {section.pairs} pairs told apart by seeds {report.old}:"
            f" {section.alike} in the same order{share}; {section.told_anew} told apart by the fresh seeds alone,"
            f" {section.against} against"
        )
        for first, second, effect in section.reversed:
            print(f"       the other way round: {first} and {second}, {effect:+.3f} with the old seeds")


def main() -> int:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("track")
    parser.add_argument("--store", type=Path)
    parser.add_argument("--seeds", metavar="N-M", help="of one table, the old seeds; the rest are the fresh ones")
    parser.add_argument("--metric")
    parser.add_argument("--write", action="store_true", help="beside the release")
    arguments = parser.parse_args()
    if arguments.write and (arguments.seeds or arguments.metric or arguments.store is None):
        parser.error("--write is for a store's runs against the release, by the metric that ranks")
    own = query.runs_table(arguments.store, arguments.track) if arguments.store else None
    published = released.published_table(arguments.track)
    if arguments.seeds:
        whole = published if own is None else own
        old = whole.runs["seed"].isin(seeds_of(arguments.seeds))
        report = replication.replicate(whole.where(old), whole.where(~old), arguments.track, arguments.metric)
    elif own is not None:
        report = replication.replicate(published, own, arguments.track, arguments.metric)
    else:
        parser.error("one of --store and --seeds")
    show(report)
    if arguments.write:
        write(arguments.store, arguments.track, released.FOLDER / arguments.track)
    return 0


if __name__ == "__main__":
    sys.exit(main())
