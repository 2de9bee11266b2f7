"""Tuning: every schedule's parameters searched under one budget, on validation data, with seeds that no score uses.

A study is one Optuna study for each track × target × schedule × weighting × application:

1. Trial 0 is the published parameters. The others are asked of TPE (multivariate), a block of `Tuning.together` at a
   time, each with a generator of its own number's seed, so that a study depends neither on the number of workers nor on
   interruptions (`harness.tuning.sampling`).
2. A trial is `Tuning.seeds` runs on the tuning seeds 1 000 000 + k, the same for every trial of every schedule. Its
   value is the mean over them of the log of the track's primary metric on the validation split, at the guidance scale
   that is best there for this trial (`harness.tuning.objective`).
3. Trials that are hopeless at the track's early marks are stopped (`harness.tuning.pruning`).
4. The best trials and the published parameters are measured again on fresh seeds, 2 000 000 + k; what is best there is
   what the study found (`harness.tuning.confirmation`). `snrbench run -s laplace@tuned` then scores it on the test
   split with the seeds that every entry has.

No run of tuning sees the test split. The budget is the track's, the same for every schedule and for the baseline.
"""
