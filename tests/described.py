"""The API document. It is made once in a process, because that takes a second or more; no test may change it."""

from functools import cache

from coopapi import app

specification = cache(app.specification)
