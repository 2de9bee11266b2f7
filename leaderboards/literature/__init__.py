"""Published comparisons of noise schedules, as data: what a cheap board should agree with, or say that it does not."""
