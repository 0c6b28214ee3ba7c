"""Status: what the current release holds, how its checks came out, and how it was made."""

from __future__ import annotations

import duckdb

COUNTED = ("dumps", "records", "rejects", "papers", "authors", "organizations", "matches")


def status_lines(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Return lines about the release behind a catalog."""
    release = connection.execute(
        "SELECT release_id, max(finished_at) FROM refreshes GROUP BY release_id"
        " ORDER BY release_id DESC"
    ).fetchall()
    lines = [f"release {release[0][0]}, made {release[0][1]:%Y-%m-%d %H:%M} UTC", ""]
    for table in COUNTED:
        count = connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]
        lines.append(f"  {table:<14}{count:>12,}")
    checks = connection.execute(
        'SELECT severity, "check", message FROM checks WHERE NOT passed ORDER BY severity, "check"'
    ).fetchall()
    total = connection.execute("SELECT count(*) FROM checks").fetchall()[0][0]
    lines += ["", f"checks: {total - len(checks)} of {total} passed"]
    lines += [f"  {severity}: {message}" for severity, _, message in checks]
    lines += ["", "last refreshes:"]
    for row in connection.execute(_REFRESHES).fetchall():
        lines.append(
            f"  {row[0]}  {row[1]:%Y-%m-%d %H:%M}  {row[2]:7.1f} s  {row[3] / 1e6:7.0f} MB"
        )
    return lines


_REFRESHES = """
SELECT release_id, min(started_at), sum(seconds), max(peak_memory_bytes)
FROM refreshes GROUP BY release_id ORDER BY release_id DESC LIMIT 5
"""
