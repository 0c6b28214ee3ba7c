"""The refresh of bibmill: raw/ -> extract -> validate -> resolve -> publish -> warehouse/.

Each stage is one room; the functions in it take frames and return frames. Prefect appears only in
`flows.refresh` and what serves it.
"""
