"""Figures of the whole daemon: sizes, servers, load, cost of a query, effect of a change, report."""
