"""A `ridgeline serve` of one's own: on free ports, over a repository of one small model, ended with the scope."""

import json
import pathlib
import signal
import subprocess

CONFIG = """backend: "ridgeline"
max_batch_size: 8
dynamic_batching {}
"""


def make_repository(ridgeline: str, folder: pathlib.Path) -> pathlib.Path:
    """One model, "lenet", on our own engine: no other library is needed."""
    version = folder / "models" / "lenet" / "1"
    version.mkdir(parents=True)
    subprocess.run([ridgeline, "import", "zoo:lenet", "--image-size", "32", "--num-classes", "10", "-o", version / "model.onnx"], check=True, stdout=subprocess.DEVNULL)
    (version.parent / "config.pbtxt").write_text(CONFIG)
    return folder / "models"


class Server:
    """Its flags' ports are free ones; `told` is the document that it prints when it listens."""

    def __init__(self, ridgeline: str, repository: pathlib.Path, *flags: str):
        ports = ["--http-port", "0", "--metrics-port", "0", "--grpc-port", "0"]
        addresses = ["--http-address", "127.0.0.1", "--grpc-address", "127.0.0.1"]
        self.process = subprocess.Popen([ridgeline, "serve", "--model-repository", repository, *ports, *addresses, *flags, "--json"],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.is_told_to_end = False
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"the server did not start: {self.process.communicate()[1]}")
        self.told = json.loads(line)
        self.http = self.told["http_port"]
        self.metrics = self.told["metrics_port"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def tell_to_end(self) -> None:
        self.is_told_to_end = True
        self.process.send_signal(signal.SIGTERM)

    def end(self) -> tuple[int, str]:
        """Its exit code after SIGTERM, and what it logged."""
        if self.process.poll() is None and not self.is_told_to_end:
            self.tell_to_end()
        logged = self.process.communicate(timeout=60)[1]
        return self.process.returncode, logged
