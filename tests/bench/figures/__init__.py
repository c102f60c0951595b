"""Figures of the whole daemon: sizes, servers and load of a run, cost of a query, effect of a change."""
