"""Requests for mutual legal assistance: drafted, validated, transmitted and answered, with deadlines for each side."""
