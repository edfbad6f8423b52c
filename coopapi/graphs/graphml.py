"""A graph as GraphML (http://graphml.graphdrawing.org), which Gephi, yEd, Maltego and networkx read."""

import re
from collections.abc import Mapping
from typing import Any, Final
from xml.etree import ElementTree as ET

MEDIA_TYPE: Final = "application/graphml+xml"
_SPACE: Final = "http://graphml.graphdrawing.org/xmlns"
_SCHEMA: Final = "http://graphml.graphdrawing.org/xmlns http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd"
_OF_GRAPH: Final = ("complete", "cut", "next")
_OF_NODES: Final = ("kind", "label", "state", "category", "authority_id", "path", "distance")
_OF_EDGES: Final = ("kind", "overlap_id", "strength", "kinds", "basis")
_NOT_IN_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML document may have (XML 1.0, 2.2)."""
_TYPES: Final = {"distance": "int"}


def as_graphml(graph: Mapping[str, Any]) -> bytes:
    """Return a graph as a GraphML document. What was cut stands in the attributes `complete`, `cut` and `next` of the graph."""
    root = ET.Element("graphml", {"xmlns": _SPACE, "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance"})
    root.set("xsi:schemaLocation", _SCHEMA)
    for place, names in (("graph", _OF_GRAPH), ("node", _OF_NODES), ("edge", _OF_EDGES)):
        for name in names:
            key = {"id": f"{place}_{name}", "for": place, "attr.name": name, "attr.type": _TYPES.get(name, "string")}
            ET.SubElement(root, "key", key)
    drawn = ET.SubElement(root, "graph", {"id": "graph", "edgedefault": "undirected"})
    _data(drawn, "graph", {**graph, "complete": str(graph["complete"]).lower()}, _OF_GRAPH)
    for node in graph["nodes"]:
        _data(ET.SubElement(drawn, "node", {"id": node["id"]}), "node", node, _OF_NODES)
    for number, edge in enumerate(graph["edges"]):
        ends = {"id": f"e{number}", "source": edge["source"], "target": edge["target"]}
        _data(ET.SubElement(drawn, "edge", ends), "edge", edge, _OF_EDGES)
    written: bytes = ET.tostring(root, encoding="UTF-8", xml_declaration=True)
    return written


def _data(parent: ET.Element, place: str, said: Mapping[str, Any], names: tuple[str, ...]) -> None:
    for name in names:
        value = said.get(name)
        if value is not None and value != []:
            text = ", ".join(value) if isinstance(value, list) else str(value)
            ET.SubElement(parent, "data", {"key": f"{place}_{name}"}).text = _NOT_IN_XML.sub("\ufffd", text)
