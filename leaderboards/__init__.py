"""From stored runs to ranked tables: selection, statistics, ranks, exports, and what the app reads.

    query.open_board   names a user typed → a `Board`             statistics   intervals, paired tests, Holm, pooling
    board.board        the long table of runs → a `Board`         ranking      who is told apart from whom
    views              what the app shows besides boards          speedup      steps to reach the baseline's score
    show, exports      a `Board` → terminal, Markdown, CSV, JSON  scores       guidance `best`, diverged runs

A board is a pure function of one long table, so that it can be thrown away and rebuilt at any time.
"""

from leaderboards.show import render_table

__all__ = ["render_table"]
