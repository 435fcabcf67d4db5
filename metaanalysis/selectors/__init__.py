"""Reading study data for pages, as frozen dataclasses, in a fixed number of queries."""
