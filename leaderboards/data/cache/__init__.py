"""The store's runs as Parquet files beside the record, so that opening a board costs no search.

    packed  one row for each run with its scores ↔ the tables of runs and of scores that boards are made of
    files   such tables on disk: whole or not at all, and made by this code or made again
    sync    the file of a track, brought up to date with what MLflow holds
    lines   sparklines of the training loss and ε-error curves, read once

`<store>/cache` is never the record: deleting it costs the time to read MLflow again.
"""
