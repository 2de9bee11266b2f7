"""Results that somebody else hands in: one file, checked before it is believed, and runnable again.

archive   the file: a zip with two members, read within limits and never unpacked to disk
contents  what the members say, validated; from a store's runs, and to the long table
rerun     a random sample of the runs again, compared within a stated tolerance
receipt   what came of it, kept in the reader's own store
"""
