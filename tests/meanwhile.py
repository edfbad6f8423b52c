"""Something happens between two statements of a request."""


class Meanwhile:
    """A statement, before which something happens the first time that it is sent."""

    def __init__(self, statement, happen):
        self.statement, self.happen = statement, happen

    def rows(self, session, **values):
        self._begin()
        return self.statement.rows(session, **values)

    def alone(self, session, **values):
        self._begin()
        return self.statement.alone(session, **values)

    def _begin(self):
        happen, self.happen = self.happen, None
        if happen:
            happen()

    def first(self, session, **values):
        return next(iter(self.rows(session, **values)), None)
