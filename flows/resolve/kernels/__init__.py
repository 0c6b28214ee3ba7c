"""Compiled kernels over columns: text to words, blocks to pairs, pairs to likenesses.

Here: functions of arrays, compiled by Numba (https://numba.pydata.org) at their first call and kept
on disk from then on. They know nothing of files, flows, records or tables, hold no lock while they
run, and give the same answer whatever runs beside them. Not here: what is compared and why.
"""
