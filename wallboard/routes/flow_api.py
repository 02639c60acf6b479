"""`/api/v1/flows`: how many callers took which way through a flow today, and where they are now.

    core: shapes, who is there now ─┐
                                    ├─▶ nodes and ways with counts ─▶ JSON, and the page beside it
    board: whose visit has ended ───┘

For team leads, inspectors and supervisors. The picture is drawn without a style: the page has one.
"""

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from foundation.errors import NotFound
from foundation.web.api import require_role
from foundation.web.users import Role, User
from ivr.pictures.draw_svg import svg
from ivr.pictures.drawing import Box, Shape
from ivr.pictures.flows_now import FlowsNow
from ivr.pictures.paths import Place, Way
from wallboard.fold.flows import OUTCOMES
from wallboard.screens.document import Document
from wallboard.service import BoardService

SEERS = (Role.TEAM_LEAD, Role.INSPECTOR, Role.SUPERVISOR)
Seer = Annotated[User, Depends(require_role(*SEERS))]


def flow_routes(service: BoardService, read: Callable[[], Awaitable[FlowsNow]]) -> APIRouter:
    """`read` asks core."""
    router = APIRouter(prefix="/api/v1/flows", tags=["flows"])

    async def seen() -> "_Seen":
        return _Seen(service, await read())

    @router.get("", summary="All flows, with today's visits")
    async def flows(user: Seer) -> list[Document]:
        now = await seen()
        return [now.summary(shape) for shape in now.shapes.values()]

    @router.get("/{flow}", summary="A flow's nodes and ways, with counts of today and now")
    async def one(flow: str, user: Seer) -> Document:
        """`here`: callers in the node now; `left`: who hung up there or was lost, today."""
        now = await seen()
        return now.whole(now.shape(flow))

    @router.get("/{flow}/picture", summary="Its picture, without a style of its own")
    async def picture(flow: str, user: Seer) -> Response:
        now = await seen()
        return Response(svg(now.shape(flow), is_bare=True), media_type="image/svg+xml")

    return router


class _Seen:
    """Of the day and of now together."""

    def __init__(self, service: BoardService, now: FlowsNow) -> None:
        ended = service.board.flows
        self.shapes = {shape.name: shape for shape in now.shapes}
        self._here: Counter[Place] = _counted(now.here)
        self._ways: Counter[Way] = ended.counts.ways + _counted(now.ways)
        self._visits: Counter[str] = ended.counts.starts + _counted(now.visits)
        self._last = ended.counts.last
        self._speech = ended.speech

    def shape(self, name: str) -> Shape:
        if name not in self.shapes:
            raise NotFound(f"There is no flow {name!r}.")
        return self.shapes[name]

    def summary(self, shape: Shape) -> Document:
        nodes = [self._node(shape, box) for box in shape.boxes]
        return {
            "name": shape.name,
            "visits": self._visits[shape.name],
            "here": sum(node["here"] for node in nodes),
            "left": sum(node["left"] for node in nodes),
            "asks": any(box.choices for box in shape.boxes),
        }

    def whole(self, shape: Shape) -> Document:
        return {
            **self.summary(shape),
            "start": shape.start,
            "nodes": [self._node(shape, box) for box in shape.boxes],
            "ways": [
                {
                    "begin": edge.begin,
                    "end": edge.end,
                    "words": " ".join(edge.labels),
                    "count": self._ways[shape.name, edge.begin, edge.end],
                }
                for edge in shape.edges
            ],
        }

    def _node(self, shape: Shape, box: Box) -> Document:
        place = (shape.name, box.name)
        node: Document = {
            "name": box.name,
            "kind": box.kind,
            "is_end": box.is_end,
            "here": self._here[place],
            "left": 0 if box.is_end else self._last[place],
        }
        if box.choices:
            node["choices"] = box.choices
            settled = self._speech.get(place, Counter())
            node["speech"] = {outcome: settled[outcome] for outcome in OUTCOMES}
        return node


K = TypeVar("K")


def _counted(pairs: list[tuple[K, int]]) -> Counter[K]:
    return Counter(dict(pairs))
