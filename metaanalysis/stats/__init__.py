"""The statistics of a meta-analysis, as pure functions on dataclasses: no Django, no models, no data frames.

`types` and `report` are cheap to import; the other modules load numpy, scipy and statsmodels only when they
are called. What each number means and where its formula comes from is told in docs/statistical-methods.md.
"""
