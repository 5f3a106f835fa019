"""The disclosure attack: what a reader of all published tables can work out.

It shares nothing with the models that withhold cells. Before an edition is frozen it must recover
nothing, and its certificate stands in the edition's manifest.
"""
