"""Look-ups of flows: HTTP questions to servers that the configuration names, bounded in all ways.

Only named hosts, by http or https; no redirect is followed, no proxy is asked. So many at once, so
long an answer, so much time: whatever goes wrong is `LookupFailed`, and why is in the log, without
what was asked.
"""

import asyncio
import json
import logging
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING

from callcenter.conduct.menu_ports import Answer
from foundation.errors import RemoteError
from foundation.ids import CallId
from foundation.tasks import Crashed, contain_async
from ivr.effects import StartLookup
from ivr.inputs import Input, LookupDone, LookupFailed

if TYPE_CHECKING:
    import httpx

log = logging.getLogger(__name__)

NOT_FOUND = 404


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupOptions:
    hosts: frozenset[str] = frozenset()
    "`crm.example`, `127.0.0.1:8000`"
    headers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    "By host; may be secret."
    at_once: int = 20
    max_bytes: int = 65_536


class Unusable(RemoteError):
    """The server's answer; the message is for the log."""


class HttpLookups:
    """Owns a client and a task for each open question.

    httpx brings a hundred modules with it, rich among them: only a centre with hosts imports it.
    """

    def __init__(self, options: LookupOptions) -> None:
        self._tasks: dict[CallId, asyncio.Task[None]] = {}
        self.use(options)

    def use(self, options: LookupOptions) -> None:
        """From now on; `at_once` stays what it was for the client."""
        self.options = options
        if options.hosts:
            _ = self._client  # now: calls would wait for the import

    @cached_property
    def _client(self) -> "httpx.AsyncClient":
        import httpx

        return httpx.AsyncClient(
            follow_redirects=False,
            trust_env=False,
            limits=httpx.Limits(max_connections=self.options.at_once),
        )

    def start(self, call_id: CallId, asked: StartLookup, answer: Answer) -> None:
        """Instead of what the call asked before, if that is open still."""
        self.stop(call_id)
        task = asyncio.create_task(self._run(call_id, asked, answer), name=f"lookup-{call_id}")
        self._tasks[call_id] = task
        task.add_done_callback(lambda done: self._forget(call_id, done))

    def stop(self, call_id: CallId) -> None:
        task = self._tasks.pop(call_id, None)
        if task is not None:
            task.cancel()

    async def close(self) -> None:
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if "_client" in vars(self):
            await self._client.aclose()

    def _forget(self, call_id: CallId, task: asyncio.Task[None]) -> None:
        if self._tasks.get(call_id) is task:
            del self._tasks[call_id]

    async def _run(self, call_id: CallId, asked: StartLookup, answer: Answer) -> None:
        given = await self._asked(call_id, asked)
        # The caller's next look-up may begin in `answer`: this one is over by then.
        self._tasks.pop(call_id, None)
        answer(call_id, given)

    async def _asked(self, call_id: CallId, asked: StartLookup) -> Input:
        try:
            async with asyncio.timeout(asked.timeout_s):
                return await contain_async(f"look-up of call {call_id}", self._ask(asked))
        except (Unusable, Crashed) as error:
            log.info("[%s] - look-up failed: %s", call_id, error)
        except TimeoutError:
            log.info("[%s] - look-up failed: no answer within %.1f s", call_id, asked.timeout_s)
        return LookupFailed(asked.lookup_id)

    async def _ask(self, asked: StartLookup) -> Input:
        if not self.options.hosts:
            raise Unusable("there are no lookups.hosts")
        import httpx

        if len(self._tasks) > self.options.at_once:
            raise Unusable(f"{self.options.at_once} are open already")
        try:
            request = self._request(asked)
            response = await self._client.send(request, stream=True)
            async with aclosing(response):
                if response.status_code == NOT_FOUND:
                    return LookupFailed(asked.lookup_id, is_missing=True)
                if not response.is_success:
                    raise Unusable(f"the server says {response.status_code}")
                return LookupDone(asked.lookup_id, _parsed(await self._body(response)))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unusable(f"{type(error).__name__}") from None

    def _request(self, asked: StartLookup) -> "httpx.Request":
        import httpx

        url = httpx.URL(asked.url).copy_merge_params(asked.query)
        host = url.host if url.port is None else f"{url.host}:{url.port}"
        if url.scheme not in ("http", "https") or host not in self.options.hosts:
            raise Unusable(f"{host!r} is none of lookups.hosts")
        return self._client.build_request(
            asked.method,
            url,
            json=asked.body,
            headers={"Accept": "application/json", **self.options.headers.get(host, {})},
            timeout=asked.timeout_s,
        )

    async def _body(self, response: "httpx.Response") -> bytes:
        body = bytearray()
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) > self.options.max_bytes:
                raise Unusable(f"the answer has more than {self.options.max_bytes} bytes")
        return bytes(body)


def _parsed(body: bytes) -> object:
    try:
        found: object = json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise Unusable("the answer is no JSON") from None
    return found
