"""The board as the demo keeps it is the one that the server has."""

from typing import Any

from callcenter.demo.web_client import merge


def test_deltas_change_what_the_snapshot_told() -> None:
    board: dict[str, Any] = {"stale": 1}
    merge(board, {
        "type": "snapshot", "seq": 1, "totals": {"offered": 1, "waiting": 1},
        "queues": {"orders": {"waiting": 1, "name": "orders"}, "old": {"waiting": 0}},
        "agents": {},
    })  # fmt: skip

    merge(board, {
        "type": "delta", "seq": 2, "totals": {"waiting": 0},
        "queues": {"orders": {"waiting": 0}, "old": None}, "agents": {"eva": {"state": "ready"}},
    })  # fmt: skip

    assert board["totals"] == {"offered": 1, "waiting": 0}
    assert board["queues"] == {"orders": {"waiting": 0, "name": "orders"}}
    assert board["agents"] == {"eva": {"state": "ready"}}
    assert (board["seq"], "stale" in board) == (2, False)
