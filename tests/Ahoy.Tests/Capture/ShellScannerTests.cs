using Ahoy.Images.Capture.Scripts;

namespace Ahoy.Tests.Capture;

public sealed class ShellScannerTests
{
    [Theory]
    [InlineData("#!/bin/sh\nset -e\nls -l | sort -n && gzip x", "ls sort gzip")]
    [InlineData("A=1 B=$(date +%s) jq . file", "date jq")]
    [InlineData("if grep -q x y; then xz -d z; else tar xf q; fi", "grep xz tar")]
    [InlineData("for f in a b $(seq 3); do wc \"$f\"; done", "seq wc")]
    [InlineData("while read line; do awk '{ print }'; done < input > output", "awk")]
    [InlineData("case $1 in a|b) sed x ;; *) tr a b ;; esac; wget u", "sed tr wget")]
    [InlineData("foo () { cut -f1; }\nfoo | bar\nfunction baz { uniq; }\nbaz", "cut bar uniq")]
    [InlineData("cat <<EOF\nnot a command\nEOF\ntail x", "cat tail")]
    [InlineData("cat <<-'END' | head\n\tno $(no)\n\tEND\ntail", "cat head tail")]
    [InlineData("exec ./prog --flag \"$@\"", "./prog")]
    [InlineData("env -i nice -n5 xargs -0 rm", "env nice xargs rm")]
    [InlineData("\"$PROG\" x; $CMD y; ${CMD:-z} w", "")]
    [InlineData("echo \"today: `hostname` and $(id -u)\" # date", "hostname id")]
    [InlineData("long \\\n  --option x\nnext", "long next")]
    [InlineData("2>/dev/null find . -name '*.c'", "find")]
    [InlineData("x=$((1 + 2)); y=${z%/*}; stat q", "stat")]
    [InlineData("! diff a b; [ -f x ] && { touch y; }", "diff touch")]
    [InlineData("(cd x; make all) & wait", "make")]
    public void Scan_Script_FindsTheProgramsItCalls(string script, string commands) =>
        Assert.Equal(commands, string.Join(' ', ShellScanner.Scan(script)));
}
