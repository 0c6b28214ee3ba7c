"""The only home of cleaning: text, names, dates, links and digests.

Everything here is a function of columns. Nothing here knows of dumps, papers or files.
"""
