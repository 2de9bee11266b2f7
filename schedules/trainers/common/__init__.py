"""What the files of the trainers share: reading and writing flags, and the search for flags that draw a density."""
