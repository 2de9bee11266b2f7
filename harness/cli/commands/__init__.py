"""The commands of this room, a file each, and what only they need; entry points of `snrbench.commands` name them."""
