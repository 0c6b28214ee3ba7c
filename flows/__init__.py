"""The refresh of bibmill: raw/ -> extract -> validate -> resolve -> publish -> warehouse/.

Each stage is one room; the functions in it take frames and return frames. Prefect appears only in
`flows.refresh` and what serves it.
"""

import os

# Read once, as Polars is loaded. Chunk follows chunk: memory given back to the system after each
# and asked for again costs up to half of the time.
os.environ.setdefault(
    "_RJEM_MALLOC_CONF", f"dirty_decay_ms:5000,muzzy_decay_ms:5000,narenas:{os.cpu_count() or 4}"
)
