"""packaging_test.py RIDGELINE: what packaging/ promises: each file is of the form that its reader takes, and names flags, ports, paths and
metrics that the server has."""

import contextlib
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

import yaml

RIDGELINE = pathlib.Path(sys.argv.pop(1)).resolve()
PACKAGING = pathlib.Path(__file__).parents[2] / "packaging"

# The fields that these files may have, of the Kubernetes and KServe APIs; "!" marks those that an object needs, ANY is free.
ANY = object()
META = {"!name": ANY, "labels": ANY, "annotations": ANY}
SELECTOR = {"matchLabels": ANY}
RESOURCES = {"requests": ANY, "limits": ANY}
SECURITY = {"allowPrivilegeEscalation": ANY, "readOnlyRootFilesystem": ANY, "runAsNonRoot": ANY, "capabilities": {"drop": ANY, "add": ANY}}
PROBE = {"!httpGet": {"!path": ANY, "!port": ANY}, "periodSeconds": ANY, "failureThreshold": ANY, "timeoutSeconds": ANY}
CONTAINER = {
    "!name": ANY, "!image": ANY, "args": ANY, "command": ANY, "resources": RESOURCES, "securityContext": SECURITY,
    "ports": [{"!containerPort": ANY, "name": ANY, "protocol": ANY}],
    "startupProbe": PROBE, "readinessProbe": PROBE, "livenessProbe": PROBE,
    "lifecycle": {"preStop": {"!exec": {"!command": ANY}}},
    "volumeMounts": [{"!name": ANY, "!mountPath": ANY, "readOnly": ANY}],
}
POD = {
    "!containers": [CONTAINER], "terminationGracePeriodSeconds": ANY,
    "securityContext": {"runAsNonRoot": ANY, "runAsUser": ANY, "seccompProfile": {"!type": ANY}},
    "volumes": [{"!name": ANY, "persistentVolumeClaim": {"!claimName": ANY, "readOnly": ANY}, "emptyDir": {"medium": ANY, "sizeLimit": ANY}}],
}
KINDS = {
    ("apps/v1", "Deployment"): {
        "!selector": SELECTOR, "!template": {"!metadata": {"!labels": ANY, "annotations": ANY}, "!spec": POD}, "replicas": ANY,
        "strategy": {"rollingUpdate": {"maxUnavailable": ANY, "maxSurge": ANY}, "type": ANY},
    },
    ("v1", "Service"): {"!selector": ANY, "!ports": [{"!port": ANY, "name": ANY, "targetPort": ANY, "appProtocol": ANY}]},
    ("autoscaling/v2", "HorizontalPodAutoscaler"): {
        "!scaleTargetRef": {"!apiVersion": ANY, "!kind": ANY, "!name": ANY}, "!maxReplicas": ANY, "minReplicas": ANY,
        "metrics": [{"!type": ANY, "pods": {"!metric": {"!name": ANY}, "!target": {"!type": ANY, "averageValue": ANY}}}],
        "behavior": {"scaleDown": {"stabilizationWindowSeconds": ANY}},
    },
    ("policy/v1", "PodDisruptionBudget"): {"!selector": SELECTOR, "maxUnavailable": ANY},
    ("serving.kserve.io/v1alpha1", "ServingRuntime"): {
        "!supportedModelFormats": [{"!name": ANY, "version": ANY, "autoSelect": ANY}], "!containers": [CONTAINER], "annotations": ANY,
        "protocolVersions": ANY,
    },
    ("serving.kserve.io/v1beta1", "InferenceService"): {
        "!predictor": {
            "!model": {"!modelFormat": {"!name": ANY, "version": ANY}, "runtime": ANY, "protocolVersion": ANY, "!storageUri": ANY},
            "minReplicas": ANY, "maxReplicas": ANY, "terminationGracePeriodSeconds": ANY,
        },
    },
}


def breaches(value: object, form: object, where: str) -> list[str]:
    if form is ANY:
        return []
    if isinstance(form, list):
        if not isinstance(value, list) or not value:
            return [f"{where}: not a list with something in it"]
        return [b for i, item in enumerate(value) for b in breaches(item, form[0], f"{where}[{i}]")]
    if not isinstance(value, dict):
        return [f"{where}: not an object"]
    known = {key.lstrip("!"): (key, inner) for key, inner in form.items()}
    found = [f"{where}.{key}: no such field" for key in value if key not in known]
    found += [f"{where}.{key}: missing" for key, (marked, _) in known.items() if marked.startswith("!") and key not in value]
    return found + [b for key in value if key in known for b in breaches(value[key], known[key][1], f"{where}.{key}")]


def documents(path: str) -> list[dict]:
    return list(yaml.safe_load_all((PACKAGING / path).read_text()))


def of_kind(path: str, kind: str) -> dict:
    return next(document for document in documents(path) if document["kind"] == kind)


def containers() -> dict[str, dict]:
    return {
        "kubernetes": of_kind("kubernetes/ridgeline.yaml", "Deployment")["spec"]["template"]["spec"]["containers"][0],
        "kserve": of_kind("kserve/runtime.yaml", "ServingRuntime")["spec"]["containers"][0],
    }


def flag_values(arguments: list[str]) -> dict[str, str]:
    return dict(argument.split("=", 1) for argument in arguments if argument.startswith("--"))


def known_flags() -> set[str]:
    text = subprocess.run([RIDGELINE, "serve", "--help"], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"--[a-z0-9-]+", text))


def directives(path: str) -> dict[str, str]:
    lines = (PACKAGING / path).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


@contextlib.contextmanager
def server(arguments: list[str], repository: pathlib.Path):
    process = subprocess.Popen([RIDGELINE, *arguments, f"--model-repository={repository}"], stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def get(port: int, path: str) -> str:
    for _ in range(200):
        with contextlib.suppress(OSError):
            return urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5).read().decode()
        time.sleep(0.05)
    raise AssertionError(f"nothing answers at {path}")


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


class Manifests(unittest.TestCase):
    def test_have_the_fields_of_their_kinds_and_no_others(self):
        for path in ("kubernetes/ridgeline.yaml", "kserve/runtime.yaml", "kserve/inference-service.yaml"):
            for document in documents(path):
                with self.subTest(path, kind=document["kind"]):
                    self.assertIn((document["apiVersion"], document["kind"]), KINDS)
                    form = {"!apiVersion": ANY, "!kind": ANY, "!metadata": META, "!spec": KINDS[document["apiVersion"], document["kind"]]}
                    self.assertEqual(breaches(document, form, document["kind"]), [])

    def test_belong_together(self):
        path = "kubernetes/ridgeline.yaml"
        deployment = of_kind(path, "Deployment")
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        name = deployment["metadata"]["name"]
        self.assertEqual(deployment["spec"]["selector"]["matchLabels"], labels)
        self.assertEqual(of_kind(path, "Service")["spec"]["selector"], labels)
        self.assertEqual(of_kind(path, "HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]["name"], name)
        volumes = {volume["name"] for volume in deployment["spec"]["template"]["spec"]["volumes"]}
        self.assertEqual(volumes, {mount["name"] for mount in containers()["kubernetes"]["volumeMounts"]})
        ports = {port["name"] for port in containers()["kubernetes"]["ports"]}
        self.assertEqual(ports, {port["targetPort"] for port in of_kind(path, "Service")["spec"]["ports"]})
        runtime = of_kind("kserve/runtime.yaml", "ServingRuntime")
        model = of_kind("kserve/inference-service.yaml", "InferenceService")["spec"]["predictor"]["model"]
        self.assertEqual(model["runtime"], runtime["metadata"]["name"])
        self.assertIn(model["modelFormat"], runtime["spec"]["supportedModelFormats"])
        self.assertIn(model["protocolVersion"], runtime["spec"]["protocolVersions"])

    def test_start_the_server_with_flags_that_it_has_on_the_ports_that_they_declare(self):
        for where, container in containers().items():
            with self.subTest(where):
                self.assertEqual(container["args"][0], "serve")
                values = flag_values(container["args"])
                self.assertEqual(set(values) - known_flags(), set())
                declared = {port["containerPort"] for port in container["ports"]}
                self.assertIn(int(values["--http-port"]), declared)
                probes = [container[probe]["httpGet"]["port"] for probe in ("startupProbe", "readinessProbe", "livenessProbe")]
                self.assertEqual(set(probes), {"http"} if where == "kubernetes" else {int(values["--http-port"])})

    def test_leave_more_time_to_end_than_the_drain_takes(self):
        pod = of_kind("kubernetes/ridgeline.yaml", "Deployment")["spec"]["template"]["spec"]
        container = pod["containers"][0]
        pause = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
        self.assertGreater(pod["terminationGracePeriodSeconds"], pause + int(flag_values(container["args"])["--exit-timeout-secs"]))
        predictor = of_kind("kserve/inference-service.yaml", "InferenceService")["spec"]["predictor"]
        drain = int(flag_values(containers()["kserve"]["args"])["--exit-timeout-secs"])
        self.assertGreater(predictor["terminationGracePeriodSeconds"], drain)
        unit = directives("systemd/ridgeline.service")
        self.assertGreater(int(unit["TimeoutStopSec"]), int(re.search(r"--exit-timeout-secs (\d+)", unit["ExecStart"])[1]))

    def test_ask_a_running_server_for_paths_and_metrics_that_it_has(self):
        autoscaler = of_kind("kubernetes/ridgeline.yaml", "HorizontalPodAutoscaler")
        metric = autoscaler["spec"]["metrics"][0]["pods"]["metric"]["name"]
        rule = documents("kubernetes/prometheus-adapter.yaml")[0]["rules"]["custom"][0]
        self.assertEqual(rule["name"]["matches"], metric)
        self.assertTrue(rule["seriesQuery"].startswith(metric + "{"))
        annotations = of_kind("kubernetes/ridgeline.yaml", "Deployment")["spec"]["template"]["metadata"]["annotations"]
        http, grpc, metrics = free_ports(3)
        arguments = ["serve", f"--http-port={http}", f"--grpc-port={grpc}", f"--metrics-port={metrics}"]
        with tempfile.TemporaryDirectory() as repository, server(arguments, pathlib.Path(repository)):
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                get(http, containers()["kubernetes"][probe]["httpGet"]["path"])
            self.assertIn(f"# TYPE {metric} gauge", get(metrics, annotations["prometheus.io/path"]))


class Unit(unittest.TestCase):
    def test_is_what_systemd_takes_and_starts_the_server_with_flags_that_it_has(self):
        command = directives("systemd/ridgeline.service")["ExecStart"]
        self.assertEqual(set(re.findall(r"--[a-z-]+", command)) - known_flags(), set())
        if not shutil.which("systemd-analyze"):
            self.skipTest("systemd-analyze is not here")
        with tempfile.TemporaryDirectory() as folder:
            copy = pathlib.Path(folder, "ridgeline.service")
            copy.write_text((PACKAGING / "systemd/ridgeline.service").read_text().replace("/usr/local/bin/ridgeline", str(RIDGELINE)))
            result = subprocess.run(["systemd-analyze", "verify", copy], capture_output=True, text=True)
        self.assertEqual((result.returncode, result.stderr), (0, ""))


class Image(unittest.TestCase):
    TEXT = (PACKAGING / "docker/Dockerfile").read_text()

    def test_starts_the_server_on_its_usual_ports(self):
        self.assertEqual(re.search(r"^EXPOSE (.*)$", self.TEXT, re.MULTILINE)[1], "8000 8001 8002")
        command = re.search(r"^CMD \[(.*)\]$", self.TEXT, re.MULTILINE)[1]
        self.assertEqual(set(re.findall(r"--[a-z-]+", command)) - known_flags(), set())

    def test_has_every_library_that_the_binary_needs(self):
        self.assertEqual(packages_of(RIDGELINE) - set(re.findall(r"lib[a-z0-9.+-]+|zlib1g", self.TEXT)), set())

    def test_and_so_has_the_debian_package(self):
        text = (PACKAGING.parent / "CMakeLists.txt").read_text()
        depends = re.search(r'CPACK_DEBIAN_PACKAGE_DEPENDS "([^"]*)"', text)[1].split(", ")
        self.assertEqual(packages_of(RIDGELINE) - set(depends), set())


def packages_of(program: pathlib.Path) -> set[str]:
    """The Debian packages of the libraries that it names itself, but those that every Debian has."""
    dynamic = subprocess.run(["readelf", "-d", program], capture_output=True, text=True, check=True).stdout
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)
    linked = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    paths = {name: pathlib.Path(path) for name, path in re.findall(r"(\S+) => (/\S+)", linked) if name in needed}
    patterns = [f"*/{path.parent.name}/{name}" for name, path in paths.items()]
    found = subprocess.run(["dpkg-query", "-S", *patterns], capture_output=True, text=True, check=True).stdout
    packages = {line.split(":")[0] for line in found.splitlines()}
    return packages - {"libc6", "libgcc-s1", "libstdc++6"}


if __name__ == "__main__":
    unittest.main()
