"""Studies at URLs: a server that speaks S3 on loopback, and memory."""

import json
import os
import pickle
import shutil
import socket
import subprocess
import sys

import pytest

import fastq
from fastq.study.storage.remote import Remote, open_store, shown
from tests.conftest import SMALL
from tests.support.store_contract import StoreContract


@pytest.fixture(scope="module")
def bucket():
    """An empty bucket on a server of our own, and its URL."""
    with pytest.MonkeyPatch.context() as patch:
        pytest.importorskip("s3fs")
        server = pytest.importorskip("moto.server").ThreadedMotoServer(
            ip_address="127.0.0.1", port=0, verbose=False
        )
        server.start()
        host, port = server.get_host_and_port()
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "key")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        Remote("s3://bucket/x")._system.mkdir("bucket")
        yield "s3://bucket"
        server.stop()


@pytest.fixture
def url(bucket, request):
    """A folder of the bucket for each test."""
    return f"{bucket}/{request.node.name.partition('[')[0]}"


class TestS3(StoreContract):
    @pytest.fixture
    def place(self, url):
        return f"{url}/study"


class TestMemory(StoreContract):
    @pytest.fixture
    def place(self, request):
        return f"memory://{request.node.name}/study"


def test_results_are_named_by_their_url():
    found = fastq.run(fastq.Sweep(**SMALL), out="memory://study", n_jobs=2, progress=False)
    assert repr(found) == "Results('memory://study', 30 of 30 runs)"
    assert found.store.names("", "lock") == []


def test_the_message_of_a_lock_says_who_holds_it(url):
    holder = {"machine": socket.gethostname(), "process": os.getpid()}
    Remote(url).put("lock", json.dumps(holder).encode())
    with pytest.raises(fastq.InputError, match=r"another sweep is at work there .*delete .*/lock"):
        fastq.run(fastq.Sweep(**SMALL), out=url, n_jobs=1, progress=False)
    elsewhere = {"machine": "elsewhere", "process": 1}
    Remote(url).put("lock", json.dumps(elsewhere).encode())
    with pytest.raises(fastq.InputError, match="'elsewhere'"), Remote(url).lock():
        pass


def test_the_lock_of_a_process_that_was_killed_is_taken_over(url):
    ended = subprocess.Popen([shutil.which("true") or sys.executable])
    ended.wait()
    holder = {"machine": socket.gethostname(), "process": ended.pid}
    Remote(url).put("lock", json.dumps(holder).encode())
    with Remote(url).lock():
        assert Remote(url).is_free()
    assert Remote(url).names("", "") == []


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("nothing://a/b", "Protocol not known: nothing"),
        ("gs://bucket/x", "gcsfs"),
        ("s3://", "must name a folder after s3://"),
        ("s3://no-such-bucket/x", "cannot be written"),
    ],
)
def test_urls_that_lead_nowhere(bucket, bad, message):
    with pytest.raises(fastq.InputError, match=message) as caught:
        fastq.run(fastq.Sweep(**SMALL), out=bad, n_jobs=1, progress=False)
    assert "\n" not in str(caught.value)


def test_a_directory_needs_no_fsspec(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    assert str(open_store(tmp_path)) == str(tmp_path)
    with pytest.raises(fastq.InputError, match="that fsspec can open"):
        open_store("s3://bucket/x")


SECRET = "ftp://me:pa%21ss@127.0.0.1:1/study"


def test_no_message_holds_a_password():
    with pytest.raises(fastq.InputError) as caught:
        fastq.run(fastq.Sweep(**SMALL), out=SECRET, n_jobs=1, progress=False)
    assert str(caught.value).startswith("out = 'ftp://127.0.0.1:1/study': ")
    for secret in ("pa%21ss", "pa!ss", "me:"):
        assert secret not in str(caught.value)


def test_a_store_is_named_and_fails_without_the_password():
    store = Remote("memory://me:pa%21ss@here/study")
    assert str(store) == "memory://here/study"
    assert pickle.loads(pickle.dumps(store)).url == "memory://me:pa%21ss@here/study"

    def failing():
        raise RuntimeError("530 memory://me:pa%21ss@here/study: login of me with pa!ss failed")

    with pytest.raises(OSError, match="530") as caught:
        store._done(failing)
    assert "memory://here/study: login of me with *** failed" in str(caught.value)


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("s3://bucket/a@b", "s3://bucket/a@b"),
        ("s3://key:sec@ret@bucket/x", "s3://bucket/x"),
        ("simplecache::ftp://me:it@host/x", "simplecache::ftp://host/x"),
        ("results/a@b", "results/a@b"),
    ],
)
def test_places_as_they_are_printed(place, name):
    assert shown(place) == name
