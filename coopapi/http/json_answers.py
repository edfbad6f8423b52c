"""How answers are written as JSON: by orjson, which takes a tenth of the time of the standard library for long lists."""

from typing import Any, Final

import orjson
from flask import Response
from flask.json.provider import DefaultJSONProvider

_OPTIONS: Final = orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATETIME


class AnswersByOrjson(DefaultJSONProvider):
    """Writes answers by orjson, in UTF-8. All else is read and written as Flask does it."""

    sort_keys = False

    def response(self, *args: Any, **kwargs: Any) -> Response:
        """Return an answer with this content."""
        content = orjson.dumps(self._prepare_response_obj(args, kwargs), default=self.default, option=_OPTIONS)
        return Response(content, mimetype=self.mimetype)
