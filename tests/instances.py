"""What the modules of the service name."""

import sys


def named(kind):
    """All things of a kind that have a name in a module of the service, once. The garbage collector does not know of all of them."""
    modules = [module for name, module in sys.modules.items() if name.startswith("coopapi.")]
    return list({id(thing): thing for module in modules for thing in vars(module).values() if isinstance(thing, kind)}.values())
