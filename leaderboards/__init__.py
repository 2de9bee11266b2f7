"""From stored runs to ranked tables: selection, statistics, ranks, exports, and what the app reads.

    query.open_board   names a user typed → a `Board`             statistics   intervals, paired tests, Holm, pooling
    board.board        the long table of runs → a `Board`         ranking      who is told apart from whom
    views              what the app shows besides boards          speedup      steps to reach the baseline's score
    show, exports      a `Board` → terminal, Markdown, CSV, JSON  scores       guidance `best`, diverged runs

Beyond boards, each from a `panel.Panel` (cells × entries × seeds) that `choices` makes of what a reader chose:

    resolution, power      what the seeds can tell apart, and how many more would      transfer     orders elsewhere
    variance               noise of training against noise of sampling                 tuned        what tuning gained
    average_ranks, wins    critical differences; who beats whom                        pareto       several metrics
    profiles               how often near the best                                     error_bands  where over λ
    sample_or_weight       where samples go, or what they weigh                        improvement  P(better)

    reports, show_views    these as text: `snrbench leaderboard TRACK --view NAME`

    cache                  the store's runs as Parquet files, in step with MLflow      sources   several in one table
    publishing, released   results as data of the package: written, read               lines     curves of many runs
    bundles                results that others hand in: read with care, run again, marked

A board is a pure function of one long table, so that it can be thrown away and rebuilt at any time.
"""

from leaderboards.commands.show import render_table

__all__ = ["render_table"]
