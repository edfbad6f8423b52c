"""Something happens between two statements of a request."""


class Meanwhile:
    """A statement, before which something happens the first time that it is sent."""

    def __init__(self, statement, happen):
        self.statement, self.happen = statement, happen

    def rows(self, session, **values):
        if happen := self.happen:
            self.happen = None
            happen()
        return self.statement.rows(session, **values)

    def first(self, session, **values):
        return next(iter(self.rows(session, **values)), None)
