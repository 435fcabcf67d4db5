"""How each number of an analysis was computed: formula, inputs with their values, study rows, method and source.

Everything is taken from the result and the studies behind it. Whoever puts the inputs of a step into its formula gets
the number that the page shows; `tests/unit/metaanalysis/test_computation.py` does.
"""

from metaanalysis.computation.small_studies import small_study_tests
from metaanalysis.computation.step import Step
from metaanalysis.computation.steps import computation
from metaanalysis.computation.subgroups import subgroup_test

__all__ = ["Step", "computation", "small_study_tests", "subgroup_test"]
