"""The command imports files."""

import os
import pty
import signal

from cli_rig import INPUT, NONE, OK, PARTLY, bad, read_all, sw, text_file  # noqa: F401
from harness.wait import FACTOR, until


def test_import_plain_with_every_refused_line_named(bad, text_file):
    path = text_file(
        "\ufeffA.example\r\n# comment\n\nb.example ; inline\nbad..example\n"
        "c.example,https://report.example\ncom\n192.0.2.0/24\nAS64500\nbücher.example.\n"
    )
    (done,) = bad.json("import", "bad", path, code=PARTLY)
    assert set(bad.list("bad")) == {
        "a.example", "b.example", "192.0.2.0/24", "AS64500", "xn--bcher-kva.example",
    }  # fmt: skip
    assert [one["line"] for one in done["refused"]] == [5, 6, 7]
    assert (done["accepted"], done["added"], done["format"]) == (5, 5, "plain")
    for line in (5, 6, 7):
        assert f"{path}:{line}: " in bad.err


def test_import_hosts_from_standard_input(bad):
    bad("import", "bad", "-", stdin="127.0.0.1 localhost\n0.0.0.0 a.example b.example\n")
    assert set(bad.list("bad")) == {"=a.example", "=b.example"}


def test_import_again_adds_nothing_and_keeps_facts(bad, text_file):
    bad("add", "bad", "a.example", "--facts", '{"n":1}')
    assert "1 added, 1 there already or repeated" in bad("import", "bad", text_file("a.example\nb.example\n"))
    assert bad.list("bad")["a.example"] == '{"n":1}'


def test_each_suffix_is_allowed_by_its_name(bad, text_file):
    path = text_file("com\nco.uk\na.example\n")
    out = bad("import", "--allow-suffix=com", "bad", path, code=PARTLY)
    assert "1 accepted by --allow" in out and "1 refused" in out
    assert f"{path}:1: 'com'" in bad.err and set(bad.list("bad")) == {"com", "a.example"}
    bad("import", "--allow-suffix=a..b", "bad", path, code=2)
    assert "--allow-suffix" in bad.err


def test_import_replace_is_one_change(bad, text_file):
    bad("add", "bad", "old.example")
    names = "".join(f"n{i}.example\n" for i in range(2500))
    bad("import", "--replace", "bad", text_file(names + "n1.example\n"))
    assert len(bad.list("bad")) == 2500 and "old.example" not in bad.list("bad")
    assert bad.changes()[-1] == ("replace", "bad", []) and len(bad.changes()) == 3
    assert not staging_keys(bad)


def test_import_replace_with_nothing_leaves_the_list(bad, text_file):
    bad("add", "bad", "old.example")
    bad("import", "--replace", "bad", text_file("# empty\n"), code=NONE)
    bad("import", "--replace", "bad", text_file("..\n"), code=NONE)
    assert set(bad.list("bad")) == {"old.example"}
    assert bad.changes()[-1][0] == "add"


def test_import_replace_interrupted_leaves_the_list(bad):
    bad("add", "bad", "old.example")
    process = bad.start("import", "--replace", "bad", "-")
    process.stdin.write("".join(f"n{i}.example\n" for i in range(9000)))
    process.stdin.flush()
    until(lambda: staging_keys(bad), "the staging key")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30 * FACTOR)
    assert process.returncode == -signal.SIGTERM
    assert set(bad.list("bad")) == {"old.example"} and not staging_keys(bad)


def staging_keys(sw):
    return [key for key in sw.redis.scan_iter(match="*:staging*") if key.startswith(sw.prefix)]


def test_dry_run_without_a_list_needs_no_redis(sw, folder, text_file):
    sw("--socket", folder / "nobody.sock", "import", "--dry-run", "-",
       text_file("a.example\nb..c\n"), code=PARTLY)  # fmt: skip
    assert "1 indicator" in sw.out and "nothing written" in sw.out


def test_import_of_files_that_cannot_be_read(bad, folder, text_file):
    for path, word in [
        (folder / "missing.txt", "No such file"),
        (folder, "directory"),
        (text_file("a.example\n".encode("utf-16")), "UTF-16"),
    ]:
        bad("import", "bad", path, code=INPUT)
        assert word in bad.err
    assert bad.list("bad") == {}


def test_import_into_a_list_that_is_not_there(sw, text_file):
    sw("import", "nowhere", text_file("a.example\n"), code=NONE)
    assert "list set nowhere" in sw.err


def test_progress_on_a_terminal_only(bad, text_file):
    path = text_file("".join(f"name-{i}.example\n" for i in range(200000)))
    ours, theirs = pty.openpty()
    process = bad.start("import", "--dry-run", "bad", path, stderr=theirs)
    os.close(theirs)
    drawn = read_all(ours)
    process.communicate(timeout=60 * FACTOR)
    assert process.returncode == OK
    assert drawn == b"" or (b"%" in drawn and drawn.endswith(b"\r\x1b[K"))
    bad("import", "--dry-run", "-", path)
    assert bad.err == ""


def numbers(first, last):
    return "".join(f"n{i}.example\n" for i in range(first, last))


def test_replacement_shows_what_it_changes(bad, text_file):
    bad("import", "bad", text_file(numbers(0, 30)))
    said = bad("import", "--replace", "bad", text_file(numbers(2, 31)))
    assert "1 added, 2 removed, 28 as before" in said
    assert "+ n30.example" in said and "- n0.example" in said and "- n1.example" in said
    (done,) = bad.json("import", "--replace", "bad", text_file(numbers(1, 31)))
    wanted = {"before": 29, "after": 30, "added": 1, "removed": 0}
    assert {key: done["diff"][key] for key in wanted} == wanted
    assert done["diff"]["added_first"] == ["n1.example"]


def test_large_shrinkage_is_refused_unless_allowed(bad, text_file):
    bad("import", "bad", text_file(numbers(0, 100)))
    short = text_file(numbers(0, 40))
    bad("import", "--replace", "bad", short, code=NONE)
    assert "shrink from 100 to 40" in bad.err and "--max-shrink" in bad.err
    assert len(bad.list("bad")) == 100 and not staging_keys(bad)
    assert bad.changes()[-1][0] == "add"
    bad("import", "--replace", "--max-shrink", "60", "bad", short)
    assert len(bad.list("bad")) == 40
    bad("import", "--replace", "bad", text_file("one.example\n"), code=NONE)
    bad("import", "--replace", "--allow-suffix=com", "bad", text_file("one.example\n"), code=NONE)
    bad("import", "--replace", "--max-shrink=100", "bad", text_file("one.example\n"))
    assert set(bad.list("bad")) == {"one.example"}


def test_rollback_and_forward_again(bad, text_file):
    bad("rollback", "bad", code=NONE)
    assert "no former content" in bad.err
    bad("add", "bad", "old.example", "--facts", '{"n":1}')
    bad("import", "--replace", "bad", text_file("new.example\nnewer.example\n"))
    said = bad("rollback", "bad")
    assert "1 indicator instead of 2" in said
    assert bad.list("bad") == {"old.example": '{"n":1}'}
    assert bad.changes()[-1] == ("replace", "bad", [])
    (done,) = bad.json("rollback", "bad")
    assert (done["indicators"], done["former"]) == (2, 1)
    assert set(bad.list("bad")) == {"new.example", "newer.example"}
    bad("list", "drop", "bad", "--yes")
    assert not [key for key in bad.redis.scan_iter(bad.key("list:bad*"))]
