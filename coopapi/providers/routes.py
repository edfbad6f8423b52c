"""Providers and memoranda over HTTP."""

from coopapi.access import Action
from coopapi.http.api import Blueprint
from coopapi.http.collection import Collection
from coopapi.providers import service
from coopapi.providers.models import Mou, Provider
from coopapi.providers.schemas import MouFilter, MouIn, MouOut, MouPatch, ProviderFilter, ProviderIn, ProviderOut, ProviderPatch

blp = Blueprint("providers", __name__, url_prefix="/api/v1", description="Service providers, and memoranda with them")
_ACTIONS = Action.DIRECTORY_READ, Action.DIRECTORY_KEEP

_PROVIDERS = Collection(blp, "/providers", ProviderOut, *_ACTIONS, item="/<uuid:provider_id>")
_PROVIDERS.list(
    "list_providers",
    service.providers,
    "List providers; `brand` finds the legal entity behind a brand name.",
    query=ProviderFilter,
)
_PROVIDERS.add("add_provider", service.add_provider, "Add the profile of a provider.", body=ProviderIn)
_PROVIDERS.get("get_provider", Provider, "Show one provider.")
_PROVIDERS.update("update_provider", service.change_provider, "Change or confirm the profile of a provider.", body=ProviderPatch)

_MOUS = Collection(blp, "/mous", MouOut, *_ACTIONS, item="/<uuid:mou_id>")
_MOUS.list("list_mous", service.mous, "List memoranda of understanding.", query=MouFilter)
_MOUS.add("add_mou", service.add_mou, "Add a memorandum of understanding of your authority.", body=MouIn)
_MOUS.get("get_mou", Mou, "Show one memorandum of understanding.")
_MOUS.update("update_mou", service.change_mou, "Change a memorandum of understanding of your authority.", body=MouPatch)
