"""Study data in, recomputed rows out: uploads become study results, and these are pooled into rows."""
