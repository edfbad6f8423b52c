"""For WSGI servers other than the one `coopapi serve` starts."""

from coopapi.app import create_app

app = create_app()
