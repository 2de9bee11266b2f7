"""The app in a browser: ranked boards and live schedules, read through `leaderboards` and `schedules`.

    command    `snrbench app`: starts Streamlit on this machine only
    main       the script that Streamlit runs: page frame and navigation
    screens    one file for each page (a folder called `pages` would make Streamlit find them by itself)
    results    cached reads of the store          links   what a page shows ↔ its address
    charts     figures                            theme   colours and their meaning, light and dark
    text       names that a user chose, as text   guard   a mistake becomes a message

It trains nothing, writes nothing and loads no plugins: a name that a store brings along is only ever shown.
"""
