"""Commands that share a study exclude each other by name, and a command that is gone holds nothing."""

import multiprocessing

from harness.tuning.studies.locks import FileLocks, exclusive


def _hold(folder, ready):
    locks = FileLocks(folder)
    locks.claim("block 0")
    ready.set()
    multiprocessing.Event().wait()


def test_a_name_is_held_by_one_command_at_a_time(tmp_path):
    mine, other = FileLocks(tmp_path), FileLocks(tmp_path)
    assert mine.claim("block 0")
    assert mine.claim("block 0"), "what is held already is claimed again"
    assert not other.claim("block 0")
    assert other.claim("block 1")
    mine.release("block 0")
    assert other.claim("block 0")
    other.release("never held")
    other.close()
    with exclusive(mine, "block 0"), exclusive(mine, "block 1"):
        assert not other.claim("block 1")


def test_a_killed_command_holds_nothing(tmp_path):
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    holder = context.Process(target=_hold, args=(tmp_path, ready), daemon=True)
    holder.start()
    assert ready.wait(60)
    locks = FileLocks(tmp_path)
    assert not locks.claim("block 0")
    holder.kill()
    holder.join()
    assert locks.claim("block 0")
