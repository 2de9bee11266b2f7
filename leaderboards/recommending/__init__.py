"""`snrbench recommend`: which noise schedule to train with on data of one's own, as flags that can be pasted.

own_data      what lies in a folder of images or a file of latents, before anything is trained
own_track     the track that is made of it, and the file that it is written to
families      what is searched, what it is compared with, and what is tried around the best
forecast      what it takes, before anything runs; references: what has to be there before
planning      minutes → runs
allowance     the minutes, over all commands
studies       searches with a learning rate and an average of weights that all entries share
journal       what was decided on the way, so that the same command goes on
work          the searches and the seeds, one after another, within the time
judging       the board's own judge, asked which entries are as good as the best
answer        what is said of it; wording: in some ten lines; report, pictures: as Markdown
"""
