"""A broker with its store in a temporary directory, and simulated TEEs, for the tests that come from outside."""
import base64
import os
import pathlib
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile

BROKER = os.environ["BROKER"]
TOOL = os.environ["BROKER_TOOL"]


def run(*command, check=True, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, **options)
    if check and done.returncode != 0:
        raise AssertionError(f"{command} failed:\n{done.stdout.decode()}{done.stderr.decode()}")
    return done


class Tee:
    """A simulated TEE that attests on demand; `measurement` is its code."""

    def __init__(self, name, measurement=0x11):
        self.name = name
        self.process = subprocess.Popen([TOOL, "attest", name, str(measurement)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"

    def evidence(self, report_data):
        self.process.stdin.write(report_data.hex() + "\n")
        self.process.stdin.flush()
        return base64.b64decode(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class World:
    """Store, signer, collateral of the named TEEs, and the broker's process."""

    def __init__(self, *tees):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="litebox-broker-"))
        self.process = None
        self.key = f"file:{self.dir}/store.key"
        self.store = ["--store", self.dir / "store", "--store-key", self.key]
        run("openssl", "genpkey", "-algorithm", "ed25519", "-out", self.dir / "signer.pem")
        os.chmod(self.dir / "signer.pem", 0o600)
        run("openssl", "pkey", "-in", self.dir / "signer.pem", "-pubout", "-out", self.dir / "signer.pub")
        run(BROKER, "new-key", self.dir / "store.key")
        run(BROKER, "init", *self.store, "--policy-signer", self.dir / "signer.pub")
        self.roots = []
        (self.dir / "collateral").mkdir()
        for tee in tees:
            run(TOOL, "prepare", tee, self.dir / tee)
            self.roots += ["--root", self.dir / tee / "root.der"]
            for file in (self.dir / tee / "collateral").iterdir():
                shutil.copy(file, self.dir / "collateral" / f"{tee}-{file.name}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    def broker(self, *arguments, **options):
        return run(BROKER, *arguments, **options)

    def policy(self, name, version, toml, *options):
        (self.dir / "policy.toml").write_text(toml)
        self.broker("policy", "sign", "--name", name, "--version", version, "--key", self.dir / "signer.pem", "--out",
                    self.dir / "policy.signed", *options, self.dir / "policy.toml")
        return self.broker("policy", "add", *self.store, self.dir / "policy.signed")

    def tee_policy(self, tee):
        return (self.dir / tee / "policy.toml").read_text()

    def put(self, name, value, policy, *options):
        self.broker("put", *self.store, "--policy", policy, *options, name, input=value)

    def serve(self, *options):
        self.process = subprocess.Popen([str(p) for p in (BROKER, "serve", *self.store, *self.roots, "--collateral", self.dir / "collateral",
                                                          "--listen", "127.0.0.1:0", "--write-cert", self.dir / "broker.pem", *options)],
                                        stdout=subprocess.PIPE, stderr=open(self.dir / "broker.log", "ab"), text=True)
        line = self.process.stdout.readline()
        match = re.match(r"serving (https://127\.0\.0\.1:(\d+)) pin (\S+)", line)
        assert match, f"the broker does not serve: {line!r} {(self.dir / 'broker.log').read_text()}"
        self.url, self.port, self.pin = match[1], int(match[2]), match[3]

    def stop(self, how=signal.SIGTERM):
        if self.process:
            self.process.send_signal(how)
            code = self.process.wait()
            self.process.stdout.close()
            self.process = None
            return code

    def audit(self):
        return self.broker("audit", *self.store, check=False)

    def tls(self):
        context = ssl.create_default_context(cafile=self.dir / "broker.pem")
        return context


def main(tests):
    """Runs each function; says which failed."""
    failed = []
    for test in tests:
        try:
            test()
            print(f"ok     {test.__name__}")
        except Exception as problem:  # a test's failure must not hide the next one's
            failed.append(test.__name__)
            print(f"FAILED {test.__name__}: {type(problem).__name__}: {problem}")
    sys.exit(1 if failed else 0)
