"""Short ways to search in tests."""


def hits(world, who, q, **more):
    """What a search finds, as it is shown."""
    query = "&".join(f"{name}={value}" for name, value in {"q": q, **more}.items())
    answer = world.as_(who).get(f"/search?{query}")
    assert answer.status_code == 200, answer.json
    return answer.json["items"]


def found(world, who, q, **more):
    """The references of what a search finds, or the ids of what has none for the caller."""
    return [item["reference"] or item["id"] for item in hits(world, who, q, **more)]
