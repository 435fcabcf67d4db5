"""A meta-analysis as a forest plot, from the result as it is stored: nothing is computed here but places."""

from metaanalysis.plots.forest.layout import WIDTH
from metaanalysis.plots.forest.plot import forest_plot
from metaanalysis.plots.forest.rows import ORDERS, GroupedBy, PooledGroup, effect_text

__all__ = ["ORDERS", "WIDTH", "GroupedBy", "PooledGroup", "effect_text", "forest_plot"]
