"""The app in a browser: boards, comparisons, live schedules and runs, read through `leaderboards` and `schedules`.

    command    `snrbench app`: starts Streamlit, on this machine only unless told otherwise
    main       the script that Streamlit runs: page frame and navigation
    screens    one file for each page (a folder called `pages` would make Streamlit find them by itself)
    view       what is ranked, as one value; controls  the widgets that choose it; links  the same as an address
    results    cached reads of the store or of the published results; comparisons  cached statistics of them
    standings  the ranked table; grid  tables with bars, badges and rows to choose; charts  figures
    theme      colours and their meaning, light and dark
    text       names that a user chose, as text; guard  a mistake becomes a message

It trains nothing, records nothing and loads no plugins: a name that a store brings along is only ever shown.
"""
