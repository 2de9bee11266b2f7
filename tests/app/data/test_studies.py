"""Studies as the app reads them."""

from __future__ import annotations

import optuna

from app.data import results, studies
from harness.results.store import Store
from harness.tuning.studies import storage
from read_only import read_only_copy


def test_studies_are_read_whatever_the_path_and_where_nothing_may_be_written(tmp_path):
    place = tmp_path / "what? #1, 100% {0} [b] 'é'\""
    opened, locks = storage.open_storage(Store(place))
    optuna.create_study(storage=opened, study_name="gmm-v1/v/laplace/native/sample")
    opened.engine.dispose()
    locks.close()
    (study,) = studies.studies(results.ResultSource(place, "of the test"), "of the test")
    with read_only_copy(place) as copy:
        (again,) = studies.studies(results.ResultSource(copy, "of the test"), "of the test")
    assert study.label == again.label == "laplace"
