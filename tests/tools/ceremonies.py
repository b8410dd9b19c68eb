"""Root tokens made from shares for one program, and servers that initialise themselves.

usage: ceremonies.py
"""
import json
import os
import re
import subprocess

import vf
from bare import Bare
from bootstrap import APPLY, PASSWORD, FirstHour, Gnupg, kept

LOOK = 'printf %s "$VAULT_TOKEN" > token; bao token lookup -format=json > lookup.json; exit 9'


def root(place, *args, **env):
    """Runs generate-root with a program that looks at its token."""
    path = f"{vf.BAO.parent}:{os.environ['PATH']}"
    return place.program("generate-root", *args, "--", "sh", "-c", LOOK, PATH=path, BAO_ADDR=place.bao.addr, BAO_CACERT=str(place.bao.cacert), **env)


def looked(place):
    """The token that the program had, and what the server said of it; both files are removed again."""
    token, told = (place.dir / "token").read_text(), vf.load(place.dir / "lookup.json")
    (place.dir / "token").unlink()
    (place.dir / "lookup.json").unlink()
    return token, told


def generate_root(check):
    with FirstHour(quick=True) as place:
        check.run("bootstrap", place.program(*APPLY), 0)
        done = root(place)
        token, told = looked(place)
        check("generate-root runs the program with a root token, and ends as it ends", done.code == 9 and told["data"]["policies"] == ["root"], done.text)
        gone = place.bao.request("GET", "auth/token/lookup-self", token=token, ok=False)["status"] == 403
        check("the token is refused afterwards", gone and "is refused" in done.err, done.text)
        check("it was not printed and stands in no file", token not in done.text and not vf.find_in(token, place.root))
        login = place.bao.write("auth/people/login/admin", {"password": PASSWORD}, token="x")["auth"]["client_token"]
        begun = place.bao.write("sys/generate-root-token/attempt", token=login)
        refused = root(place)
        check("somebody else's attempt is not disturbed", refused.code == 1 and "omebody else" in refused.err, refused.text)
        still = place.bao.request("GET", "sys/generate-root-token/attempt", token=login)["data"]
        check("it goes on", still["started"] and still["nonce"] == begun["data"]["nonce"], still)
        done = root(place, "-cancel-running")
        check("unless it is to be ended", done.code == 9, done.text)
        looked(place)
        few = subprocess.run([str(vf.binary()), "generate-root", "-from=stdin", "--", "true"], cwd=place.dir, env=place.program.env,
                             input=kept(place)["unseal_keys_b64"][0], text=True, capture_output=True)
        check("too few shares", few.returncode == 1 and "takes 3 shares" in few.stderr, few.stderr)
        clear = place.bao.request("GET", "sys/generate-root-token/attempt", token=login)["data"]
        check("leave no attempt behind", not clear["started"], clear)
        if vf.works("gpg", "--version"):
            gpg = Gnupg(place.dir)
            gpg.person("ada")
            done = root(place, "-pgp-key=ada.asc", **gpg.env)
            token, told = looked(place)
            check("covered by an OpenPGP key", done.code == 9 and told["data"]["policies"] == ["root"], done.text)
            gpg.close()
        else:
            print("  skipped: an OpenPGP key needs `gpg`, which is not installed here", flush=True)


def self_init(check):
    """A server that is started with the stanzas has all of the configuration; the first apply only learns it."""
    with FirstHour(quick=True) as place:
        emitted = place.program("bootstrap", "emit-self-init", TF_VAR_admin_password="")
        check.run("emit-self-init", emitted, 0)
        text = emitted.out.replace('"audit.log"', f'"{place.dir}/audit.log"')
        check("it says which secrets the server needs", "TF_VAR_admin_password" in text and PASSWORD not in text, text)
        with Bare(seal="static", extra=text, env={"TF_VAR_admin_password": PASSWORD}) as bao:
            vf.wait_for(lambda: bao.http.get(bao.addr + "/v1/sys/health", timeout=2).status_code == 200)
            env = {"VAULT_ADDR": bao.addr, "VAULT_CACERT": str(bao.cacert)}
            planned = place.program("plan", **env)
            nothing = re.search(r"(\d+) to adopt, 0 to add, 0 to change, 0 to destroy", planned.out)
            check("the plan has nothing to write", planned.code == 0 and nothing, planned.text + (bao.dir / "server.log").read_text()[-3000:])
            check.run("the first apply", place.program("apply", "-auto-approve", **env), 0)
            check.run("the next plan is empty", place.program("plan", "-detailed-exitcode", **env), 0)


def run():
    check = vf.Checks("ceremonies")
    generate_root(check)
    self_init(check)
    return check


if __name__ == "__main__":
    run().exit()
