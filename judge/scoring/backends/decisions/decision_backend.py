"""Judges that are decision models: one request with all questions of an item."""

import json
import time
from typing import Any

from judge.records import Request
from judge.rubric import asks_criteria
from judge.scoring.backends.api import pricing
from judge.scoring.backends.api.backend import ApiBackend
from judge.scoring.backends.api.parameters import Encode
from judge.scoring.backends.api.providers import Endpoint
from judge.scoring.backends.api.usage import as_chat_usage, read_usage
from judge.scoring.backends.connection import Connection
from judge.scoring.backends.decisions.decision_bodies import Bodies
from judge.scoring.backends.decisions.decision_http import DecisionHttp
from judge.scoring.backends.decisions.routes import decision_prices, resolve_decisions, target_of


class DecisionBackend(ApiBackend):
    """Backend of a decision model.

    Parameters
    ----------
    model : str
        ``decisions:PROVIDER/MODEL`` or ``systemone:PROVIDER/MODEL``; no provider for the user's own server.
    **options
        As in `ApiBackend`.
    """

    def __init__(self, model: str, *, encode: Encode | None = None, **options: Any) -> None:
        self._target = target_of(model)
        super().__init__(model, encode=encode, **options)
        self._bodies = Bodies(self._target, encode)

    def _resolved(self, model: str, connection: Connection) -> tuple[Endpoint, pricing.Prices | None]:
        return resolve_decisions(model, connection)[1], decision_prices(self._target)

    async def _connect(self) -> DecisionHttp:
        return DecisionHttp(self._target, self.endpoint, self._connection.timeout)

    async def _send(self, request: Request, client: Any) -> dict[str, Any]:
        body = await self._bodies.of(request)
        data = await client.decide(
            body,
            has_images=not isinstance(request.messages[1]["content"], str),
            is_of_rubric=not asks_criteria(request.dimension),
        )
        usage, model = as_chat_usage(data.get("usage")), data.get("model")
        values = {
            "reply": json.dumps(data, ensure_ascii=False),
            "usage": read_usage(usage),
            "model": model if isinstance(model, str) else None,
        }
        return {**self._replies.priced(values, {"usage": usage}), "created": time.time()}
