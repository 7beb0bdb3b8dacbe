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
    [InlineData("\"$PROG\" x; $CMD y; ${CMD:-z} w", "\"$PROG\" $CMD ${CMD:-z}")]
    [InlineData(". ./lib.sh; source other.sh", ". source")]
    [InlineData("files=(one two); ((i++)); wc x", "wc")]
    [InlineData("if [[ $a == b && ( $c || $d ) ]]; then wc; fi; for ((i=0; i<3; i++)); do uniq; done", "wc uniq")]
    [InlineData("timeout -k 5 10s ./prog; nice -n 5 tool; mpirun -n 4 solve", "timeout ./prog nice tool mpirun solve")]
    [InlineData("eval \"$x\"", "eval")]
    [InlineData("echo \"today: `hostname` and $(id -u)\" # date", "hostname id")]
    [InlineData("long \\\n  --option x\nnext", "long next")]
    [InlineData("2>/dev/null find . -name '*.c'", "find")]
    [InlineData("x=$((1 + 2)); y=${z%/*}; stat q", "stat")]
    [InlineData("! diff a b; [ -f x ] && { touch y; }", "diff touch")]
    [InlineData("(cd x; make all) & wait", "make")]
    public void Scan_Script_FindsTheProgramsItCalls(string script, string commands) =>
        Assert.Equal(commands, string.Join(' ', Programs(ShellScanner.Scan(script))));

    [Theory]
    [InlineData("python3 -u tool.py data.csv", "tool.py")]
    [InlineData("python3 -W ignore \"tool.py\"", "tool.py")]
    [InlineData("bash -eu -o pipefail other.sh", "other.sh")]
    [InlineData("perl -w -- x.pl", "x.pl")]
    [InlineData("A=1 exec python3.11 tool.py | sort", "tool.py")]
    [InlineData("python3 -m http.server", null)]
    [InlineData("sort tool.py", null)]
    public void Scan_InterpreterWithAScript_IsSeen(string script, string? operand)
    {
        var command = ShellScanner.Scan(script).Commands[0];
        Assert.Equal(operand, InterpreterCall.Of(command.Name.Text, command.Arguments)?.Script?.Text);
    }

    [Fact]
    public void Scan_ShellWithATextOfItsOwn_GivesTheText()
    {
        var command = ShellScanner.Scan("bash -ec './a && ./b'").Commands[0];
        Assert.Equal("./a && ./b", InterpreterCall.Of(command.Name.Text, command.Arguments)!.Inline!.Text);
    }

    private static IEnumerable<string> Programs(ShellScript script) =>
        script.Commands.Where(command => !script.Functions.Contains(command.Name.Text)).Select(command => command.Name.Raw).Distinct();
}
