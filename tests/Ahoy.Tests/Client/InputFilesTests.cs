using Ahoy.Client.Transfers;
using Ahoy.Contracts;

namespace Ahoy.Tests.Client;

public sealed class InputFilesTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly InputFiles _inputs;

    public InputFilesTests()
    {
        Directory.CreateDirectory(Path.Combine(_folder.Path, "work"));
        _inputs = new InputFiles(Path.Combine(_folder.Path, "work"));
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("work/data.csv", "data.csv", "data.csv")]
    [InlineData("work/a/b.csv", "./a/b.csv", "a/b.csv")]
    [InlineData("work/a/b.csv", "a", "a/b.csv")]
    [InlineData("work/a/b.csv", "a/", "a/b.csv")]
    [InlineData("other/c.csv", "../other/", "other/c.csv")]
    [InlineData("work/a/b.csv", "a:x", "x/b.csv")]
    [InlineData("work/a/b.csv", "a:.", "b.csv")]
    [InlineData("work/a/b.csv", "a/b.csv:x/", "x/b.csv")]
    [InlineData("other/c.csv", "../other/c.csv", "c.csv")]
    [InlineData("other/c.csv", "../other", "other/c.csv")]
    [InlineData("other/c.csv", "../other/c.csv:in/c", "in/c")]
    [InlineData("work/10:30.csv", "10:30.csv", "10:30.csv")]
    [InlineData("work/10:30.csv", "10:30.csv:x.csv", "x.csv")]
    public void AddArgument_FileOrDirectory_GoesWhereTheUserExpects(string file, string argument, string place)
    {
        var path = _folder.Write(file, "x");

        _inputs.AddArgument(argument);

        var (only, source) = Assert.Single(_inputs.Files);
        Assert.Equal(place, only);
        Assert.Equal(path, source);
    }

    [Theory]
    [InlineData("missing.csv", ErrorCode.NotFound)]
    [InlineData("data.csv:../up", ErrorCode.InvalidRequest)]
    [InlineData("data.csv:/etc/passwd", ErrorCode.InvalidRequest)]
    [InlineData("link", ErrorCode.NotFound)]
    [InlineData("loop", ErrorCode.InvalidRequest)]
    public void AddArgument_NotUsable_IsRefused(string argument, ErrorCode code)
    {
        _folder.Write("work/data.csv", "x");
        File.CreateSymbolicLink(Path.Combine(_folder.Path, "work/link"), "nowhere");
        Directory.CreateDirectory(Path.Combine(_folder.Path, "work/loop"));
        Directory.CreateSymbolicLink(Path.Combine(_folder.Path, "work/loop/again"), "../loop");

        Assert.Equal(code, Assert.Throws<AhoyException>(() => _inputs.AddArgument(argument)).Code);
    }

    [Fact]
    public void AddArgument_TwoFilesForOnePlace_AreRefused_TheSameTwiceIsNot()
    {
        _folder.Write("work/a/data.csv", "x");
        _folder.Write("work/b/data.csv", "y");
        _inputs.AddArgument("a/data.csv:data.csv");
        _inputs.AddArgument("a/data.csv:data.csv");

        var error = Assert.Throws<AhoyException>(() => _inputs.AddArgument("b/data.csv:data.csv"));

        Assert.Contains("SRC:DEST", error.Message);
    }

    [Fact]
    public void AddFound_PlaceTakenByTheUser_StaysTheUsers()
    {
        var named = _folder.Write("work/a/data.csv", "x");
        _inputs.AddArgument("a/data.csv:data.csv");

        _inputs.AddFound("data.csv", "/elsewhere");

        Assert.Equal(named, _inputs.Files["data.csv"]);
    }
}
