using Ahoy.Images.Capture.Scripts;

namespace Ahoy.Tests.Capture;

public sealed class ShebangTests
{
    [Theory]
    [InlineData("#!/bin/sh\n", "/bin/sh", null, "sh")]
    [InlineData("#! /usr/bin/perl -w\n", "/usr/bin/perl", null, "perl")]
    [InlineData("#!/usr/bin/env python3\r\n", "/usr/bin/env", "python3", "python3")]
    [InlineData("#!/usr/bin/env -S python3 -u\n", "/usr/bin/env", "python3", "python3")]
    [InlineData("#!/usr/bin/env -Spython3\n", "/usr/bin/env", "python3", "python3")]
    [InlineData("#!/usr/bin/env A=1 node\n", "/usr/bin/env", "node", "node")]
    public void Parse_Line_TellsTheInterpreter(string line, string interpreter, string? command, string name)
    {
        var shebang = Shebang.Parse(line)!;
        Assert.Equal((interpreter, command, name), (shebang.Interpreter, shebang.Command, shebang.Name));
    }

    [Theory]
    [InlineData("")]
    [InlineData("# !/bin/sh")]
    [InlineData("#!relative/path\n")]
    public void Parse_OtherText_IsNoShebang(string text) => Assert.Null(Shebang.Parse(text));
}
